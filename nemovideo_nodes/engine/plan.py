"""The plan: from the facts of a run and the time to what is to be done next. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from nemovideo_nodes.errors import StepConflict
from nemovideo_nodes.ledger.facts import Order
from nemovideo_nodes.ledger.run import Run, StepRecord, is_unknown
from nemovideo_nodes.request.steps import AwaitRender, NodeName, Step
from nemovideo_nodes.settings import Pace
from nemovideo_nodes.wire.codes import Code

__all__ = [
    "ACTIONS",
    "REPETITION",
    "Action",
    "Decision",
    "Done",
    "Perform",
    "Reconcile",
    "Repetition",
    "Seat",
    "StepState",
    "Stuck",
    "Wait",
    "decide",
    "missing_permission",
    "missing_steps",
    "next_poll",
    "reconcile_wait",
    "settle_wait",
]

RECONCILE_READS = 5
"""Reads of the state after a lost stream, before its outcome counts as unknown [V]."""
SETTLE_READS = 12
"""Reads after which a draft that still changes is taken as it is."""
RENDERS = 2
"""A failed render gets a new id once [S]."""
SKEW = timedelta(seconds=60)
"""How far the clocks of two hosts may be apart."""
_BUSY_LOOK = timedelta(seconds=1)
_POLLS_S = (42.6, 53.7, 63.4, 71.6, 78.4, 83.7, 87.6, 90.0, 130.0, 210.0)
"""The documented ten polls of the first five minutes, placed where renders end: 30 to 90 s [S].

The gaps shrink: the later a poll is, the fewer renders still need it, so it may be a closer one.
"""
_SLOWEST_POLL_S = 300.0
_LEAST_POLL_S = 0.02
"""A rhythm of 0 must not fill the journal with polls."""


class Repetition(StrEnum):
    """What doing it again would mean."""

    SAFE = "safe"
    KEYED = "keyed"
    NEVER = "never"


REPETITION: Mapping[NodeName, Repetition] = MappingProxyType(
    {
        NodeName.TOKEN: Repetition.SAFE,
        NodeName.SESSION: Repetition.SAFE,
        NodeName.STATE: Repetition.SAFE,
        NodeName.CREDITS: Repetition.SAFE,
        NodeName.CLAIM: Repetition.SAFE,
        NodeName.AWAIT: Repetition.SAFE,
        NodeName.DOWNLOAD: Repetition.SAFE,
        NodeName.PUBLISH: Repetition.SAFE,
        NodeName.UPLOAD: Repetition.KEYED,
        NodeName.RENDER: Repetition.KEYED,
        NodeName.PROMPT: Repetition.NEVER,
    }
)


class StepState(StrEnum):
    """Where a step stands, as this seat sees it."""

    ASKED = "asked"
    """Nothing is under way: it can be done, for the first time or anew."""
    WAITING = "waiting"
    """Nothing can be done before a time that is known."""
    OPEN = "open"
    """An effect was intended, and its end is not known."""
    ABSENT = "absent"
    """As open, but the service was asked and does not have it."""
    REFUSED = "refused"
    """It was refused here, and what may be repeated was."""
    UNKNOWN = "unknown"
    """Evidence could not settle whether a message was accepted."""
    FAILED = "failed"
    """The service took it and could not do it, as often as is permitted."""
    ACHIEVED = "achieved"


class Action(StrEnum):
    """What follows from a step's state."""

    NEXT = "look at the next step"
    PERFORM = "perform"
    PERFORM_SAME_KEY = "perform with the same key"
    RECONCILE = "reconcile"
    WAIT = "wait"
    STOP = "stop"


_ALWAYS = {
    StepState.REFUSED: Action.STOP,
    StepState.FAILED: Action.STOP,
    StepState.UNKNOWN: Action.STOP,
    StepState.ACHIEVED: Action.NEXT,
    StepState.WAITING: Action.WAIT,
    StepState.ASKED: Action.PERFORM,
}

ACTIONS: Mapping[Repetition, Mapping[StepState, Action]] = MappingProxyType(
    {
        Repetition.SAFE: {
            **_ALWAYS,
            StepState.OPEN: Action.PERFORM,
            StepState.ABSENT: Action.PERFORM,
        },
        Repetition.KEYED: {
            **_ALWAYS,
            StepState.OPEN: Action.RECONCILE,
            StepState.ABSENT: Action.PERFORM_SAME_KEY,
        },
        Repetition.NEVER: {
            **_ALWAYS,
            StepState.OPEN: Action.RECONCILE,
            StepState.ABSENT: Action.RECONCILE,
        },
    }
)
"""The whole state machine of a step: what is done, by what a repetition would mean."""


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
    """None where somebody else is at work on the run."""


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


Decision = Perform | Reconcile | Wait | Done | Stuck


@dataclass(frozen=True)
class Seat:
    """From where the plan is made: who asks, since when, and what it knows of the other."""

    me: str
    since: datetime
    pace: Pace
    holder_gone: bool = False
    """Whether the lease's holder is known to be dead."""


def decide(run: Run, now: datetime, seat: Seat, *, through: str | None = None) -> Decision:
    """What is to be done next, up to and with the step `through` (None: all steps)."""
    for record in run.steps.values():
        decision = _decide_step(run, record, now, seat)
        if decision is not None:
            if not isinstance(decision, Stuck) and (busy := _busy(run, now, seat)):
                return busy
            return decision
        if record.step.id == through:
            break
    return Done()


def _decide_step(run: Run, record: StepRecord, now: datetime, seat: Seat) -> Decision | None:
    repetition = REPETITION[record.step.node]
    state = _state(run, record, now, seat)
    match ACTIONS[repetition][state]:
        case Action.NEXT:
            return None
        case Action.PERFORM:
            return Perform(record)
        case Action.PERFORM_SAME_KEY:
            return Perform(record, record.intent.key if record.intent else None)
        case Action.RECONCILE:
            return Reconcile(record)
        case Action.WAIT:
            return _waiting(run, record, now, seat) or Perform(record)
        case Action.STOP:
            return _stuck(run, record, now, seat)


def _state(run: Run, record: StepRecord, now: datetime, seat: Seat) -> StepState:
    if record.achieved:
        return StepState.ACHIEVED
    if _overdue(run, record, now, seat):
        return StepState.REFUSED
    refused = record.refused
    if refused is not None:
        if refused.verdict == "unknown" and (refused.by == seat.me or record.intent is None):
            # Another seat looks once more at the open intent: what was late may have come. It is
            # never done anew by itself: that would be to send it again.
            return StepState.UNKNOWN
        if refused.verdict == "failed":
            return StepState.FAILED if _has_failed(record) else StepState.ASKED
        if refused.by == seat.me and record.refusals.get(seat.me, 0) > refused.repeats:
            return StepState.REFUSED
    if _waiting(run, record, now, seat) is not None:
        return StepState.WAITING
    if record.intent is not None:
        return StepState.ABSENT if record.repeat else StepState.OPEN
    return StepState.ASKED


def _has_failed(record: StepRecord) -> bool:
    """Whether the service has failed on it as often as is permitted."""
    return record.failures >= RENDERS + record.resends


def _waiting(run: Run, record: StepRecord, now: datetime, seat: Seat) -> Wait | None:
    until, why = None, ""
    refused = record.refused
    if refused is not None and refused.by == seat.me and refused.repeat_at is not None:
        until, why = refused.repeat_at, refused.sentence
    elif record.deferred is not None:
        until, why = record.deferred.until, record.deferred.why
    elif record.intent is not None and record.step.node is NodeName.PROMPT:
        wait = timedelta(seconds=reconcile_wait(0, seat.pace))
        until, why = record.intent.at + wait, "asking what became of the message"
    elif isinstance(record.step.args, AwaitRender):
        submitted = run.steps.get(record.step.args.render)
        if (
            submitted is not None
            and submitted.achieved is not None
            and not _is_home(run, submitted)
        ):
            until, why = next_poll(submitted.achieved.at, None, seat.pace), "rendering"
    if until is not None and (deadline := _deadline(run, record, seat)):
        until = min(until, deadline)
    return None if until is None or until <= now else Wait(until, why, record)


def _is_home(run: Run, submitted: StepRecord) -> bool:
    """Whether the video of a render is here already: then there is nothing to wait for."""
    render = run.render_of(submitted.step.id)
    return render is not None and run.video_of(render.render_id) is not None


def _deadline(run: Run, record: StepRecord, seat: Seat) -> datetime | None:
    """Until when this seat polls for a render; the next one polls as long again."""
    args = record.step.args
    if not isinstance(args, AwaitRender):
        return None
    submitted = run.steps.get(args.render)
    if submitted is None or submitted.achieved is None:
        return None
    return max(submitted.achieved.at, seat.since) + timedelta(seconds=args.limit_s)


def _overdue(run: Run, record: StepRecord, now: datetime, seat: Seat) -> bool:
    """Whether this seat has looked, and its time is over: each seat looks once at least."""
    deadline = _deadline(run, record, seat)
    looked = record.deferred is not None and record.deferred.by == seat.me
    return deadline is not None and now >= deadline and looked


def _stuck(run: Run, record: StepRecord, now: datetime, seat: Seat) -> Stuck:
    if _overdue(run, record, now, seat) and isinstance(record.step.args, AwaitRender):
        minutes = record.step.args.limit_s / 60
        return Stuck(
            record,
            f"The render has not ended after {minutes:.4g} minutes of waiting",
            resumable=True,
        )
    assert record.refused is not None
    sentence = record.refused.sentence
    if record.refused.verdict == "failed":
        sentence += (
            f". It has failed {record.failures} times: add --resend to have it rendered once more"
        )
    return Stuck(record, sentence, record.refused.resumable)


def _busy(run: Run, now: datetime, seat: Seat) -> Wait | None:
    """The wait for somebody else who is at work on the run, if there is one."""
    holding = run.holding
    if holding is None or holding.holder == seat.me or seat.holder_gone:
        return None
    free = holding.lease.expires + SKEW
    if free <= now:
        return None
    who = f"process {holding.lease.pid} on {holding.lease.host} is at work on this run"
    return Wait(min(free, now + _BUSY_LOOK), who)


def reconcile_wait(reads: int, pace: Pace) -> float:
    """Seconds before the next read of the state after a lost stream: 30, then 60 each [V]."""
    if pace.reconcile_s is not None:
        return pace.reconcile_s
    return 30.0 if reads == 0 else 60.0


def settle_wait(pace: Pace) -> float:
    """Seconds between two reads that must agree before a draft counts as stable."""
    return 10.0 if pace.reconcile_s is None else pace.reconcile_s


def next_poll(submitted: datetime, last: datetime | None, pace: Pace) -> datetime:
    """When a render submitted then, and last looked at then, is to be looked at next."""
    if pace.poll_s is not None:
        return (last or submitted) + timedelta(seconds=max(pace.poll_s, _LEAST_POLL_S))
    elapsed = (last - submitted).total_seconds() if last else 0.0
    due = next((poll for poll in _POLLS_S if poll > elapsed), None)
    if due is None:
        due, gap = 300.0, 90.0
        while due <= elapsed:
            due, gap = due + gap, min(gap * 1.5, _SLOWEST_POLL_S)
    return submitted + timedelta(seconds=due)


def missing_permission(run: Run) -> tuple[Literal["resend", "session_lost"], str] | None:
    """What only a person can allow, where the run is stopped at that: the note, and its step."""
    for step_id, record in run.steps.items():
        refused = record.refused
        if record.achieved or refused is None:
            continue
        if is_unknown(refused) or (refused.verdict == "failed" and _has_failed(record)):
            return "resend", step_id
        if refused.verdict == "stopped" and refused.code == Code.SESSION_NOT_FOUND:
            return "session_lost", step_id
    return None


def missing_steps(run: Run, steps: Sequence[Step], order: Order | None) -> list[Step]:
    """Those of `steps` that the run was not asked for yet; raises `StepConflict`."""
    begun = run.order
    if order is not None and begun is not None:
        same = order.request.canonical() == begun.request.canonical()
        if not same or order.service != begun.service:
            raise StepConflict(
                f"The run {run.id} was begun for another video"
                + (f" or at another service ({begun.service})" if same else "")
                + ": give another run id"
            )
        return []  # its steps were written down with the order
    new = []
    for step in steps:
        known = run.steps.get(step.id)
        if known is None:
            new.append(step)
        elif not known.step.asks_the_same(step):
            raise StepConflict(
                f"The step {step.id} of run {run.id} was asked for before with other arguments: "
                "give it another number"
            )
    return new
