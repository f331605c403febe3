"""Whether a media file is all there, by its own structure; nothing of it is decoded."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from pathlib import Path

from nemovideo_nodes.errors import VideoInvalid
from nemovideo_nodes.media.mp4 import inspect

__all__ = ["is_whole"]

_MOST_PARTS = 100_000
_ISO = ("mp4", "mov", "m4a")
_START_OF_SCAN, _NO_LENGTH = 0xDA, frozenset({0x01, *range(0xD0, 0xD9)})


def is_whole(path: Path, ext: str) -> bool:
    """Whether the file of type `ext` (as `sniff` names it) reaches the end that it promises.

    True as well for the types that promise none: MKV, WEBM, MP3 and AAC.
    """
    if ext in _ISO:
        return _iso(path)
    check = _CHECKS.get(ext)
    if check is None:
        return True
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return check(data)


def _iso(path: Path) -> bool:
    try:
        inspect(path)
    except VideoInvalid:
        return False
    return True


def _jpeg(data: mmap.mmap) -> bool:
    """An end marker behind the first scan; one before it may belong to an embedded thumbnail."""
    at = 2
    for _ in range(_MOST_PARTS):
        if at + 4 > len(data) or data[at] != 0xFF:
            return False
        kind = data[at + 1]
        if kind == _START_OF_SCAN:
            return data.rfind(b"\xff\xd9") > at
        if kind == 0xFF:  # padding
            at += 1
        elif kind in _NO_LENGTH:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return False


def _png(data: mmap.mmap) -> bool:
    at = 8
    for _ in range(_MOST_PARTS):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        at += 12 + length
        if at > len(data) or len(kind) < 4:
            return False
        if kind == b"IEND":
            return True
    return False


def _gif(data: mmap.mmap) -> bool:
    return data[-16:].rstrip(b"\0").endswith(b"\x3b")


def _riff(data: mmap.mmap) -> bool:
    promised = int.from_bytes(data[4:8], "little")
    # What is written into a pipe cannot know its length.
    return promised in (0, 0xFFFFFFFF) or data[:4] == b"RF64" or promised + 8 <= len(data)


_CHECKS: dict[str, Callable[[mmap.mmap], bool]] = {
    "jpg": _jpeg,
    "png": _png,
    "gif": _gif,
    "webp": _riff,
    "wav": _riff,
    "avi": _riff,
}
