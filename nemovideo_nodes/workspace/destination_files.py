"""Where the files of a destination are: a folder, or a bucket's prefix. Each is written whole."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nemovideo_nodes.errors import BadInput, StoreError
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.workspace.calendar_places import write_place
from nemovideo_nodes.workspace.copying import copy_file

__all__ = ["BucketFiles", "DestinationFiles", "FolderFiles"]


class DestinationFiles(Protocol):
    """Files by their names. Writing raises `StoreError`; no reader sees half a file."""

    def place(self, name: str) -> str:
        """The path or URL of a file."""

    def size(self, name: str) -> int | None:
        """The bytes of a file; None where it is not there."""

    def read(self, name: str) -> bytes | None:
        """What is in a file; None where it is not there."""

    def write(self, name: str, data: bytes) -> None:
        """Write a file, or write it over."""

    def put_file(self, name: str, source: Path) -> None:
        """Copy a file of this machine, or write over an earlier copy."""

    def remove(self, name: str) -> None:
        """Remove a file; nothing where it is not there."""


@dataclass(frozen=True)
class FolderFiles:
    """A folder, made with the first file."""

    folder: Path

    def place(self, name: str) -> str:
        return str(self.folder / name)

    def size(self, name: str) -> int | None:
        try:
            return (self.folder / name).stat().st_size
        except OSError:
            return None

    def read(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except OSError:
            return None

    def write(self, name: str, data: bytes) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_place(str(self.folder / name), data)
        except (OSError, BadInput) as error:
            raise StoreError(f"{self.folder / name} cannot be written: {error}") from None

    def put_file(self, name: str, source: Path) -> None:
        copy_file(source, self.folder / name)

    def remove(self, name: str) -> None:
        with contextlib.suppress(OSError):
            (self.folder / name).unlink()


@dataclass(frozen=True)
class BucketFiles:
    """A bucket's prefix."""

    store: Store

    def place(self, name: str) -> str:
        return self.store.place(name)

    def size(self, name: str) -> int | None:
        return self.store.size(name)

    def read(self, name: str) -> bytes | None:
        return self.store.read(name)

    def write(self, name: str, data: bytes) -> None:
        self.store.replace(name, data)

    def put_file(self, name: str, source: Path) -> None:
        self.store.remove([name])  # a file of the same size is taken for the same
        self.store.put_file(name, source)

    def remove(self, name: str) -> None:
        self.store.remove([name])
