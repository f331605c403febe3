"""What is seen of a run while a process brings it on, and after: its span, numbers and report."""

from __future__ import annotations

import contextlib
from datetime import datetime
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

from nemovideo_nodes.engine.status import is_at_rest
from nemovideo_nodes.errors import ErrorCode, Remedy, RunStopped, StoreError
from nemovideo_nodes.ledger.costs import record_cost
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.profiles import Profile
from nemovideo_nodes.request.steps import Publish
from nemovideo_nodes.settings import Settings
from nemovideo_nodes.telemetry import Attributes, count_run
from nemovideo_nodes.workspace.report import keep_report

__all__ = ["ending_of", "follow_up", "require_done", "span_attributes"]

_E = TypeVar("_E", bound=StrEnum)


def span_attributes(settings: Settings, profile: Profile, through: str | None) -> Attributes:
    """What the span of a run says from its beginning on."""
    attributes = {"nemovideo.profile": profile.name}
    if host := urlsplit(settings.api_url).hostname:
        attributes["server.address"] = host
    return attributes | ({"nemovideo.run.through": through} if through else {})


def ending_of(result: RunResult) -> Attributes:
    """What it says at its end."""
    attributes: dict[str, str] = {"nemovideo.run.state": result.state or result.status}
    if result.error_code and result.status != "done":
        attributes["error.type"] = result.error_code
    return attributes


def follow_up(run: Run, result: RunResult, store: Store, now: datetime, *, known: int) -> None:
    """Count a run that has come to rest, keep its cost, and write its report.

    `known` was its last fact before. It reads and writes the store, and so blocks.
    """
    if not is_at_rest(run, result):
        return
    if result.status == "done" and run.seq > known:
        _record_cost(run, result, store)
    if run.seq != known:
        count_run(
            result.state or result.status,
            result.error_code if result.status != "done" else None,
            run.order.profile.name if run.order else "",
            _seconds(run) if result.status == "done" else None,
        )
    keep_report(run, result, store, now, known=known)


def require_done(result: RunResult) -> RunResult:
    """The result of a run that is done; raises `RunStopped` for any other."""
    if result.status != "done":
        raise RunStopped(
            f"{result.error or 'The run is not finished yet'} (run {result.run_id})",
            run_id=result.run_id,
            resumable=result.status == "waiting" and result.state != "held",
            code=_member(ErrorCode, result.error_code),
            remedy=_member(Remedy, result.remedy),
        )
    return result


def _member(kind: type[_E], value: str | None) -> _E | None:
    """The member of that value; None where a newer version has written one that is not known."""
    return kind(value) if value in set(kind) else None


def _seconds(run: Run) -> float | None:
    """From the first fact to the last video."""
    published = [
        record.achieved.at
        for record in run.steps.values()
        if record.achieved is not None and isinstance(record.step.args, Publish)
    ]
    return (max(published) - run.facts[0].at).total_seconds() if published else None


def _record_cost(run: Run, result: RunResult, store: Store) -> None:
    """Keep what a run cost that has come to its end now; a copy, which may be missing."""
    if all(record.achieved for record in run.steps.values()):
        with contextlib.suppress(StoreError):
            record_cost(store, run, result.credits.account_moved)
