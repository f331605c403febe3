"""The status of a run, from its journal alone."""

from __future__ import annotations

from datetime import datetime

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.engine.plan import Decision, Done, Stuck, Worker, decide, is_held
from nemovideo_nodes.errors import ErrorCode, Remedy
from nemovideo_nodes.ledger.facts import Asked, Noted
from nemovideo_nodes.ledger.manifest import result_of
from nemovideo_nodes.ledger.run import Run, StepRecord
from nemovideo_nodes.ledger.run_result import RunResult, State
from nemovideo_nodes.ledger.step import StepState
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.settings import PollingSettings

__all__ = [
    "decision_on",
    "empty_result",
    "has_ended",
    "is_at_rest",
    "newer_result",
    "run_status",
    "stuck_result",
]

_NEWER = (
    "A newer version of nemovideo_nodes has worked on this run, and this one cannot read all that "
    "it wrote"
)


def run_status(run: Run, store: Store, now: datetime | None = None) -> RunResult:
    """The status of a run, from its journal alone, as its last worker saw it."""
    now = now or SystemClock().now()
    if run.newer:
        return newer_result(run, store)
    if not run.steps:
        return empty_result(run, store)
    decision = decision_on(run, now, me=run.facts[-1].by if run.facts else "")
    match decision:
        case Done():
            return result_of(run, store, "done")
        case Stuck():
            return stuck_result(run, store, decision)
        case _:
            return _unfinished(run, store, now)


def newer_result(run: Run, store: Store) -> RunResult:
    """The result of a run that a newer version has worked on."""
    code = ErrorCode.NEWER_VERSION
    return result_of(run, store, "stuck", _NEWER, error_code=code, remedy=Remedy.UPDATE)


def empty_result(run: Run, store: Store) -> RunResult:
    """The result of a run that is expected to be there, and of which nothing says what it is for.

    Nothing is left to do in it, and yet it is not done.
    """
    return result_of(
        run,
        store,
        "stuck",
        f"The journal does not say what the run {run.id} is to make: its first entry is missing",
        error_code=ErrorCode.JOURNAL_DOUBT,
        remedy=Remedy.RUN_ID,
    )


def stuck_result(run: Run, store: Store, stuck: Stuck) -> RunResult:
    """The result of a run that cannot go on by itself; resumable where waiting can help."""
    return result_of(
        run,
        store,
        "waiting" if stuck.resumable else "stuck",
        _told(stuck.record, stuck.sentence, stuck.error_code),
        error_code=stuck.error_code,
        remedy=stuck.remedy,
    )


def _told(record: StepRecord, sentence: str, code: str | None) -> str:
    """Why a run stands where it does: a budget is about more than the step that it holds."""
    return sentence if code == ErrorCode.OVER_BUDGET else f"{record.step.phrase}: {sentence}"


def decision_on(run: Run, now: datetime | None = None, *, me: str = "") -> Decision:
    """What a new worker (or `me`) would do next."""
    now = now or SystemClock().now()
    return decide(run, now, Worker(me, now, PollingSettings()))


def has_ended(run: Run) -> bool:
    """Whether no new worker could take the run further by itself."""
    unknown = any(record.state is StepState.UNKNOWN for record in run.steps.values())
    return unknown or isinstance(decision_on(run), Done | Stuck)


def is_at_rest(run: Run, result: RunResult) -> bool:
    """Whether the run is done or needs a person, whatever it was brought on to."""
    return result.status == "stuck" or result.state == "held" or has_ended(run)


def _unfinished(run: Run, store: Store, now: datetime) -> RunResult:
    state: State = "resumable"
    if is_held(run, now):
        state = "running"
    elif all(isinstance(fact, Asked) for fact in run.facts):
        state = "queued"
    for record in run.steps.values():
        if record.refused is not None and not record.achieved:
            return result_of(
                run,
                store,
                "waiting",
                _told(record, record.refused.sentence, record.refused.error_code),
                state=state,
                error_code=record.refused.error_code,
                remedy=record.refused.remedy or Remedy.RETRY,
            )
    if state == "resumable" and _was_cancelled(run):
        return result_of(
            run,
            store,
            "waiting",
            "It was cancelled",
            error_code=ErrorCode.CANCELLED,
            remedy=Remedy.RETRY,
        )
    return result_of(run, store, "waiting", state=state)


def _was_cancelled(run: Run) -> bool:
    """Whether the run's last worker was told to end."""
    topics = [f.topic for f in run.facts if isinstance(f, Noted) and f.topic != "released"]
    return bool(topics) and topics[-1] == "cancelled"
