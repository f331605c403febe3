"""Files to and from the service: streamed uploads, and downloads that can be continued."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from nemovideo_nodes.errors import (
    BadAnswer,
    BadInput,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Secret,
    ServerFailed,
    StoreError,
    Unreachable,
    VideoInvalid,
    well_formed,
)
from nemovideo_nodes.media.http_clients import connection_failure
from nemovideo_nodes.media.sniff import HEAD_BYTES, MAX_BYTES, MediaType, sniff
from nemovideo_nodes.wire.codes import FORMATS

__all__ = ["MultipartFile", "Progress", "check_file", "download_file"]

CHUNK = 1024 * 1024
"""Bytes read at once; with one chunk of read-ahead this was the fastest of those measured."""

Progress = Callable[[int, int | None], None]
"""Called with the bytes so far and in all (None where nobody knows)."""


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_RANGE = re.compile(r"bytes (?P<first>\d+)-\d+/(?P<total>\d+|\*)")


def check_file(path: Path) -> MediaType:
    """The type of a file that the service will take; raises `BadInput` before anything is sent."""
    try:
        if not path.is_file():
            raise BadInput(f"There is no file {path.name!r}: check the path")
        size = path.stat().st_size
        with path.open("rb") as file:
            kind = sniff(file.read(HEAD_BYTES))
    except OSError as error:
        raise BadInput(f"{path.name!r} cannot be read: {error.strerror or error}") from None
    if size == 0:
        raise BadInput(f"{path.name!r} is empty")
    if size > MAX_BYTES:
        raise BadInput(
            f"{path.name!r} has {size / 1024 / 1024:.1f} MB; the service takes at most 200 MB "
            "a file: compress it or trim it"
        )
    if kind is None:
        raise BadInput(f"{path.name!r} is not of a type that the service takes; it takes {FORMATS}")
    return kind


class MultipartFile:
    """A request body with one part named `files`: memory constant, reads off the event loop.

    It can be iterated again, as a repeated request needs.
    """

    def __init__(self, path: Path, *, name: str, mime: str, progress: Progress | None) -> None:
        boundary = secrets.token_hex(16)
        quoted = _CONTROL.sub("", well_formed(name)).replace("\\", "_").replace('"', "%22")
        self._path = path
        self._head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="files"; '
            f'filename="{quoted}"\r\nContent-Type: {mime}\r\n\r\n'
        ).encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._size = path.stat().st_size
        self._progress = progress
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(self._head) + self._size + len(self._tail)),
        }

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._head
        sent = 0
        file, chunk = await self._read(self._open)
        with file:
            while chunk:
                sent += len(chunk)
                ahead = None
                if sent < self._size:
                    ahead = asyncio.ensure_future(self._read(file.read, CHUNK))
                try:
                    yield chunk
                    if self._progress:
                        self._progress(sent, self._size)
                finally:
                    if ahead is not None:
                        with contextlib.suppress(asyncio.CancelledError, BadInput):
                            await ahead
                chunk = await ahead if ahead is not None else b""
        yield self._tail

    def _open(self) -> tuple[BinaryIO, bytes]:
        """The file, and its first bytes: most files are not longer."""
        file = self._path.open("rb")
        try:
            return file, file.read(CHUNK)
        except OSError:
            file.close()
            raise

    async def _read(self, do: Callable[..., Any], *args: object) -> Any:
        """`do` off the event loop."""
        try:
            return await asyncio.to_thread(do, *args)
        except OSError as error:
            reason = error.strerror or error
            raise BadInput(f"{self._path.name!r} cannot be read: {reason}") from None


@dataclass(frozen=True)
class _Unfinished:
    """What is known of an unfinished download: enough to continue it, and no secret."""

    etag: str
    total: int


async def download_file(
    client: httpx.AsyncClient,
    url: str,
    part: Path,
    *,
    headers: dict[str, str] | None = None,
    progress: Progress | None = None,
) -> str | None:
    """Download `url` into the file `part`, continuing where an earlier try stopped.

    Returns the address where the server redirects to, if it does: whether that may be followed,
    and with which headers, is the caller's decision. Raises `NotFound` or `Refused` where the URL
    is no longer good, `Unreachable` where there is no such host, `OutcomeUnknown` where the
    connection broke or the body was cut (call again to continue), `VideoInvalid` for a page,
    `BadAnswer` for an address that cannot be one.
    """
    about = part.with_name(part.name + ".json")
    known, have = await asyncio.to_thread(_unfinished, part, about)
    if known and have == known.total:
        return None
    asked = {"Accept-Encoding": "identity", **(headers or {})}
    if known and have:
        asked |= {"Range": f"bytes={have}-", "If-Range": known.etag}
    try:
        async with client.stream("GET", url, headers=asked) as response:
            if response.has_redirect_location:
                return Secret(response.headers["location"])
            resumed = known is not None and have > 0 and _continues(response, known, have)
            if not resumed and (response.status_code in (206, 416)):
                await asyncio.to_thread(about.unlink, missing_ok=True)
                raise OutcomeUnknown("The video changed while it was being downloaded")
            _check(response)
            start = have if resumed else 0
            total = known.total if resumed and known else _length(response)
            with await asyncio.to_thread(part.open, "ab" if resumed else "wb") as file:
                if not resumed:  # once the old bytes are gone, never before
                    await asyncio.to_thread(_save_known, about, response, total)
                got = await _write_all(response, file, start, total, progress)
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise Unreachable(
            f"The video's host cannot be reached ({connection_failure(error, url)})"
        ) from None
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError):
        raise BadAnswer("The address of the video is not a URL that can be fetched") from None
    except httpx.HTTPError as error:
        raise OutcomeUnknown(f"The download broke off ({connection_failure(error)})") from None
    except OSError as error:
        raise StoreError(f"The video cannot be written: {error.strerror or error}") from None
    if total is not None and got != total:
        raise OutcomeUnknown(f"The download was cut at {got} of {total} bytes")
    return None


async def _write_all(
    response: httpx.Response,
    file: BinaryIO,
    got: int,
    total: int | None,
    progress: Progress | None,
) -> int:
    """Write the body a megabyte at a time and off the loop, while the next one comes in.

    What arrived before the connection broke is written too, so that a later try can continue.
    """
    writing: asyncio.Future[None] | None = None
    held: list[bytes] = []
    size = 0
    # Decoding costs time even where there is nothing to decode. No size of chunks is asked for,
    # since httpx would lose what it holds back.
    body = response.aiter_bytes() if _is_encoded(response) else response.aiter_raw()
    try:
        async for chunk in body:
            held.append(chunk)
            size += len(chunk)
            if size >= CHUNK:
                if writing is not None:
                    await writing
                writing = asyncio.ensure_future(asyncio.to_thread(file.writelines, held))
                got += size
                held, size = [], 0
                if progress:
                    progress(got, total)
    finally:
        await asyncio.shield(_finish(file, writing, held))
    got += size
    if progress:
        progress(got, total)
    return got


async def _finish(file: BinaryIO, writing: asyncio.Future[None] | None, rest: list[bytes]) -> None:
    if writing is not None:
        await writing
    await asyncio.to_thread(file.writelines, rest)
    await asyncio.to_thread(_flush, file)


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _check(response: httpx.Response) -> None:
    status = response.status_code
    if status >= 500:
        raise ServerFailed(f"The download failed (HTTP {status})", status=status)
    if status == 429:
        raise RateLimited("The video's host has had too many requests for now", status=status)
    if status in (404, 410):
        raise NotFound(f"The video is not where the service said (HTTP {status})", status=status)
    if status >= 400:
        raise Refused(f"The download was refused (HTTP {status})", status=status)
    if status not in (200, 206):
        raise BadAnswer(f"The download answered HTTP {status}", status=status)
    kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind in ("text/html", "application/json"):
        raise VideoInvalid(f"The service sent {kind} instead of a video")


def _continues(response: httpx.Response, known: _Unfinished, have: int) -> bool:
    """Whether the answer is the rest of what is there: not every server respects `If-Range`."""
    found = _RANGE.fullmatch(response.headers.get("content-range", "").strip())
    if response.status_code != 206 or found is None:
        return False
    return (
        int(found["first"]) == have
        and found["total"] in ("*", str(known.total))
        and response.headers.get("etag", known.etag) == known.etag
        and not _is_encoded(response)
    )


def _is_encoded(response: httpx.Response) -> bool:
    """Whether lengths are those of a compressed body, though none was asked for."""
    encoding: str = response.headers.get("content-encoding", "identity")
    return encoding.strip().lower() not in ("", "identity")


def _length(response: httpx.Response) -> int | None:
    length: str = response.headers.get("content-length", "")
    return int(length) if length.isdecimal() and not _is_encoded(response) else None


def _save_known(about: Path, response: httpx.Response, total: int | None) -> None:
    """Only a strong ETag lets a later try continue from the bytes that are there."""
    etag: str = response.headers.get("etag", "").strip()
    if not etag.startswith('"') or total is None:
        about.unlink(missing_ok=True)
        return
    spare = about.with_name(f"{about.name}.new")
    spare.write_text(json.dumps({"etag": etag, "total": total}))
    spare.replace(about)


def _unfinished(part: Path, about: Path) -> tuple[_Unfinished | None, int]:
    """What an earlier try left, and how many bytes."""
    try:
        value = json.loads(about.read_text())
        known = _Unfinished(etag=str(value["etag"]), total=int(value["total"]))
        return known, part.stat().st_size
    except (OSError, ValueError, KeyError, TypeError):
        return None, 0
