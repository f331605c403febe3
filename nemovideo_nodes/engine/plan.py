"""The plan: from the facts of a run and the time to what is to be done next. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from nemovideo_nodes.engine.deciding import approval_stop
from nemovideo_nodes.engine.polling import longest_wait, next_poll, reconcile_wait
from nemovideo_nodes.errors import ErrorCode, Remedy, StepConflict
from nemovideo_nodes.language.counting import counted
from nemovideo_nodes.ledger.facts import Order, Refused
from nemovideo_nodes.ledger.results import PromptResult
from nemovideo_nodes.ledger.run import Run, StepRecord
from nemovideo_nodes.ledger.step import StepState
from nemovideo_nodes.request.steps import AwaitRender, Idempotency, Step, StepName
from nemovideo_nodes.settings import PollingSettings
from nemovideo_nodes.wire.codes import Code

__all__ = [
    "ACTIONS",
    "Action",
    "Decision",
    "Done",
    "Perform",
    "Reconcile",
    "Stuck",
    "Wait",
    "Worker",
    "decide",
    "is_held",
    "missing_permission",
    "missing_steps",
]

SKEW = timedelta(seconds=60)
"""How far the clocks of two hosts may be apart."""
LEASE = timedelta(seconds=120)
_BUSY_LOOK = timedelta(seconds=1)


class Action(StrEnum):
    """What follows from a step's state."""

    NEXT = "look at the next step"
    PERFORM = "perform"
    PERFORM_SAME_KEY = "perform with the same key"
    RECONCILE = "reconcile"
    WAIT = "wait"
    STOP = "stop"


_ALWAYS = {
    StepState.ASKED: Action.PERFORM,
    StepState.UNKNOWN: Action.STOP,
    StepState.FAILED: Action.STOP,
    StepState.ACHIEVED: Action.NEXT,
}

ACTIONS: Mapping[Idempotency, Mapping[StepState, Action]] = MappingProxyType(
    {
        Idempotency.IDEMPOTENT: {
            **_ALWAYS,
            StepState.OPEN: Action.PERFORM,
            StepState.ABSENT: Action.PERFORM,
        },
        Idempotency.KEYED: {
            **_ALWAYS,
            StepState.OPEN: Action.RECONCILE,
            StepState.ABSENT: Action.PERFORM_SAME_KEY,
        },
        Idempotency.UNSAFE: {
            **_ALWAYS,
            StepState.OPEN: Action.RECONCILE,
            StepState.ABSENT: Action.RECONCILE,
        },
    }
)
"""What follows from the state of a step, by what a repetition would mean.

Before any of it, a worker stops at what it has tried as often as it may, and waits for a time that
is known. It looks once more at an unknown message that another worker gave up: what was late may
have come. Nothing here sends an open or unknown message again.
"""


@dataclass(frozen=True)
class Perform:
    """Do the step; with `key`, as the repetition of an open intent."""

    record: StepRecord
    key: str | None = None


@dataclass(frozen=True)
class Reconcile:
    """Find out how the step's open intent ended."""

    record: StepRecord


@dataclass(frozen=True)
class Wait:
    """Nothing to do before `until`."""

    until: datetime
    why: str
    record: StepRecord | None = None
    """None where another worker has the run."""


@dataclass(frozen=True)
class Done:
    """Everything that was asked for is achieved."""


@dataclass(frozen=True)
class Stuck:
    """The run cannot go on by itself."""

    record: StepRecord
    sentence: str
    resumable: bool
    """Whether starting it again later, with nothing changed, can help."""
    error_code: str | None = None
    remedy: str | None = None


Decision = Perform | Reconcile | Wait | Done | Stuck


@dataclass(frozen=True)
class Worker:
    """Who makes the plan: since when it works, and what it knows of the lease's holder."""

    me: str
    since: datetime
    pace: PollingSettings
    holder_gone: bool = False
    """Whether the lease's holder is known to be dead."""


def decide(run: Run, now: datetime, worker: Worker, *, through: str | None = None) -> Decision:
    """What is to be done next, up to and with the step `through` (None: all steps)."""
    if (cancelled := _cancelled(run)) is not None:
        return cancelled
    for record in run.steps.values():
        decision = _decide_step(run, record, now, worker)
        if decision is not None:
            if not isinstance(decision, Stuck) and (busy := _busy(run, now, worker)):
                return busy
            return decision
        if record.step.id == through:
            break
    return Done()


def _decide_step(run: Run, record: StepRecord, now: datetime, worker: Worker) -> Decision | None:
    if record.state is StepState.ACHIEVED:
        return _asked_back(record) if record is run.question else None
    if _is_overdue(run, record, now, worker):
        return _timed_out(record)
    state = _state_for(record, worker)
    if state in (StepState.UNKNOWN, StepState.FAILED) or _has_given_up(record, worker):
        return _stuck(record)
    if (wait := _waiting(run, record, now, worker)) is not None:
        return wait
    if (stop := approval_stop(run, record, now)) is not None:
        return Stuck(record, stop.sentence, False, stop.code, stop.remedy)
    action = ACTIONS[record.step.kind.idempotency][state]
    match action:
        case Action.PERFORM:
            return Perform(record)
        case Action.PERFORM_SAME_KEY:
            return Perform(record, record.intent.key if record.intent else None)
        case Action.RECONCILE:
            return Reconcile(record)
        case Action.STOP:
            return _stuck(record)
        case _:
            return None


def _state_for(record: StepRecord, worker: Worker) -> StepState:
    """The state; a message that another worker gave up as unknown is open to one look more.

    It is never sent anew by itself.
    """
    refused = record.refused
    is_unseen = refused is not None and refused.by != worker.me and record.intent is not None
    return StepState.OPEN if record.state is StepState.UNKNOWN and is_unseen else record.state


def _has_given_up(record: StepRecord, worker: Worker) -> bool:
    """Whether this worker was refused as often as it may be at one call."""
    refused = record.refused
    if refused is None or refused.by != worker.me or refused.verdict in ("unknown", "failed"):
        return False
    return record.refusals_of(worker.me, refused) > refused.repeats


def _waiting(run: Run, record: StepRecord, now: datetime, worker: Worker) -> Wait | None:
    until, why = None, ""
    refused = record.refused
    if refused is not None and refused.by == worker.me and refused.repeat_at is not None:
        until, why = refused.repeat_at, refused.sentence
    elif record.deferred is not None:
        until, why = record.deferred.until, record.deferred.why
    elif record.intent is not None and record.step.node is StepName.PROMPT:
        wait = timedelta(seconds=reconcile_wait(0, worker.pace))
        until, why = record.intent.at + wait, "Asking the service what became of the message"
    elif isinstance(record.step.args, AwaitRender):
        submitted = run.steps.get(record.step.args.render)
        if (
            submitted is not None
            and submitted.achieved is not None
            and not _is_home(run, submitted)
        ):
            until, why = next_poll(submitted.achieved.at, None, worker.pace), "Rendering"
    if until is not None and (deadline := _deadline(run, record, now, worker)):
        until = min(until, deadline)
    if until is None or until <= now or until > now + longest_wait(worker.pace) + SKEW:
        return None  # a time beyond what can be written was written by a clock that was wrong
    return Wait(until, why, record)


def _is_home(run: Run, submitted: StepRecord) -> bool:
    """Whether the video of a render is here already: then there is nothing to wait for."""
    render = run.render_of(submitted.step.id)
    return render is not None and run.video_of(render.render_id) is not None


def _deadline(run: Run, record: StepRecord, now: datetime, worker: Worker) -> datetime | None:
    """Until when this worker polls for a render; the next one polls as long again."""
    args = record.step.args
    if not isinstance(args, AwaitRender):
        return None
    submitted = run.steps.get(args.render)
    if submitted is None or submitted.achieved is None:
        return None
    submitted_at = min(submitted.achieved.at, now)
    return max(submitted_at, worker.since) + timedelta(seconds=args.limit_s)


def _is_overdue(run: Run, record: StepRecord, now: datetime, worker: Worker) -> bool:
    """Whether this worker has looked, and its time is over: each worker looks once at least."""
    deadline = _deadline(run, record, now, worker)
    looked = record.deferred is not None and record.deferred.by == worker.me
    return deadline is not None and now >= deadline and looked


def _cancelled(run: Run) -> Stuck | None:
    """The end of a run that a person has cancelled; None for one that was done before."""
    pending = next((r for r in run.steps.values() if r.state is not StepState.ACHIEVED), None)
    record = pending or run.question
    if run.cancel is None or record is None:
        return None
    outcomes = [fact.text for fact in run.cancel_outcomes.values()]
    return Stuck(
        record,
        "; ".join(["The run was cancelled by a person", *outcomes]),
        resumable=False,
        error_code=ErrorCode.CANCELLED,
        remedy=Remedy.AGAIN,
    )


def _asked_back(record: StepRecord) -> Stuck:
    result = record.result
    assert isinstance(result, PromptResult)
    assert result.question is not None
    return Stuck(
        record,
        f"The service asks: {result.question.sentence()}",
        resumable=False,
        error_code=ErrorCode.QUESTION,
        remedy=Remedy.ANSWER,
    )


def _timed_out(record: StepRecord) -> Stuck:
    assert isinstance(record.step.args, AwaitRender)
    minutes = record.step.args.limit_s / 60
    return Stuck(
        record,
        f"The render has not ended after {minutes:.4g} minutes of waiting",
        resumable=True,
        error_code=ErrorCode.RENDER_TIMEOUT,
        remedy=Remedy.RETRY,
    )


def _stuck(record: StepRecord) -> Stuck:
    refused = record.refused
    assert refused is not None
    sentence, remedy = refused.sentence, refused.remedy
    if refused.error_code is None and (older := _OLDER.get(_code_of(refused))) is not None:
        sentence, remedy = older, Remedy.RESEND
    if record.state is StepState.FAILED:
        sentence += f". It has failed {counted(record.failures, 'time')}"
        remedy = Remedy.RESEND
    elif remedy is None and refused.resumable:
        remedy = Remedy.RETRY
    return Stuck(record, sentence, refused.resumable, _code_of(refused), remedy)


def _code_of(refused: Refused) -> str:
    """The error code, also of a fact that is older than error codes."""
    if refused.error_code is not None:
        return refused.error_code
    if refused.verdict == "stopped" and refused.code == Code.SESSION_NOT_FOUND:
        return ErrorCode.SESSION_NOT_FOUND
    by_verdict = {"unknown": ErrorCode.OUTCOME_UNKNOWN, "failed": ErrorCode.RENDER_FAILED}
    return by_verdict.get(refused.verdict, ErrorCode.REFUSED)


_OLDER: Mapping[str, str] = MappingProxyType(
    {
        ErrorCode.OUTCOME_UNKNOWN: "It cannot be known what became of the message. It may have "
        "been paid for, so it is not sent again by itself",
        ErrorCode.SESSION_NOT_FOUND: "The service does not know this session any more. What was "
        "made in it is gone and would have to be made again",
    }
)
"""Sentences for facts from before error codes, whose own were written for the command line."""


def is_held(run: Run, now: datetime) -> bool:
    """Whether a worker has the run, by what it wrote down last.

    A lease that ends later than one that was taken just now was written by a clock that was wrong,
    and is not believed.
    """
    if run.holding is None:
        return False
    return now < run.holding.lease.expires + SKEW <= now + LEASE + 2 * SKEW


def _busy(run: Run, now: datetime, worker: Worker) -> Wait | None:
    """The wait for another worker that has the run, if there is one."""
    holding = run.holding
    if holding is None or holding.holder == worker.me or worker.holder_gone:
        return None
    free = holding.lease.expires + SKEW
    if not is_held(run, now):
        return None
    who = f"Waiting for process {holding.lease.pid} on {holding.lease.host}, which has this run"
    return Wait(min(free, now + _BUSY_LOOK), who)


def missing_permission(run: Run) -> tuple[Literal["resend", "session_lost"], str] | None:
    """What only a person can allow, where the run is stopped at that: the note, and its step.

    A run that a person has cancelled goes on as a whole, so no step is named.
    """
    if run.cancel is not None:
        return "resend", ""
    for step_id, record in run.steps.items():
        refused = record.refused
        if record.state in (StepState.UNKNOWN, StepState.FAILED):
            return "resend", step_id
        if record.achieved or refused is None:
            continue
        if refused.verdict == "stopped" and refused.code == Code.SESSION_NOT_FOUND:
            return "session_lost", step_id
    return None


def missing_steps(run: Run, steps: Sequence[Step], order: Order | None) -> list[Step]:
    """Those of `steps` that the run was not asked for yet; raises `StepConflict`."""
    begun = run.order
    if order is not None and begun is not None:
        same = order.request.canonical() == begun.request.canonical()
        if not same or order.service != begun.service:
            other = f"at another service ({begun.service})" if same else "for another video"
            raise StepConflict(
                f"The run {run.id} was begun {other}",
                code=ErrorCode.WRONG_SERVICE if same else None,
                remedy=Remedy.SERVICE if same else Remedy.NEW_RUN_ID,
                run_id=run.id,
            )
        return []  # its steps were written down with the order
    new = []
    for step in steps:
        known = run.steps.get(step.id)
        if known is None:
            new.append(step)
        elif not known.step.asks_the_same(step):
            raise StepConflict(
                f"{step.kind.title!r} number {step.number} of run {run.id} was asked for before, "
                "with other arguments: give another number",
                run_id=run.id,
            )
    return new
