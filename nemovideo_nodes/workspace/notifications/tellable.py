"""Whether there is something to tell of a run. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from nemovideo_nodes.engine.plan import Done
from nemovideo_nodes.engine.status import decision_on
from nemovideo_nodes.engine.summaries import Summary
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.request.steps import StepName
from nemovideo_nodes.workspace.notifications.notice import EVENTS

__all__ = ["is_whole", "may_tell"]


def is_whole(run: Run) -> bool:
    """Whether all is done that a run was asked for.

    One that is put together step by step is whole when its last step published its videos.
    """
    if not run.steps or not isinstance(decision_on(run), Done):
        return False
    last = list(run.steps.values())[-1]
    return run.order is not None or last.step.node is StepName.PUBLISH


def may_tell(summary: Summary, known: Mapping[tuple[str, str], datetime]) -> bool:
    """Whether there may be something to tell of a run that nobody has written down."""
    result = summary.result
    state = result.state or ""
    if result.status == "waiting" and state not in ("held", "needs_approval"):
        return False
    event = state if state in EVENTS else "stuck"
    at = known.get((result.run_id, event))
    return at is None or at < summary.at
