"""Quick edit: one video from pictures and a sentence, started from the trigger form."""

from airflow.sdk import DAG, AssetAlias, Param

from nemovideo_nodes.airflow.forms import APPROVAL, ASPECT, PICTURES, PLATFORM, PROFILE, PROMPT
from nemovideo_nodes.airflow.video import ImageToVideoOperator

with DAG(
    "image_to_video",
    dag_display_name="Image to video",
    description="One finished video from pictures and a sentence",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    tags=["nemovideo"],
    params={
        "images": PICTURES,
        "prompt": PROMPT,
        "platform": PLATFORM,
        "aspect": ASPECT,
        "profile": PROFILE,
        "destination": Param(
            "",
            type=["string", "null"],
            title="Copy to",
            description="A folder or an object storage URL for a copy of the video.",
            section="More",
        ),
        "approval": APPROVAL,
    },
):
    ImageToVideoOperator(
        task_id="video",
        images="{{ params.images | tojson }}",
        prompt="{{ params.prompt or '' }}",
        platform="{{ params.platform or '' }}",
        aspect="{{ params.aspect or '' }}",
        profile="{{ params.profile }}",
        approval="{{ params.approval or '' }}",
        destination="{{ params.destination or '' }}",
        outlets=[AssetAlias("nemovideo_videos")],
    )
