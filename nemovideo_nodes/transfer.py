"""Bytes to and from the service: streamed uploads, and downloads that can be taken up again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx

from nemovideo_nodes.errors import (
    BadAnswer,
    NotFound,
    OutcomeUnknown,
    Refused,
    ServerFailed,
    VideoInvalid,
)

__all__ = ["MultipartFile", "Progress", "fetch"]

CHUNK = 1024 * 1024
"""Bytes read at once; with one chunk of read-ahead this was the fastest of those measured."""

Progress = Callable[[int, int | None], None]
"""Called with the bytes so far and in all (None where nobody knows)."""


class MultipartFile:
    """A request body with one part named `files`: memory constant, reads off the event loop.

    It can be iterated again, as a repeated request needs.
    """

    def __init__(self, path: Path, *, name: str, mime: str, progress: Progress | None) -> None:
        boundary = secrets.token_hex(16)
        quoted = name.replace("\\", "_").replace('"', "%22").replace("\r", "").replace("\n", "")
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
        with await asyncio.to_thread(self._path.open, "rb") as file:
            ahead = asyncio.ensure_future(asyncio.to_thread(file.read, CHUNK))
            try:
                while chunk := await ahead:
                    ahead = asyncio.ensure_future(asyncio.to_thread(file.read, CHUNK))
                    yield chunk
                    sent += len(chunk)
                    if self._progress:
                        self._progress(sent, self._size)
            finally:
                with contextlib.suppress(asyncio.CancelledError):
                    await ahead
        yield self._tail


@dataclass(frozen=True)
class _Known:
    """What is known of an unfinished download: enough to take it up, and no secret."""

    etag: str
    total: int


async def fetch(
    client: httpx.AsyncClient,
    url: str,
    part: Path,
    *,
    headers: dict[str, str] | None = None,
    progress: Progress | None = None,
) -> None:
    """Download `url` into the file `part`, going on where an earlier try stopped.

    Raises `NotFound` or `Refused` where the URL is no longer good, `OutcomeUnknown` where the
    connection broke or the body was cut (call again to go on), `VideoInvalid` for a page.
    """
    about = part.with_name(part.name + ".json")
    known, have = await asyncio.to_thread(_found, part, about)
    if known and have == known.total:
        return
    asked = {"Accept-Encoding": "identity", **(headers or {})}
    if known and have:
        asked |= {"Range": f"bytes={have}-", "If-Range": known.etag}
    try:
        async with client.stream("GET", url, headers=asked) as response:
            resumed = response.status_code == 206 and _starts_at(response) == have
            if response.status_code in (206, 416) and not resumed:
                await asyncio.to_thread(about.unlink, missing_ok=True)
                raise OutcomeUnknown("The video changed while it was being downloaded")
            _check(response)
            start = have if resumed else 0
            total = _total(response, start)
            _save_known(about, response, total)
            with await asyncio.to_thread(part.open, "ab" if resumed else "wb") as file:
                got = await _write_all(response, file, start, total, progress)
    except httpx.HTTPError as error:
        raise OutcomeUnknown(f"The download broke off ({type(error).__name__})") from None
    if total is not None and got != total:
        raise OutcomeUnknown(f"The download was cut at {got} of {total} bytes")


async def _write_all(
    response: httpx.Response,
    file: BinaryIO,
    got: int,
    total: int | None,
    progress: Progress | None,
) -> int:
    async for chunk in response.aiter_bytes(CHUNK):
        await asyncio.to_thread(file.write, chunk)
        got += len(chunk)
        if progress:
            progress(got, total)
    await asyncio.to_thread(_flush, file)
    return got


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _check(response: httpx.Response) -> None:
    status = response.status_code
    if status >= 500:
        raise ServerFailed(f"The download failed (HTTP {status})", status=status)
    if status in (404, 410):
        raise NotFound(f"The video is not where the service said (HTTP {status})", status=status)
    if status >= 400:
        raise Refused(f"The download was refused (HTTP {status})", status=status)
    if status not in (200, 206):
        raise BadAnswer(f"The download answered HTTP {status}", status=status)
    kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind in ("text/html", "application/json"):
        raise VideoInvalid(f"The service sent {kind} instead of a video")


def _starts_at(response: httpx.Response) -> int | None:
    """The first byte of a `Content-Range: bytes 5-9/10`."""
    value = response.headers.get("content-range", "")
    first = value.removeprefix("bytes ").split("-")[0].strip()
    return int(first) if first.isdecimal() else None


def _total(response: httpx.Response, start: int) -> int | None:
    value = response.headers.get("content-range", "").rsplit("/", 1)[-1]
    if value.isdecimal():
        return int(value)
    length = response.headers.get("content-length", "")
    return start + int(length) if length.isdecimal() else None


def _save_known(about: Path, response: httpx.Response, total: int | None) -> None:
    """Only a strong validator lets a later try go on with what is there."""
    etag = response.headers.get("etag", "")
    if not etag or etag.startswith("W/") or total is None:
        about.unlink(missing_ok=True)
        return
    spare = about.with_name(f"{about.name}.new")
    spare.write_text(json.dumps({"etag": etag, "total": total}))
    spare.replace(about)


def _found(part: Path, about: Path) -> tuple[_Known | None, int]:
    """What an earlier try left, and how many bytes of it."""
    try:
        value = json.loads(about.read_text())
        known = _Known(etag=str(value["etag"]), total=int(value["total"]))
        return known, part.stat().st_size
    except (OSError, ValueError, KeyError, TypeError):
        return None, 0
