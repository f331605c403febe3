"""A store in a folder, where every write is on the disk, file and directory, when it is done.

Without obstore: its threads do not survive a fork, so that the first write of a forked worker (as
Airflow and `multiprocessing` have them) would hang for ever.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from nemovideo_nodes.errors import BadInput, Remedy
from nemovideo_nodes.ledger.backend import Stored
from nemovideo_nodes.ledger.sharing import is_shared, share, unwritable

__all__ = ["Folder"]

T = TypeVar("T")

_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})


class Folder:
    """Files below `root`; a name is won by a hard link, which only one can make."""

    segment = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,255}")
    broken: tuple[type[BaseException], ...] = (OSError, ValueError)
    kept = None

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = str(root)
        self.is_probed = False
        self.is_shared = False
        """Whether a group shares the folder; known once it was probed."""
        self._durable: set[Path] = set()

    def probe(self) -> None:
        """Make the folder where it is missing, and try to write in it; raises `OSError`.

        Raises `BadInput` where another user has made what is to be written to.
        """
        new = [folder for folder in (self.root, *self.root.parents) if not folder.exists()]
        self.root.mkdir(parents=True, exist_ok=True)
        for folder in new:
            _fsync(folder.parent)
        if (why := unwritable(self.root)) is not None:
            raise BadInput(
                f"The store {self.root} cannot be written to: {why}", remedy=Remedy.STORE
            )
        with tempfile.TemporaryFile(dir=self.root):
            pass
        self.is_shared = is_shared(self.root)

    def make_folder(self, path: Path) -> None:
        """Make a folder in the store, and those above it that are missing; raises `OSError`."""
        new = [path, *path.parents] if self.is_shared else []
        new = [folder for folder in new if not folder.exists()]
        path.mkdir(parents=True, exist_ok=True)
        for folder in new:
            share(folder)

    def create(self, name: str, data: bytes) -> bool:
        with self._spare(name, data) as (spare, target):
            try:
                os.link(spare, target)
            except FileExistsError:
                return False
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                raise BadInput(
                    f"The store {self.root} lies on a file system without hard links "
                    f"({error.strerror}), where two workers could not be kept apart: "
                    "give a folder on another disk, or an s3:// URL"
                ) from None
            self._sync(target)
        return True

    def replace(self, name: str, data: bytes, *, durable: bool) -> None:
        with self._spare(name, data, durable=durable) as (spare, target):
            spare.replace(target)
            if durable:
                self._sync(target)

    def read(self, name: str) -> bytes | None:
        try:
            with open(f"{self.url}/{name}", "rb") as file:  # lists do this ten thousand times
                return file.read()
        except (FileNotFoundError, IsADirectoryError):
            return None
        except NotADirectoryError:
            self._require_folder()
            return None

    def size(self, name: str) -> int | None:
        try:
            return os.stat(f"{self.url}/{name}").st_size
        except FileNotFoundError:
            return None
        except NotADirectoryError:
            self._require_folder()
            return None

    def children(self, name: str) -> list[str]:
        try:
            with os.scandir(self.root / name) as entries:
                return sorted(entry.name for entry in entries if entry.is_dir())
        except FileNotFoundError:
            return []
        except NotADirectoryError:
            self._require_folder()
            return []

    def files(self, name: str) -> Iterator[Stored]:
        self._require_folder()
        for folder, _, names in os.walk(self.root / name):
            for one in names:
                path = Path(folder) / one
                with contextlib.suppress(FileNotFoundError):
                    known = path.lstat()
                    at = datetime.fromtimestamp(known.st_mtime, UTC)
                    yield Stored(path.relative_to(self.root).as_posix(), known.st_size, at)

    def listed(self, name: str, after: str) -> list[Stored]:
        found = []
        try:
            with os.scandir(f"{self.url}/{name}") as entries:
                for entry in entries:
                    if entry.name > after and entry.is_file():
                        with contextlib.suppress(FileNotFoundError):
                            known = entry.stat()
                            at = datetime.fromtimestamp(known.st_mtime, UTC)
                            found.append(Stored(f"{name}/{entry.name}", known.st_size, at))
        except FileNotFoundError:
            return []
        except NotADirectoryError:
            self._require_folder()
            return []
        return sorted(found, key=lambda one: one.name)

    def read_all(self, names: Sequence[str], read: Callable[[str], T]) -> list[T]:
        return [read(name) for name in names]

    def _require_folder(self) -> None:
        """Raise `NotADirectoryError` where a file stands in the folder's place: it is not empty."""
        with contextlib.suppress(FileNotFoundError):
            os.scandir(self.root).close()

    def put_file(self, name: str, source: Path, *, move: bool) -> None:
        target = self.root / name
        if self.size(name) == source.stat().st_size:
            os.utime(target)  # in use again: no leftover
            _fsync(target)
        elif not (move and self._renamed(source, target)):
            with self._spare(name, source) as (spare, _):
                spare.replace(target)
        self._sync(target)

    def link(self, name: str, existing: str) -> None:
        with self._spare(name, self.root / existing, link=True) as (spare, target):
            spare.replace(target)
            self._sync(target)

    @contextlib.contextmanager
    def local(self, name: str) -> Iterator[Path]:
        path = self.root / name
        if not path.is_file():
            raise FileNotFoundError
        yield path

    def presigned(self, name: str, lasts: timedelta) -> str:
        return ""

    def discard(self, name: str) -> None:
        """A rename takes the folder away at once; its files go afterwards."""
        path = self.root / name
        gone = self.root / "unfinished" / f"discarded-{secrets.token_hex(8)}"
        self.make_folder(gone.parent)
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

    @contextlib.contextmanager
    def _spare(
        self, name: str, content: bytes | Path, *, durable: bool = True, link: bool = False
    ) -> Iterator[tuple[Path, Path]]:
        """The content under a hidden name beside where it belongs, and that place.

        It is on the disk before anybody can see it. `link`: the same file, if the disk can.
        """
        target = self.root / name
        self.make_folder(target.parent)
        spare = target.with_name(f".{secrets.token_hex(8)}")
        try:
            if isinstance(content, bytes):
                spare.write_bytes(content)
            elif not (link and _linked(content, spare)):
                shutil.copyfile(content, spare)
            if self.is_shared and not link:
                share(spare)
            if durable:
                _fsync(spare)
            yield spare, target
        finally:
            # A rename onto another name of the same file does nothing at all.
            spare.unlink(missing_ok=True)

    def _renamed(self, source: Path, target: Path) -> bool:
        """Whether `source` could be renamed to `target`: not to another disk."""
        self.make_folder(target.parent)
        if self.is_shared:
            share(source)
        _fsync(source)
        try:
            source.replace(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            return False
        return True

    def _sync(self, target: Path) -> None:
        """Have the name on the disk, too, and each new folder in the folder above it."""
        for folder in target.parents:
            _fsync(folder)
            if folder in self._durable or folder == self.root:
                break
        self._durable.update(target.parents)


def _linked(existing: Path, spare: Path) -> bool:
    """Whether it could be given a second name: not on another disk, nor with too many links."""
    try:
        os.link(existing, spare)
    except FileNotFoundError:
        raise
    except OSError:
        return False
    return True


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
