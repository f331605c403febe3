"""The texts of a timeline as subtitles (SRT, WebVTT), and where they stand. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeGuard

from nemovideo_nodes.wire.draft import Draft, Segment

__all__ = ["Cue", "cues_of", "srt", "vtt"]

_TEXT = 7
_LEFT_OUT = re.compile(r"#[0-9a-f]{12}")
"""What an outline has in the place of a text that is long, or may be secret."""


@dataclass(frozen=True)
class Cue:
    """One text, from when to when in milliseconds."""

    text: str
    start_ms: float
    end_ms: float
    place: tuple[float, float] | None = None
    """The middle of it, in parts of the frame; None where the timeline does not say."""


def cues_of(draft: Draft) -> list[Cue]:
    """The texts of a timeline that say when they are shown, the first ones first."""
    canvas = _canvas(draft)
    found = [
        Cue(segment.name, segment.start_ms, segment.end_ms, _place(segment, canvas))
        for track in draft.tracks
        if track.kind == _TEXT
        for segment in track.segments
        if segment.name
        and segment.start_ms is not None
        and segment.end_ms is not None
        and segment.end_ms > segment.start_ms
        and not _LEFT_OUT.fullmatch(segment.name)
    ]
    return sorted(found, key=lambda cue: (cue.start_ms, cue.end_ms))


def srt(cues: Iterable[Cue]) -> str:
    """The texts as SubRip, which most players and platforms take."""
    return "\n".join(
        f"{number}\n{_time(cue.start_ms, ',')} --> {_time(cue.end_ms, ',')}\n{cue.text}\n"
        for number, cue in enumerate(cues, 1)
    )


def vtt(cues: Iterable[Cue]) -> str:
    """The texts as WebVTT, which browsers take."""
    escaped = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
    lines = [
        f"{_time(cue.start_ms, '.')} --> {_time(cue.end_ms, '.')}\n{cue.text.translate(escaped)}\n"
        for cue in cues
    ]
    return "\n".join(["WEBVTT\n", *lines])


def _time(milliseconds: float, point: str) -> str:
    whole = round(milliseconds)
    seconds, rest = divmod(whole, 1_000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{rest:03}"


def _canvas(draft: Draft) -> tuple[float, float] | None:
    """The frame's size in the units of the timeline, where it says one."""
    for key, text in draft.details:
        value = _loaded(text)
        if key == "canvas" and isinstance(value, dict):
            wide = value.get("w", value.get("width"))
            high = value.get("h", value.get("height"))
            if _is_number(wide) and _is_number(high) and min(wide, high) > 1:
                return wide, high
    return None


def _place(segment: Segment, canvas: tuple[float, float] | None) -> tuple[float, float] | None:
    """By its numbers alone: what a word such as `bottom` means, the timeline does not say.

    Nothing documents where they stand; these are the keys that such drafts commonly use.
    """
    details = {key: _loaded(text) for key, text in segment.details}
    for place in (details, *(details.get(key) for key in ("position", "pos", "transform"))):
        if isinstance(place, dict) and _is_number(place.get("y")):
            across, down = place.get("x"), place["y"]
            across = across if _is_number(across) else None
            if down > 1 or (across or 0) > 1:
                if canvas is None:
                    return None
                across, down = across / canvas[0] if across is not None else None, down / canvas[1]
            if 0 <= down <= 1 and 0 <= (across or 0) <= 1:
                return 0.5 if across is None else float(across), float(down)
    return None


def _loaded(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
