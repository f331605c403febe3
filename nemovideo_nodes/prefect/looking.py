"""A person looks at the video in the middle of a flow, and says what to change."""

from datetime import timedelta
from typing import Final

from prefect.context import FlowRunContext
from prefect.flow_runs import apause_flow_run, asuspend_flow_run
from prefect.input import RunInput
from pydantic import Field

from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.prefect.artifacts import summary
from nemovideo_nodes.prefect.course import carry_out
from nemovideo_nodes.prefect.handle import RunHandle
from nemovideo_nodes.prefect.tasks import refine_run

# Prefect reads the types of a run input's fields: no `from __future__` here.

__all__ = ["Look", "look_and_refine"]

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
    context = FlowRunContext.get()
    flow_run = context.flow_run if context is not None else None
    if flow_run is None:
        return result
    for number in range(1, rounds + 1):
        asking = Look.with_initial_data(description=await summary(run))
        said = await _stop(asking, f"look-{number}", frees=flow_run.deployment_id is not None)
        change = said.change.strip()
        if not change:
            break
        await refine_run(run, change, occasion=f"look {number} of {flow_run.id}")
        result = await carry_out(run)
    return result


async def _stop(asking: type[Look], key: str, *, frees: bool) -> Look:
    """Wait for a person's answer; `frees` ends the process meanwhile, and it begins anew then."""
    if frees:
        return await asuspend_flow_run(wait_for_input=asking, timeout=_PATIENCE_S, key=key)
    return await apause_flow_run(
        wait_for_input=asking, timeout=_PATIENCE_S, poll_interval=_LOOKS_EVERY_S, key=key
    )
