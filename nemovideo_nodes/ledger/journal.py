"""The append-only journal of one run: one small object a fact, put if absent.

Beside the fact of each message lies a mark, written before the message goes out: that a fact is
missing shows even where it was the last one.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Coroutine
from typing import TypeVar
from weakref import WeakValueDictionary

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.errors import StoreError
from nemovideo_nodes.ledger.backend import Stored
from nemovideo_nodes.ledger.copies import (
    FEWEST,
    fact_name,
    read_copy,
    summary_name,
    write_copy,
)
from nemovideo_nodes.ledger.facts import Fact, dump_fact, is_newer, load_fact
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.store import Store

__all__ = ["Journal", "fact_name"]

_T = TypeVar("_T")

_NUMBERED = re.compile(r"(\d{8})\.(json|sent)")
MAX_FACTS = 100_000
"""Far beyond any run; a bound for the loops."""
RECENT_S = 2.0
"""For so long what was read or written here counts as all that there is. Whoever decides something
on less than all finds out when it writes: an entry is put if absent. What this process itself has
written is always seen, and an empty run is always looked for again."""


class _Writes:
    """What this process has written into one run, through whichever journal."""

    last: object = None


_shared: WeakValueDictionary[tuple[str, str], _Writes] = WeakValueDictionary()
_sharing = threading.Lock()


class Journal:
    """A run's facts in a store, with the fold of those that have been read."""

    def __init__(self, store: Store, run_id: str) -> None:
        self.store = store
        self.run = Run(run_id)
        # A cancelled read leaves its thread at work; the next call must not overtake it.
        self._lock = threading.RLock()
        self._clock = SystemClock()
        self._read_to = 0
        self._last: int | None = None
        """The number of the last fact that was there."""
        self._listed_at: float | None = None
        """When it was last seen that this is all, and there; None where it has to be looked at."""
        self._is_gone = False
        with _sharing:
            self._shared = _shared.setdefault((store.url, run_id), _Writes())
        self._seen: object = None
        """The last write of this process that was known when it was looked."""
        self._names: dict[str, Stored] = {}
        """What was listed last, by name."""
        self._marks: list[int] = []
        self._copied_to = 0
        self._may_be_summed_up = store.root is None

    def refresh(self) -> Run:
        """Read what is new, and only that; a number that is missing below another is doubt."""
        with self._lock:
            listed = self._look()
            facts = {seq: one for seq, one in listed.items() if seq > self.run.seq}
            known = 0
            if self._wants_copy(facts):
                known = read_copy(self.store, self.run.id, self._names)
            highest = max((*facts, *self._marks, known), default=0)
            numbers = range(self.run.seq + 1, min(highest, MAX_FACTS) + 1)
            # What is not listed is asked for all the same before it counts as missing.
            asked = [facts.get(seq) or _unlisted(self.run.id, seq) for seq in numbers]
            for data in self.store.read_listed(asked):
                self._take(data)
            self._read_to = self.run.seq
            return self.run

    def recent(self) -> Run:
        """The run as it was read or written in the last `RECENT_S`; else it is read again."""
        with self._lock:
            return self.run if self._is_recent() else self.refresh()

    def expire(self) -> None:
        """Look again the next time: others may have written meanwhile."""
        self._listed_at = None

    def exists(self) -> bool:
        """Whether what was read of the run is still there; it may have been deleted meanwhile."""
        with self._lock:
            self.recent()
            return not self._is_gone

    def summed_up(self) -> None:
        """A summary was written that knows all that has been read and written here."""
        self._may_be_summed_up = self.store.root is None

    def copy(self) -> None:
        """Leave a copy of the facts that makes reading cheap, where it does."""
        with self._lock:
            if self.run.seq - self._copied_to >= FEWEST:
                write_copy(self.store, self.run.id, self.run.seq)
                self._copied_to = self.run.seq

    def append(self, fact: Fact, planned: int | None = None, *, marked: bool = False) -> bool:
        """Write `fact` right behind what has been read; False if somebody else was faster.

        Then nothing is written, and what is new has been read: decide again. `planned` is the
        number of the last fact that the decision knew; our own facts behind it do not matter.
        `marked`: the fact is about a message, and leaves a trace beside it.
        """
        with self._lock:
            if planned is not None and self._read_to > planned:
                return False
            if self._may_be_summed_up:
                # In a bucket a summary that is there is believed. On a disk a look is cheap.
                self.store.remove([summary_name(self.store, self.run.id)])
                self._may_be_summed_up = False
            name, data = fact_name(self.run.id, self.run.seq + 1), dump_fact(fact)
            # A store may repeat a put whose answer was lost, and find its own fact there.
            if self.store.create(name, data) or self.store.read(name) == data:
                self.run.apply(fact)
                self._last = self.run.seq
                self._listed_at, self._is_gone = self._clock.monotonic(), False
                self._seen = self._shared.last = object()
                if marked:
                    self.store.replace(_mark_name(self.run.id, self.run.seq), b"{}")
                return True
            self._read_on()
            return False

    def record(self, fact: Fact) -> None:
        """Write a fact that is true whatever others wrote meanwhile: how an effect ended."""
        for _ in range(MAX_FACTS):
            if self.append(fact):
                return
        raise StoreError(f"The journal of run {self.run.id} takes no more facts")

    async def refreshed(self) -> Run:
        """`refresh`, off the event loop."""
        return await asyncio.to_thread(self.refresh)

    async def recently(self) -> Run:
        """`recent`, off the event loop where something has to be read."""
        return self.run if self._is_recent() else await self.refreshed()

    async def is_there(self) -> bool:
        """`exists`, off the event loop where something has to be read."""
        return not self._is_gone if self._is_recent() else await asyncio.to_thread(self.exists)

    async def appended(
        self, fact: Fact, planned: int | None = None, *, marked: bool = False
    ) -> bool:
        """`append`, off the event loop."""
        return await _whole(asyncio.to_thread(self.append, fact, planned, marked=marked))

    async def recorded(self, fact: Fact) -> None:
        """`record`, off the event loop."""
        await _whole(asyncio.to_thread(self.record, fact))

    def _is_recent(self) -> bool:
        at = self._listed_at
        if at is None or self._seen is not self._shared.last or not self.run.seq:
            return False
        return self._clock.monotonic() - at < RECENT_S

    def _look(self) -> dict[int, Stored]:
        """The facts that are there from the last known one on, by number; remembers the marks."""
        at, self._seen = self._clock.monotonic(), self._shared.last
        last = "" if self._last is None else f"{self._last:08d}"
        found = self.store.listed(f"runs/{self.run.id}/journal", last)
        self._names = {one.name: one for one in found}
        self._marks = []
        facts: dict[int, Stored] = {}
        for one in found:
            if numbered := _NUMBERED.fullmatch(one.name.rpartition("/")[2]):
                seq = int(numbered[1])
                if numbered[2] == "json":
                    facts[seq] = one
                else:
                    self._marks.append(seq)
        self._is_gone = self._last is not None and self._last not in facts
        self._listed_at = at
        return facts

    def _wants_copy(self, facts: dict[int, Stored]) -> bool:
        kept = self.store.kept
        if kept is None or self.run.seq:
            return False
        return sum(not kept.get(one.name, one.version) for one in facts.values()) >= FEWEST

    def _read_on(self) -> None:
        """Read what others have written right behind what is known, whether it is listed or not."""
        while self.run.seq < MAX_FACTS:
            data = self.store.read(fact_name(self.run.id, self.run.seq + 1))
            if data is None:
                break
            self._take(data)
        self._read_to = self.run.seq
        self._listed_at = None

    def _take(self, data: bytes | None) -> None:
        fact = load_fact(data) if data is not None else None
        self.run.newer |= data is not None and fact is None and is_newer(data)
        self.run.apply(fact)
        self._last = self.run.seq if data is not None else self._last


async def _whole(write: Coroutine[None, None, _T]) -> _T:
    """A write to its end: who is cancelled in it must know whether it was written."""
    writing = asyncio.ensure_future(write)
    try:
        return await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.wait([writing])
        raise


def _unlisted(run_id: str, seq: int) -> Stored:
    return Stored(fact_name(run_id, seq), 0, SystemClock().now())


def _mark_name(run_id: str, seq: int) -> str:
    return f"runs/{run_id}/journal/{seq:08d}.sent"
