"""Uploads that are sent as multipart bodies; disk work happens off the event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import anyio.to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from nemovideo_nodes.emulator.http.incoming import IncomingFile, finish_all
from nemovideo_nodes.emulator.world.records import Upload

__all__ = ["BadMultipart", "receive_multipart"]

_CHUNK = 1024 * 1024
_FIELD = b"files"
_MOST_FILES = 200


class BadMultipart(Exception):
    """The body is no multipart body with files in it."""


async def receive_multipart(
    content_type: str, body: AsyncIterator[bytes], folder: Path
) -> list[Upload]:
    """The files of a multipart body, all of them or none; each lies in `folder` afterwards.

    Raises `BadMultipart`, or `Refusal` for a file of another type or over 200 MB.
    """
    kind, params = parse_options_header(content_type)
    if kind != b"multipart/form-data" or b"boundary" not in params:
        raise BadMultipart("a multipart body with a boundary is expected")
    receiver = _Receiver(folder)
    try:
        parser = MultipartParser(params[b"boundary"], receiver.callbacks())  # type: ignore[arg-type]
        try:
            async for chunk in body:
                parser.write(chunk)
                if receiver.waiting >= _CHUNK:
                    await anyio.to_thread.run_sync(receiver.flush)
            parser.finalize()
        except FormParserError as error:
            raise BadMultipart("the multipart body is broken") from error
        if not receiver.ended:
            raise BadMultipart("the multipart body ends early")
        await anyio.to_thread.run_sync(receiver.flush)
        if not receiver.files:
            raise BadMultipart('at least one part named "files" is expected')
        return await anyio.to_thread.run_sync(finish_all, receiver.files)
    finally:
        receiver.discard()


class _Receiver:
    """Takes the parser's callbacks apart into files; the disk is touched in `flush` alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: list[tuple[IncomingFile, bytes]] = []
        self._field = self._value = b""
        self._disposition = b""
        self.waiting = 0
        self.files: list[IncomingFile] = []
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
        if len(self.files) == _MOST_FILES:
            raise BadMultipart(f"at most {_MOST_FILES} files in one request are expected")
        name = options[b"filename"].decode("utf-8", "replace")
        self.files.append(IncomingFile(self._folder, name))

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
