"""Media by URL: the service is given what it can fetch itself; the rest is downloaded here."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import secrets
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote, urlsplit

from anyio.from_thread import start_blocking_portal

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.ledger.store import REMOTE, Store
from nemovideo_nodes.media.download import ascii_url, download, etag_of, first_bytes, not_a_file
from nemovideo_nodes.media.sniff import ACCEPTED, MAX_BYTES
from nemovideo_nodes.request.calendar_links import shared_page
from nemovideo_nodes.request.medium import Media, medium_name
from nemovideo_nodes.settings import MediaAccess, checked_url

if TYPE_CHECKING:
    from ssrfguard import Resolver

__all__ = ["fetch_media", "is_linkable", "is_url", "link_media", "peek_media", "url_name"]

_T = TypeVar("_T")
_PEEK_S = 20.0


def is_url(source: str) -> bool:
    """Whether `source` is a URL rather than the name of a file."""
    scheme, colon, rest = source.partition(":")
    known = scheme.lower() in ("data", "file") or rest.startswith("//")
    return bool(colon) and known and scheme.isascii() and scheme.isalnum()


def is_linkable(source: str) -> bool:
    """Whether the service can be given the URL as it is.

    A query may be a signature, which makes the URL a secret that must not be in a journal: such
    media are downloaded here. So are URLs that do not end with a known file type.
    """
    try:
        parts = urlsplit(source)
    except ValueError:  # half of an IPv6 address
        return False
    plain = parts.scheme == "https" and not (parts.query or parts.fragment or "@" in parts.netloc)
    return plain and _ext(parts.path) in ACCEPTED


def link_media(source: str, access: MediaAccess, resolver: Resolver | None = None) -> Media:
    """The medium behind a URL that the service fetches itself; known by URL and ETag.

    Raises `BadInput` where there is no file or `access` does not allow it, `Unreachable` where
    that cannot be checked now: a guess would give the run another id, and so a second video.
    `resolver` stands in for `socket.getaddrinfo`.
    """
    url = ascii_url(source)
    checked_url(url, "The URL of a picture", allow_http=False)
    _refuse_shared_page(source)
    etag = _in_a_loop(functools.partial(etag_of, source, access, resolver=resolver))
    kind = ACCEPTED[_ext(urlsplit(source).path)]
    return Media(
        name=url_name(source),
        digest=hashlib.sha256(f"{source}\n{etag}".encode()).hexdigest(),
        size=0,
        kind=kind.kind,
        ext=kind.ext,
        url=url,
    )


@contextlib.contextmanager
def fetch_media(
    store: Store, source: str, access: MediaAccess, resolver: Resolver | None = None
) -> Iterator[Path]:
    """A local copy of what is behind a URL, for as long as the context lasts.

    Raises `BadInput` for what is refused, not there or too large, `Unreachable` for what cannot
    be reached now.
    """
    scheme = source.partition(":")[0].lower()
    if scheme not in ("http", "https") and not source.startswith(REMOTE):
        raise BadInput(
            f"A picture cannot be given as {scheme}: (only files, https://, s3://, gs://, az://)"
        )
    if not source.startswith(REMOTE):
        _refuse_shared_page(source)
    folder = store.scratch(f"media/{secrets.token_hex(8)}")
    path = folder / url_name(source)
    try:
        if source.startswith(REMOTE):
            _from_store(source, path)
        else:
            with path.open("wb") as file:
                _in_a_loop(
                    functools.partial(download, source, access, file.write, resolver=resolver)
                )
        yield path
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def peek_media(source: str, access: MediaAccess, resolver: Resolver | None = None) -> bytes:
    """The first bytes of what is behind an https URL, enough to tell its type.

    Raises `BadInput` for what is refused or not there, `Unreachable` for what cannot be seen now.
    """
    _refuse_shared_page(source)
    return _in_a_loop(
        functools.partial(first_bytes, source, access, resolver=resolver, whole_s=_PEEK_S)
    )


def _refuse_shared_page(source: str) -> None:
    if shared_page(ascii_url(source)):
        raise not_a_file(source)


def _in_a_loop(ask: Callable[[], Awaitable[_T]]) -> _T:
    """`ask` in an event loop of its own: the caller's thread may have one that is running."""
    with start_blocking_portal() as portal:
        return portal.call(ask)


def _from_store(source: str, path: Path) -> None:
    bucket, _, key = source.partition("://")[2].partition("/")
    if not bucket or not key:
        raise BadInput(f"{source} does not name an object: give s3://bucket/key")
    store = Store(f"{source.partition('://')[0]}://{bucket}")
    size = store.size(key)
    if size is None:
        raise BadInput(f"There is no object {source}")
    if size > MAX_BYTES:
        raise BadInput(f"{source} has more than the 200 MB that the service takes")
    with store.local(key) as local:
        shutil.copyfile(local, path)


def _ext(path: str) -> str:
    ext = path.rpartition("/")[2].rpartition(".")[2].lower()
    return "jpg" if ext == "jpeg" else ext


def url_name(source: str) -> str:
    """What a file behind a URL is called."""
    try:
        path = urlsplit(source).path
    except ValueError:  # half of an IPv6 address
        path = ""
    return medium_name(unquote(path).rpartition("/")[2])
