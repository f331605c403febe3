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

    True as well where none is promised: MKV and WEBM written into a pipe, MP3 without a Xing or
    VBRI header, and AAC up to a last frame that is torn.
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


def _matroska(data: mmap.mmap) -> bool:
    """The EBML header, then one Segment, whose size is written down once it is known."""
    _, segment = _element(data, 0)
    _, end = _element(data, segment or 0)
    return end is None or end <= len(data)


def _element(data: mmap.mmap, at: int) -> tuple[int, int | None]:
    """Where the content of the EBML element at `at` begins, and where it ends; None: not said."""
    at += _vint_length(data, at)
    length = _vint_length(data, at)
    size = int.from_bytes(data[at : at + length], "big") & ((1 << 7 * length) - 1)
    unknown = size == (1 << 7 * length) - 1
    return at + length, None if unknown else at + length + size


def _vint_length(data: mmap.mmap, at: int) -> int:
    """How many bytes a number of EBML has: as many as its first one has leading zeros, and one."""
    return 9 - max(1, data[at].bit_length()) if at < len(data) else 1


def _mp3(data: mmap.mmap) -> bool:
    """A Xing (or Info) or VBRI header in the first frame tells how many bytes there are."""
    at = _behind_id3(data)
    mpeg1, mono = data[at + 1 : at + 2] >= b"\xf8", data[at + 3 : at + 4] >= b"\xc0"
    side = (17 if mono else 32) if mpeg1 else (9 if mono else 17)
    xing = data[at + 4 + side : at + 20 + side]
    promised = 0
    if len(xing) < 16:
        return False
    if xing[:4] in (b"Xing", b"Info"):
        has_frames, has_bytes = xing[7] & 1, xing[7] & 2
        promised = int.from_bytes(xing[12:16] if has_frames else xing[8:12], "big")
        promised = promised if has_bytes else 0
    elif data[at + 36 : at + 40] == b"VBRI":
        promised = int.from_bytes(data[at + 46 : at + 50], "big")
    return at + promised <= len(data)


def _aac(data: mmap.mmap) -> bool:
    """Each ADTS frame tells its length; the last one is whole."""
    at = _behind_id3(data)
    for _ in range(_MOST_PARTS):
        head = data[at : at + 6]
        if len(head) < 6 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
            break  # the end, or a tag
        at += max(7, (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5)
    return at <= len(data)


def _behind_id3(data: mmap.mmap) -> int:
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    return 10 + (data[6] << 21 | data[7] << 14 | data[8] << 7 | data[9])


_CHECKS: dict[str, Callable[[mmap.mmap], bool]] = {
    "jpg": _jpeg,
    "png": _png,
    "gif": _gif,
    "webp": _riff,
    "wav": _riff,
    "avi": _riff,
    "mkv": _matroska,
    "webm": _matroska,
    "mp3": _mp3,
    "aac": _aac,
}
