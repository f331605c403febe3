"""What is uploaded, on its way to the disk: counted, digested and judged by its content.

Memory stays constant whatever the size; disk work happens off the event loop.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote, urljoin, urlsplit

import anyio.to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from nemovideo_nodes.emulator.records import Refusal, Upload
from nemovideo_nodes.errors import BadInput, TooManyPixels
from nemovideo_nodes.media.guard import MAX_REDIRECTS, guard
from nemovideo_nodes.media.probe import image_size
from nemovideo_nodes.media.sniff import HEAD_BYTES, MAX_BYTES, MediaType, sniff
from nemovideo_nodes.media.tracks import refine_type
from nemovideo_nodes.media.whole import is_whole
from nemovideo_nodes.render.image import MAX_PIXELS
from nemovideo_nodes.settings import MediaAccess, is_loopback
from nemovideo_nodes.wire.codes import FORMATS, Code

if TYPE_CHECKING:
    import httpx

__all__ = ["BadMultipart", "fetch", "receive_multipart"]

_CHUNK = 1024 * 1024
_FIELD = b"files"
_AS_IT_IS = {"Accept-Encoding": "identity"}
"""What unpacks to more than it is need not be unpacked at all."""


class BadMultipart(Exception):
    """The body is no multipart body with files in it."""


class _File:
    """One incoming file; it is a whole file under its own name only after `finish`."""

    def __init__(self, folder: Path, name: str, source_url: str | None = None) -> None:
        self._id = uuid.uuid4().hex
        self._name = name
        self._source_url = source_url
        self._folder = folder
        self._part = folder / f"{self._id}.part"
        self._stream: BinaryIO | None = None
        self._head = b""
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        if self._stream is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._stream = self._part.open("wb")
        self.size += len(data)
        if self.size > MAX_BYTES:
            raise Refusal(
                Code.FILE_TOO_LARGE, f"File too large: {self._name} is over {MAX_BYTES >> 20} MB"
            )
        if len(self._head) < HEAD_BYTES:
            self._head += data[: HEAD_BYTES - len(self._head)]
        self._digest.update(data)
        self._stream.write(data)

    def finish(self) -> Upload:
        media = sniff(self._head)
        if self._stream is None or media is None:
            raise Refusal(
                Code.UNSUPPORTED_TYPE,
                f"Unsupported file type: {self._name}. Supported formats: {FORMATS}",
            )
        self._stream.close()
        self._judge(media)
        media = refine_type(self._part, media)
        path = self._folder / f"{self._id}.{media.ext}"
        os.replace(self._part, path)
        return Upload(
            id=self._id,
            name=self._name,
            kind=media.kind,
            mime=media.mime,
            size=self.size,
            sha256=self._digest.hexdigest(),
            path=path,
            source_url=self._source_url,
        )

    def _judge(self, media: MediaType) -> None:
        """Refuse what no renderer could use: cut, broken, or with more pixels than fit."""
        said = ""
        if not is_whole(self._part, media.ext):
            said = f"{self._name} is broken or incomplete"
        elif media.kind == "image":
            try:
                image_size(self._part)
            except TooManyPixels:
                limit = f"{MAX_PIXELS // 1_000_000} million pixels"
                raise Refusal(
                    Code.FILE_TOO_LARGE, f"File too large: {self._name} has over {limit}"
                ) from None
            except BadInput:
                said = f"{self._name} is a broken picture"
        if said:
            raise Refusal(
                Code.UNSUPPORTED_TYPE,
                f"Unsupported file: {said}. Supported formats: {FORMATS}",
            )

    def discard(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._part.unlink(missing_ok=True)


def _finish(files: list[_File]) -> list[Upload]:
    """All of `files`, or none of them on the disk."""
    done: list[Upload] = []
    try:
        for file in files:
            done.append(file.finish())
    except BaseException:
        for upload in done:
            upload.path.unlink(missing_ok=True)
        raise
    return done


async def receive_multipart(
    content_type: str, body: AsyncIterator[bytes], folder: Path
) -> list[Upload]:
    """The files of a multipart body, all of them or none; each lies in `folder` afterwards.

    Raises `BadMultipart`, or `Refusal` for a file of another type or over 200 MB.
    """
    kind, params = parse_options_header(content_type)
    if kind != b"multipart/form-data" or b"boundary" not in params:
        raise BadMultipart("a multipart body with a boundary is expected")
    intake = _Intake(folder)
    try:
        parser = MultipartParser(params[b"boundary"], intake.callbacks())  # type: ignore[arg-type]
        try:
            async for chunk in body:
                parser.write(chunk)
                if intake.waiting >= _CHUNK:
                    await anyio.to_thread.run_sync(intake.flush)
            parser.finalize()
        except FormParserError as error:
            raise BadMultipart("the multipart body is broken") from error
        if not intake.ended:
            raise BadMultipart("the multipart body ends early")
        await anyio.to_thread.run_sync(intake.flush)
        if not intake.files:
            raise BadMultipart('at least one part named "files" is expected')
        return await anyio.to_thread.run_sync(_finish, intake.files)
    finally:
        intake.discard()


class _Intake:
    """Takes the parser's callbacks apart into files; the disk is touched in `flush` alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: list[tuple[_File, bytes]] = []
        self._field = self._value = b""
        self._disposition = b""
        self.waiting = 0
        self.files: list[_File] = []
        self.ended = False

    def callbacks(self) -> dict[str, object]:
        return {
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": self._on_part_data,
            "on_end": self._on_end,
        }

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        if self._field.lower() == b"content-disposition":
            self._disposition = self._value
        self._field = self._value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._disposition = b""
        if options.get(b"name") != _FIELD or b"filename" not in options:
            raise BadMultipart('only parts named "files", each with a file name, are expected')
        name = options[b"filename"].decode("utf-8", "replace")
        self.files.append(_File(self._folder, name))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._waiting.append((self.files[-1], data[start:end]))
        self.waiting += end - start

    def _on_end(self) -> None:
        self.ended = True

    def flush(self) -> None:
        waiting, self._waiting, self.waiting = self._waiting, [], 0
        for file, data in waiting:
            file.write(data)

    def discard(self) -> None:
        for file in self.files:
            file.discard()


async def fetch(urls: list[str], folder: Path, access: MediaAccess) -> list[Upload]:
    """The files behind `urls`, as `receive_multipart` gives files.

    https only, but for loopback and where `access` allows http; every address is checked when it
    is connected to, loopback, too.
    """
    import httpx
    from ssrfguard import SSRFGuardError
    from ssrfguard.httpx import AsyncClient

    files: list[_File] = []
    try:
        async with AsyncClient(
            policy=guard(access),
            timeout=30,
            trust_env=False,
            headers=_AS_IT_IS,
            verify=httpx.create_ssl_context(),
        ) as client:
            for url in urls:
                file = _File(folder, _name_of(url), _check_url(url, access.allow_http))
                files.append(file)
                await _fetch_into(file, client, url, access.allow_http)
        return await anyio.to_thread.run_sync(_finish, files)
    except SSRFGuardError as error:
        reason = getattr(error, "reason", "it is not allowed")
        raise Refusal(
            400,
            f"A URL's address is refused ({reason}): NEMOVIDEO_MEDIA_NETWORKS names others, where "
            "the emulator is started",
        ) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Refusal(400, f"A URL cannot be fetched ({type(error).__name__})") from error
    finally:
        for file in files:
            file.discard()


async def _fetch_into(file: _File, client: httpx.AsyncClient, url: str, allow_http: bool) -> None:
    at = url
    for _ in range(MAX_REDIRECTS + 1):
        _check_url(at, allow_http)
        async with client.stream("GET", at) as response:
            if response.is_redirect:
                at = urljoin(at, response.headers.get("location", ""))
                continue
            if response.status_code != 200:
                raise Refusal(400, f"{_plain(url)} answers HTTP {response.status_code}")
            async for chunk in response.aiter_raw(_CHUNK):
                await anyio.to_thread.run_sync(file.write, chunk)
            return
    raise Refusal(400, f"{_plain(url)} redirects more than {MAX_REDIRECTS} times")


def _check_url(url: str, allow_http: bool) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    is_allowed = parts.scheme == "https" or (
        parts.scheme == "http" and (allow_http or is_loopback(host))
    )
    if not host or not is_allowed:
        raise Refusal(400, f"Only https URLs can be fetched, not {_plain(url)}")
    return _plain(url)


def _name_of(url: str) -> str:
    return unquote(url.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2]) or "file"


def _plain(url: str) -> str:
    """A URL without its query and its user part, either of which may be a secret."""
    head = url.partition("?")[0].partition("#")[0]
    scheme, separator, rest = head.partition("://")
    return scheme + separator + rest.rpartition("@")[2]
