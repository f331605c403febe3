"""One store for journals and artifacts: a folder, or a bucket by URL, through obstore.

On a folder every write is fsynced by us, file and directory: obstore leaves that to the system.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from nemovideo_nodes.errors import BadInput, StoreError, well_formed

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["REMOTE", "Store"]

REMOTE = ("s3://", "gs://", "az://")
"""The beginnings of the URLs that name a bucket."""


class Store:
    """Bytes under slash-separated names; `create` has one winner, wherever the store is."""

    def __init__(self, url: str) -> None:
        """`url` is a folder, or s3://, gs://, az://; raises `BadInput` if it cannot be used."""
        import obstore
        import obstore.exceptions
        from obstore.store import LocalStore, from_url

        self._obstore = obstore
        self._taken = obstore.exceptions.AlreadyExistsError
        self._broken = (obstore.exceptions.BaseError, OSError, ValueError)
        self.root: Path | None = None
        self._durable: set[Path] = set()
        self._backend: ObjectStore
        if url.startswith(REMOTE):
            self.url = url.rstrip("/")
            try:
                self._backend = from_url(self.url)
            except self._broken as error:
                raise BadInput(f"The store {url} cannot be opened: {_first_line(error)}") from None
            return
        if "://" in url and not url.startswith("file://"):
            raise BadInput(f"The store {url!r} is of no known kind: give a folder, or an s3:// URL")
        if url != well_formed(url):
            raise BadInput("The name of the store is no valid UTF-8 text: give another folder")
        try:
            self.root = Path(url.removeprefix("file://")).expanduser().absolute()
        except RuntimeError as error:
            raise BadInput(f"The store {url!r} cannot be found: {error}") from None
        self.url = str(self.root)
        try:
            new = [folder for folder in (self.root, *self.root.parents) if not folder.exists()]
            self.root.mkdir(parents=True, exist_ok=True)
            for folder in new:
                _fsync(folder.parent)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise BadInput(
                f"The store {self.root} cannot be written to ({error.strerror or error}): "
                "give another folder with --store or NEMOVIDEO_STORE"
            ) from None
        self._backend = LocalStore(self.root)

    def create(self, name: str, data: bytes) -> bool:
        """Write `name` if nobody has; False, with nothing changed, if somebody has."""
        try:
            self._obstore.put(self._backend, name, data, mode="create")
        except self._taken:
            return False
        except self._broken as error:
            raise self._error("written", name, error) from None
        self._sync(name)
        return True

    def replace(self, name: str, data: bytes) -> None:
        """Write `name` as a whole, over what may be there."""
        try:
            self._obstore.put(self._backend, name, data)
        except self._broken as error:
            raise self._error("written", name, error) from None
        self._sync(name)

    def read(self, name: str) -> bytes | None:
        """All bytes of `name`, or None if there is no such thing."""
        try:
            return self._obstore.get(self._backend, name).bytes().to_bytes()
        except FileNotFoundError:
            return None
        except self._broken as error:
            raise self._error("read", name, error) from None

    def size(self, name: str) -> int | None:
        """How many bytes `name` has, or None if there is no such thing."""
        try:
            return self._obstore.head(self._backend, name)["size"]
        except FileNotFoundError:
            return None
        except self._broken as error:
            raise self._error("read", name, error) from None

    def children(self, name: str) -> list[str]:
        """The names directly below the folder `name`, sorted, folders alone."""
        if self.root is not None:
            # obstore fails as a whole at one foreign name that is no UTF-8.
            try:
                with os.scandir(self.root / name) as entries:
                    return sorted(entry.name for entry in entries if entry.is_dir())
            except FileNotFoundError:
                return []
            except OSError as error:
                raise self._error("read", name, error) from None
        try:
            listed = self._obstore.list_with_delimiter(self._backend, name)
        except FileNotFoundError:
            return []
        except self._broken as error:
            raise self._error("read", name, error) from None
        return sorted(prefix.rsplit("/", 1)[-1] for prefix in listed["common_prefixes"])

    def put_file(self, name: str, source: Path, *, move: bool = False) -> None:
        """Copy a local file to `name`, atomically; nothing is done if it is there already.

        `name` tells the content, so another size means that a crash has cut it. `move` renames
        the file instead, where it stands on the store's own disk.
        """
        try:
            if self.size(name) == source.stat().st_size:
                pass
            elif not (move and self._renamed(source, name)):
                self._obstore.put(self._backend, name, source)
        except self._broken as error:
            raise self._error("written", name, error) from None
        self._sync(name)

    def link(self, name: str, existing: str) -> None:
        """Give what is at `existing` a second name, without its bytes twice if possible."""
        try:
            if self.root is not None:
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
            else:
                self._obstore.copy(self._backend, existing, name)
        except self._broken as error:
            raise self._error("written", name, error) from None
        self._sync(name)

    @contextlib.contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """A local file with the bytes of `name`, for as long as the context lasts."""
        if self.root is not None:
            path = self.root / name
            if not path.is_file():
                raise StoreError(f"The store {self.url} has lost {name}")
            yield path
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name.rsplit("/", 1)[-1]
            try:
                with path.open("wb") as file:
                    for chunk in self._obstore.get(self._backend, name).stream(4 * 1024 * 1024):
                        file.write(chunk)
            except self._broken as error:
                raise self._error("read", name, error) from None
            yield path

    def scratch(self, name: str) -> Path:
        """A local folder for unfinished work, on the store's own disk if it has one."""
        base = self.root or Path(tempfile.gettempdir()) / f"nemovideo-{os.getuid()}"
        folder = base / "unfinished" / name
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise self._error("written", f"unfinished/{name}", error) from None
        return folder

    def place(self, name: str) -> str:
        """Where a person finds `name`: a path, or a URL."""
        return str(self.root / name) if self.root is not None else f"{self.url}/{name}"

    def _renamed(self, source: Path, name: str) -> bool:
        """Whether `source` could be renamed to `name`: not into a bucket, nor to another disk."""
        if self.root is None:
            return False
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            source.replace(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            return False
        return True

    def _sync(self, name: str) -> None:
        if self.root is None:
            return
        path = self.root / name
        try:
            _fsync(path)
            # A new folder is durable only when the folder above it is written, too.
            for folder in path.parents:
                _fsync(folder)
                if folder in self._durable or folder == self.root:
                    break
            self._durable.update(path.parents)
        except OSError as error:
            raise self._error("written", name, error) from None

    def _error(self, done: str, name: str, error: BaseException) -> StoreError:
        return StoreError(f"The store {self.url} cannot be {done} at {name}: {_first_line(error)}")


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
