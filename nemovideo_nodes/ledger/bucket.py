"""A store in a bucket, by URL; obstore takes the account from the environment (AWS_...)."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import secrets
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from nemovideo_nodes.errors import BadInput, Remedy
from nemovideo_nodes.ledger.backend import Stored
from nemovideo_nodes.ledger.kept import KeptObjects
from nemovideo_nodes.settings import is_loopback

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

__all__ = ["Bucket", "open_bucket"]

T = TypeVar("T")

_CHUNK = 4 * 1024 * 1024
_used_by: int | None = None
"""The process that has used obstore first: its threads do not survive a fork."""
_AT_ONCE = 1000
"""Objects that one request lists, or deletes."""
_SIDE_BY_SIDE = 32
"""Requests that are under way at once."""
_ACCOUNT = ("AWS_", "GOOGLE_", "AZURE_")
"""How variables begin that say where a bucket is and who asks."""
_MOST_OPEN = 16
_open: dict[object, Bucket] = {}
_opening = threading.Lock()


class Bucket:
    """Objects below a prefix; a name is won by a put that carries `If-None-Match: *`."""

    root = None
    segment = re.compile(r"(?!\.{1,2}\Z)[^/\\\x00-\x1f\x7f]{1,255}")

    def __init__(self, url: str, options: Mapping[str, str] = MappingProxyType({})) -> None:
        """Looks whether the bucket can be read; raises what is in `broken`."""
        import obstore
        from obstore.exceptions import AlreadyExistsError, BaseError
        from obstore.store import from_url

        self.url = url
        self.is_probed = self.is_shared = False
        self.kept = KeptObjects()
        self.broken: tuple[type[BaseException], ...] = (BaseError, OSError, ValueError)
        self._obstore = obstore
        self._taken = AlreadyExistsError
        client: ClientConfig = {
            "connect_timeout": timedelta(seconds=10),
            "read_timeout": timedelta(seconds=60),
            "timeout": timedelta(minutes=15),
        }
        endpoint = options.get("endpoint") or os.environ.get("AWS_ENDPOINT_URL", "")
        if is_loopback(urlsplit(endpoint).hostname or ""):
            client["allow_http"] = True
        retry: RetryConfig = {"max_retries": 6, "retry_timeout": timedelta(seconds=60)}
        given: Any = dict(options)  # obstore itself says which names it does not know
        global _used_by
        _used_by = _used_by or os.getpid()
        _check_process()
        self._opened: ObjectStore = from_url(
            url, config=given or None, client_options=client, retry_config=retry
        )
        next(iter(obstore.list(self._store, chunk_size=1)), None)

    @property
    def _store(self) -> ObjectStore:
        _check_process()
        return self._opened

    def probe(self) -> None:
        """Refuse a bucket, or a gateway before one, that ignores `If-None-Match`."""
        name = f"unfinished/probe-{secrets.token_hex(8)}"
        first = self.create(name, b"probe")
        second = self.create(name, b"another writer")
        self.remove([name])
        if not first or second:
            raise BadInput(
                f"The store {self.url} lets a second writer overwrite an object that must be "
                "written once (it ignores If-None-Match), so two workers could pay for the same "
                "video twice",
                remedy=Remedy.STORE,
            )

    def create(self, name: str, data: bytes) -> bool:
        try:
            put = self._obstore.put(self._store, name, data, mode="create")
        except self._taken:
            return False
        self._keep(name, put["e_tag"], data)
        return True

    def replace(self, name: str, data: bytes, *, durable: bool) -> None:
        self._keep(name, self._obstore.put(self._store, name, data)["e_tag"], data)

    def read(self, name: str) -> bytes | None:
        try:
            got = self._obstore.get(self._store, name)
            data = got.bytes().to_bytes()
        except FileNotFoundError:
            return None
        self._keep(name, got.meta["e_tag"], data)
        return data

    def size(self, name: str) -> int | None:
        try:
            return self._obstore.head(self._store, name)["size"]
        except FileNotFoundError:
            return None

    def children(self, name: str) -> list[str]:
        listed = self._obstore.list_with_delimiter(self._store, name)
        return sorted(prefix.rsplit("/", 1)[-1] for prefix in listed["common_prefixes"])

    def files(self, name: str) -> Iterator[Stored]:
        for some in self._obstore.list(self._store, name, chunk_size=_AT_ONCE):
            yield from map(_stored, some)

    def listed(self, name: str, after: str) -> list[Stored]:
        offset = f"{name}/{after}" if after else None
        found = self._obstore.list(self._store, name, offset=offset, chunk_size=_AT_ONCE)
        stored = [_stored(one) for some in found for one in some]
        return [one for one in stored if "/" not in one.name[len(name) + 1 :]]

    def read_all(self, names: Sequence[str], read: Callable[[str], T]) -> list[T]:
        if len(names) < 2:
            return [read(name) for name in names]
        with ThreadPoolExecutor(min(_SIDE_BY_SIDE, len(names))) as pool:
            return list(pool.map(read, names))

    def put_file(self, name: str, source: Path, *, move: bool) -> None:
        if self.size(name) != source.stat().st_size:
            self._obstore.put(self._store, name, source)

    def link(self, name: str, existing: str) -> None:
        self._obstore.copy(self._store, existing, name)

    @contextlib.contextmanager
    def local(self, name: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name.rsplit("/", 1)[-1]
            with path.open("wb") as file:
                for chunk in self._obstore.get(self._store, name).stream(_CHUNK):
                    file.write(chunk)
            yield path

    def presigned(self, name: str, lasts: timedelta) -> str:
        store: Any = self._store  # its type includes stores that cannot
        signed: str = self._obstore.sign(store, "GET", name, lasts)
        return signed

    def _keep(self, name: str, version: str | None, data: bytes) -> None:
        self.kept.put(name, version or "", data)

    def discard(self, name: str) -> None:
        self.remove([stored.name for stored in self.files(name)])

    def remove(self, names: Sequence[str]) -> None:
        rest = iter(names)
        while some := list(itertools.islice(rest, _AT_ONCE)):
            self._obstore.delete(self._store, some)


def open_bucket(url: str, options: Mapping[str, str]) -> Bucket:
    """The bucket of that URL, opened once a process for each account; raises what `Bucket` does."""
    account = [(name, value) for name, value in os.environ.items() if name.startswith(_ACCOUNT)]
    key = os.getpid(), url, tuple(sorted(options.items())), tuple(sorted(account))
    with _opening:
        known = _open.get(key)
    if known is not None:
        return known
    bucket = Bucket(url, options)
    with _opening:
        while len(_open) >= _MOST_OPEN:
            _open.pop(next(iter(_open)))
        return _open.setdefault(key, bucket)


def _stored(one: ObjectMeta) -> Stored:
    return Stored(one["path"], one["size"], one["last_modified"], one["e_tag"] or "")


def _check_process() -> None:
    """Raise `OSError` where the next call would hang for ever."""
    if _used_by not in (None, os.getpid()):
        raise OSError(
            "this process was forked from one that had used a bucket already; "
            "start a new one (spawn), or fork before the first use"
        )
