"""An upload on its way to the disk: counted, digested and judged by its content.

Memory stays constant whatever the size.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from pathlib import Path
from typing import BinaryIO

from nemovideo_nodes.emulator.world.records import Refusal, Upload
from nemovideo_nodes.errors import BadInput, TooManyPixels
from nemovideo_nodes.media.probe import image_size
from nemovideo_nodes.media.sniff import HEAD_BYTES, MAX_BYTES, MediaType, sniff
from nemovideo_nodes.media.tracks import refine_type
from nemovideo_nodes.media.whole import is_whole
from nemovideo_nodes.render.image import MAX_PIXELS
from nemovideo_nodes.wire.codes import FORMATS, Code

__all__ = ["IncomingFile", "finish_all"]


class IncomingFile:
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


def finish_all(files: list[IncomingFile]) -> list[Upload]:
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
