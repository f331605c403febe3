"""Started by the webhook receiver: each delivery is one DAG run, one run and one video."""

from airflow.sdk import DAG, AssetAlias, Param

from nemovideo_nodes.airflow.forms import APPROVAL, PICTURES, PROFILE, PROMPT
from nemovideo_nodes.airflow.video import RequestedVideoOperator

with DAG(
    "video_from_webhook",
    dag_display_name="Video from a webhook",
    description="The video that a delivery asks for; media come from the web alone",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    tags=["nemovideo"],
    params={
        "run_id": Param(
            "",
            type=["string", "null"],
            title="Run id",
            description="The delivery's id: the same id again is the same run.",
        ),
        "images": PICTURES,
        "prompt": PROMPT,
        "profile": PROFILE,
        "language": Param("", type=["string", "null"], title="Language", section="More"),
        "media_hosts": Param(
            [],
            type=["array", "null"],
            items={"type": "string"},
            title="Media hosts",
            description="The only hosts that media are fetched from; empty: any public one.",
            section="More",
        ),
        "approval": APPROVAL,
    },
):
    RequestedVideoOperator(
        task_id="video",
        run_id="{{ params.run_id or '' }}",
        images="{{ params.images | tojson }}",
        prompt="{{ params.prompt or '' }}",
        profile="{{ params.profile }}",
        approval="{{ params.approval or '' }}",
        language="{{ params.language or '' }}",
        media_hosts="{{ params.media_hosts | tojson }}",
        outlets=[AssetAlias("nemovideo_videos")],
    )
