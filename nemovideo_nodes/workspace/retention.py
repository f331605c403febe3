"""Clean-up: old runs go, with what only they needed; never a run that somebody is at work on."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from nemovideo_nodes.clock import Clock, SystemClock
from nemovideo_nodes.engine.lease import LeaseKeeper
from nemovideo_nodes.engine.plan import is_held
from nemovideo_nodes.engine.summaries import Summary, forget_summary, known_runs, summaries
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.store import Store, Stored
from nemovideo_nodes.workspace.notifications.outbox import SENT_NOTICES, run_of_notice

__all__ = ["FLOW_RUNS", "HELD_ROWS", "Cleaned", "clean"]

_MANIFEST = "manifest.json"
FLOW_RUNS = "flow-runs"
"""Where a flow run of Prefect notes which run it began."""
HELD_ROWS = "calendar/held"
"""Where a calendar notes rows that are not tried again until they change."""
_AT_ONCE = 200
GRACE = timedelta(days=1)
"""What is younger may belong to a run that is not written down yet."""


@dataclass
class Cleaned:
    """What a clean-up took away, and what it left for a reason."""

    runs: list[str] = field(default_factory=list)
    busy: list[str] = field(default_factory=list)
    """Runs that somebody is at work on."""
    files: int = 0
    """How many files went, the journals' own not counted."""
    bytes: int = 0
    """Of the artifacts and unfinished copies among them."""
    artifacts_kept: bool = False
    """Whether artifacts were left alone, since some run's journal could not be read as a whole."""


async def clean(
    store: Store,
    older_than: timedelta,
    *,
    chosen: Callable[[Summary], bool] = lambda summary: True,
    manifests: bool = False,
    clock: Clock | None = None,
) -> Cleaned:
    """Delete the chosen runs whose last fact is older than that, and what no kept run needs.

    Their manifests stay unless `manifests` is true. A run whose journal is gone is begun anew
    when it is asked for again, and paid for again. Raises `StoreError`.
    """
    clock = clock or SystemClock()
    now = clock.now()
    old = now - older_than
    cleaned, kept = Cleaned(), []
    for summary in await asyncio.to_thread(lambda: list(summaries(store, checked=True))):
        run_id = summary.result.run_id
        if summary.at >= old or not chosen(summary):
            kept.append(summary)
        elif await _taken(store, run_id, clock, old):
            await asyncio.to_thread(store.discard, f"runs/{run_id}/journal")
            await asyncio.to_thread(forget_summary, store, run_id, is_manifest_kept=not manifests)
            cleaned.runs.append(run_id)
        else:
            kept.append(summary)
            cleaned.busy.append(run_id)
    await asyncio.to_thread(_clean_notifications, store, cleaned, old)
    await asyncio.to_thread(_clean_folders, store, cleaned, kept, old, manifests)
    await asyncio.to_thread(_clean_artifacts, store, cleaned, kept, min(old, now - GRACE))
    await asyncio.to_thread(_clean_records, store, cleaned, kept, min(old, now - GRACE))
    await asyncio.to_thread(_clean_unfinished, store, cleaned, min(old, now - GRACE))
    return cleaned


async def _taken(store: Store, run_id: str, clock: Clock, old: datetime) -> bool:
    """Take the run's lease; False where somebody is at work on it, or has been since `old`.

    Its age is looked at again: the summary may be older than the journal.
    """
    journal = Journal(store, run_id)
    keeper = LeaseKeeper(journal, clock)
    run = await journal.refreshed()
    if not run.facts or run.facts[-1].at >= old:
        return False
    if is_held(run, clock.now()) and not keeper.holder_gone():
        return False
    return await keeper.hold(run.seq)


def _clean_notifications(store: Store, cleaned: Cleaned, old: datetime) -> None:
    """What was told of runs that are gone, and of calendars long ago."""
    gone = {*cleaned.runs, "tick"}
    sent = store.listed(SENT_NOTICES)
    old_ones = [one for one in sent if one.at < old]
    _remove(store, cleaned, [one for one in old_ones if run_of_notice(one.name) in gone])


def _clean_folders(
    store: Store, cleaned: Cleaned, kept: Iterable[Summary], old: datetime, manifests: bool
) -> None:
    """Empty the folders of runs that have no journal, those of an earlier clean-up, too."""
    known = {one.result.run_id for one in kept}
    for run_id in known_runs(store):
        if run_id in known:
            continue
        files = store.files(f"runs/{run_id}")
        facts = [one for one in files if one.name.endswith(".json") and "/journal/" in one.name]
        if facts:
            cleaned.artifacts_kept = True  # begun just now, or nothing in it can be read
        elif run_id in cleaned.runs or all(one.at < old for one in files):
            forget_summary(store, run_id, is_manifest_kept=not manifests)
            spared = "" if manifests else f"runs/{run_id}/{_MANIFEST}"
            _remove(store, cleaned, [one for one in files if one.name != spared])


def _clean_artifacts(
    store: Store, cleaned: Cleaned, kept: Iterable[Summary], before: datetime
) -> None:
    needed: set[str] = set()
    for summary in kept:
        needed.update(summary.artifacts)
        cleaned.artifacts_kept |= not summary.whole
    if not cleaned.artifacts_kept:
        spare = [one for one in store.files("artifacts") if one.name not in needed]
        cleaned.bytes += _remove(store, cleaned, [one for one in spare if one.at < before])


def _clean_records(
    store: Store, cleaned: Cleaned, kept: Iterable[Summary], before: datetime
) -> None:
    """Which run a flow run of Prefect began: of use to its Retry for as long as the run is there.

    With them goes what is noted of a calendar's rows that failed: they are tried again then.
    """
    known = {one.result.run_id for one in kept}
    old = [one for one in store.files(FLOW_RUNS) if one.at < before]
    for first in range(0, len(old), _AT_ONCE):
        some = old[first : first + _AT_ONCE]
        read = zip(some, store.read_listed(some), strict=True)
        _remove(store, cleaned, [one for one, data in read if _run_id_in(data) not in known])
    _remove(store, cleaned, [one for one in store.files(HELD_ROWS) if one.at < before])


def _run_id_in(data: bytes | None) -> str:
    try:
        known = json.loads(data or b"{}")
    except ValueError:
        return ""
    return str(known.get("run_id")) if isinstance(known, dict) else ""


def _clean_unfinished(store: Store, cleaned: Cleaned, before: datetime) -> None:
    """Copies and downloads that a crash has left: always on this machine, never in a bucket."""
    for folder, _, names in os.walk(store.cache / "unfinished", topdown=False):
        for name in names:
            path = os.path.join(folder, name)
            with contextlib.suppress(OSError):
                known = os.lstat(path)
                if datetime.fromtimestamp(known.st_mtime, UTC) < before:
                    os.unlink(path)
                    cleaned.files += 1
                    cleaned.bytes += known.st_size
        with contextlib.suppress(OSError):  # there is more in it
            os.rmdir(folder)


def _remove(store: Store, cleaned: Cleaned, files: Sequence[Stored]) -> int:
    """Take them away; how many bytes they had."""
    store.remove([one.name for one in files])
    cleaned.files += len(files)
    return sum(one.size for one in files)
