"""Whether a media file is complete, by its own structure; nothing of it is decoded."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from pathlib import Path

from nemovideo_nodes.errors import VideoInvalid
from nemovideo_nodes.media.ebml import element
from nemovideo_nodes.media.mp4 import inspect

__all__ = ["id3_end", "is_whole", "wav_samples"]

_MOST_PARTS = 100_000
_ISO = ("mp4", "mov", "m4a")
_UNKNOWN_SIZE = 0x7FFFF000
"""Programs that write into a pipe leave this size or a larger one, because they cannot know it."""
_HEIF_BOXES = frozenset({b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip", b"uuid"})
_START_OF_SCAN, _NO_LENGTH = 0xDA, frozenset({0x01, *range(0xD0, 0xD9)})


def is_whole(path: Path, ext: str) -> bool:
    """Whether the file of type `ext` (as `sniff` names it) is as long as its own structure says.

    Also True where the structure does not say: MKV and WEBM written into a pipe, MP3 without a Xing
    or VBRI header, and AAC whose last frame is missing as a whole.
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
        inspect(path, allow_trailer=True)
    except VideoInvalid:
        return False
    return True


def _jpeg(data: mmap.mmap) -> bool:
    """An end marker after the first scan; one before it may belong to an embedded thumbnail."""
    at = 2
    for _ in range(_MOST_PARTS):
        at = data.find(b"\xff", at)  # decoders skip bytes between two segments
        if at < 0 or at + 4 > len(data):
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
    """Blocks up to the trailer, or to the end after a picture: some programs write no trailer."""
    at = 13 + _colour_table(data, 10)
    pictures = 0
    for _ in range(_MOST_PARTS):
        kind = data[at : at + 1]
        if kind == b"\x3b":
            return True
        if kind == b"\x21":
            at += 2
        elif kind == b"\x2c":
            at += 11 + _colour_table(data, at + 9)
            pictures += 1
        else:
            return not kind and pictures > 0 and at == len(data)
        while data[at : at + 1] not in (b"", b"\0"):
            at += 1 + data[at]
        at += 1
        if at > len(data):
            return False
    return False


def _colour_table(data: mmap.mmap, at: int) -> int:
    """How many bytes the colour table has that the flags at `at` announce."""
    flags = data[at] if at < len(data) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _heif(data: mmap.mmap) -> bool:
    """Boxes that fit into the file; phones put data of their own behind them."""
    at = 0
    for _ in range(_MOST_PARTS):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if kind not in _HEIF_BOXES or length == 0:  # 0: to the end
            return at > 0
        length = int.from_bytes(data[at + 8 : at + 16], "big") if length == 1 else length
        at += max(8, length)
        if at > len(data):
            return False
    return False


def _riff(data: mmap.mmap) -> bool:
    promised = int.from_bytes(data[4:8], "little")
    unknown = promised == 0 or promised >= _UNKNOWN_SIZE
    return unknown or data[:4] == b"RF64" or promised + 8 <= len(data)


def wav_samples(data: mmap.mmap) -> int:
    """How many bytes of sound a WAV file has."""
    at = 12
    for _ in range(_MOST_PARTS):
        if at + 8 > len(data):
            return 0
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"data":
            rest = len(data) - at - 8
            # 0 and the largest sizes: it was written into a pipe.
            return rest if size == 0 or size >= _UNKNOWN_SIZE else min(size, rest)
        at += 8 + size + size % 2
    return 0


def _matroska(data: mmap.mmap) -> bool:
    """The EBML header, then one Segment, whose size is written down once it is known."""
    _, segment = element(data, 0)
    _, end = element(data, segment or 0)
    return end is None or end <= len(data)


def _mp3(data: mmap.mmap) -> bool:
    """A Xing (or Info) or VBRI header in the first frame holds the number of bytes."""
    at = id3_end(data)
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
    """Each ADTS frame holds its length; the last one is complete."""
    at = id3_end(data)
    for _ in range(_MOST_PARTS):
        head = data[at : at + 6]
        if len(head) < 6 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
            break  # the end, or a tag
        at += max(7, (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5)
    return at <= len(data)


def id3_end(data: mmap.mmap) -> int:
    """Where the sound begins: after the ID3 tag, if there is one."""
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    return 10 + (data[6] << 21 | data[7] << 14 | data[8] << 7 | data[9])


_CHECKS: dict[str, Callable[[mmap.mmap], bool]] = {
    "jpg": _jpeg,
    "png": _png,
    "gif": _gif,
    "heic": _heif,
    "avif": _heif,
    "webp": _riff,
    "wav": _riff,
    "avi": _riff,
    "mkv": _matroska,
    "webm": _matroska,
    "mp3": _mp3,
    "aac": _aac,
}
