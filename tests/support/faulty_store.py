"""The one faulty store of the tests: it remembers its calls, and something may go wrong at each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nemovideo_nodes.ledger.store import Store

__all__ = ["Death", "FaultyStore", "StoreCall", "dying_store", "fault_at"]

Verb = Literal["create", "replace", "read", "size", "put_file", "link", "scratch"]


class Death(Exception):
    """The end of a process, as far as the code under test can see: nothing of ours catches it."""


@dataclass(frozen=True)
class StoreCall:
    """A call of the store: what was asked, for which name, and the how-manyth of its verb it is."""

    verb: Verb
    name: str
    number: int
    data: bytes = b""
    durable: bool = True


Fault = Callable[[StoreCall], object]
"""What happens at a call. One that raises `Death` is the end: no later call does anything."""


class FaultyStore(Store):
    """A store whose calls are kept in `calls`, with what goes wrong `before` or `after` each.

    One new object is made at a time, so that nothing comes to be beside the one it dies at.
    """

    def __init__(
        self,
        url: str,
        options: Mapping[str, str] | None = None,
        *,
        before: Fault | None = None,
        after: Fault | None = None,
    ) -> None:
        super().__init__(url, options)
        self.calls: list[StoreCall] = []
        self.before = before
        self.after = after
        self._dead = False
        self._creating = threading.RLock()

    def names(self, *verbs: Verb) -> list[str]:
        """What was asked for with these verbs, in order."""
        return [call.name for call in self.calls if call.verb in verbs]

    def create(self, name: str, data: bytes) -> bool:
        with self._creating:
            call = self._begin("create", name, data)
            is_new = super().create(name, data)
            self._run_fault(self.after, call)
        return is_new

    def replace(self, name: str, data: bytes, *, durable: bool = True) -> None:
        call = self._begin("replace", name, data, durable=durable)
        super().replace(name, data, durable=durable)
        self._run_fault(self.after, call)

    def read(self, name: str) -> bytes | None:
        self._begin("read", name)
        return super().read(name)

    def size(self, name: str) -> int | None:
        self._begin("size", name)
        return super().size(name)

    def put_file(self, name: str, source: Path, *, move: bool = False) -> None:
        call = self._begin("put_file", name)
        super().put_file(name, source, move=move)
        self._run_fault(self.after, call)

    def link(self, name: str, existing: str) -> None:
        self._begin("link", name)
        super().link(name, existing)

    def scratch(self, name: str) -> Path:
        call = self._begin("scratch", name)
        folder = super().scratch(name)
        self._run_fault(self.after, call)
        return folder

    def _begin(
        self, verb: Verb, name: str, data: bytes = b"", *, durable: bool = True
    ) -> StoreCall:
        if self._dead:
            raise Death
        call = StoreCall(verb, name, len(self.names(verb)) + 1, data, durable)
        self.calls.append(call)
        self._run_fault(self.before, call)
        return call

    def _run_fault(self, fault: Fault | None, call: StoreCall) -> None:
        if fault is None:
            return
        try:
            fault(call)
        except Death:
            self._dead = True
            raise


def fault_at(number: int, fault: Callable[[], object]) -> Fault:
    """The fault at the nth new object."""

    def at(call: StoreCall) -> None:
        if (call.verb, call.number) == ("create", number):
            fault()

    return at


def dying_store(url: str, at: int = 0, *, after: bool = False) -> FaultyStore:
    """A store that fails for good at its nth new object: right before it, or right after."""
    death = fault_at(at, die)
    return FaultyStore(url, after=death) if after else FaultyStore(url, before=death)


def die() -> None:
    """Raise `Death`."""
    raise Death
