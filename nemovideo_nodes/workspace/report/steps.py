"""When the steps of a run were at work, waited and were refused, read from its facts. Pure.

The engine does one thing at a time, so what a fact tells the end of began where the same worker's
fact before it ended. Long pauses in which nothing happened are drawn short.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from nemovideo_nodes.errors import redact
from nemovideo_nodes.ledger.facts import Achieved, Deferred, Intended, Noted, Refused
from nemovideo_nodes.ledger.results import ApprovalResult
from nemovideo_nodes.ledger.run import Run, StepRecord
from nemovideo_nodes.request.steps import Prompt, Upload

__all__ = ["Bar", "Pause", "Schedule", "StepRow", "schedule_of"]

BarKind = Literal["work", "wait", "failed"]

MAX_ROWS = 300
_MOST_BARS = 200
_MOST_TITLE = 90
_LEAST_WIDTH: Final = 0.4
"""Percent: what takes no time is still seen."""
_LEAST_PAUSE: Final = timedelta(seconds=60)
_PAUSE_SHARE: Final = 0.15
"""A pause that is longer than this share of all that happened is drawn short."""
_PAUSE_WIDTH: Final = 0.06
"""How wide a short pause is drawn, as a share of what happened."""


@dataclass(frozen=True)
class Bar:
    """A stretch of time in which a step was at work, waited, or ended refused; in percent."""

    kind: BarKind
    left: float
    width: float
    seconds: float


@dataclass(frozen=True)
class Pause:
    """Where nothing happened for long; in percent."""

    left: float
    width: float
    seconds: float


@dataclass(frozen=True)
class StepRow:
    """One step of the run."""

    id: str
    kind: str
    """The name of the step's kind."""
    subject: str
    """To what: the name of a file, the words of a message."""
    number: int
    """Which step of its kind it is, from 1 on."""
    state: Literal["done", "failed", "open"]
    at: datetime | None = None
    """When it was done."""
    error: str = ""
    attempts: int = 0
    """How often it was begun where that can cost money."""
    failures: int = 0
    refusals: int = 0
    worked_s: float = 0.0
    waited_s: float = 0.0
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True)
class Schedule:
    """All steps over one scale."""

    rows: tuple[StepRow, ...]
    began: datetime | None = None
    ended: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    more: int = 0
    """How many steps are not shown."""

    @property
    def seconds(self) -> float:
        """From the first fact to the last."""
        return (self.ended - self.began).total_seconds() if self.began and self.ended else 0.0


@dataclass
class _Stretch:
    kind: BarKind
    begin: datetime
    end: datetime
    is_pause: bool = False
    """Whether it is a person who is waited for: that may take days, and is drawn short."""

    @property
    def seconds(self) -> float:
        return (self.end - self.begin).total_seconds()


@dataclass
class _Times:
    """What is known of one step's time."""

    stretches: list[_Stretch] = field(default_factory=list)
    refusals: int = 0


def schedule_of(run: Run) -> Schedule:
    """When each step of the run was at work and waited."""
    if not run.facts:
        return Schedule(())
    times = _times(run)
    began = run.facts[0].at
    ended = max(
        (one.end for known in times.values() for one in known.stretches), default=run.facts[-1].at
    )
    scale = _Scale(began, ended, [one for known in times.values() for one in known.stretches])
    records = list(run.steps.values())
    rows = tuple(
        _row(record, times.get(record.step.id, _Times()), scale) for record in records[:MAX_ROWS]
    )
    more = max(0, len(records) - MAX_ROWS)
    return Schedule(rows, began, max(began, ended), scale.pauses, more)


def _times(run: Run) -> dict[str, _Times]:
    times: dict[str, _Times] = {}
    worker = ""
    free = run.facts[0].at
    """When the worker was free for what its next fact is about."""
    waiting: _Stretch | None = None
    asked: dict[str, datetime] = {}
    """When a person was asked for approval."""
    for fact in run.facts:
        if isinstance(fact, Noted) and fact.topic == "lease" and fact.by == worker:
            continue  # renewed while it works or waits
        begin = min(free, fact.at) if fact.by == worker else fact.at
        worker = fact.by
        if waiting is not None and fact.at < waiting.end:
            waiting.end = max(waiting.begin, fact.at)  # it was not waited for to the end
        waiting = None
        free = fact.at
        if not isinstance(fact, Intended | Achieved | Deferred | Refused):
            if isinstance(fact, Noted) and fact.topic == "released":
                worker = ""
            elif isinstance(fact, Noted) and fact.topic == "presented" and fact.step:
                asked[fact.step] = fact.at
            continue
        known = times.setdefault(fact.step, _Times())
        if isinstance(fact, Achieved) and isinstance(fact.result, ApprovalResult):
            since, answered = asked.get(fact.step, fact.at), min(fact.result.decided_at, fact.at)
            if answered > since:
                known.stretches.append(_Stretch("wait", since, answered, is_pause=True))
                begin = max(begin, answered)
        refused = isinstance(fact, Refused)
        known.refusals += refused
        known.stretches.append(_Stretch("failed" if refused else "work", begin, fact.at))
        until = fact.until if isinstance(fact, Deferred) else None
        until = fact.repeat_at if isinstance(fact, Refused) else until
        if until is not None and until > fact.at:
            waiting = _Stretch("wait", fact.at, until)
            known.stretches.append(waiting)
            free = until
    if waiting is not None:  # nobody knows yet whether it was waited for
        times[_owner(times, waiting)].stretches.remove(waiting)
    return times


def _owner(times: dict[str, _Times], stretch: _Stretch) -> str:
    return next(
        step
        for step, known in times.items()
        if any(one is stretch for one in reversed(known.stretches))
    )


class _Scale:
    """From times to percent, with long pauses drawn short."""

    def __init__(self, began: datetime, ended: datetime, stretches: Sequence[_Stretch]) -> None:
        busy = _merged(one for one in stretches if not one.is_pause)
        gaps = _gaps(began, busy, ended)
        total = (ended - began).total_seconds()
        long = _LEAST_PAUSE.total_seconds()
        active = total - sum(b - a for a, b in _spans(gaps, began) if b - a >= long)
        self._began = began
        self._cut = [
            (a, b)
            for a, b in _spans(gaps, began)
            if b - a >= long and b - a > _PAUSE_SHARE * max(active, 1.0)
        ]
        self._pause = _PAUSE_WIDTH * max(total - sum(b - a for a, b in self._cut), 1.0)
        self._total = max(self._drawn(total), 0.001)
        self.pauses = tuple(
            Pause(self._percent(a), self._percent(b) - self._percent(a), b - a)
            for a, b in self._cut
        )

    def bar(self, one: _Stretch) -> Bar:
        begin = (one.begin - self._began).total_seconds()
        end = (one.end - self._began).total_seconds()
        left = min(self._percent(begin), 100 - _LEAST_WIDTH)
        width = max(_LEAST_WIDTH, self._percent(end) - left)
        return Bar(one.kind, round(left, 2), round(min(width, 100 - left), 2), end - begin)

    def is_tiny(self, one: _Stretch) -> bool:
        """Whether it is too short to be seen."""
        return one.seconds / self._total * 100 < _LEAST_WIDTH

    def _percent(self, at: float) -> float:
        return round(min(100.0, max(0.0, self._drawn(at) / self._total * 100)), 3)

    def _drawn(self, at: float) -> float:
        """The same time on the scale without the long pauses."""
        drawn = at
        for begin, end in self._cut:
            if at > begin:
                share = min(1.0, (at - begin) / (end - begin))
                drawn -= min(at, end) - begin - share * self._pause
        return drawn


def _merged(stretches: Iterable[_Stretch]) -> list[tuple[datetime, datetime]]:
    merged: list[tuple[datetime, datetime]] = []
    for one in sorted(stretches, key=lambda each: each.begin):
        if merged and one.begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], one.end))
        else:
            merged.append((one.begin, one.end))
    return merged


def _gaps(
    began: datetime, busy: Sequence[tuple[datetime, datetime]], ended: datetime
) -> list[tuple[datetime, datetime]]:
    edges = [began, *(edge for span in busy for edge in span), ended]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [(begin, end) for begin, end in pairs if end > begin]


def _spans(gaps: Iterable[tuple[datetime, datetime]], began: datetime) -> list[tuple[float, float]]:
    return [((a - began).total_seconds(), (b - began).total_seconds()) for a, b in gaps]


def _row(record: StepRecord, times: _Times, scale: _Scale) -> StepRow:
    args = record.step.args
    subject = ""
    if isinstance(args, Upload):
        subject = args.media.name
    elif isinstance(args, Prompt):
        subject = args.text
    done, refused = record.achieved, record.refused
    bars = [scale.bar(one) for one in _joined(times.stretches, scale)]
    return StepRow(
        id=record.step.id,
        kind=record.step.node.value,
        subject=_short(redact(" ".join(subject.split()))),
        number=record.step.number + 1,
        state="done" if done else "failed" if refused else "open",
        at=done.at if done else None,
        error=redact(refused.sentence) if refused and not done else "",
        attempts=record.intents,
        failures=record.failures,
        refusals=times.refusals,
        worked_s=sum(one.seconds for one in times.stretches if one.kind != "wait"),
        waited_s=sum(one.seconds for one in times.stretches if one.kind == "wait"),
        bars=tuple(bars[:_MOST_BARS]),
    )


def _joined(stretches: Sequence[_Stretch], scale: _Scale) -> list[_Stretch]:
    """The same with neighbours of a kind joined; a look too short to be seen is part of its wait.

    A step that polls looks hundreds of times.
    """
    joined: list[_Stretch] = []
    for number, one in enumerate(stretches):
        kind, last = one.kind, joined[-1] if joined else None
        after = stretches[number + 1].kind if number + 1 < len(stretches) else ""
        if kind == "work" and last and last.kind == after == "wait" and scale.is_tiny(one):
            kind = "wait"
        if last and last.kind == kind and one.begin <= last.end:
            joined[-1] = _Stretch(kind, last.begin, max(last.end, one.end))
        else:
            joined.append(_Stretch(kind, one.begin, one.end))
    return joined


def _short(text: str) -> str:
    return text if len(text) <= _MOST_TITLE else text[: _MOST_TITLE - 1] + "…"
