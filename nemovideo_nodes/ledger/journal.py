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

from nemovideo_nodes.errors import StoreError
from nemovideo_nodes.ledger.facts import Fact, dump_fact, is_newer, load_fact
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.store import Store

__all__ = ["Journal", "fact_name"]

_T = TypeVar("_T")

_NUMBERED = re.compile(r"\d{8}\.(?:json|sent)")
MAX_FACTS = 100_000
"""Far beyond any run; a bound for the loops."""


class Journal:
    """A run's facts in a store, with the fold of those that have been read."""

    def __init__(self, store: Store, run_id: str) -> None:
        self.store = store
        self.run = Run(run_id)
        # A cancelled read leaves its thread at work; the next call must not overtake it.
        self._lock = threading.RLock()
        self._read_to = 0
        self._last: int | None = None
        """The number of the last fact that was there."""
        self._known_to: int | None = None
        """The highest number that the store shows a trace of; None before it was asked."""

    def refresh(self) -> Run:
        """Read what is new, and only that; a number that is missing below another is doubt."""
        with self._lock:
            if self._known_to is None:
                self._known_to = self._highest()
            while self.run.seq < MAX_FACTS:
                data = self.store.read(fact_name(self.run.id, self.run.seq + 1))
                if data is None and self.run.seq >= self._known_to:
                    break
                fact = load_fact(data) if data is not None else None
                self.run.newer |= data is not None and fact is None and is_newer(data)
                self.run.apply(fact)
                self._read_to = self.run.seq
                self._last = self.run.seq if data is not None else self._last
            return self.run

    def mark(self, seq: int) -> None:
        """Leave a trace of the fact with that number, which is about a message."""
        self.store.replace(_mark_name(self.run.id, seq), b"{}")

    def exists(self) -> bool:
        """Whether what was read of the run is still there; it may have been deleted meanwhile."""
        with self._lock:
            if self._last is None:
                return True
            return self.store.size(fact_name(self.run.id, self._last)) is not None

    def _highest(self) -> int:
        numbers = (
            int(name.partition(".")[0])
            for one in self.store.files(f"runs/{self.run.id}/journal")
            if _NUMBERED.fullmatch(name := one.name.rpartition("/")[2])
        )
        return min(max(numbers, default=0), MAX_FACTS)

    def append(self, fact: Fact, planned: int | None = None) -> bool:
        """Write `fact` right behind what has been read; False if somebody else was faster.

        Then nothing is written, and what is new has been read: decide again. `planned` is the
        number of the last fact that the decision knew; our own facts behind it do not matter.
        """
        with self._lock:
            if planned is not None and self._read_to > planned:
                return False
            name, data = fact_name(self.run.id, self.run.seq + 1), dump_fact(fact)
            # A store may repeat a put whose answer was lost, and find its own fact there.
            if self.store.create(name, data) or self.store.read(name) == data:
                self.run.apply(fact)
                self._last = self.run.seq
                return True
            self.refresh()
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

    async def appended(self, fact: Fact, planned: int | None = None) -> bool:
        """`append`, off the event loop."""
        return await _whole(asyncio.to_thread(self.append, fact, planned))

    async def recorded(self, fact: Fact) -> None:
        """`record`, off the event loop."""
        await _whole(asyncio.to_thread(self.record, fact))


async def _whole(write: Coroutine[None, None, _T]) -> _T:
    """A write to its end: who is cancelled in it must know whether it was written."""
    writing = asyncio.ensure_future(write)
    try:
        return await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.wait([writing])
        raise


def _mark_name(run_id: str, seq: int) -> str:
    return f"runs/{run_id}/journal/{seq:08d}.sent"


def fact_name(run_id: str, seq: int) -> str:
    """Where the fact with that number lies in the store."""
    return f"runs/{run_id}/journal/{seq:08d}.json"
