"""Whether a container holds a film or only sound: its tracks decide, not its brand or its name.

Voice recorders write MP4 files without a picture, and a song may carry its cover as a track. Sent
as a clip, such a file makes a render fail. Nothing is decoded here.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from nemovideo_nodes.errors import VideoInvalid
from nemovideo_nodes.media.ebml import children, number
from nemovideo_nodes.media.mp4 import Mp4Info, inspect
from nemovideo_nodes.media.sniff import ACCEPTED, AUDIO_ONLY, MediaType

__all__ = ["refine_type"]

_ISO = ("mp4", "mov", "m4a")
_MOST_CHUNKS = 10_000

# Matroska's elements, by their ids.
_SEGMENT, _CLUSTER, _TRACKS, _ENTRY = 0x18538067, 0x1F43B675, 0x1654AE6B, 0xAE
_TRACK_TYPE = 0x83
_TYPES = {1: "video", 2: "audio"}


def refine_type(path: Path, sniffed: MediaType) -> MediaType:
    """`sniffed`, the type by the first bytes, corrected by the tracks of the file at `path`.

    A container without a moving picture is audio; one whose brand says audio but which has a moving
    picture is a video. What cannot be read stays as it was. OSError if the file cannot be read.
    """
    if sniffed.ext in _ISO:
        try:
            found = _of_iso(inspect(path, allow_trailer=True))
        except VideoInvalid:
            return sniffed
    elif sniffed.ext in ("mkv", "webm", "avi"):
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found = _of_avi(data) if sniffed.ext == "avi" else _of_matroska(data)
    else:
        return sniffed
    if "video" in found:
        return ACCEPTED["mp4"] if sniffed.ext == "m4a" else sniffed
    return AUDIO_ONLY[sniffed.ext] if "audio" in found else sniffed


def _of_iso(info: Mp4Info) -> set[str]:
    found = {"audio"} if info.has_audio else set()
    if any(track.is_moving for track in info.tracks):
        found.add("video")
    return found


def _of_matroska(data: mmap.mmap) -> set[str]:
    """The kinds of tracks; empty where the index does not stand before the data."""
    found: set[str] = set()
    for kind, start, end in children(data, 0, len(data)):
        if kind != _SEGMENT:
            continue
        for inner, first, last in children(data, start, end):
            if inner == _CLUSTER:
                break
            if inner == _TRACKS:
                for entry, begin, stop in children(data, first, last):
                    if entry == _ENTRY:
                        # A cover is not a track here, but an attachment.
                        found |= {
                            _TYPES.get(number(data, at, to), "")
                            for field, at, to in children(data, begin, stop)
                            if field == _TRACK_TYPE
                        }
        break
    return found - {""}


def _of_avi(data: mmap.mmap) -> set[str]:
    """The kinds of streams, from the header list of the first RIFF chunk."""
    found: set[str] = set()
    for kind, start, end in _chunks(data, 12, len(data)):
        if kind == b"LIST" and data[start : start + 4] == b"hdrl":
            for inner, first, last in _chunks(data, start + 4, end):
                if inner == b"LIST" and data[first : first + 4] == b"strl":
                    for header, begin, _ in _chunks(data, first + 4, last):
                        if header == b"strh":
                            stream = data[begin : begin + 4]
                            found.add({b"vids": "video", b"auds": "audio"}.get(stream, ""))
            break
    return found - {""}


def _chunks(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of the content of each RIFF chunk from `start` on."""
    for _ in range(_MOST_CHUNKS):
        if start + 8 > end:
            return
        size = int.from_bytes(data[start + 4 : start + 8], "little")
        yield data[start : start + 4], start + 8, min(end, start + 8 + size)
        start += 8 + size + size % 2
