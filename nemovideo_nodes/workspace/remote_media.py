"""Media by URL: what the service can fetch itself is only linked, the rest is fetched here."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from nemovideo_nodes.errors import BadInput, Unreachable, redact
from nemovideo_nodes.ledger.store import REMOTE, Store
from nemovideo_nodes.media.guard import MAX_REDIRECTS, guard
from nemovideo_nodes.media.sniff import ACCEPTED, HEAD_BYTES, MAX_BYTES
from nemovideo_nodes.request.steps import Media, medium_name
from nemovideo_nodes.settings import MediaAccess, checked_url

if TYPE_CHECKING:
    from ssrfguard import Resolver

__all__ = ["fetch_media", "is_linkable", "is_url", "link_media", "peek_media"]

_LIMITS = httpx.Timeout(30.0, connect=10.0)
_CHUNK = 1024 * 1024
_WHOLE_S = 900.0
"""A site that sends a byte now and then keeps no worker for longer."""
_PEEK_S = 20.0
_AS_IT_IS = {"Accept-Encoding": "identity"}
"""What unpacks to more than it is need not be unpacked at all."""


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

    Raises `BadInput` where there is nothing or `access` does not allow it, `Unreachable` where
    that cannot be seen now: a guess would give the run another id, and so a second video.
    `resolver` stands in for `socket.getaddrinfo`.
    """
    checked_url(source, "The URL of a picture", allow_http=False)
    with _asking("HEAD", source, access, resolver) as answer:
        etag = answer.headers.get("etag", "")
    kind = ACCEPTED[_ext(urlsplit(source).path)]
    return Media(
        name=_name(source),
        digest=hashlib.sha256(f"{source}\n{etag}".encode()).hexdigest(),
        size=0,
        kind=kind.kind,
        ext=kind.ext,
        url=source,
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
            with _asking("GET", source, access, resolver) as answer:
                _save(answer, path, source)
        yield path
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def peek_media(source: str, access: MediaAccess, resolver: Resolver | None = None) -> bytes:
    """The first bytes of what is behind an https URL, enough to tell its type.

    Raises `BadInput` for what is refused or not there, `Unreachable` for what cannot be seen now.
    """
    until = time.monotonic() + _PEEK_S
    with _asking("GET", source, access, resolver) as answer:
        head = b""
        for chunk in answer.iter_raw(HEAD_BYTES):
            head += chunk
            if len(head) >= HEAD_BYTES:
                break
            if time.monotonic() > until:
                raise Unreachable(f"{redact(source)} takes longer than {_PEEK_S:g} s")
        return head[:HEAD_BYTES]


@contextlib.contextmanager
def _asking(
    method: str, source: str, access: MediaAccess, resolver: Resolver | None
) -> Iterator[httpx.Response]:
    """The answer with what is behind a URL, its body unread, after at most three redirects.

    Every address is checked when it is connected to, and no other name is looked up in between.
    """
    # Imported here: most runs fetch nothing.
    from ssrfguard import SSRFGuardError
    from ssrfguard.httpx import Client

    url = source
    try:
        # Without the environment: a proxy would look names up by itself, unchecked. The
        # certificates to trust are still what SSL_CERT_FILE says, as for the service.
        with Client(
            policy=guard(access),
            resolver=resolver,
            timeout=_LIMITS,
            trust_env=False,
            verify=httpx.create_ssl_context(),
        ) as http:
            for _ in range(MAX_REDIRECTS + 1):
                parts = urlsplit(url)
                origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
                checked_url(origin, "The URL of a picture", allow_http=access.allow_http)
                with http.stream(method, url, headers=_AS_IT_IS) as answer:
                    if not answer.is_redirect:
                        _check(answer, source)
                        yield answer
                        return
                    url = urljoin(url, answer.headers.get("location", ""))
    except SSRFGuardError as error:
        reason = getattr(error, "reason", "it is not allowed")
        where = "the address" if url == source else f"{urlsplit(url).hostname}, where it leads,"
        raise BadInput(
            f"{redact(source)} is not fetched: {where} is refused ({reason}); "
            "NEMOVIDEO_MEDIA_NETWORKS names networks of your own that may be fetched from"
        ) from None
    except httpx.InvalidURL:
        raise BadInput(f"{redact(source)} is no URL that can be fetched") from None
    except httpx.HTTPError as error:
        raise _unreachable(source, error) from None
    raise BadInput(f"{redact(source)} redirects more than {MAX_REDIRECTS} times")


def _check(answer: httpx.Response, source: str) -> None:
    status = answer.status_code
    if status >= 500 or status == 429:
        raise Unreachable(f"{redact(source)} cannot be fetched (HTTP {status})")
    # A site may not know HEAD, and still have the picture.
    if status != 200 and not (answer.request.method == "HEAD" and status in (405, 501)):
        raise BadInput(f"There is nothing to be had at {redact(source)} (HTTP {status})")
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise BadInput(
            f"{redact(source)} comes compressed, though that was not asked for: it is not unpacked"
        )


def _save(answer: httpx.Response, path: Path, source: str) -> None:
    told = answer.headers.get("content-length", "")
    size = int(told) if told.isascii() and told.isdigit() else 0
    if size > MAX_BYTES:
        raise _too_large(source)
    size = 0
    until = time.monotonic() + _WHOLE_S
    with path.open("wb") as file:
        for chunk in answer.iter_raw(_CHUNK):
            size += len(chunk)
            if size > MAX_BYTES:
                raise _too_large(source)
            if time.monotonic() > until:
                raise Unreachable(f"{redact(source)} takes longer than {_WHOLE_S / 60:g} minutes")
            file.write(chunk)


def _too_large(source: str) -> BadInput:
    return BadInput(f"{redact(source)} has more than the 200 MB that the service takes")


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


def _unreachable(source: str, error: httpx.HTTPError) -> Unreachable:
    return Unreachable(
        f"{redact(source)} cannot be reached ({type(error).__name__}): "
        "run the same command again later"
    )


def _ext(path: str) -> str:
    ext = path.rpartition("/")[2].rpartition(".")[2].lower()
    return "jpg" if ext == "jpeg" else ext


def _name(source: str) -> str:
    return medium_name(unquote(urlsplit(source).path).rpartition("/")[2])
