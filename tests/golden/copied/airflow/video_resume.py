"""Go on with a run, send a message of unknown outcome again, or make the same video once more."""

from airflow.sdk import DAG, AssetAlias, Param

from nemovideo_nodes.airflow.video import ImageToVideoOperator

with DAG(
    "video_resume",
    dag_display_name="Go on with a run",
    description="Resume, resend, or make again, by the id of a run",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    tags=["nemovideo"],
    params={
        "run_id": Param(
            type="string",
            minLength=1,
            title="Run id",
            description="As it stands in the task's log, its result, and on its page.",
        ),
        "resend": Param(
            False,
            type="boolean",
            title="Send again",
            description="A message whose outcome is not known; it may be paid for twice.",
        ),
        "again": Param(
            False,
            type="boolean",
            title="Make again",
            description="Another video of the same request; it is paid for anew.",
        ),
    },
):
    ImageToVideoOperator(
        task_id="video",
        run_id="{{ params.run_id }}",
        resend="{{ params.resend }}",
        again="{{ params.again }}",
        outlets=[AssetAlias("nemovideo_videos")],
    )
