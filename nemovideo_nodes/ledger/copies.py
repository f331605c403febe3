"""A copy of a run's facts in one object: a bucket is then asked for one thing, not for each fact.

The copy lies beside the facts and may be missing, torn or behind. It never speaks for a fact: what
it holds counts for the very versions that the bucket lists, and all else is read. Only that it
knows of facts which are gone counts by itself: they are missed.
"""

from __future__ import annotations

import contextlib
import json

from nemovideo_nodes.errors import NemoVideoError
from nemovideo_nodes.ledger.backend import Stored
from nemovideo_nodes.ledger.store import Store

__all__ = ["FEWEST", "SUMMARIES", "fact_name", "read_copy", "summary_name", "write_copy"]

_COPY = "facts.copy"
"""No name of a fact, so that an earlier version passes it over."""
FEWEST = 4
"""Facts that are not known yet from which on a copy is worth a request."""
SUMMARIES = "summaries"
"""The folder of all summaries in a bucket: one request lists a thousand of them."""
_FORMAT = 1


def fact_name(run_id: str, seq: int) -> str:
    """Where the fact with that number lies in the store."""
    return f"runs/{run_id}/journal/{seq:08d}.json"


def summary_name(store: Store, run_id: str) -> str:
    """Where the summary of a run lies."""
    return f"runs/{run_id}/summary.json" if store.root else f"{SUMMARIES}/{run_id}.json"


def _copy_name(run_id: str) -> str:
    return f"runs/{run_id}/journal/{_COPY}"


def write_copy(store: Store, run_id: str, last: int) -> None:
    """Put the facts up to the number `last` into the copy, as far as they are known here.

    That it fails is no reason to stop anything.
    """
    if store.kept is None:
        return
    lines = [json.dumps({"format": _FORMAT, "last": last})]
    for name in (fact_name(run_id, seq) for seq in range(1, last + 1)):
        version, data = store.kept.version(name), store.kept.get(name)
        if version and data is not None:
            with contextlib.suppress(UnicodeDecodeError):
                lines.append(json.dumps([name, version, data.decode()]))
    with contextlib.suppress(NemoVideoError):
        store.replace(_copy_name(run_id), "\n".join(lines).encode(), durable=False)


def read_copy(store: Store, run_id: str, listed: dict[str, Stored]) -> int:
    """Take in the facts that the copy holds; the number of the last one that it knows of.

    `listed` is the run's journal, by name. A copy of other facts, or of none that can be read,
    knows of none.
    """
    if store.kept is None or _copy_name(run_id) not in listed:
        return 0
    try:
        data = store.read(_copy_name(run_id)) or b""
        head, *lines = data.decode().splitlines()
        about = json.loads(head)
        if about["format"] != _FORMAT:
            return 0
        entries = dict(map(_entry, lines))
        last = int(about["last"])
    except (NemoVideoError, ValueError, TypeError, KeyError, RecursionError):
        return 0
    first = fact_name(run_id, 1)
    if first in listed and listed[first].version != entries.get(first, ("",))[0]:
        return 0  # of a run that had this id before
    for name, (version, text) in entries.items():
        if name in listed and listed[name].version == version:
            store.kept.put(name, version, text.encode())
    return last


def _entry(line: str) -> tuple[str, tuple[str, str]]:
    name, version, text = json.loads(line)
    return str(name), (str(version), str(text))
