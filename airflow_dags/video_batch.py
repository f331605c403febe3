"""Batch: a video from each picture, each in its own task, with one instruction for all."""

from typing import Any

from airflow.sdk import DAG, AssetAlias, task

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
    chosen_pictures,
)
from nemovideo_nodes.airflow.retries import RETRIES, RETRY_DELAY
from nemovideo_nodes.airflow.video import ImageToVideoOperator

with DAG(
    "video_batch",
    dag_display_name="A video from each picture",
    description="A mapped task for each picture; while they wait, they hold no worker",
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
        "approval": APPROVAL,
        "budget": BUDGET,
        "handover": HANDOVER,
        "due": DUE,
        "synthetic_media": SYNTHETIC_MEDIA,
    },
):

    @task
    def pictures(params: dict[str, Any] | None = None) -> list[str]:
        """The pictures of the form, one for each video."""
        return chosen_pictures(params or {}, required=True)

    ImageToVideoOperator.partial(
        task_id="video",
        retries=RETRIES,
        retry_delay=RETRY_DELAY,
        map_index_template="{{ task.images.split('/') | last }}",
        prompt="{{ params.prompt or '' }}",
        platform="{{ params.platform or '' }}",
        aspect="{{ params.aspect or '' }}",
        profile="{{ params.profile }}",
        approval="{{ params.approval or '' }}",
        budget="{{ params.budget or '' }}",
        handover="{{ params.handover or '' }}",
        due="{{ params.due or '' }}",
        synthetic_media="{{ params.synthetic_media }}",
        outlets=[AssetAlias("nemovideo_videos")],
    ).expand(images=pictures())
