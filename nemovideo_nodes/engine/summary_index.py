"""The summaries of a bucket's runs in few objects, so that a list of a thousand asks few things.

Each run's summary is an object of its own in one folder, which one request lists, with versions. A
page holds many of them; what it says of a run counts for the very version that is listed. Pages are
written by whoever lists the runs and had to read many summaries by themselves; they may be missing,
torn or behind.
"""

from __future__ import annotations

import contextlib
import json
import zlib
from collections.abc import Iterable, Mapping

from nemovideo_nodes.errors import NemoVideoError
from nemovideo_nodes.ledger.backend import Stored
from nemovideo_nodes.ledger.copies import SUMMARIES
from nemovideo_nodes.ledger.store import Store

__all__ = ["SummaryIndex"]

_FOLDER = "summary-pages"
_PAGES = 4
_MANY = 10
"""Summaries read by themselves from which on the pages are written anew."""


class SummaryIndex:
    """What is known of the summaries in a bucket: their versions, and many of their texts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._listed = {_run_of(one): one for one in store.listed(SUMMARIES)}
        self._pages: dict[str, dict[str, tuple[str, str]]] = {}
        pages = [one for one in store.listed(_FOLDER) if one.name in set(map(_page, range(_PAGES)))]
        for page, data in zip(pages, store.read_listed(pages), strict=True):
            self._pages[page.name] = _entries(data or b"")

    def texts(self, run_ids: Iterable[str]) -> dict[str, str]:
        """The summaries of those runs that have one, as they stand in the bucket."""
        found: dict[str, str] = {}
        single: list[Stored] = []
        for run_id in run_ids:
            if (listed := self._listed.get(run_id)) is None:
                continue
            version, text = self._pages.get(_page_of(run_id), {}).get(run_id, ("", ""))
            if version and version == listed.version:
                found[run_id] = text
            else:
                single.append(listed)
        for listed, data in zip(single, self._store.read_listed(single), strict=True):
            with contextlib.suppress(UnicodeDecodeError):
                found[_run_of(listed)] = (data or b"").decode()
        if len(single) >= _MANY:
            self._write({_run_of(one): found.get(_run_of(one), "") for one in single}, found)
        return found

    def _write(self, new: Mapping[str, str], known: Mapping[str, str]) -> None:
        """Put what was read by itself into its pages; what went meanwhile goes from them."""
        for page in {_page_of(run_id) for run_id in new}:
            lines = [
                json.dumps([run_id, self._listed[run_id].version, text])
                for run_id, text in known.items()
                if _page_of(run_id) == page
            ]
            # A copy only: that it fails is no reason to stop anything.
            with contextlib.suppress(NemoVideoError):
                self._store.replace(page, "\n".join(lines).encode(), durable=False)


def _entries(data: bytes) -> dict[str, tuple[str, str]]:
    found = {}
    for line in data.splitlines():
        with contextlib.suppress(ValueError, TypeError, RecursionError):
            run_id, version, text = json.loads(line)
            found[str(run_id)] = str(version), str(text)
    return found


def _page(number: int) -> str:
    return f"{_FOLDER}/{number}.jsonl"


def _page_of(run_id: str) -> str:
    return _page(zlib.crc32(run_id.encode()) % _PAGES)


def _run_of(one: Stored) -> str:
    return one.name.rpartition("/")[2].removesuffix(".json")
