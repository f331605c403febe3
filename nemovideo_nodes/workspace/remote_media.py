"""Media by URL: what the service can fetch itself is only linked, the rest is fetched here."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import re
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
from nemovideo_nodes.request.steps import Media, medium_name
from nemovideo_nodes.settings import MediaAccess, checked_url

if TYPE_CHECKING:
    from ssrfguard import Resolver

__all__ = ["fetch_media", "is_linkable", "is_share_link", "is_url", "link_media", "peek_media"]

_T = TypeVar("_T")

_SHARE_HOSTS = re.compile(
    r"(?:^|\.)(?:drive\.google\.com|docs\.google\.com|photos\.google\.com|photos\.app\.goo\.gl"
    r"|1drv\.ms|onedrive\.live\.com|icloud\.com|we\.tl|wetransfer\.com|box\.com|mega\.nz)$"
)
_SHARE_PATHS = re.compile(r"/file/d/[^/]+(?:/(?:view|edit|preview))?/?$|/drive/(?:u/\d+/)?folders/")
_DIRECT = re.compile(r"(?:^|&)(?:dl=1|raw=1|download=1|export=(?:download|view))(?:&|$)")
_DIRECT_PATHS = re.compile(r"^/(?:uc|thumbnail|download|shared/static)\b")


def is_url(source: str) -> bool:
    """Whether `source` is a URL rather than the name of a file."""
    scheme, colon, rest = source.partition(":")
    known = scheme.lower() in ("data", "file") or rest.startswith("//")
    return bool(colon) and known and scheme.isascii() and scheme.isalnum()


def is_linkable(source: str) -> bool:
    """Whether the service can be given the URL as it is.

    A query may be a signature, and then the URL is a secret that no journal may hold: what is
    behind it is fetched. So is what does not say its type at its end.
    """
    parts = urlsplit(source)
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
    _refuse_share_link(source)
    etag = _in_a_loop(functools.partial(etag_of, source, access, resolver=resolver))
    kind = ACCEPTED[_ext(urlsplit(source).path)]
    return Media(
        name=_name(source),
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
    folder = store.scratch(f"media/{secrets.token_hex(8)}")
    path = folder / _name(source)
    try:
        if source.startswith(REMOTE):
            _from_store(source, path)
        else:
            _refuse_share_link(source)
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
    _refuse_share_link(source)
    return _in_a_loop(functools.partial(first_bytes, source, access, resolver=resolver))


def is_share_link(source: str) -> bool:
    """Whether a URL leads to the page on which a file is shared, rather than to the file."""
    try:
        parts = urlsplit(source)
        host = (parts.hostname or "").lower()
    except ValueError:
        return False
    if _DIRECT.search(parts.query) or _DIRECT_PATHS.match(parts.path):
        return False
    if host == "dropbox.com" or host.endswith(".dropbox.com"):
        return not host.startswith("dl.")
    return bool(_SHARE_HOSTS.search(host) or _SHARE_PATHS.search(parts.path))


def _refuse_share_link(source: str) -> None:
    if is_share_link(source):
        raise not_a_file(source)


def _in_a_loop(ask: Callable[[], Awaitable[_T]]) -> _T:
    """`ask` in an event loop of its own: the caller's thread may have one that is running."""
    with start_blocking_portal() as portal:
        return portal.call(ask)


def _from_store(source: str, path: Path) -> None:
    bucket, _, key = source.partition("://")[2].partition("/")
    if not bucket or not key:
        raise BadInput(f"{source} names no object: give s3://bucket/key")
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


def _name(source: str) -> str:
    return medium_name(unquote(urlsplit(source).path).rpartition("/")[2])
