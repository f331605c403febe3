"""The timeline drawn to scale: each track, its parts in percent of the length. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from nemovideo_nodes.errors import redact
from nemovideo_nodes.ledger.conversation import last_look
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.wire.draft import Draft, Segment, Track, seconds

__all__ = ["DrawnTimeline", "TimelineBlock", "TimelineTrack", "drawn_timeline"]

_TRACKS: Final = {0: "video", 1: "audio", 7: "text"}
_MOST_TRACKS = 30
_MOST_BLOCKS = 200
_TICKS: Final = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600)
"""Seconds between two marks of the scale."""
_MOST_TICKS = 8


@dataclass(frozen=True)
class TimelineBlock:
    """A part of a track: what it shows, when, and where that is in the drawing."""

    name: str
    span: str
    """From when to when, in seconds."""
    left: float
    width: float


@dataclass(frozen=True)
class TimelineTrack:
    """One track, with its parts in their order."""

    kind: str
    """`video`, `audio`, `text` or `other`."""
    blocks: tuple[TimelineBlock, ...]
    more: int = 0
    """How many parts are not drawn."""


@dataclass(frozen=True)
class DrawnTimeline:
    """All tracks over one scale."""

    length: str
    """The video's length in seconds."""
    tracks: tuple[TimelineTrack, ...]
    ticks: tuple[tuple[str, float], ...]
    """The marks of the scale: seconds, and where they are."""


def drawn_timeline(run: Run) -> DrawnTimeline | None:
    """The timeline as it was last seen; None where nothing says how long the video is."""
    look = last_look(run)
    if look is None or not look.outline:
        return None
    draft = Draft(look.outline)
    length = draft.duration_ms
    if not length:
        return None
    tracks = tuple(_track(track, length) for track in draft.tracks[:_MOST_TRACKS])
    return DrawnTimeline(seconds(length), tracks, _ticks(length))


def _track(track: Track, length: float) -> TimelineTrack:
    blocks = [_block(one, length) for one in track.segments[:_MOST_BLOCKS]]
    return TimelineTrack(
        _TRACKS.get(track.kind, "other") if track.kind is not None else "other",
        tuple(block for block in blocks if block is not None),
        max(0, len(track.segments) - _MOST_BLOCKS),
    )


def _block(segment: Segment, length: float) -> TimelineBlock | None:
    if segment.start_ms is None or segment.end_ms is None:
        return None
    left = min(99.5, max(0.0, segment.start_ms / length * 100))
    width = min(100.0 - left, max(0.5, (segment.end_ms - segment.start_ms) / length * 100))
    name = redact(f"{segment.name} {segment.level}".strip())
    return TimelineBlock(name, segment.span, round(left, 2), round(width, 2))


def _ticks(length: float) -> tuple[tuple[str, float], ...]:
    total = length / 1000
    step = next((one for one in _TICKS if total / one <= _MOST_TICKS), total / _MOST_TICKS)
    count = int(total / step)
    marks = [number * step for number in range(count + 1)]
    return tuple((f"{mark:g}", round(mark / total * 100, 2)) for mark in marks)
