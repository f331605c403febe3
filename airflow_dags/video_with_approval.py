"""One operator for each step; a person looks at the timeline before the video is exported.

The answer may take a week. Where the token may be renewed meanwhile, switch on "Same account".
"""

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, AssetAlias, chain, task

from nemovideo_nodes.airflow.forms import (
    PICTURES,
    PROFILE,
    PROMPT,
    SAME_ACCOUNT,
    chosen_pictures,
)
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
    description="A person approves the timeline before the video is exported",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    tags=["nemovideo"],
    default_args={
        "profile": "{{ params.profile }}",
        "same_account": "{{ params.same_account }}",
    },
    params={
        "images": PICTURES,
        "prompt": PROMPT,
        "profile": PROFILE,
        "same_account": SAME_ACCOUNT,
    },
):

    @task
    def pictures(params: dict[str, Any] | None = None) -> list[str]:
        """The pictures of the form, in their order."""
        return chosen_pictures(params or {})

    chosen = pictures()
    begin = AcquireTokenOperator(task_id="acquire_token")
    run = begin.output
    prompt = PromptOperator(task_id="prompt", run_id=run, prompt="{{ params.prompt or '' }}")
    chain(
        chosen,
        begin,
        CheckCreditsOperator(task_id="check_credits", run_id=run),
        CreateSessionOperator(task_id="create_session", run_id=run),
        UploadMediaOperator(task_id="upload", run_id=run, media=chosen),
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
