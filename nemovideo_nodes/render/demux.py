"""Opening an uploaded clip or recording by a demuxer that is named, and from its file alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nemovideo_nodes.errors import BadInput

if TYPE_CHECKING:
    from av.container import InputContainer

__all__ = ["MOVING", "is_clip", "open_media", "opened_media", "picture_span"]

MOVING = (".mp4", ".mov", ".avi", ".webm", ".mkv")
"""The suffixes of clips; the service names an upload by what it found in it."""

# Probing would let a crafted file choose a demuxer that opens further files.
_DEMUXERS = {
    ".mp4": "mp4", ".mov": "mov", ".m4a": "mp4", ".avi": "avi", ".webm": "matroska",
    ".mkv": "matroska", ".mp3": "mp3", ".wav": "wav", ".aac": "aac",
}  # fmt: skip


_SHORTEST_S = 0.04


def is_clip(path: Path) -> bool:
    """Whether the file at `path` is a clip, by the suffix that the service gave it."""
    return path.suffix.lower() in MOVING


def picture_span(container: InputContainer) -> tuple[float, float]:
    """When the pictures of a clip begin, and how long they go on, in seconds."""
    stream = container.streams.video[0]
    base = float(stream.time_base or 0)
    length = float(stream.duration or 0) * base or float(container.duration or 0) / 1e6
    return float(stream.start_time or 0) * base, max(_SHORTEST_S, length or 1.0)


def open_media(path: Path) -> InputContainer:
    """The container at `path`, which the caller closes; BadInput if it cannot be used."""
    import av

    demuxer = _DEMUXERS.get(path.suffix.lower())
    if demuxer is None:
        raise BadInput(f"{path.name} is no clip and no recording that can be used.")
    try:
        return av.open(str(path), format=demuxer, options={"protocol_whitelist": "file"})
    except av.error.FFmpegError:
        raise BadInput(f"{path.name} cannot be read as {path.suffix[1:].upper()}.") from None


@contextmanager
def opened_media(path: Path) -> Iterator[InputContainer]:
    """As `open_media`, closed in the end; what fails while it is decoded is BadInput as well."""
    import av

    container = open_media(path)
    try:
        yield container
    except (av.error.FFmpegError, IndexError):
        raise BadInput(f"{path.name} is broken.") from None
    finally:
        container.close()
