"""How a run stands, from its journal alone."""

from __future__ import annotations

from datetime import datetime

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.engine.plan import Decision, Done, Seat, Stuck, decide
from nemovideo_nodes.ledger.facts import Noted
from nemovideo_nodes.ledger.manifest import RunResult, result_of
from nemovideo_nodes.ledger.run import Run, is_unknown
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.settings import Pace

__all__ = ["NEWER", "decision_on", "has_ended", "standing"]

NEWER = (
    "A newer version of nemovideo_nodes has worked on this run, and this one cannot read all that "
    "it wrote: update, then run the same command again"
)


def standing(run: Run, store: Store, now: datetime | None = None) -> RunResult:
    """How a run stands, from its journal alone, as its last worker saw it."""
    if run.newer:
        return result_of(run, store, "stuck", NEWER)
    decision = decision_on(run, now, me=run.facts[-1].by if run.facts else "")
    match decision:
        case Done():
            return result_of(run, store, "done")
        case Stuck():
            sentence = f"{decision.record.step.id}: {decision.sentence}"
            return result_of(run, store, "waiting" if decision.resumable else "stuck", sentence)
        case _:
            return result_of(run, store, "waiting", _last_refusal(run) or _cancelled(run))


def decision_on(run: Run, now: datetime | None = None, *, me: str = "") -> Decision:
    """What a new holder (or `me`) would do next."""
    now = now or SystemClock().now()
    return decide(run, now, Seat(me, now, Pace()))


def has_ended(run: Run) -> bool:
    """Whether no new holder could take the run further by itself."""
    unknown = any(is_unknown(record.refused) for record in run.steps.values())
    return unknown or isinstance(decision_on(run), Done | Stuck)


def _last_refusal(run: Run) -> str | None:
    for record in run.steps.values():
        if record.refused is not None and not record.achieved:
            return f"{record.step.id}: {record.refused.sentence}"
    return None


def _cancelled(run: Run) -> str | None:
    """The sentence about a run whose last worker was told to end."""
    told = [f.topic for f in run.facts if isinstance(f, Noted) and f.topic != "released"]
    if not told or told[-1] != "cancelled":
        return None
    return "It was cancelled; nothing is lost: run the same command again to go on"
