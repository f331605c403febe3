"""Asks a person in Prefect's form: a flow run is suspended, or paused, until it is answered."""

from datetime import timedelta
from typing import Final, Literal, TypeVar

from prefect.client.schemas.objects import FlowRun
from prefect.events import emit_event
from prefect.exceptions import Pause
from prefect.flow_runs import apause_flow_run, asuspend_flow_run
from prefect.input import RunInput
from pydantic import Field

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.ledger.run_result import ApprovalAsked
from nemovideo_nodes.prefect.artifacts import summary_markdown
from nemovideo_nodes.prefect.deduplication import current_flow_run
from nemovideo_nodes.prefect.handle import RunHandle
from nemovideo_nodes.prefect.logs import run_logger
from nemovideo_nodes.prefect.resolve import open_run

# Prefect reads the types of a run input's fields: no `from __future__` here.

__all__ = ["WAITS", "Approval", "ask_in_form", "is_approved_in_form"]

_I = TypeVar("_I", bound=RunInput)

WAITS: Final = "nemovideo.flow-run.waits"
"""The event that `automations.yaml` expects of a run that was suspended."""
_TIMEOUT_S: Final = int(timedelta(days=7).total_seconds())
_POLL_S: Final = 2
_MOST_QUESTIONS: Final = 5
"""So often a person who wants a change is asked which."""


class Approval(RunInput):
    """What a person says to what a run shows."""

    decision: Literal["approve", "change", "reject"] = Field(
        default="approve",
        description="Approve it as it is shown, have it changed, or reject it, which ends the run.",
    )
    change: str = Field(
        default="",
        description="For a change: one more instruction, which costs credits; you are asked "
        "again then. For a rejection: why.",
    )
    who: str = Field(
        default="",
        title="Your name",
        description="The run's journal keeps who decided it.",
    )


async def is_approved_in_form(run: RunHandle) -> bool:
    """Ask a person for the approval that the run waits for, and note the answer.

    False where nobody can be asked: outside a flow run, and in a flow run that another one
    started, which would wait with it.
    """
    flow_run = current_flow_run()
    if flow_run is None or flow_run.parent_task_run_id is not None:
        return False
    opened = await open_run(run)
    result = opened.workspace.result_of(await opened.read())
    asked = result.approval
    if asked is None:  # somebody has answered elsewhere just now
        return True
    # Put at another time, the same is another question: its change has changed nothing.
    key = f"{asked.step.replace('/', '-')}-{asked.seen[:12]}-{asked.asked_at:%H%M%S%f}"
    asking = Approval.with_initial_data(description=await summary_markdown(run))
    answer = await ask_in_form(asking, key, flow_run)
    for again in range(1, _MOST_QUESTIONS):
        if answer.decision != "change" or answer.change.strip():
            break
        answer = await ask_in_form(asking, f"{key}-{again}", flow_run)
    await _note(run, asked, answer)
    return True


async def _note(run: RunHandle, asked: ApprovalAsked, answer: Approval) -> None:
    opened = await open_run(run)
    change = answer.change.strip()
    if answer.decision == "change" and not change:
        raise BadInput("A change was asked for, and not which", run_id=run.run_id)
    try:
        await opened.workspace.approve(
            run.run_id,
            answer.decision,
            who=answer.who.strip() or "someone in Prefect",
            change=change if answer.decision == "change" else "",
            why=change if answer.decision == "reject" else "",
            seen=asked.seen,
        )
    except BadInput as error:  # answered elsewhere meanwhile, or answered here before a crash
        run_logger().info("%s", error.sentence)


async def ask_in_form(asking: type[_I], key: str, flow_run: FlowRun) -> _I:
    """What a person says; a deployment's process ends meanwhile, and a new one gets the answer.

    A heartbeat may arrive after the server has marked the run as suspended, and the automation on
    heartbeats would take the run for lost. Our own event follows the heartbeats, so it comes last.
    """
    if flow_run.deployment_id is None:
        return await apause_flow_run(
            wait_for_input=asking, timeout=_TIMEOUT_S, poll_interval=_POLL_S, key=key
        )
    try:
        return await asuspend_flow_run(wait_for_input=asking, timeout=_TIMEOUT_S, key=key)
    except Pause:
        emit_event(
            WAITS,
            resource={"prefect.resource.id": f"prefect.flow-run.{flow_run.id}"},
            related=[
                {"prefect.resource.id": f"prefect.tag.{tag}", "prefect.resource.role": "tag"}
                for tag in flow_run.tags
            ],
        )
        raise
