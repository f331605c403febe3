"""Opening an uploaded clip or recording by a demuxer that is named, and from its file alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nemovideo_nodes.render.unusable import UnusableMedia

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.stream import VideoStream

__all__ = [
    "MOVING",
    "is_clip",
    "open_media",
    "opened_media",
    "picture_span",
    "picture_stream",
    "sound_stream",
]

MOVING = (".mp4", ".mov", ".avi", ".webm", ".mkv")
"""The suffixes of clips; the service names an upload by what it found in it."""

# Probing would let a crafted file choose a demuxer that opens further files.
_DEMUXERS = {
    ".mp4": "mp4", ".mov": "mov", ".m4a": "mp4", ".avi": "avi", ".webm": "matroska",
    ".mkv": "matroska", ".mp3": "mp3", ".wav": "wav", ".aac": "aac",
}  # fmt: skip

_DAMAGED = "it is damaged or of a kind that cannot be decoded: export it again"
_STILL_CODECS = ("mjpeg", "png", "gif", "bmp", "tiff")
_SHORTEST_S = 0.04
_RATES = range(2_000, 1_000_000)
"""Samples a second of real recordings; converting any other rate could take hours."""


def is_clip(path: Path) -> bool:
    """Whether the file at `path` is a clip, by the suffix that the service gave it."""
    return path.suffix.lower() in MOVING


def picture_stream(container: InputContainer) -> VideoStream | None:
    """The moving picture of a clip, if it has one: a cover does not count."""
    from av.stream import Disposition

    cover = Disposition.attached_pic | Disposition.timed_thumbnails
    for stream in container.streams.video:
        is_known = stream.codec_context is not None  # none for a codec that FFmpeg does not know
        if is_known and not stream.disposition & cover and not _is_single(stream, container):
            return stream
    return None


def _is_single(stream: VideoStream, container: InputContainer) -> bool:
    """Whether it is one picture beside a sound."""
    is_still = stream.frames == 1 and stream.codec_context.name in _STILL_CODECS
    return is_still and bool(container.streams.audio)


def sound_stream(container: InputContainer) -> AudioStream | None:
    """The sound of a clip or a recording, if it has one of a kind that can be decoded."""
    tracks = container.streams.audio
    if not tracks or tracks[0].codec_context is None:
        return None
    return tracks[0] if tracks[0].rate in _RATES else None


def picture_span(container: InputContainer, stream: VideoStream) -> tuple[float, float]:
    """When the pictures of a clip begin, and how long they go on, in seconds."""
    base = float(stream.time_base or 0)
    length = float(stream.duration or 0) * base or float(container.duration or 0) / 1e6
    return float(stream.start_time or 0) * base, max(_SHORTEST_S, length or 1.0)


def open_media(path: Path, *, ext: str = "", name: str | None = None) -> InputContainer:
    """The container at `path`, which the caller closes; UnusableMedia if it cannot be used.

    `ext` is its type as `sniff` names it (by the path's suffix where it is not given), `name` what
    the sentences call it.
    """
    import av

    name = name or path.name
    suffix = f".{ext}" if ext else path.suffix.lower()
    demuxer = _DEMUXERS.get(suffix)
    if demuxer is None:
        raise UnusableMedia(name, "it is neither a clip nor a recording that can be used")
    try:
        return av.open(str(path), format=demuxer, options={"protocol_whitelist": "file"})
    except (av.error.FFmpegError, ValueError):
        raise UnusableMedia(
            name, f"it cannot be read as {suffix[1:].upper()}: it is damaged; export it again"
        ) from None


@contextmanager
def opened_media(path: Path, *, ext: str = "", name: str | None = None) -> Iterator[InputContainer]:
    """As `open_media`, closed in the end; what fails while it is decoded is UnusableMedia, too."""
    import av

    container = open_media(path, ext=ext, name=name)
    try:
        yield container
    except (av.error.FFmpegError, IndexError, ValueError):
        raise UnusableMedia(name or path.name, _DAMAGED) from None
    finally:
        container.close()
