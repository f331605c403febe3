"""What is behind a URL that a user gave: asked for at checked addresses only, within limits."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

import httpx

from nemovideo_nodes.errors import BadInput, Remedy, Unreachable, redact
from nemovideo_nodes.media.guard import MAX_REDIRECTS
from nemovideo_nodes.media.http_clients import connection_failure, guarded_client
from nemovideo_nodes.media.sniff import HEAD_BYTES, MAX_BYTES
from nemovideo_nodes.settings import MediaAccess, checked_url

if TYPE_CHECKING:
    from ssrfguard import Resolver

__all__ = [
    "WHOLE_S",
    "WebPage",
    "ascii_url",
    "download",
    "etag_of",
    "first_bytes",
    "not_a_file",
]

WHOLE_S: Final = 900.0
"""The limit on one download, so that a slow site does not hold a worker."""
_TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
_UNCOMPRESSED: Final = {"Accept-Encoding": "identity"}
"""A compressed body could unpack to far more than its size."""
_PAGE_TYPES: Final = ("text/html", "application/xhtml+xml")
_PAGE_STARTS: Final = (b"<!doctype html", b"<html", b"<head", b"<body")
_HOST: Final = re.compile(r"(?:[\w-]{1,63}\.)*[\w-]{1,63}\.?")
_RFC: Final = re.compile(r" \(RFC ?\d+\)")
"""In ssrfguard's reasons; people need not know it."""
_NOT_PUBLIC: Final = frozenset({401, 403})
_FOR_LATER: Final = frozenset({408, 425, 429})
_HEAD_REFUSED: Final = frozenset({401, 403, 404, 405, 501})
"""Answers to HEAD from sites that do give the picture by GET."""
_HEAD_UNKNOWN: Final = frozenset({405, 501})


async def download(
    source: str,
    access: MediaAccess,
    write: Callable[[bytes], object],
    *,
    resolver: Resolver | None = None,
    whole_s: float = WHOLE_S,
) -> None:
    """Give what is behind a URL to `write`, piece by piece, off the event loop.

    Raises `BadInput` for what is refused, not there, too large or a page, `Unreachable` for what
    cannot be reached now, or not within `whole_s`. `resolver` stands in for `socket.getaddrinfo`.
    """
    async with _within(source, whole_s), _answer("GET", source, access, resolver) as answer:
        _check(answer, source)
        length = answer.headers.get("content-length", "")
        size = 0
        if length.isascii() and length.isdigit() and int(length) > MAX_BYTES:
            raise _too_large(source)
        async for chunk in answer.aiter_raw():  # as it arrives, without waiting for a full piece
            if size == 0 and chunk.lstrip().lower().startswith(_PAGE_STARTS):
                raise not_a_file(source)
            size += len(chunk)
            if size > MAX_BYTES:
                raise _too_large(source)
            await asyncio.to_thread(write, chunk)


async def etag_of(
    source: str,
    access: MediaAccess,
    *,
    resolver: Resolver | None = None,
    whole_s: float = WHOLE_S,
) -> str:
    """The version of what is behind a URL, as its site says it, or an empty text.

    Asked for by HEAD, and by GET where the site refuses that. Raises as `download` does.
    """
    async with _within(source, whole_s):
        async with _answer("HEAD", source, access, resolver) as answer:
            status, etag = answer.status_code, answer.headers.get("etag", "")
            if status not in _HEAD_REFUSED:
                _check(answer, source)
                return str(etag)
        async with _answer("GET", source, access, resolver) as answer:
            _check(answer, source)
            # 405 and 501 were accepted without a GET before: runs begun then keep their id.
            return str(etag if status in _HEAD_UNKNOWN else answer.headers.get("etag", ""))


async def first_bytes(
    source: str,
    access: MediaAccess,
    *,
    resolver: Resolver | None = None,
    whole_s: float = WHOLE_S,
) -> bytes:
    """The beginning of what is behind a URL, enough to tell its type. Raises as `download` does."""
    async with _within(source, whole_s), _answer("GET", source, access, resolver) as answer:
        _check(answer, source)
        head = b""
        async for chunk in answer.aiter_raw():
            head += chunk
            if len(head) >= HEAD_BYTES:
                break
        if head.lstrip().lower().startswith(_PAGE_STARTS):
            raise not_a_file(source)
        return head[:HEAD_BYTES]


def ascii_url(url: str) -> str:
    """`url` with its spaces and its letters beyond ASCII escaped; raises `BadInput`."""
    try:
        is_plain = url.isascii() and url.isprintable() and " " not in url
        plain = url if is_plain else str(httpx.URL(url.strip()))
        host = urlsplit(plain).hostname or ""
        if host and not _is_host(host):
            raise ValueError(host)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise BadInput(f"{redact(url)} is not a URL that can be fetched") from None
    return plain


def _is_host(host: str) -> bool:
    return ":" in host or (len(host) <= 253 and _HOST.fullmatch(host) is not None)


class WebPage(BadInput):
    """A page where a file was expected."""


def not_a_file(source: str) -> WebPage:
    """The error for a share link, and for any other page about a picture."""
    return WebPage(
        f"{redact(source)} is a page, not a picture or clip: give the address of the file itself"
    )


@contextlib.asynccontextmanager
async def _within(source: str, whole_s: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(whole_s):
            yield
    except TimeoutError:
        raise Unreachable(
            f"{redact(source)} takes longer than {whole_s / 60:g} minutes", remedy=Remedy.RETRY
        ) from None


@contextlib.asynccontextmanager
async def _answer(
    method: str, source: str, access: MediaAccess, resolver: Resolver | None
) -> AsyncIterator[httpx.Response]:
    """The answer, its body unread, after at most three redirects.

    Every address is checked when it is connected to, and no other name is looked up in between.
    """
    url = first = ascii_url(source)
    for _ in range(MAX_REDIRECTS + 1):
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        what = "The URL of a picture" if url is first else f"The redirect of {redact(source)}"
        checked_url(origin, what, allow_http=access.allow_http)
        with _in_words(source, url, access):
            async with (
                guarded_client(url, access, timeout=_TIMEOUT, resolver=resolver) as http,
                http.stream(method, url, headers=_UNCOMPRESSED) as answer,
            ):
                location = answer.headers.get("location", "").strip()
                if not (answer.is_redirect and location):
                    yield answer
                    return
        url = ascii_url(urljoin(url, location))
    raise BadInput(f"{redact(source)} redirects more than {MAX_REDIRECTS} times")


@contextlib.contextmanager
def _in_words(source: str, url: str, access: MediaAccess) -> Iterator[None]:
    """The errors of the libraries as ours."""
    # Imported here: most runs fetch nothing.
    from ssrfguard import BlockedAddressError, SSRFGuardError

    try:
        yield
    except SSRFGuardError as error:
        reason = _RFC.sub("", getattr(error, "reason", "it is not allowed"))
        where = (
            "the address"
            if url == ascii_url(source)
            else f"its redirect to {urlsplit(url).hostname}"
        )
        is_address = isinstance(error, BlockedAddressError) or not access.hosts
        remedy = Remedy.ALLOW_NETWORK if is_address else None
        raise BadInput(
            f"{redact(source)} is not fetched: {where} is refused ({reason})", remedy=remedy
        ) from None
    except (httpx.InvalidURL, UnicodeError):
        raise BadInput(f"{redact(source)} is not a URL that can be fetched") from None
    except httpx.HTTPError as error:
        raise Unreachable(
            f"{redact(source)} cannot be reached ({connection_failure(error)})",
            remedy=Remedy.RETRY,
        ) from None


def _check(answer: httpx.Response, source: str) -> None:
    status = answer.status_code
    if status >= 500 or status in _FOR_LATER:
        raise Unreachable(f"{redact(source)} returned {status}", remedy=Remedy.RETRY)
    if status in _NOT_PUBLIC:
        raise BadInput(
            f"{redact(source)} returned {status}: it needs a login, or the link has expired"
        )
    if status != 200:
        raise BadInput(f"{redact(source)} returned {status}: check the address")
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise BadInput(
            f"{redact(source)} comes compressed, though that was not asked for: it is not unpacked"
        )
    if answer.headers.get("content-type", "").split(";")[0].strip().lower() in _PAGE_TYPES:
        raise not_a_file(source)


def _too_large(source: str) -> BadInput:
    return BadInput(f"{redact(source)} has more than the 200 MB that the service takes")
