"""Batch work: a video of each picture, each in a task of its own, by one instruction for all."""

from airflow.sdk import DAG, AssetAlias, task

from nemovideo_nodes.airflow.forms import ASPECT, PICTURES, PLATFORM, PROFILE, PROMPT
from nemovideo_nodes.airflow.video import ImageToVideoOperator

with DAG(
    "video_batch",
    dag_display_name="A video of each picture",
    description="Mapped tasks that wait all at once, and hold no worker",
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
    },
):

    @task
    def pictures(params: dict) -> list[str]:
        """The pictures of the form, one a video."""
        return params["images"]

    ImageToVideoOperator.partial(
        task_id="video",
        map_index_template="{{ task.images.split('/') | last }}",
        prompt="{{ params.prompt or '' }}",
        platform="{{ params.platform or '' }}",
        aspect="{{ params.aspect or '' }}",
        profile="{{ params.profile }}",
        outlets=[AssetAlias("nemovideo_videos")],
    ).expand(images=pictures())
