"""One store for journals and artifacts: a folder, or a bucket by URL, through obstore."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from nemovideo_nodes.errors import (
    BadInput,
    ErrorCode,
    NemoVideoError,
    Remedy,
    StoreError,
    redact,
    well_formed,
)
from nemovideo_nodes.ledger.backend import Backend, Stored
from nemovideo_nodes.ledger.sharing import share, unwritable

__all__ = ["REMOTE", "Store", "Stored"]

REMOTE = ("s3://", "gs://", "az://")
"""The beginnings of the URLs that name a bucket."""

_REQUEST = re.compile(r"^.*Error performing [A-Z]+ \S+ in .*? - ")
_ONE_SLASH = re.compile(r"(?:s3|gs|az|file):/(?!/)")
_NO_ACCOUNT = re.compile(r"status: 40[13]|169\.254\.169\.254|PermissionDenied|Unauthenticated")
"""Where no account is named, the machine's own is asked for at that address."""
_MAKING = 20
"""Tries to make a folder that others take away; each lost one means that somebody did."""


class Store:
    """Bytes under slash-separated names; `create` has one winner, wherever the store is.

    Every call raises `StoreError` where the store cannot be read or written.
    """

    def __init__(self, url: str, options: Mapping[str, str] | None = None) -> None:
        """`url` is a folder, or s3://, gs://, az://; raises `BadInput` if it cannot be used.

        `options` are a bucket's account and endpoint by obstore's names (`access_key_id`,
        `secret_access_key`, `region`, `endpoint`), before those of the environment.
        """
        is_bucket = url.startswith(REMOTE)
        self._backend = _bucket(url, options or {}) if is_bucket else _folder(url)
        self.url = self._backend.url
        self.root = self._backend.root
        self.kept = self._backend.kept
        self._probing = threading.Lock()

    def create(self, name: str, data: bytes) -> bool:
        """Write `name` durably if nobody has; False, with nothing changed, if somebody has."""
        self._probe()
        with self._telling("written", name):
            return self._backend.create(name, data)

    def replace(self, name: str, data: bytes, *, durable: bool = True) -> None:
        """Write `name` as a whole, over what may be there; `durable` survives a power cut."""
        self._probe()
        with self._telling("written", name):
            self._backend.replace(name, data, durable=durable)

    def read(self, name: str) -> bytes | None:
        """All bytes of `name`, or None if there is no such thing."""
        with self._telling("read", name):
            return self._backend.read(name)

    def size(self, name: str) -> int | None:
        """How many bytes `name` has, or None if there is no such thing."""
        with self._telling("read", name):
            return self._backend.size(name)

    def children(self, name: str) -> list[str]:
        """The names directly below the folder `name`, sorted, folders alone."""
        with self._telling("read", name):
            return self._backend.children(name)

    def files(self, name: str) -> list[Stored]:
        """All that lies below the folder `name`, at any depth."""
        with self._telling("read", name):
            return list(self._backend.files(name))

    def listed(self, name: str, after: str = "") -> list[Stored]:
        """What lies right in the folder `name` under names that sort behind `after`, sorted."""
        with self._telling("read", name):
            return self._backend.listed(name, after)

    def read_listed(self, stored: Sequence[Stored]) -> list[bytes | None]:
        """The bytes of what was listed, each read at most once a process; None for what is gone."""

        kept = self.kept
        known: dict[str, bytes | None] = {}
        if kept is not None:
            known = {one.name: kept.get(one.name, one.version) for one in stored if one.version}
        missing = [one.name for one in stored if known.get(one.name) is None]
        read = dict(zip(missing, self._backend.read_all(missing, self.read), strict=True))
        return [read.get(one.name, known.get(one.name)) for one in stored]

    def put_file(self, name: str, source: Path, *, move: bool = False) -> None:
        """Copy a local file to `name`, atomically; nothing is done if it is there already.

        `name` tells the content, so another size means that a crash has cut it. `move` renames
        the file instead, where it stands on the store's own disk.
        """
        self._probe()
        with self._telling("written", name):
            self._backend.put_file(name, source, move=move)

    def link(self, name: str, existing: str) -> None:
        """Give what is at `existing` a second name, without its bytes twice if possible."""
        self._probe()
        with self._telling("written", name, existing):
            self._backend.link(name, existing)

    @contextlib.contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """A local file with the bytes of `name`, for as long as the context lasts."""
        with contextlib.ExitStack() as stack:
            with self._telling("read", name):
                try:
                    path = stack.enter_context(self._backend.local(name))
                except FileNotFoundError:
                    raise StoreError(
                        f"The store {self.url} has lost {name}",
                        code=ErrorCode.NOT_FOUND,
                        remedy=Remedy.AGAIN,
                    ) from None
            yield path

    def presigned(self, name: str, lasts: timedelta) -> str:
        """A URL with which anybody can read `name` for so long, a secret; empty for a folder."""
        with self._telling("signed", name):
            return self._backend.presigned(name, lasts)

    def discard(self, name: str) -> None:
        """Take the folder `name` away with all that is in it; on a disk at once."""
        with self._telling("cleaned", name):
            self._backend.discard(name)

    def remove(self, names: Sequence[str]) -> None:
        """Take objects away, and folders that are empty then; what is gone already is no error."""
        with self._telling("cleaned", *names):
            self._backend.remove(names)

    @property
    def cache(self) -> Path:
        """A local folder that belongs to this store: itself, or one in the user's home."""
        if self.root is not None:
            return self.root
        digest = hashlib.sha256(self.url.encode()).hexdigest()[:16]
        return Path.home() / ".cache" / "nemovideo" / digest

    def scratch(self, name: str) -> Path:
        """A local folder for unfinished work, on the store's own disk if it has one."""
        self._probe()
        if self._is_shared:  # nobody goes on with what another user has left open
            name = f"{name}.{os.getuid()}"
        folder = self.cache / "unfinished" / name
        with self._telling("written", f"unfinished/{name}"):
            try:
                if self.root is None:  # others may read a home
                    self.cache.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._make_folder(folder)
            except (OSError, RuntimeError) as error:
                reason = getattr(error, "strerror", None) or error
                raise StoreError(f"The folder {folder} cannot be made: {reason}") from None
        return folder

    def place(self, name: str) -> str:
        """Where a person finds `name`: a path, or a URL."""
        return str(self.root / name) if self.root is not None else f"{self.url}/{name}"

    def _probe(self) -> None:
        """Make sure before the first write that the store can be written to, and keeps promises.

        Raises `BadInput`; a store that is only read is never probed.
        """
        with self._probing:
            if self._backend.is_probed:
                return
            try:
                self._backend.probe()
            except NemoVideoError:
                raise
            except self._backend.broken as error:
                if self.root is None:
                    raise _not_opened(self.url, error) from None
                reason = getattr(error, "strerror", None) or error
                raise BadInput(
                    f"The store {self.url} cannot be written to ({reason})", remedy=Remedy.STORE
                ) from None
            self._backend.is_probed = True

    def _telling(self, done: str, *names: str) -> _Telling:
        """Tell what goes wrong as a `StoreError`, and let no name out of the store."""
        for name in names:
            if not all(map(self._backend.segment.fullmatch, name.split("/"))):
                raise StoreError(f"{name[:100]!r} is not a valid name in the store {self.url}")
        return _Telling(self._backend, done, names[0] if names else "")

    @property
    def _is_shared(self) -> bool:
        return self.root is not None and self._backend.is_shared

    def _make_folder(self, folder: Path) -> None:
        """Make a folder that another worker may be taking away just now."""
        mode = 0o770 if self._is_shared else 0o700
        for _ in range(_MAKING):
            with contextlib.suppress(FileExistsError, FileNotFoundError):
                folder.mkdir(parents=True, exist_ok=True, mode=mode)
                break
        else:
            folder.mkdir(parents=True, exist_ok=True, mode=mode)
        if self._is_shared:
            for made in (folder, folder.parent):
                with contextlib.suppress(OSError):  # another user has made it, and shares it
                    share(made)


class _Telling:
    """Raises what the backend raises within it as a `StoreError` that names the place.

    A class, since lists enter it ten thousand times: a generator costs three times as much.
    """

    __slots__ = ("_backend", "_done", "_name")

    def __init__(self, backend: Backend, done: str, name: str) -> None:
        self._backend, self._done, self._name = backend, done, name

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: object
    ) -> None:
        if isinstance(error, NemoVideoError) or not isinstance(error, self._backend.broken):
            return
        reason, root = _reason(error), self._backend.root
        if root is not None and isinstance(error, PermissionError):
            reason = unwritable(root, self._name) or reason
        raise StoreError(
            f"The store {self._backend.url} cannot be {self._done} at {self._name}: {reason}"
        ) from None


def _bucket(url: str, options: Mapping[str, str]) -> Backend:
    from nemovideo_nodes.ledger.bucket import open_bucket

    parts = urlsplit(url)
    if parts.username or parts.password or parts.query or parts.fragment or not url.isprintable():
        raise BadInput(
            f"The store {redact(url)} must be a bucket and a prefix alone (s3://bucket/videos): "
            "its account comes from the environment, or from the options of a block"
        )
    try:
        return open_bucket(url.rstrip("/"), options)
    except Exception as error:  # obstore raises its own, ValueError and OSError here
        raise _not_opened(url, error) from None


def _folder(url: str) -> Backend:
    from nemovideo_nodes.ledger.folder import Folder

    if _ONE_SLASH.match(url):
        raise BadInput(
            f"The store {url!r} lacks a slash: write {url.replace(':/', '://', 1)!r}",
            remedy=Remedy.STORE,
        )
    if "://" in url and not url.startswith("file://"):
        raise BadInput(f"The store {url!r} is not of a known kind: give a folder, or an s3:// URL")
    if url != well_formed(url):
        raise BadInput("The name of the store is not valid UTF-8 text", remedy=Remedy.STORE)
    try:
        root = Path(url.removeprefix("file://")).expanduser().absolute()
    except RuntimeError as error:
        raise BadInput(f"The store {url!r} cannot be found: {error}") from None
    except FileNotFoundError:
        raise BadInput(
            f"The store {url!r} lies in the current folder, which is not there any more: "
            "change into another folder",
            remedy=Remedy.STORE,
        ) from None
    return Folder(root)


def _not_opened(url: str, error: BaseException) -> NemoVideoError:
    """What cannot be reached may be there later; all else is bad input."""
    text = str(error)
    if "NoSuchBucket" in text:
        return BadInput(f"There is no bucket for the store {url}: make it, or check its name")
    if "BadScheme" in text:
        return BadInput(
            f"The store {url} has an endpoint that is not https: AWS_ALLOW_HTTP=true permits http"
        )
    if _NO_ACCOUNT.search(text):
        how = "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION"
        return BadInput(
            f"The store {url} cannot be opened without an account that may list, read and write "
            f"it: set {how if url.startswith('s3') else 'the variables that its kind has for it'}"
        )
    if "kind: Connect" in text or "kind: Timeout" in text or "status: 5" in text:
        return StoreError(f"The store {url} cannot be reached ({_reason(error)})")
    return BadInput(f"The store {url} cannot be opened: {_reason(error)}")


def _reason(error: BaseException) -> str:
    """The first line of an error without the request that met it."""
    lines = str(error).strip().splitlines()
    if not lines:
        return type(error).__name__
    return _REQUEST.sub("", lines[0]).partition(": <?xml")[0][:200]
