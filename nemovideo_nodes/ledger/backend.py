"""What a kind of store has to be able to do; its errors are those in `broken`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeVar

from nemovideo_nodes.ledger.kept import KeptObjects

__all__ = ["Backend", "Stored"]

T = TypeVar("T")


@dataclass(frozen=True)
class Stored:
    """One object in a store."""

    name: str
    size: int
    """Bytes."""
    at: datetime
    """When it was written, by the clock of the disk or of the bucket."""
    version: str = ""
    """Another one wherever the content is another; empty on a disk."""


class Backend(Protocol):
    """A folder or a bucket; names are slash-separated and known to be harmless."""

    url: str
    segment: re.Pattern[str]
    """One part of a name, between slashes: nothing that leads elsewhere."""
    broken: tuple[type[BaseException], ...]
    """What its calls raise when they fail."""
    is_probed: bool
    """Whether it was probed in this process already."""
    is_shared: bool
    """Whether several users of this machine write to it; known once it was probed."""

    @property
    def kept(self) -> KeptObjects | None:
        """What is known of small objects; None where reading costs nothing."""
        ...

    @property
    def root(self) -> Path | None:
        """The folder; None for a bucket."""
        ...

    def probe(self) -> None:
        """Make sure that `create` has one winner and that the store can be written to.

        Called once before the first write; raises `BadInput`, or what is in `broken`.
        """
        ...

    def create(self, name: str, data: bytes) -> bool:
        """Write `name` durably if nobody has; False, with nothing changed, if somebody has."""
        ...

    def replace(self, name: str, data: bytes, *, durable: bool) -> None:
        """Write `name` as a whole, over what may be there."""
        ...

    def read(self, name: str) -> bytes | None:
        """All bytes of `name`, or None if there is no such thing."""
        ...

    def size(self, name: str) -> int | None:
        """How many bytes `name` has, or None if there is no such thing."""
        ...

    def children(self, name: str) -> list[str]:
        """The names of the folders directly below the folder `name`, sorted."""
        ...

    def files(self, name: str) -> Iterator[Stored]:
        """All that lies below the folder `name`, at any depth."""
        ...

    def listed(self, name: str, after: str) -> list[Stored]:
        """What lies right in the folder `name` under names that sort behind `after`, sorted."""
        ...

    def read_all(self, names: Sequence[str], read: Callable[[str], T]) -> list[T]:
        """What `read` returns for each name, asked side by side where each takes a while."""
        ...

    def put_file(self, name: str, source: Path, *, move: bool) -> None:
        """Write a local file to `name`; it may be moved where that is cheaper."""
        ...

    def link(self, name: str, existing: str) -> None:
        """Give what is at `existing` a second name, over what may be there."""
        ...

    def local(self, name: str) -> AbstractContextManager[Path]:
        """A local file with the bytes of `name`; raises FileNotFoundError."""
        ...

    def presigned(self, name: str, lasts: timedelta) -> str:
        """A URL with which anybody can read `name` for so long; empty where there is no such."""
        ...

    def discard(self, name: str) -> None:
        """Take the folder `name` away with all that is in it, at once as far as it can be."""
        ...

    def remove(self, names: Sequence[str]) -> None:
        """Take objects away; those that are not there are no error."""
        ...
