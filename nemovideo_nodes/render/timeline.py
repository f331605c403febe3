"""A draft as a film: shots, titles and music on one clock; pure.

A draft comes from outside (an emulator's world file, a user's POST). Missing, invalid or unknown
values get sensible defaults here, so the rest of the renderer can rely on a valid timeline. All
times are milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from nemovideo_nodes.render.motion import AUTO
from nemovideo_nodes.wire.draft import finite

__all__ = [
    "DEFAULT_SIZE",
    "MOTIONS",
    "TRANSITIONS",
    "USUAL_VOLUME",
    "Music",
    "Shot",
    "Timeline",
    "Title",
    "preview_of",
    "timeline_from_draft",
]

DEFAULT_SIZE = (1080, 1920)
DEFAULT_FPS = 30
USUAL_VOLUME = 0.35
"""The volume of music of which nothing else is said."""
TRANSITIONS = ("crossfade", "wipe", "slide", "zoom", "dip")
"""The transitions that are painted; any other word is a crossfade."""
MOTIONS = ("in", "right", "out", "left", "up", "down", "across", "along", "still")

_VIDEO, _AUDIO, _TEXT = 0, 1, 7
_LONGEST = 3_600_000
_MOST_SEGMENTS = 1_000
_SMALLEST_SIDE, _LARGEST_SIDE = 16, 4096
_PREVIEW_SIDE, _PREVIEW_FPS = 960, 15
_DEFAULT_SHOT = 4_000
_DEFAULT_FADE = 600
_DEFAULT_TITLE = 3_000
_HARD = frozenset({"none", "cut", ""})
_MOTION_WORDS = {
    "zoom_in": "in", "zoom-in": "in", "zoomin": "in", "push": "in", "push_in": "in",
    "zoom_out": "out", "zoom-out": "out", "zoomout": "out", "pull": "out", "pull_out": "out",
    "pan_left": "left", "pan-left": "left", "pan_right": "right", "pan-right": "right",
    "pan_up": "up", "pan-up": "up", "tilt_up": "up", "pan_down": "down", "pan-down": "down",
    "tilt_down": "down", "static": "still", "none": "still", "hold": "still",
}  # fmt: skip

_TRANSITION_WORDS = {
    "fade_to_black": "dip", "fadeblack": "dip", "dip_to_black": "dip", "black": "dip",
}  # fmt: skip


@dataclass(frozen=True)
class Shot:
    """One picture or clip for a while.

    `source` None means that the draft names none: a plain backdrop is drawn. `motion` is one of
    `MOTIONS`, or empty: the picture's shape decides. `fade` is how long the shot takes to come
    in over the one before, `transition` how it does.
    """

    source: Path | None
    start: int
    duration: int
    motion: str = "in"
    fade: int = 0
    name: str = ""
    transition: str = "crossfade"

    @property
    def end(self) -> int:
        return self.start + self.duration


@dataclass(frozen=True)
class Title:
    """A text over the picture; `place` is top, middle, bottom, or empty for the frame's own."""

    text: str
    start: int
    duration: int
    place: str = ""

    @property
    def end(self) -> int:
        return self.start + self.duration


@dataclass(frozen=True)
class Music:
    """Sound under the film: a style to synthesise, or the recording at `source`.

    `volume` is 0 to 1; at `USUAL_VOLUME` the film is as loud as the platforms want it.
    """

    style: str
    start: int
    duration: int
    volume: float = USUAL_VOLUME
    source: Path | None = None

    @property
    def end(self) -> int:
        return self.start + self.duration


@dataclass(frozen=True)
class Timeline:
    """A whole film. The shots are in order of start and cover it without a gap."""

    width: int
    height: int
    duration: int
    shots: tuple[Shot, ...]
    titles: tuple[Title, ...] = ()
    music: tuple[Music, ...] = ()
    fps: int = DEFAULT_FPS
    font: Path | None = None
    background: tuple[int, int, int] | None = None
    """The colour behind a cut-out, as RGB; None: one that contrasts with it."""
    silent_clips: bool = False
    """Whether clips are without their own sound."""
    fills: bool = False
    """Whether every picture is cropped to fill the frame; else other shapes are shown whole."""
    plate: bool | None = None
    """Whether titles are on a dark plate; None: only where they are hard to read without it."""
    watermark: str = ""
    """A word that is seen through in the middle of every frame."""

    @property
    def frames(self) -> int:
        """How many frames the film has: exactly the rounded product of duration and rate."""
        return max(1, round(self.duration * self.fps / 1000))


def preview_of(timeline: Timeline) -> Timeline:
    """The same film, smaller (540x960 for 1080x1920) and with at most 15 frames a second."""
    scale = min(1.0, _PREVIEW_SIDE / max(timeline.width, timeline.height))
    return replace(
        timeline,
        width=_even(round(timeline.width * scale)),
        height=_even(round(timeline.height * scale)),
        fps=min(timeline.fps, _PREVIEW_FPS),
    )


def timeline_from_draft(
    draft: Mapping[str, object],
    resolve: Callable[[str], Path],
    *,
    size: tuple[int, int] | None = None,
) -> Timeline:
    """The film that `draft` describes; `resolve` gives the file of a media id.

    `size` (width, height) overrides the draft's canvas. Unknown keys are ignored and missing
    or odd values get defaults. Only `resolve` may raise.
    """
    meta = _mapping(draft.get("m"))
    canvas = _mapping(meta.get("canvas"))
    width, height = size or (
        _int(canvas.get("w"), DEFAULT_SIZE[0]),
        _int(canvas.get("h"), DEFAULT_SIZE[1]),
    )
    shots = _shots(draft, resolve)
    titles = tuple(_titles(draft))
    music = tuple(_music(draft, resolve))
    spans = [shot.end for shot in shots] or [title.end for title in titles]
    natural = max(spans, default=_DEFAULT_SHOT)
    duration = _clamp(_int(draft.get("d"), natural) or natural, 1, _LONGEST)
    return Timeline(
        width=_even(width),
        height=_even(height),
        duration=duration,
        shots=_covering(shots, duration),
        titles=tuple(part for part in titles if part.start < duration),
        music=tuple(part for part in music if part.start < duration),
        fps=_clamp(_int(meta.get("fps"), DEFAULT_FPS), 1, 120),
        background=_colour(meta.get("background")),
        silent_clips=meta.get("clips") == "silent",
        fills=meta.get("fit") == "fill",
        plate=plate if isinstance(plate := meta.get("plate"), bool) else None,
    )


def _shots(draft: Mapping[str, object], resolve: Callable[[str], Path]) -> list[Shot]:
    shots: list[Shot] = []
    end = 0
    for index, segment in enumerate(_segments(draft, _VIDEO)):
        meta = _mapping(segment.get("m"))
        duration = _clamp(_int(segment.get("d"), _DEFAULT_SHOT), 1, _LONGEST)
        fade = _fade(meta.get("transition")) if index else 0
        fade = min(fade, duration // 2, shots[-1].duration // 2 if shots else 0)
        start = _clamp(_int(meta.get("start"), max(0, end - fade)), 0, _LONGEST)
        source = _text(meta.get("src"))
        shots.append(
            Shot(
                source=resolve(source) if source else None,
                start=start,
                duration=duration,
                motion=_motion(meta.get("motion")),
                fade=fade,
                name=_text(meta.get("name")),
                transition=_transition(meta.get("transition")),
            )
        )
        end = start + duration
    return sorted(shots, key=lambda shot: shot.start)


def _covering(shots: list[Shot], duration: int) -> tuple[Shot, ...]:
    """`shots` without gaps: each stays until the next is fully shown, and never three overlap."""
    shots = [shot for shot in shots if shot.start < duration] or [Shot(None, 0, duration)]
    shots[0] = replace(shots[0], start=0, duration=shots[0].end, fade=0)
    covering = []
    for shot, following in zip(shots, [*shots[1:], None], strict=True):
        alone = (following.start if following else duration) - shot.start
        end = following.start + following.fade if following else duration
        fade = min(shot.fade, max(0, alone))
        covering.append(replace(shot, duration=max(1, end - shot.start), fade=fade))
    return tuple(covering)


def _titles(draft: Mapping[str, object]) -> Iterator[Title]:
    for segment in _segments(draft, _TEXT):
        meta = _mapping(segment.get("m"))
        text = _text(meta.get("text")) or _text(meta.get("name"))
        if text:
            place = _text(meta.get("position")).lower()
            yield Title(
                text=text[:500],
                start=_clamp(_int(meta.get("start"), 0), 0, _LONGEST),
                duration=_clamp(_int(segment.get("d"), _DEFAULT_TITLE), 1, _LONGEST),
                place=place if place in ("top", "middle", "bottom") else "",
            )


def _music(draft: Mapping[str, object], resolve: Callable[[str], Path]) -> Iterator[Music]:
    for segment in _segments(draft, _AUDIO):
        meta = _mapping(segment.get("m"))
        volume = finite(meta.get("volume"))
        source = _text(meta.get("src"))
        yield Music(
            style=(_text(meta.get("style")) or _text(meta.get("name"))).lower(),
            start=_clamp(_int(meta.get("start"), 0), 0, _LONGEST),
            duration=_clamp(_int(segment.get("d"), _int(draft.get("d"), 0)), 1, _LONGEST),
            volume=USUAL_VOLUME if volume is None else min(1.0, max(0.0, volume)),
            source=resolve(source) if source else None,
        )


def _segments(draft: Mapping[str, object], kind: int) -> Iterator[Mapping[str, object]]:
    for track in _list(draft.get("t")):
        fields = _mapping(track)
        if _int(fields.get("tt"), -1) == kind:
            yield from map(_mapping, _list(fields.get("sg"))[:_MOST_SEGMENTS])


def _fade(transition: object) -> int:
    if isinstance(transition, str):
        return 0 if transition.lower() in _HARD else _DEFAULT_FADE
    fields = _mapping(transition)
    if not fields or _text(fields.get("type")).lower() in _HARD - {""}:
        return 0
    return _clamp(_int(fields.get("d"), _DEFAULT_FADE), 0, _LONGEST)


def _transition(transition: object) -> str:
    word = transition if isinstance(transition, str) else _mapping(transition).get("type")
    word = _text(word).lower()
    word = _TRANSITION_WORDS.get(word, word)
    return word if word in TRANSITIONS else TRANSITIONS[0]


def _motion(value: object) -> str:
    word = _text(value).lower()
    word = _MOTION_WORDS.get(word, word)
    return word if word in MOTIONS else AUTO


def _colour(value: object) -> tuple[int, int, int] | None:
    found = re.fullmatch("#?([0-9a-fA-F]{6})", _text(value))
    if not found:
        return None
    red, green, blue = bytes.fromhex(found[1])
    return red, green, blue


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _int(value: object, default: int) -> int:
    number = finite(value)
    return default if number is None else round(number)


def _clamp(value: int, low: int, high: int) -> int:
    return min(high, max(low, value))


def _even(side: int) -> int:
    return _clamp(side - side % 2, _SMALLEST_SIDE, _LARGEST_SIDE)
