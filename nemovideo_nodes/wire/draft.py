"""The draft: carried opaque, to the letter; and a view on it for people (contract, section 4)."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from nemovideo_nodes.errors import BadInput, redact, well_formed

__all__ = [
    "Details",
    "Draft",
    "Segment",
    "Track",
    "cut_out",
    "finite",
    "is_only_added_to",
    "seconds",
]

_KINDS = {0: "Video", 1: "BGM", 7: "Title"}
# Nothing documents where these stand; the names are what such drafts commonly use.
_NAMES = ("name", "text", "title", "content", "n", "label", "file_name", "filename")
_STARTS = ("start", "s", "st", "start_time", "startTime", "begin")
_VOLUMES = ("volume", "vol", "v")
_WHITE = " \t\n\r"

MAX_OUTLINE = 100_000
"""Characters of an outline that a journal takes."""

Details = tuple[tuple[str, str], ...]
"""The keys that are not read otherwise, each with its value as canonical JSON."""


@dataclass(frozen=True)
class Segment:
    """One segment, as far as it says: times in milliseconds, the volume in percent."""

    name: str
    start_ms: float | None
    end_ms: float | None
    volume: float | None
    details: Details

    @property
    def span(self) -> str:
        """From when to when, in seconds: `0-3.5`; empty where either is unknown."""
        if self.start_ms is None or self.end_ms is None:
            return ""
        return f"{seconds(self.start_ms)}-{seconds(self.end_ms)}"

    @property
    def level(self) -> str:
        """The volume as `35%`; empty where it is unknown."""
        return "" if self.volume is None else f"{_plain(self.volume, 0)}%"


@dataclass(frozen=True)
class Track:
    """One track; `kind` is 0 for video, 1 for audio, 7 for text, None where it is not a number."""

    kind: int | None
    segments: tuple[Segment, ...]
    details: Details


class Draft:
    """A session's draft, as the exact JSON text that the service gave.

    Two drafts are equal when they are the same JSON, whatever the spaces and the order of keys.
    """

    __slots__ = ("_value", "digest", "raw")

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self._value = _loads(raw)
        self.digest = _digest(raw, self._value)

    @classmethod
    def of(cls, value: object) -> Draft:
        """The draft of `value`, anything that JSON can hold."""
        try:
            return cls(json.dumps(value, allow_nan=False))
        except (TypeError, ValueError, RecursionError):
            raise BadInput("The draft holds a value that JSON cannot represent") from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Draft) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Draft({self.digest[:12]})"

    @property
    def exportable(self) -> bool:
        """Whether there is anything to export: a track with a non-empty `sg`."""
        return any(
            isinstance(track.get("sg"), list | dict) and track["sg"] for track in self._tracks()
        )

    @property
    def duration_ms(self) -> float | None:
        """The end of the last segment that says how long it is, in milliseconds."""
        ends = [end for track in self._tracks() for _, end in _spans(_segments(track)) if end]
        return max(filter(math.isfinite, ends), default=None)

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The tracks, in their order, as far as they say what they are."""
        return tuple(map(_track, self._tracks()))

    @property
    def details(self) -> Details:
        """What the draft holds beside its tracks and its length: a canvas, a frame rate."""
        return _details(self._value, ("t", "d")) if isinstance(self._value, dict) else ()

    def outline(self) -> str | None:
        """The draft with long and possibly secret texts as digests; None where that is too long.

        It reads as a draft again, and two outlines differ where the drafts do.
        """
        text = json.dumps(_outlined(self._value, 0), ensure_ascii=False, separators=(",", ":"))
        return text if len(text) <= MAX_OUTLINE else None

    def timeline(self) -> str:
        """The summary that people read: `Timeline (1 track): 1. Video: a cat (0-5s)`."""
        tracks = self.tracks
        head = f"Timeline ({len(tracks)} track{'' if len(tracks) == 1 else 's'})"
        lines = [f"{number}. {_track_line(track)}" for number, track in enumerate(tracks, 1)]
        return well_formed(f"{head}: {' '.join(lines)}" if lines else head)

    def _tracks(self) -> Sequence[dict[str, Any]]:
        tracks = self._value.get("t") if isinstance(self._value, dict) else None
        return [t for t in tracks if isinstance(t, dict)] if isinstance(tracks, list) else []


def is_only_added_to(before: Draft, after: Draft) -> bool:
    """Whether `after` shows the same clips as `before`, with all its other segments and maybe more.

    The backend adds music, a title or effects by itself after a generation [V].
    """

    def named(draft: Draft, *, clips: bool) -> Counter[tuple[int | None, str, str]]:
        return Counter(
            (track.kind, segment.name, segment.span)
            for track in draft.tracks
            for segment in track.segments
            if (track.kind == 0) is clips
        )

    same_clips = named(before, clips=True) == named(after, clips=True)
    return same_clips and named(before, clips=False) <= named(after, clips=False)


def _outlined(value: object, depth: int) -> object:
    if isinstance(value, str):
        plain = len(value) <= 200 and "://" not in value and redact(value) == value
        return value if plain else _short_digest(value)
    if depth > 20:
        return _short_digest(str(type(value)))
    if isinstance(value, dict):
        return {str(_outlined(k, depth)): _outlined(v, depth + 1) for k, v in value.items()}
    return [_outlined(one, depth + 1) for one in value] if isinstance(value, list) else value


def _short_digest(text: str) -> str:
    return "#" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def cut_out(text: str, *path: str) -> str | None:
    """The exact text of the value at `path` in the JSON object `text`, or None if it is not there.

    A parse and a dump would turn 1.10 into 1.1 and 1e400 into Infinity.
    """
    start, end = _skip(text, 0), len(text)
    for name in path:
        found = None
        for key, value_start, value_end in _members(text, start):
            if key == name:
                found = value_start, value_end
        if found is None:
            return None
        start, end = found
    return text[start:end].rstrip(_WHITE)


def _members(text: str, start: int) -> Iterable[tuple[str, int, int]]:
    """Key, start and end of each value of the JSON object at `start`; none otherwise."""
    decoder = json.JSONDecoder()
    if text[start : start + 1] != "{":
        return
    at = _skip(text, start + 1)
    while text[at : at + 1] == '"':
        key, at = scanstring(text, at + 1)
        value_start = _skip(text, _skip(text, at) + 1)
        _, value_end = decoder.raw_decode(text, value_start)
        yield key, value_start, value_end
        at = _skip(text, value_end)
        if text[at : at + 1] != ",":
            return
        at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _WHITE:
        at += 1
    return at


def _loads(raw: str) -> object:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _digest(raw: str, value: object) -> str:
    try:
        canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        canonical = raw
    if value is None:
        canonical = raw.strip(_WHITE)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def _segments(track: dict[str, Any]) -> list[dict[str, Any]]:
    segments = track.get("sg")
    return [s for s in segments if isinstance(s, dict)] if isinstance(segments, list) else []


def _track(track: dict[str, Any]) -> Track:
    kind = track.get("tt")
    segments = _segments(track)
    return Track(
        kind=kind if isinstance(kind, int) and not isinstance(kind, bool) else None,
        segments=tuple(map(_segment, segments, _spans(segments))),
        details=_details(track, ("tt", "sg")),
    )


def _segment(segment: dict[str, Any], span: tuple[float | None, float | None]) -> Segment:
    name = next((n for n in _found(segment, _NAMES) if isinstance(n, str) and n.strip()), "")
    volume = next((v for v in map(_number, _found(segment, _VOLUMES)) if v is not None), None)
    return Segment(
        name=" ".join(name.split()),
        start_ms=span[0],
        end_ms=span[1],
        volume=volume * 100 if volume is not None and volume <= 1 else volume,
        details=_details(segment, ("d", *_NAMES, *_STARTS, *_VOLUMES)),
    )


def _details(value: dict[str, Any], read: Iterable[str]) -> Details:
    inner = value.get("m")
    places = [value, inner] if isinstance(inner, dict) else [value]
    known = {*read, "m"} if isinstance(inner, dict) else set(read)
    return tuple(
        sorted((k, _canonical(v)) for place in places for k, v in place.items() if k not in known)
    )


def _canonical(value: object) -> str:
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        return "?"


def _track_line(track: Track) -> str:
    label = (
        _KINDS.get(track.kind, f"Track type {track.kind}") if track.kind is not None else "Track"
    )
    texts = [_segment_text(segment, quoted=track.kind == 7) for segment in track.segments]
    named = [text for text in texts if text and not text.startswith("(")]
    texts = [text for text in texts if text]
    if not texts:
        return label
    return f"{label}: {', '.join(texts)}" if named else f"{label} {', '.join(texts)}"


def _segment_text(segment: Segment, *, quoted: bool) -> str:
    name = f'"{segment.name}"' if segment.name and quoted else segment.name
    inner = [text for text in (segment.span and f"{segment.span}s", segment.level) if text]
    return " ".join(filter(None, [name, f"({', '.join(inner)})" if inner else ""]))


def _spans(segments: Iterable[dict[str, Any]]) -> list[tuple[float | None, float | None]]:
    """Start and end of each segment in ms; one without a start follows the one before it."""
    spans: list[tuple[float | None, float | None]] = []
    cursor: float | None = 0.0
    for segment in segments:
        start = next((s for s in map(_number, _found(segment, _STARTS)) if s is not None), cursor)
        length = _number(segment.get("d"))
        end = start + length if start is not None and length is not None else None
        spans.append((start, end))
        cursor = end
    return spans


def _found(segment: dict[str, Any], names: Iterable[str]) -> Iterable[Any]:
    inner = segment.get("m")
    places = (segment, inner) if isinstance(inner, dict) else (segment,)
    return (place[name] for name in names for place in places if name in place)


def finite(value: object) -> float | None:
    """A value of a draft as a finite number; None where it is something else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _number(value: object) -> float | None:
    number = finite(value)
    return abs(number) if number is not None and number >= 0 else None  # abs: -0.0


def seconds(ms: float) -> str:
    """Milliseconds as people read seconds: `3.5`."""
    return _plain(ms / 1000, 1)


def _plain(number: float, digits: int) -> str:
    text = f"{number:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
