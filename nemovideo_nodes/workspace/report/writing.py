"""Reports read from the store and written: beside the videos of each run, or where one asks."""

from __future__ import annotations

import base64
import contextlib
import functools
import importlib.util
import io
import logging
import os
import posixpath
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import quote

from nemovideo_nodes.engine.status import is_at_rest
from nemovideo_nodes.engine.summaries import summaries, summarise
from nemovideo_nodes.errors import PYTHON_WORDING, NemoVideoError, Wording
from nemovideo_nodes.ledger.approvals import pending, shown
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.results import PublishResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.workspace.report.overview import KnownRun
from nemovideo_nodes.workspace.report.page import RunPage, run_page

__all__ = [
    "REPORT_NAME",
    "keep_report",
    "known_runs_in",
    "report_name",
    "report_of",
    "write_report",
]

REPORT_NAME: Final = "report.html"

_log = logging.getLogger(__name__)
_MOST_PICTURE: Final = 250_000
"""Bytes of a picture that stands in a page as it is; a larger one is made smaller."""
_MOST_VIDEOS = 12
"""Of how many videos, the newest ones, a page has pictures."""
_KINDS: Final = ("poster", "sheet")
_PICTURE_PX: Final = (1600, 1600)
_EMBEDDED: Final = 6_000_000
"""Bytes of a video that stands in a page that does not lie beside it."""


def report_name(run_id: str) -> str:
    """The place of a run's report in the store."""
    return f"runs/{run_id}/{REPORT_NAME}"


def write_report(run: Run, result: RunResult, store: Store, now: datetime) -> bool:
    """Write the run's report beside its videos; False, with a word in the log, if it cannot be.

    A report is never worth a run, so nothing that goes wrong here is raised.
    """
    pictures = pictures_of(run, store)
    folder = posixpath.dirname(report_name(run.id))
    page = RunPage(
        href=lambda name: quote(posixpath.relpath(f"/{name}", f"/{folder}")),
        picture=lambda name: pictures.get(name, ""),
        now=now,
    )
    try:
        text = run_page(run, result, page)
    except Exception:  # a fault of the page, which is no fault of the run
        _log.warning("The report of the run %s could not be made", run.id, exc_info=True)
        return False
    try:
        store.replace(report_name(run.id), text.encode("utf-8", "replace"), durable=False)
    except NemoVideoError as error:
        _log.warning("The report of the run %s could not be written: %s", run.id, error.sentence)
        return False
    return True


def keep_report(
    run: Run, result: RunResult, store: Store, now: datetime, *, known: int | None = None
) -> None:
    """Write the run's report where it is done or needs a person, and has changed since.

    `known` is the run's last fact before it was worked on. A report that is missing in a folder is
    written in any case; a bucket is not asked for that.
    """
    if not run.facts or run.newer or not is_at_rest(run, result):
        return
    if run.seq == known and (store.root is None or (store.root / report_name(run.id)).exists()):
        return
    write_report(run, result, store, now)


def report_of(
    run: Run,
    result: RunResult,
    store: Store,
    now: datetime,
    target: Path | None = None,
    *,
    wording: Wording | None = None,
    language: str = "",
    problems: tuple[str, ...] = (),
) -> str:
    """The run's report as it stands now, for a page at `target`, else one that is looked at alone.

    A small video stands in the page itself; a larger one is a link to where it is. Raises
    `StoreError`.
    """
    pictures = pictures_of(run, store)
    page = RunPage(
        href=functools.partial(_link, store, target),
        source=functools.partial(_source, store, target),
        picture=lambda name: pictures.get(name, ""),
        now=now,
        error=result.message(wording) if wording is not None else None,
        problems=problems,
        language=language,
    )
    return run_page(run, result, page)


def _source(store: Store, target: Path | None, name: str) -> str:
    """What plays a video in a page at `target`: a small one stands in the page itself."""
    if (count := store.size(name)) and count <= _EMBEDDED:
        with contextlib.suppress(NemoVideoError):
            data = store.read(name)
            if data is not None:
                return f"data:video/mp4;base64,{base64.b64encode(data).decode()}"
    return _link(store, target, name)


def _link(store: Store, target: Path | None, name: str) -> str:
    """A file of the store as a page at `target` finds it."""
    if store.root is None:
        return store.place(name)
    path = store.root / name
    if target is not None:
        with contextlib.suppress(ValueError):  # on another drive
            return quote(Path(os.path.relpath(path, target.parent)).as_posix())
    return path.as_uri()


def pictures_of(run: Run, store: Store) -> dict[str, str]:
    """The pictures of the run's videos, and of what is to be approved, as data URIs."""
    published = run.results(PublishResult)
    stems = [name.removesuffix(".mp4") for name in (published[-1].videos if published else ())]
    names = [f"{stem}-{kind}.jpg" for stem in stems[-_MOST_VIDEOS:] for kind in _KINDS]
    record = pending(run)
    asked = shown(run, record) if record is not None else None
    if asked is not None and asked.storyboard:
        names.append(asked.storyboard)
    found = {}
    for name in names:
        with contextlib.suppress(NemoVideoError):
            data = store.read(name)
            if data:
                found[name] = f"data:image/jpeg;base64,{base64.b64encode(_small(data)).decode()}"
    return found


def _small(data: bytes) -> bytes:
    """The picture with as many bytes as a page may hold, where that can be done here."""
    if len(data) <= _MOST_PICTURE or importlib.util.find_spec("PIL") is None:
        return data
    from PIL import Image

    with contextlib.suppress(OSError, ValueError, Image.DecompressionBombError):
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as picture:
            picture.thumbnail(_PICTURE_PX)
            small = io.BytesIO()
            picture.convert("RGB").save(small, "JPEG", quality=78, optimize=True)
        return min(data, small.getvalue(), key=len)
    return data


def known_runs_in(
    store: Store,
    now: datetime,
    target: Path | None = None,
    *,
    since: timedelta | None = None,
    wording: Wording = PYTHON_WORDING,
) -> Iterator[KnownRun]:
    """The runs of a store that somebody has touched for so long, for a page at `target`.

    Raises `StoreError`.
    """
    for summary in summaries(store):
        if since is not None and summary.at < now - since:
            continue
        if summary.began is None:  # an earlier version has summed it up
            summary = summarise(Journal(store, summary.result.run_id).refresh(), store)
        result = summary.result
        name = report_name(result.run_id)
        yield KnownRun(
            summary,
            href=_link(store, target, name) if store.root and (store.root / name).exists() else "",
            error=result.message(wording) or "",
        )
