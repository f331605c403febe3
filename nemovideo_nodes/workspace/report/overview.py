"""Many runs at a glance: cost by day, account, profile and calendar, durations, failures. Pure."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from nemovideo_nodes.engine.summaries import Summary
from nemovideo_nodes.errors import redact
from nemovideo_nodes.language.changes import language_of
from nemovideo_nodes.workspace.report.page import environment

__all__ = ["KnownRun", "Overview", "overview_of", "overview_page"]

_NEEDS_PERSON: Final = ("failed", "needs_approval", "needs_answer", "rejected", "held")
_MOST_RUNS = 500
_MOST_NEEDING = 100
_MOST_DAYS = 92
_MOST_GROUPS = 50


@dataclass(frozen=True)
class KnownRun:
    """What is known of one run."""

    summary: Summary
    href: str = ""
    """The address of the run's own report, where there is one."""
    error: str = ""
    """Why it is not done and what to do, in the words of a door."""

    @property
    def state(self) -> str:
        return self.summary.result.state or self.summary.result.status

    @property
    def needs_person(self) -> bool:
        return self.state in _NEEDS_PERSON

    @property
    def began(self) -> datetime:
        return self.summary.began or self.summary.at

    @property
    def asked(self) -> str:
        return redact(" / ".join(" ".join(text.split()) for text in self.summary.said))


@dataclass(frozen=True)
class Group:
    """Runs that have something in common, and what they cost."""

    name: str
    runs: int
    done: int
    cost: float
    share: float
    """Of the most expensive group, in percent."""

    @property
    def drawn(self) -> float:
        """The same for a bar: what costs little is still seen."""
        return max(self.share, 1.5) if self.cost else 0.0


@dataclass(frozen=True)
class Failure:
    """Why runs are not done."""

    code: str
    runs: int
    sentence: str
    """The last of them."""


@dataclass(frozen=True)
class Durations:
    """How long finished runs took, in seconds."""

    shortest: float
    median: float
    ninth: float
    """Nine of ten took no longer."""
    longest: float


@dataclass(frozen=True)
class Overview:
    """All that the page shows."""

    runs: tuple[KnownRun, ...]
    """The newest first."""
    begin: date | None
    end: date | None
    done: int
    needing: tuple[KnownRun, ...]
    unfinished: int
    cost: float
    by_day: tuple[Group, ...]
    by_account: tuple[Group, ...]
    by_profile: tuple[Group, ...]
    by_calendar: tuple[Group, ...]
    durations: Durations | None
    failures: tuple[Failure, ...]


def overview_of(runs: Iterable[KnownRun]) -> Overview:
    """What the runs come to."""
    known = sorted(runs, key=lambda run: run.summary.at, reverse=True)
    needing = [run for run in known if run.needs_person]
    done = sum(run.state == "done" for run in known)
    days = _groups(known, lambda run: f"{run.began.astimezone(UTC).date():%Y-%m-%d}")
    has_calendar = any(run.summary.calendar for run in known)
    return Overview(
        runs=tuple(known),
        begin=min((run.began.astimezone(UTC).date() for run in known), default=None),
        end=max((run.summary.at.astimezone(UTC).date() for run in known), default=None),
        done=done,
        needing=tuple(needing),
        unfinished=len(known) - done - len(needing),
        cost=sum(run.summary.cost for run in known),
        by_day=_days(days),
        by_account=_dearest(_groups(known, lambda run: run.summary.account)),
        by_profile=_dearest(_groups(known, lambda run: run.summary.profile)),
        by_calendar=_dearest(_groups(known, lambda run: redact(run.summary.calendar)))
        if has_calendar
        else (),
        durations=_durations(known),
        failures=_failures(known),
    )


def overview_page(
    overview: Overview, now: datetime, *, language: str = "", since: timedelta | None = None
) -> str:
    """The page; in the language of most instructions where none is given."""
    if not language:
        told = Counter(language_of(run.asked) for run in overview.runs if run.asked)
        language = told.most_common(1)[0][0] if told else "en"
    return (
        environment(language)
        .get_template("overview.html.jinja")
        .render(
            language=language,
            overview=overview,
            shown=overview.runs[:_MOST_RUNS],
            needing=overview.needing[:_MOST_NEEDING],
            now=now,
            begin=(now - since).astimezone(UTC).date() if since is not None else overview.begin,
            end=now.astimezone(UTC).date() if since is not None else overview.end,
        )
    )


def _groups(runs: Sequence[KnownRun], name_of: Callable[[KnownRun], str]) -> list[Group]:
    found: Mapping[str, list[KnownRun]] = defaultdict(list)
    for run in runs:
        found[name_of(run)].append(run)
    costs = {name: sum(run.summary.cost for run in group) for name, group in found.items()}
    most = max(costs.values(), default=0.0) or 1.0
    return [
        Group(
            name=name,
            runs=len(group),
            done=sum(run.state == "done" for run in group),
            cost=costs[name],
            share=round(costs[name] / most * 100, 2),
        )
        for name, group in found.items()
    ]


def _days(groups: Iterable[Group]) -> tuple[Group, ...]:
    """The days in their order, with those between them on which no run began."""
    known = {date.fromisoformat(one.name): one for one in groups}
    if not known:
        return ()
    last = max(known)
    first = max(min(known), last - timedelta(days=_MOST_DAYS - 1))
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return tuple(known.get(day) or Group(day.isoformat(), 0, 0, 0.0, 0.0) for day in days)


def _dearest(groups: Iterable[Group]) -> tuple[Group, ...]:
    return tuple(sorted(groups, key=lambda one: (-one.cost, one.name)))[:_MOST_GROUPS]


def _durations(runs: Sequence[KnownRun]) -> Durations | None:
    took = sorted(
        (run.summary.finished - run.summary.began).total_seconds()
        for run in runs
        if run.state == "done" and run.summary.finished and run.summary.began
    )
    if not took:
        return None
    ninth = took[min(len(took) - 1, -(-len(took) * 9 // 10) - 1)]
    return Durations(took[0], statistics.median(took), ninth, took[-1])


def _failures(runs: Sequence[KnownRun]) -> tuple[Failure, ...]:
    """By code, the most frequent first; `runs` begin with the newest."""
    found: dict[str, list[KnownRun]] = {}
    for run in runs:
        result = run.summary.result
        if result.status != "done" and (result.error or run.needs_person):
            found.setdefault(redact(result.error_code or run.state), []).append(run)
    failures = (
        Failure(code, len(group), redact(group[0].summary.result.error or ""))
        for code, group in found.items()
    )
    return tuple(sorted(failures, key=lambda one: (-one.runs, one.code)))
