"""Resume a run, send a message of unknown outcome again, or make the same video again."""

from airflow.sdk import DAG, AssetAlias, Param

from nemovideo_nodes.airflow.forms import HANDED_OVER, OVER_BUDGET, SAME_ACCOUNT
from nemovideo_nodes.airflow.video import ImageToVideoOperator

with DAG(
    "video_resume",
    dag_display_name="Resume a run",
    description="Resume, send again, or make again, by the id of a run",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    tags=["nemovideo"],
    params={
        "run_id": Param(
            type="string",
            minLength=1,
            title="Run id",
            description="It is in the task's log, in its result, and on the run's page.",
        ),
        "resend": Param(
            False,
            type="boolean",
            title="Send again",
            description="Sends a message of unknown outcome again; it may be paid for twice.",
        ),
        "again": Param(
            False,
            type="boolean",
            title="Make again",
            description="Makes another video from the same request; it is paid for again.",
        ),
        "same_account": SAME_ACCOUNT,
        "over_budget": OVER_BUDGET,
        "handed_over": HANDED_OVER,
    },
):
    ImageToVideoOperator(
        task_id="video",
        run_id="{{ params.run_id }}",
        resend="{{ params.resend }}",
        again="{{ params.again }}",
        same_account="{{ params.same_account }}",
        over_budget="{{ params.over_budget }}",
        handed_over="{{ params.handed_over }}",
        outlets=[AssetAlias("nemovideo_videos")],
    )
