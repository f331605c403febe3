"""Who serves a world: a lock that only one emulator can hold, and a note that says where it is."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from filelock import FileLock, Timeout

from nemovideo_nodes.errors import BadInput, StoreError

__all__ = ["ServerRecord", "hold_world"]

_NOTE = "server.json"
_LOCK = "world.lock"


@dataclass(frozen=True)
class ServerRecord:
    """A running emulator; the note may outlive it, so only an answer of its own proves it."""

    url: str
    pid: int
    world: str
    """The world's id, which `/healthz` answers too: a port may belong to somebody else by now."""
    version: str = ""

    @classmethod
    def of_this_process(cls, url: str, world: str) -> ServerRecord:
        try:
            version = metadata.version("nemovideo-nodes")
        except metadata.PackageNotFoundError:  # a checkout that is not installed
            version = ""
        return cls(url, os.getpid(), world, version)

    @classmethod
    def read(cls, folder: Path) -> ServerRecord | None:
        """What the note in `folder` says, or None where there is none that can be read."""
        try:
            told = json.loads((folder / _NOTE).read_text("utf-8"))
            return cls(
                str(told["url"]), int(told["pid"]), str(told["world"]), str(told.get("version", ""))
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @staticmethod
    def remove(folder: Path) -> None:
        """Take the note away."""
        (folder / _NOTE).unlink(missing_ok=True)

    def write(self, folder: Path) -> None:
        """Leave the note, whole or not at all."""
        handle, name = tempfile.mkstemp(dir=folder, prefix=f".{_NOTE}.")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(asdict(self), stream)
        os.replace(name, folder / _NOTE)


@contextmanager
def hold_world(folder: Path, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the world in `folder`, which is made where it is missing.

    Raises `BadInput` where another emulator still holds it after `wait_s` seconds, and
    `StoreError` where the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK, timeout=wait_s, thread_local=False)
        lock.acquire()
    except Timeout:
        other = ServerRecord.read(folder)
        where = f" at {other.url} (process {other.pid})" if other else ""
        raise BadInput(f"Another emulator{where} has the world in {folder}") from None
    except OSError as error:
        raise StoreError(
            f"The emulator cannot keep its world in {folder}: {error.strerror or error}"
        ) from None
    try:
        yield
    finally:
        lock.release()
