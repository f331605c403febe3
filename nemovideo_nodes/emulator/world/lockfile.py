"""Who serves a world: a lock that only one emulator can hold, and a record of where it is.

The record is readable by its owner alone, and by the group that shares the store. Its key lets the
emulator prove to a client of theirs that it is the one that wrote the record: a port may belong to
somebody else by now.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path

from filelock import FileLock, Timeout

from nemovideo_nodes.emulator.world.sharing import make_folder, share
from nemovideo_nodes.errors import BadInput, StoreError
from nemovideo_nodes.media.local_proof import RECORD

__all__ = ["ServerRecord", "hold_world"]

_LOCK = "world.lock"


@dataclass(frozen=True)
class ServerRecord:
    """A running emulator; the record may outlive it, so only its proof shows that it is there."""

    url: str
    pid: int
    world: str
    version: str = ""
    key: str = field(default="", repr=False)
    """What `/healthz?challenge=...` is answered with the help of; a secret."""

    @classmethod
    def of_this_process(cls, url: str, world: str) -> ServerRecord:
        try:
            version = metadata.version("nemovideo-nodes")
        except metadata.PackageNotFoundError:  # a checkout that is not installed
            version = ""
        return cls(url, os.getpid(), world, version, secrets.token_hex(32))

    @classmethod
    def read(cls, folder: Path) -> ServerRecord | None:
        """What the record in `folder` says, or None where there is none that can be read."""
        try:
            told = json.loads((folder / RECORD).read_text("utf-8"))
            version, key = str(told.get("version", "")), str(told.get("key", ""))
            return cls(str(told["url"]), int(told["pid"]), str(told["world"]), version, key)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @staticmethod
    def remove(folder: Path) -> None:
        """Take the record away."""
        (folder / RECORD).unlink(missing_ok=True)

    def write(self, folder: Path) -> None:
        """Leave the record, whole or not at all."""
        handle, name = tempfile.mkstemp(dir=folder, prefix=f".{RECORD}.")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(asdict(self), stream)
        share(folder, Path(name))
        os.replace(name, folder / RECORD)


@contextmanager
def hold_world(folder: Path, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the world in `folder`, which is made where it is missing.

    Raises `BadInput` where another emulator still holds it after `wait_s` seconds, and
    `StoreError` where the folder cannot be written.
    """
    try:
        make_folder(folder)
        lock = FileLock(folder / _LOCK, timeout=wait_s, thread_local=False)
        lock.acquire()
        share(folder, folder / _LOCK)
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
