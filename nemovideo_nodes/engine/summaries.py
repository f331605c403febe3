"""The runs of a store at a glance: a summary beside each journal, so that a list reads no journal.

A summary is only a copy: it counts while no fact lies behind the last one that it knows, and where
it is missing, torn or old, the journal is read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from nemovideo_nodes.engine.status import run_status
from nemovideo_nodes.errors import NemoVideoError
from nemovideo_nodes.ledger.facts import DownloadResult
from nemovideo_nodes.ledger.journal import Journal, fact_name
from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.model import is_run_id
from nemovideo_nodes.request.steps import Upload

__all__ = ["SUMMARY", "Summary", "known_runs", "summaries", "write_summary"]

SUMMARY = "summary.json"
_FORMAT = 1
_AT_ONCE = 32
"""Summaries that are fetched from a bucket side by side."""


class Summary(BaseModel):
    """A run as a list shows it."""

    model_config = ConfigDict(frozen=True)

    format: int = _FORMAT
    seq: int
    """The number of the last fact that it knows."""
    at: AwareDatetime
    """When that fact was written."""
    said: tuple[str, ...]
    """The instructions of the request."""
    artifacts: tuple[str, ...]
    """What the run needs of the store's artifacts."""
    whole: bool
    """Whether every fact could be read: else it may need more than is known."""
    store: str
    """Where the store was then: the places in the result begin so."""
    result: RunResult


def known_runs(store: Store) -> list[str]:
    """The ids of all runs in the store; what else lies there is passed over."""
    return [name for name in store.children("runs") if is_run_id(name)]


def summaries(store: Store) -> Iterator[Summary]:
    """All runs in the store that have a journal, by id."""
    names = known_runs(store)
    if store.root is not None:
        found: Iterator[Summary | None] = (_summary(store, name) for name in names)
        yield from filter(None, found)
        return
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # each look at a bucket takes a while
        yield from filter(None, pool.map(lambda name: _summary(store, name), names))


def write_summary(run: Run, store: Store) -> None:
    """Put the summary beside the journal; that it fails is no reason to stop anything."""
    if not run.facts:
        return
    with contextlib.suppress(NemoVideoError):
        data = summarise(run, store).model_dump_json().encode()
        store.replace(f"runs/{run.id}/{SUMMARY}", data, durable=False)


def summarise(run: Run, store: Store) -> Summary:
    """The summary of a run that has a fact."""
    uploads = (record.step.args for record in run.steps.values())
    needed = {args.media.artifact for args in uploads if isinstance(args, Upload)}
    needed |= {download.video.artifact for download in run.results(DownloadResult)}
    instructions: tuple[str, ...] = ()
    if run.order is not None:
        request = run.order.request
        instructions = tuple(instruction.text for instruction in request.script)
        needed |= {media.artifact for media in request.media}
        needed |= {media.artifact for one in request.script for media in one.media}
    return Summary(
        seq=run.seq,
        at=run.facts[-1].at,
        said=instructions,
        artifacts=tuple(sorted(needed)),
        store=store.url,
        whole=not run.newer and run.unreadable == 0,
        result=run_status(run, store),
    )


def _summary(store: Store, run_id: str) -> Summary | None:
    kept = _kept(store, run_id)
    if kept is not None and store.size(fact_name(run_id, kept.seq + 1)) is None:
        return kept
    run = Journal(store, run_id).refresh()
    return summarise(run, store) if run.facts else None


def _kept(store: Store, run_id: str) -> Summary | None:
    data = store.read(f"runs/{run_id}/{SUMMARY}")
    try:
        kept = Summary.model_validate_json(data or b"")
    except ValidationError:
        return None
    if kept.format != _FORMAT or kept.result.run_id != run_id:
        return None
    return kept if kept.store == store.url else _moved(kept, store)


def _moved(kept: Summary, store: Store) -> Summary:
    """The summary, in a store that is seen under another name now."""

    def place(before: str) -> str:
        return store.place(before.removeprefix(f"{kept.store}/"))

    result = kept.result
    videos = [video.model_copy(update={"path": place(video.path)}) for video in result.videos]
    manifest = place(result.manifest) if result.manifest else None
    moved = result.model_copy(update={"videos": videos, "manifest": manifest})
    return kept.model_copy(update={"store": store.url, "result": moved})
