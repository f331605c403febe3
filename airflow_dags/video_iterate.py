"""Iterate: a first video, and another one after each change, in one session.

With the id of a finished run, the changes are made to its video. With that of a run whose service
asks a question, the first change is the answer, and the run goes on.
"""

from typing import Any

from airflow.sdk import DAG, AssetAlias, Param, chain, task

from nemovideo_nodes.airflow.forms import (
    APPROVAL,
    ASPECT,
    BUDGET,
    OVER_BUDGET,
    PICTURES,
    PLATFORM,
    PROFILE,
    PROMPT,
    SAME_ACCOUNT,
    requested_changes,
)
from nemovideo_nodes.airflow.video import ImageToVideoOperator, RefineVideoOperator

with DAG(
    "video_iterate",
    dag_display_name="Video with changes",
    description="A first video, and another one after each change",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    tags=["nemovideo"],
    params={
        "images": PICTURES,
        "prompt": PROMPT,
        "changes": Param(
            ["make it square"],
            type=["array", "null"],
            items={"type": "string"},
            title="Changes",
            description="One instruction per line; a video is made after each. Or the answer, "
            "where the service has asked a question.",
        ),
        "run_id": Param(
            "",
            type=["string", "null"],
            title="Change this run",
            description="The id of a finished run, or of one that waits for an answer; then "
            "pictures and prompt are not needed.",
        ),
        "platform": PLATFORM,
        "aspect": ASPECT,
        "profile": PROFILE,
        "approval": APPROVAL,
        "budget": BUDGET,
        "over_budget": OVER_BUDGET,
        "same_account": SAME_ACCOUNT,
    },
):

    @task
    def wanted(params: dict[str, Any] | None = None) -> list[str]:
        """The changes of the form."""
        return requested_changes(params or {})

    changes = wanted()
    first = ImageToVideoOperator(
        task_id="first",
        run_id="{{ params.run_id or '' }}",
        leave_question=True,
        images="{{ '' if params.run_id else params.images | tojson }}",
        prompt="{{ '' if params.run_id else params.prompt or '' }}",
        platform="{{ params.platform or '' }}",
        aspect="{{ params.aspect or '' }}",
        profile="{{ params.profile }}",
        approval="{{ params.approval or '' }}",
        budget="{{ params.budget or '' }}",
        over_budget="{{ params.over_budget }}",
        same_account="{{ params.same_account }}",
        outlets=[AssetAlias("nemovideo_videos")],
    )
    refined = RefineVideoOperator(
        task_id="changes",
        run_id=first.output,
        prompt=changes,
        over_budget="{{ params.over_budget }}",
        outlets=[AssetAlias("nemovideo_videos")],
    )
    chain(changes, first, refined)
