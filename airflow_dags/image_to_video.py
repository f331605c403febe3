"""Quick edit: one video from pictures and a sentence, started from the trigger form."""

from airflow.sdk import DAG, AssetAlias, Param

from nemovideo_nodes.airflow.forms import (
    APPROVAL,
    ASPECT,
    BUDGET,
    DUE,
    HANDOVER,
    PICTURES,
    PLATFORM,
    PROFILE,
    PROMPT,
    SYNTHETIC_MEDIA,
)
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
        "handover": HANDOVER,
        "due": DUE,
        "synthetic_media": SYNTHETIC_MEDIA,
        "budget": BUDGET,
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
        handover="{{ params.handover or '' }}",
        due="{{ params.due or '' }}",
        synthetic_media="{{ params.synthetic_media }}",
        budget="{{ params.budget or '' }}",
        outlets=[AssetAlias("nemovideo_videos")],
    )
