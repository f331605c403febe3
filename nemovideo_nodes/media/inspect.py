"""Examining a file that a user gives: what it is, and whether it can be used at all.

Each reason is worded for the person who gave the file: what is wrong with it, and what to do. The
first bytes and the file's own structure are always checked; where the extra `video` is installed,
its start is decoded as well. Memory and time are bounded, whatever the file holds.
"""

from __future__ import annotations

import importlib.util
import math
import mmap
from pathlib import Path

from nemovideo_nodes.media.convert import can_read, check_convertible
from nemovideo_nodes.media.foreign import explain, explain_convertible, explain_cut_off
from nemovideo_nodes.media.mp4 import inspect
from nemovideo_nodes.media.sniff import (
    HEAD_BYTES,
    MAX_BYTES,
    MediaType,
    sniff,
    sniff_convertible,
)
from nemovideo_nodes.media.tracks import refine_type
from nemovideo_nodes.media.whole import id3_end, is_whole, wav_samples
from nemovideo_nodes.render.unusable import TooLargePicture, UnusableMedia

__all__ = ["UnusableMedia", "inspect_file"]

_ISO = ("mp4", "mov", "m4a")
_PROTECTED = frozenset({b"drms", b"drmi", b"drmt", b"enca", b"encv", b"aavd"})
"""Codes of encrypted tracks, as shops for music, films and audiobooks sell them."""
_CUT_OFF = "it is cut off, its end is missing: copy or download it again"
_EMPTY = "there are no pictures and no sound in it: record or export it again"


def inspect_file(path: Path, name: str | None = None) -> MediaType:
    """The type of the file at `path`; `name` is what the sentences call it (the path's by default).

    The type is one of `sniff.ACCEPTED` or `sniff.AUDIO_ONLY`, or of `sniff.CONVERTIBLE` where what
    converts it is installed. Raises `UnusableMedia` if the file cannot be used, OSError if it
    cannot be read.
    """
    name = name or path.name
    size = path.stat().st_size
    if not size:
        raise UnusableMedia(name, "the file is empty: save or download it again")
    if size > MAX_BYTES:
        megabytes = f"{math.ceil(size * 10 / 1024 / 1024) / 10:.1f} MB"
        raise UnusableMedia(
            name,
            f"it has {megabytes}; the service takes at most 200 MB a file: compress it or trim it",
        )
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    sniffed = sniff(head)
    if sniffed is None:
        return _convertible(path, name, head)
    if sniffed.ext in ("wav", "mp3"):
        _check_has_sound(path, name, sniffed.ext)
    if not is_whole(path, sniffed.ext):
        raise UnusableMedia(name, _CUT_OFF)
    if sniffed.ext in _ISO:
        _check_has_samples(path, name)
    media = refine_type(path, sniffed)
    if importlib.util.find_spec("PIL") and importlib.util.find_spec("av"):
        _check_decodes(path, name, media)
    return media


def _convertible(path: Path, name: str, head: bytes) -> MediaType:
    media = sniff_convertible(head)
    if media is not None and not is_whole(path, media.ext):
        raise UnusableMedia(name, explain_cut_off(media))
    if media is None or not can_read(media):
        raise UnusableMedia(name, explain(head))
    try:
        check_convertible(path, name)
    except TooLargePicture:
        raise
    except UnusableMedia:
        reason = explain_convertible(media, "as it cannot be decoded here")
        raise UnusableMedia(name, reason) from None
    return media


def _check_has_sound(path: Path, name: str, ext: str) -> None:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if not wav_samples(data) if ext == "wav" else id3_end(data) >= len(data):
            raise UnusableMedia(name, _EMPTY)


def _check_has_samples(path: Path, name: str) -> None:
    """Refuse a clip without pictures and a recording without sound."""
    info = inspect(path, allow_trailer=True)
    if any(track.codec in _PROTECTED for track in info.tracks):
        raise UnusableMedia(name, "it is protected against copying: give a file without protection")
    moving = [track for track in info.tracks if track.is_moving]
    tracks = moving or [track for track in info.tracks if track.handler == b"soun"]
    if not tracks:
        raise UnusableMedia(name, "it has neither moving pictures nor sound: export it again")
    if not info.is_fragmented and all(track.samples == 0 for track in tracks):
        raise UnusableMedia(name, _EMPTY)


def _check_decodes(path: Path, name: str, media: MediaType) -> None:
    from nemovideo_nodes.media.decode import check_picture, check_starts

    if media.kind == "image":
        check_picture(path, name)
    else:
        check_starts(path, media, name)
