"""What the composer edits: a film as a person thinks of it, and the draft that says the same.

All times are whole milliseconds. In the draft a segment's `start` stands in its `m`; a transition
overlaps the end of the segment before it, and the last video segment ends where the draft ends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

__all__ = [
    "DEFAULT_CANVAS",
    "DEFAULT_FADE",
    "DEFAULT_TITLE",
    "Film",
    "Music",
    "Scene",
    "Title",
    "stem",
]

DEFAULT_CANVAS = (1080, 1920)
DEFAULT_FADE = 600
DEFAULT_TITLE = 3_000
FPS = 30
MOTIONS = ("in", "right", "out", "left")
_VIDEO, _AUDIO, _TEXT = 0, 1, 7
_DIGEST_PREFIX = re.compile(r"^[0-9a-f]{12}-(?=.)")


def stem(file_name: str) -> str:
    """A picture's name for people: no digest in front (12 hex digits and a dash), no extension."""
    name = _DIGEST_PREFIX.sub("", file_name.replace("\\", "/").rpartition("/")[2])
    head, dot, _ = name.rpartition(".")
    return (head if dot and head else name) or "picture"


@dataclass(frozen=True)
class Scene:
    """One picture; `source` is the upload's id, or None for a plain backdrop."""

    name: str
    source: str | None


@dataclass(frozen=True)
class Music:
    """Sound under the whole film; `style` is the renderer's word, `volume` 0 to 1."""

    name: str
    style: str
    volume: float = 0.35


@dataclass(frozen=True)
class Title:
    """A text over the picture; `at_end` keeps it at the film's end when the length changes."""

    text: str
    start: int = 0
    duration: int = DEFAULT_TITLE
    at_end: bool = False


@dataclass(frozen=True)
class Film:
    """The whole film; it is empty without scenes."""

    scenes: tuple[Scene, ...] = ()
    duration: int = 15_000
    canvas: tuple[int, int] = DEFAULT_CANVAS
    fade: int = DEFAULT_FADE
    """Length of the transitions; 0 for hard cuts."""
    music: Music | None = None
    titles: tuple[Title, ...] = ()

    @classmethod
    def of_draft(cls, draft: dict[str, Any]) -> Film:
        """The film that a draft of `to_draft` says."""
        tracks = {track["tt"]: track["sg"] for track in draft["t"]}
        canvas = draft["m"]["canvas"]
        film = cls(
            scenes=tuple(
                Scene(segment["m"]["name"], segment["m"].get("src"))
                for segment in tracks.get(_VIDEO, [])
            ),
            duration=draft["d"],
            canvas=(canvas["w"], canvas["h"]),
            fade=draft["m"]["fade"],
        )
        for segment in tracks.get(_AUDIO, []):
            meta = segment["m"]
            film = replace(film, music=Music(meta["name"], meta["style"], meta["volume"]))
        titles = (
            Title(
                text=segment["m"]["text"],
                start=segment["m"]["start"],
                duration=segment["d"],
                at_end=segment["m"].get("anchor") == "end",
            )
            for segment in tracks.get(_TEXT, [])
        )
        return replace(film, titles=tuple(titles))

    def to_draft(self) -> dict[str, Any]:
        """The draft that says this film, in the documented keys."""
        tracks: list[dict[str, Any]] = [{"tt": _VIDEO, "sg": list(self._scenes())}]
        if self.music:
            meta = {
                "name": self.music.name,
                "style": self.music.style,
                "volume": self.music.volume,
                "start": 0,
            }
            tracks.append({"tt": _AUDIO, "sg": [{"d": self.duration, "m": meta}]})
        if self.titles:
            tracks.append({"tt": _TEXT, "sg": list(self._titles())})
        width, height = self.canvas
        meta = {"canvas": {"w": width, "h": height}, "fps": FPS, "fade": self.fade}
        return {"t": tracks, "d": self.duration, "m": meta}

    def to_json(self) -> str:
        """The draft as the JSON text that is kept and handed out."""
        return json.dumps(self.to_draft(), ensure_ascii=False, separators=(",", ":"))

    def _scenes(self) -> Iterable[dict[str, Any]]:
        count = len(self.scenes)
        # A fade no longer than a picture's own time: no instant shows three pictures.
        fade = min(self.fade, self.duration // (count + 2)) if count > 1 else 0
        starts = [(self.duration - fade) * index // count for index in range(count)]
        ends = [start + fade for start in starts[1:]] + [self.duration]
        for index, (scene, start, end) in enumerate(zip(self.scenes, starts, ends, strict=True)):
            meta: dict[str, Any] = {"name": scene.name}
            if scene.source is not None:
                meta["src"] = scene.source
            meta |= {"start": start, "motion": MOTIONS[index % len(MOTIONS)]}
            if index and fade:
                meta["transition"] = {"type": "crossfade", "d": fade}
            yield {"d": end - start, "m": meta}

    def _titles(self) -> Iterable[dict[str, Any]]:
        for title in self.titles:
            duration = min(title.duration, self.duration)
            latest = self.duration - duration
            start = latest if title.at_end else min(title.start, latest)
            meta: dict[str, Any] = {"text": title.text, "start": start}
            if title.at_end:
                meta["anchor"] = "end"
            yield {"d": duration, "m": meta}
