"""The runs of a store at a glance: a summary beside each journal, so that a list reads no journal.

A summary is only a copy: it counts while no fact lies behind the last one that it knows, and where
it is missing, torn or old, the journal is read. In a bucket, where each look takes a while, whoever
writes a fact takes the summary away before, so that one that is there counts by itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.engine.status import run_status
from nemovideo_nodes.engine.summary_index import SummaryIndex
from nemovideo_nodes.errors import NemoVideoError
from nemovideo_nodes.ledger.copies import summary_name
from nemovideo_nodes.ledger.journal import Journal, fact_name
from nemovideo_nodes.ledger.results import DownloadResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.estimate import message_costs
from nemovideo_nodes.request.model import is_run_id
from nemovideo_nodes.request.steps import Prompt, Publish, Upload

__all__ = [
    "Summary",
    "estimated_cost",
    "forget_summary",
    "known_runs",
    "summaries",
    "write_summary",
]

_FORMAT = 1
_AT_ONCE = 32
"""Journals that are read from a bucket side by side."""
_IN_PEACE = timedelta(hours=1)
"""A run that nobody has touched for so long is not at work: its summary may be written here."""
_GONE = '"gone"'
"""In place of the summary of a run that was deleted, and whose manifest stays."""


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
    began: AwareDatetime | None = None
    """When the first fact was written; None in a summary of an earlier version."""
    finished: AwareDatetime | None = None
    """When the last video was published."""
    account: str = ""
    """A fingerprint of the account."""
    profile: str = ""
    calendar: str = ""
    """The name of the calendar that has asked for it."""
    cost: float = 0.0
    """What its messages that were sent are expected to have cost, in credits."""


def known_runs(store: Store) -> list[str]:
    """The ids of all runs in the store; what else lies there is passed over."""
    return [name for name in store.children("runs") if is_run_id(name)]


def summaries(store: Store, *, checked: bool = False) -> Iterator[Summary]:
    """All runs in the store that have a journal, by id.

    `checked`: in a bucket, too, no summary is believed before its journal was looked at.
    """
    names = known_runs(store)
    if store.root is not None:
        found: Iterator[Summary | None] = (_summary(store, name) for name in names)
        yield from filter(None, found)
        return
    texts = SummaryIndex(store).texts(names)

    def look(run_id: str) -> Summary | None:
        text = texts.get(run_id, "")
        if text == _GONE and not checked:
            return None
        kept = _read(text.encode(), store, run_id)
        if kept is not None and (not checked or _is_last(store, kept)):
            return kept
        return _of_journal(store, run_id)

    with ThreadPoolExecutor(_AT_ONCE) as pool:  # each look at a bucket takes a while
        yield from filter(None, pool.map(look, names))


def write_summary(run: Run, store: Store) -> None:
    """Put the summary beside the journal; that it fails is no reason to stop anything."""
    if not run.facts:
        return
    with contextlib.suppress(NemoVideoError):
        data = summarise(run, store).model_dump_json().encode()
        store.replace(summary_name(store, run.id), data, durable=False)


def forget_summary(store: Store, run_id: str, *, is_manifest_kept: bool) -> None:
    """Take away what was known of a run that was deleted."""
    if store.root is None and is_manifest_kept:
        store.replace(summary_name(store, run_id), _GONE.encode(), durable=False)
    elif store.root is None:
        store.remove([summary_name(store, run_id)])


def summarise(run: Run, store: Store) -> Summary:
    """The summary of a run that has a fact."""
    uploads = (record.step.args for record in run.steps.values())
    needed = {args.media.artifact for args in uploads if isinstance(args, Upload)}
    published = [
        record.achieved
        for record in run.steps.values()
        if record.achieved is not None and isinstance(record.step.args, Publish)
    ]
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
        began=run.facts[0].at,
        finished=max((one.at for one in published), default=None),
        account=min(run.account, default=""),
        profile=run.order.profile.name if run.order else "",
        calendar=run.order.notify.calendar if run.order and run.order.notify else "",
        cost=estimated_cost(run),
    )


def estimated_cost(run: Run) -> float:
    """The estimates of the messages that were sent, each as a budget counts it."""
    records = list(run.steps.values())
    sent = [bool(one.intents) for one in records if isinstance(one.step.args, Prompt)]
    costs = message_costs(one.step.args for one in records)
    return sum(cost for cost, is_sent in zip(costs, sent, strict=True) if is_sent)


def _summary(store: Store, run_id: str) -> Summary | None:
    kept = _read(store.read(summary_name(store, run_id)), store, run_id)
    return kept if kept is not None and _is_last(store, kept) else _of_journal(store, run_id)


def _is_last(store: Store, kept: Summary) -> bool:
    return store.size(fact_name(kept.result.run_id, kept.seq + 1)) is None


def _of_journal(store: Store, run_id: str) -> Summary | None:
    run = Journal(store, run_id).refresh()
    if not run.facts:
        return None
    if store.root is None and run.facts[-1].at < SystemClock().now() - _IN_PEACE:
        write_summary(run, store)
    return summarise(run, store)


def _read(data: bytes | None, store: Store, run_id: str) -> Summary | None:
    try:
        kept = Summary.model_validate_json(data or b"")
    except ValidationError:
        return None
    if kept.format != _FORMAT or kept.result.run_id != run_id:
        return None
    asked = kept.result.approval
    if asked is not None and asked.until is not None and asked.until <= SystemClock().now():
        return None  # nobody has answered in time, which the journal tells what it means
    return kept if kept.store == store.url else _moved(kept, store)


def _moved(kept: Summary, store: Store) -> Summary:
    """The summary, in a store that is seen under another name now."""

    def place(before: str) -> str:
        return store.place(before.removeprefix(f"{kept.store}/"))

    result = kept.result
    videos = [video.model_copy(update={"path": place(video.path)}) for video in result.videos]
    manifest = place(result.manifest) if result.manifest else None
    asked = result.approval
    if asked is not None:
        shown = {"storyboard": asked.storyboard, "preview": asked.preview}
        update = {name: place(path) for name, path in shown.items() if path}
        asked = asked.model_copy(update=update)
    moved = result.model_copy(update={"videos": videos, "manifest": manifest, "approval": asked})
    return kept.model_copy(update={"store": store.url, "result": moved})
