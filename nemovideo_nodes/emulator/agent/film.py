"""What the composer edits: a film as a person thinks of it; `drafts` says the same as a draft.

All times are whole milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

__all__ = [
    "CAPTION",
    "DEFAULT_CANVAS",
    "DEFAULT_FADE",
    "DEFAULT_TITLE",
    "END",
    "LONGEST",
    "PLACES",
    "SHORTEST",
    "WHOLE",
    "Film",
    "Music",
    "Scene",
    "Title",
    "own_name",
    "stem",
    "unlike",
]

DEFAULT_CANVAS = (1080, 1920)
DEFAULT_FADE = 600
DEFAULT_TITLE = 3_000
SHORTEST, LONGEST = 1_000, 600_000
_LEAST_EACH = 40
_MOST_UNEVEN = 20
"""No picture is shorter than this part of the film's fair share."""

END, WHOLE = "end", "whole"
"""What a title's time hangs on, where it is not the start."""
PLACES = ("top", "middle", "bottom")
CAPTION = "caption"
_DIGEST_PREFIX = re.compile(r"^[0-9a-f]{12}-(?=.)")


def own_name(file_name: str) -> str:
    """A file's name for people: no folder and no digest in front (12 hex digits and a dash)."""
    return _DIGEST_PREFIX.sub("", file_name.replace("\\", "/").rpartition("/")[2])


def stem(file_name: str) -> str:
    """A picture's name for people, without its extension."""
    name = own_name(file_name)
    head, dot, _ = name.rpartition(".")
    return (head if dot and head else name) or "picture"


def unlike(name: str, taken: Iterable[str]) -> str:
    """`name`, or with a number behind it the first that is not taken."""
    taken = set(taken)
    new, number = name, 1
    while new in taken:
        number += 1
        new = f"{name} {number}"
    return new


@dataclass(frozen=True)
class Scene:
    """One picture or clip; `source` is the upload's id, or None for a plain backdrop.

    `weight` is its part of the film's time, against the other pictures' weights.
    """

    name: str
    source: str | None
    weight: int = 1_000
    caption: str = ""


@dataclass(frozen=True)
class Music:
    """Sound under the whole film: `style` in the renderer's word, or the upload `source`.

    `volume` is 0 to 1.
    """

    name: str
    style: str
    volume: float = 0.35
    source: str | None = None


@dataclass(frozen=True)
class Title:
    """A text over the picture; `anchor` END or WHOLE keeps it there when the length changes.

    `place` is top, middle, bottom, or empty for the renderer's own choice. `role` is CAPTION
    for a text that was asked for as a caption.
    """

    text: str
    start: int = 0
    duration: int = DEFAULT_TITLE
    anchor: str = ""
    place: str = ""
    role: str = ""

    def within(self, length: int) -> Title:
        """The same title in a film of `length` milliseconds."""
        duration = length if self.anchor == WHOLE else min(self.duration, length)
        latest = length - duration
        start = latest if self.anchor == END else min(self.start, latest)
        return replace(self, start=start, duration=duration)


@dataclass(frozen=True)
class Film:
    """The whole film; it is empty without scenes."""

    scenes: tuple[Scene, ...] = ()
    duration: int = 15_000
    canvas: tuple[int, int] = DEFAULT_CANVAS
    fade: int = DEFAULT_FADE
    """Length of the transitions; 0 for hard cuts."""
    cut: str = "crossfade"
    """The kind of the transitions."""
    music: Music | None = None
    titles: tuple[Title, ...] = ()
    background: str = ""
    """What is seen behind cut-outs, as #rrggbb; empty: what they stand out from."""
    silent_clips: bool = False
    """Whether clips are without their own sound."""
    fills: bool = False
    """Whether every picture is cut to fill the frame."""
    motion: str = ""
    """How the camera moves over every picture: zoom_in, zoom_out, still, or as its shape says."""
    dropped: tuple[str, ...] = ()
    """Media ids of pictures that were taken out, so that they do not pass for new ones."""

    @property
    def texts(self) -> list[str]:
        """Every text of the film: titles, then captions."""
        captions = [scene.caption for scene in self.scenes if scene.caption]
        return [*(title.text for title in self.titles), *captions]

    @property
    def default_place(self) -> str:
        """Where the renderer puts a title that says nothing of its place."""
        width, height = self.canvas
        return "top" if height > 1.2 * width else "bottom"

    @property
    def has_captions(self) -> bool:
        """Whether a text stands at the bottom as a caption."""
        return any(scene.caption for scene in self.scenes) or any(
            title.role == CAPTION for title in self.titles
        )

    def place_of(self, title: Title) -> str:
        """Where a title really stands."""
        return title.place or ("top" if self.has_captions else self.default_place)

    def lasting(self, wanted: int) -> Film:
        """The same film in another length, as near to `wanted` as a film may be."""
        shortest = max(SHORTEST, _LEAST_EACH * len(self.scenes))
        return replace(self, duration=min(max(wanted, shortest), max(LONGEST, shortest)))

    def of_scenes(self, scenes: Sequence[Scene]) -> Film:
        """The film of these scenes: as long as their weights are of the old ones'."""
        before = sum(scene.weight for scene in self.scenes)
        after = sum(scene.weight for scene in scenes)
        film = replace(self, scenes=tuple(scenes))
        return film.lasting(round(self.duration * after / before)) if before else film

    def with_texts_apart(self) -> Film:
        """The same film without two texts in one place at one time.

        A text goes where there is room, the captions of pictures first, then the texts that
        name their place; one without any room is dropped.
        """
        _, starts = self.layout() if self.scenes else (0, [])
        ends = [*starts[1:], self.duration]
        taken = [
            ("bottom", start, end)
            for scene, start, end in zip(self.scenes, starts, ends, strict=False)
            if scene.caption
        ]
        placed: dict[int, Title] = {}
        for index in sorted(range(len(self.titles)), key=lambda at: not self.titles[at].place):
            title = self.titles[index].within(self.duration)
            start, end = title.start, title.start + title.duration
            usual = self.place_of(title)
            for place in dict.fromkeys((usual, *PLACES)):
                if not any(place == other and start < b and a < end for other, a, b in taken):
                    taken.append((place, start, end))
                    kept = self.titles[index]
                    placed[index] = kept if place == usual else replace(kept, place=place)
                    break
        return replace(self, titles=tuple(placed[index] for index in sorted(placed)))

    def layout(self) -> tuple[int, list[int]]:
        """The length of the transitions as there is room for them, and each scene's start."""
        count = len(self.scenes)
        total = sum(scene.weight for scene in self.scenes)
        least = total // (_MOST_UNEVEN * count) + 1
        weights = [max(scene.weight, least) for scene in self.scenes]
        total = sum(weights)
        # A fade no longer than a picture's own time: no instant shows three pictures.
        room = self.duration * min(weights) // (total + 2 * min(weights))
        fade = min(self.fade, room) if count > 1 else 0
        starts, before = [], 0
        for weight in weights:
            starts.append((self.duration - fade) * before // total)
            before += weight
        return fade, starts
