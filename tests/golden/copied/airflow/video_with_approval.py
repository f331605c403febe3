"""One operator a step, and a person who looks at the timeline before the video is exported."""

from datetime import timedelta

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, AssetAlias, chain, task

from nemovideo_nodes.airflow.forms import PICTURES, PROFILE, PROMPT
from nemovideo_nodes.airflow.operators import (
    AcquireTokenOperator,
    CheckCreditsOperator,
    CreateSessionOperator,
    DownloadVideoOperator,
    PromptOperator,
    SubmitRenderOperator,
    UploadMediaOperator,
)
from nemovideo_nodes.airflow.sensors import RenderSensor

with DAG(
    "video_with_approval",
    dag_display_name="Video with approval",
    description="A person says yes to the timeline before it is exported",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    tags=["nemovideo"],
    default_args={"profile": "{{ params.profile }}"},
    params={"images": PICTURES, "prompt": PROMPT, "profile": PROFILE},
):

    @task
    def pictures(params: dict) -> list[str]:
        """The pictures of the form, one an upload."""
        return params["images"]

    begin = AcquireTokenOperator(task_id="acquire_token")
    run = begin.output
    prompt = PromptOperator(task_id="prompt", run_id=run, prompt="{{ params.prompt or '' }}")
    chain(
        begin,
        CheckCreditsOperator(task_id="check_credits", run_id=run),
        CreateSessionOperator(task_id="create_session", run_id=run),
        UploadMediaOperator.partial(
            task_id="upload",
            run_id=run,
            map_index_template="{{ task.media.split('/') | last }}",
        ).expand(media=pictures()),
        prompt,
        ApprovalOperator(
            task_id="approve",
            subject="Export this video?",
            body="{{ ti.xcom_pull('prompt')['timeline'] }}\n\n"
            "{{ ti.xcom_pull('prompt')['replies'] | join('\n\n') }}",
            response_timeout=timedelta(days=7),
        ),
        SubmitRenderOperator(task_id="submit_render", run_id=run),
        RenderSensor(task_id="await_render", run_id=run, deferrable=True),
        DownloadVideoOperator(
            task_id="download", run_id=run, outlets=[AssetAlias("nemovideo_videos")]
        ),
    )
