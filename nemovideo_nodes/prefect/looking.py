"""A person looks at the video in the middle of a flow, and says what to change."""

from datetime import timedelta
from typing import Final

from prefect.client.schemas.objects import FlowRun
from prefect.events import emit_event
from prefect.exceptions import Pause
from prefect.flow_runs import apause_flow_run, asuspend_flow_run
from prefect.input import RunInput
from pydantic import Field

from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.prefect.artifacts import summary
from nemovideo_nodes.prefect.course import carry_out
from nemovideo_nodes.prefect.handle import RunHandle
from nemovideo_nodes.prefect.occasion import current_flow_run
from nemovideo_nodes.prefect.tasks import refine_run

# Prefect reads the types of a run input's fields: no `from __future__` here.

__all__ = ["Look", "look_and_refine"]

WAITS: Final = "nemovideo.flow-run.waits"
"""The event that `automations.yaml` expects of a run that was suspended."""
_PATIENCE_S: Final = int(timedelta(days=7).total_seconds())
_LOOKS_EVERY_S: Final = 2


class Look(RunInput):
    """What a person says who has looked at the video."""

    change: str = Field(
        default="", description="What to change, in a sentence. Empty: it is good as it is."
    )


async def look_and_refine(run: RunHandle, result: RunResult, rounds: int) -> RunResult:
    """Stop for a person, at most so many times, and do what they say; the last video's result.

    A flow run of a deployment frees its worker meanwhile, any other one waits. What was said is
    not asked again when the flow goes on, is retried, or crashed.
    """
    flow_run = current_flow_run()
    if flow_run is None:
        return result
    for number in range(1, rounds + 1):
        asking = Look.with_initial_data(description=await summary(run))
        said = await _answer(asking, f"look-{number}", flow_run)
        change = said.change.strip()
        if not change:
            break
        await refine_run(run, change, occasion=f"look {number} of {flow_run.id}")
        result = await carry_out(run)
    return result


async def _answer(asking: type[Look], key: str, flow_run: FlowRun) -> Look:
    """What a person says; a deployment's process ends meanwhile, and begins anew with the answer.

    A heartbeat may arrive behind the server's word that the run is suspended, and the automation
    on heartbeats would take it for lost: our own word goes the way of the heartbeats, behind them.
    """
    if flow_run.deployment_id is None:
        return await apause_flow_run(
            wait_for_input=asking, timeout=_PATIENCE_S, poll_interval=_LOOKS_EVERY_S, key=key
        )
    try:
        return await asuspend_flow_run(wait_for_input=asking, timeout=_PATIENCE_S, key=key)
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
