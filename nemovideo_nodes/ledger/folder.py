"""A store in a folder. Every write is fsynced by us, file and directory: obstore does not."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.ledger.backend import Stored

__all__ = ["Folder"]


class Folder:
    """Files below `root`; a name is won by a hard link, which only one can make."""

    # obstore writes other characters in a code of its own, which the direct reads do not know.
    segment = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,255}")

    def __init__(self, root: Path) -> None:
        """Makes the folder where it is missing; raises `OSError`."""
        import obstore
        from obstore.exceptions import AlreadyExistsError, BaseError
        from obstore.store import LocalStore

        self.root = root
        self.url = str(root)
        self.broken: tuple[type[BaseException], ...] = (BaseError, OSError, ValueError)
        self._obstore = obstore
        self._taken = AlreadyExistsError
        self._durable: set[Path] = set()
        new = [folder for folder in (root, *root.parents) if not folder.exists()]
        root.mkdir(parents=True, exist_ok=True)
        for folder in new:
            _fsync(folder.parent)
        with tempfile.TemporaryFile(dir=root):
            pass
        self._store = LocalStore(root)

    def create(self, name: str, data: bytes) -> bool:
        try:
            self._obstore.put(self._store, name, data, mode="create")
        except self._taken:
            return False
        except self.broken:
            self._check_links(self.root / name)
            raise
        self._sync(name)
        return True

    def replace(self, name: str, data: bytes, *, durable: bool) -> None:
        self._obstore.put(self._store, name, data)
        if durable:
            self._sync(name)

    def read(self, name: str) -> bytes | None:
        try:
            with open(f"{self.url}/{name}", "rb") as file:  # lists do this ten thousand times
                return file.read()
        except (FileNotFoundError, IsADirectoryError):
            return None

    def size(self, name: str) -> int | None:
        try:
            return os.stat(f"{self.url}/{name}").st_size
        except FileNotFoundError:
            return None

    def children(self, name: str) -> list[str]:
        try:
            with os.scandir(self.root / name) as entries:
                return sorted(entry.name for entry in entries if entry.is_dir())
        except FileNotFoundError:
            return []

    def files(self, name: str) -> Iterator[Stored]:
        for folder, _, names in os.walk(self.root / name):
            for one in names:
                path = Path(folder) / one
                with contextlib.suppress(FileNotFoundError):
                    known = path.lstat()
                    at = datetime.fromtimestamp(known.st_mtime, UTC)
                    yield Stored(path.relative_to(self.root).as_posix(), known.st_size, at)

    def put_file(self, name: str, source: Path, *, move: bool) -> None:
        target = self.root / name
        if self.size(name) == source.stat().st_size:
            os.utime(target)  # in use again: no leftover
        elif not (move and _renamed(source, target)):
            self._obstore.put(self._store, name, source)
        self._sync(name)

    def link(self, name: str, existing: str) -> None:
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        spare = target.with_name(f".{target.name}.{os.getpid()}")
        spare.unlink(missing_ok=True)
        try:
            os.link(self.root / existing, spare)
        except OSError:  # another disk, or too many links
            shutil.copyfile(self.root / existing, spare)
            _fsync(spare)
        spare.replace(target)
        # A rename onto another name of the same file does nothing at all.
        spare.unlink(missing_ok=True)
        self._sync(name)

    @contextlib.contextmanager
    def local(self, name: str) -> Iterator[Path]:
        path = self.root / name
        if not path.is_file():
            raise FileNotFoundError
        yield path

    def discard(self, name: str) -> None:
        """A rename takes the folder away at once; its files go afterwards."""
        path = self.root / name
        gone = self.root / "unfinished" / f"discarded-{secrets.token_hex(8)}"
        gone.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.rename(gone)
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            gone = path  # on another disk, where no rename leads
        _fsync(path.parent)
        self._durable.clear()
        shutil.rmtree(gone, ignore_errors=True)

    def remove(self, names: Sequence[str]) -> None:
        for name in names:
            path = self.root / name
            path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # there is more in it
                if path.parent != self.root:
                    path.parent.rmdir()
        self._durable.clear()

    def _sync(self, name: str) -> None:
        path = self.root / name
        _fsync(path)
        # A new folder is durable only when the folder above it is written, too.
        for folder in path.parents:
            _fsync(folder)
            if folder in self._durable or folder == self.root:
                break
        self._durable.update(path.parents)

    def _check_links(self, target: Path) -> None:
        """Raise `BadInput` where a write failed because the file system knows no hard links."""
        with tempfile.NamedTemporaryFile(dir=self.root) as file:
            spare = Path(f"{file.name}.link")
            try:
                os.link(file.name, spare)
            except OSError as error:
                raise BadInput(
                    f"The store {self.root} lies on a file system without hard links "
                    f"({error.strerror or error}), where two workers could not be kept apart: "
                    "give a folder on another disk, or an s3:// URL"
                ) from None
            spare.unlink()


def _renamed(source: Path, target: Path) -> bool:
    """Whether `source` could be renamed to `target`: not to another disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return False
    return True


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
