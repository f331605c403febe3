"""Facts about an MP4, read from its boxes alone: whether it is complete, its length, its tracks.

A faststart MP4 that was cut opens, reports its full length and decodes without an error, so
only the walk over the top-level boxes shows it: the last must end where the file ends. The
layout is ISO/IEC 14496-12.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from nemovideo_nodes.errors import VideoInvalid

__all__ = ["Mp4Info", "Track", "inspect"]

# An hour of film has a moov of a few MB; fragmented files have some thousand boxes.
_LARGEST_MOOV = 64 * 1024 * 1024
_MOST_BOXES = 100_000
_MOST_TRACKS = 64


# Codes of single pictures. One alone in its track is a cover; many are a clip of an old camera.
_STILL_CODECS = frozenset({b"jpeg", b"mjpg", b"mjpa", b"png ", b"gif ", b"tiff", b"raw "})


@dataclass(frozen=True)
class Track:
    """One track. `handler` is `vide` or `soun` (or another kind), `codec` its sample entry's code.

    `width` and `height` are 0 without a picture. `samples` is None where no count is kept.
    """

    handler: bytes = b""
    codec: bytes = b""
    width: int = 0
    height: int = 0
    samples: int | None = None
    enabled: bool = True
    has_edit_list: bool = False

    @property
    def is_moving(self) -> bool:
        """Whether this is a film's picture: not a cover, nor chapters' pictures (never enabled)."""
        is_cover = self.codec in _STILL_CODECS and self.samples == 1
        return self.handler == b"vide" and self.enabled and not is_cover


@dataclass(frozen=True)
class Mp4Info:
    """A whole MP4: size in bytes, length in seconds, the picture's size in pixels.

    `width` and `height` are 0 without a video track. `frames` is the container's own count,
    None where it keeps none (fragmented files, no video).
    """

    bytes: int
    duration_s: float
    width: int
    height: int
    faststart: bool
    has_audio: bool
    has_video: bool
    frames: int | None
    is_fragmented: bool = False
    tracks: tuple[Track, ...] = ()


def inspect(path: str | os.PathLike[str], *, allow_trailer: bool = False) -> Mp4Info:
    """Facts about the file at `path`.

    Some cameras and phones append data of their own to an MP4; `allow_trailer` accepts that after
    the index and the data. Raises VideoInvalid if it is cut, lacks its
    index or its data, or is not an MP4; OSError if it cannot be read.
    """
    name = Path(path).name
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        _check_kind(file.read(64), size, name)
        order: list[bytes] = []
        moov = b""
        for kind, start, end in _top_level(file, size, name, allow_trailer):
            order.append(kind)
            if kind == b"moov" and not moov:
                if end - start > _LARGEST_MOOV:
                    raise VideoInvalid(f"{name} cannot be used: its index is too large.")
                file.seek(start)
                moov = file.read(end - start)
    if not moov:
        raise VideoInvalid(f"{name} cannot be played: its index (moov) is missing.")
    if b"mdat" not in order:
        raise VideoInvalid(f"{name} cannot be played: its data (mdat) is missing.")
    faststart = order.index(b"moov") < order.index(b"mdat")
    return _info(moov, size, faststart, name)


def _check_kind(head: bytes, size: int, name: str) -> None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not size:
        raise VideoInvalid(f"{name} is empty, not a video.")
    if text.startswith(b"<"):
        raise VideoInvalid(f"{name} is a web page or XML, not a video.")
    if text.startswith((b"{", b"[")):
        raise VideoInvalid(f"{name} is JSON, not a video.")
    if not _is_kind(head[4:8]):
        raise VideoInvalid(f"{name} is not an MP4 video.")


def _is_kind(kind: bytes) -> bool:
    return len(kind) == 4 and all(0x20 <= byte < 0x7F or byte == 0xA9 for byte in kind)


def _top_level(
    file: BinaryIO, size: int, name: str, allow_trailer: bool
) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of the content of each top-level box, to the file's exact end."""
    at = 0
    seen: set[bytes] = set()
    for _ in range(_MOST_BOXES):
        if at == size:
            return
        file.seek(at)
        header = file.read(16)
        box = _header(header, size - at)
        if box is None or not _is_kind(box[0]):
            if allow_trailer and {b"moov", b"mdat"} <= seen and not _is_kind(header[4:8]):
                return
            raise VideoInvalid(f"{name} is cut or corrupt: it does not end where it says.")
        kind, skip, length = box
        seen.add(kind)
        yield kind, at + skip, at + length
        at += length
    raise VideoInvalid(f"{name} cannot be used: it has too many parts.")


def _header(header: bytes, room: int) -> tuple[bytes, int, int] | None:
    """Kind, header bytes and whole length of the box that begins with `header`, if it fits."""
    if len(header) < 8:
        return None
    length, skip = int.from_bytes(header[:4], "big"), 8
    if length == 1:
        if len(header) < 16:
            return None
        length, skip = int.from_bytes(header[8:16], "big"), 16
    elif length == 0:
        length = room
    return (header[4:8], skip, length) if skip <= length <= room else None


def _children(data: bytes, name: str) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    # Every box takes at least 8 bytes, so the loop is bounded by the data.
    while len(data) - at >= 8:
        box = _header(data[at : at + 16], len(data) - at)
        if box is None:
            raise VideoInvalid(f"{name} is corrupt: a part of its index does not fit.")
        kind, skip, length = box
        yield kind, data[at + skip : at + length]
        at += length


def _info(moov: bytes, size: int, faststart: bool, name: str) -> Mp4Info:
    duration = 0.0
    fragmented = False
    tracks: list[Track] = []
    for kind, content in _children(moov, name):
        if kind == b"mvhd":
            duration = _duration(content, name)
        elif kind == b"mvex":
            fragmented = True
        elif kind == b"trak" and len(tracks) < _MOST_TRACKS:
            tracks.append(_track(content, name))
    if not any(track.enabled for track in tracks):  # then players show them all
        tracks = [replace(track, enabled=True) for track in tracks]
    video = next((track for track in tracks if track.handler == b"vide"), None)
    return Mp4Info(
        bytes=size,
        duration_s=duration,
        width=video.width if video else 0,
        height=video.height if video else 0,
        faststart=faststart,
        has_audio=any(track.handler == b"soun" for track in tracks),
        has_video=video is not None,
        frames=video.samples if video and not fragmented else None,
        is_fragmented=fragmented,
        tracks=tuple(tracks),
    )


def _duration(mvhd: bytes, name: str) -> float:
    """Seconds, from timescale and duration; version 1 has 64-bit times. All ones: unknown."""
    wide = mvhd[:1] == b"\x01"
    at, width = (20, 8) if wide else (12, 4)
    scale = int.from_bytes(mvhd[at : at + 4], "big")
    ticks = mvhd[at + 4 : at + 4 + width]
    if not scale or len(ticks) < width:
        raise VideoInvalid(f"{name} is corrupt: its length cannot be read.")
    return 0.0 if ticks == b"\xff" * width else int.from_bytes(ticks, "big") / scale


def _track(trak: bytes, name: str) -> Track:
    track = Track()
    for kind, content in _children(trak, name):
        if kind == b"tkhd" and len(content) >= 84:
            # The last two fields, 16.16 fixed point; the lowest flag says "enabled".
            width = int.from_bytes(content[-8:-6], "big")
            height = int.from_bytes(content[-4:-2], "big")
            track = replace(track, width=width, height=height, enabled=bool(content[3] & 1))
        elif kind == b"edts":
            track = replace(track, has_edit_list=b"elst" in dict(_children(content, name)))
        elif kind == b"mdia":
            for inner, body in _children(content, name):
                if inner == b"hdlr":
                    track = replace(track, handler=body[8:12])
                elif inner == b"minf":
                    codec, samples = _sample_table(body, name)
                    track = replace(track, codec=codec, samples=samples)
    return track


def _sample_table(minf: bytes, name: str) -> tuple[bytes, int | None]:
    """The code of the track's codec, and how many samples it has."""
    codec, samples = b"", None
    for kind, content in _children(minf, name):
        if kind == b"stbl":
            for inner, body in _children(content, name):
                if inner in (b"stsz", b"stz2") and len(body) >= 12:
                    samples = int.from_bytes(body[8:12], "big")
                elif inner == b"stsd":
                    codec = body[12:16]
    return codec, samples
