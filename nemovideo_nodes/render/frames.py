"""Frame n of a timeline, as the planes of a video frame: shots, crossfades, titles.

A `Film` is what the threads share (plates, read only once made); each thread paints with a
`Painter` of its own. Frame n depends on the timeline and n alone, so parts of a film can be
painted in any order.
"""

from __future__ import annotations

import bisect
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

import numpy as np

from nemovideo_nodes.render.letters import Lettering, letter
from nemovideo_nodes.render.motion import view_at
from nemovideo_nodes.render.picture import Plate, backdrop, load
from nemovideo_nodes.render.sample import Canvas, Planes, Sampler, mix
from nemovideo_nodes.render.timeline import Shot, Timeline, Title

__all__ = ["Film", "Painter"]

K = TypeVar("K")
V = TypeVar("V")

_ONE = 128
_TITLE_FADE_MS = 450


class Film:
    """A timeline with its pictures ready to paint from; safe to share between threads.

    At most `plates` prepared pictures are kept, about 10 MB each at 1080x1920.
    """

    def __init__(self, timeline: Timeline, *, plates: int = 8) -> None:
        self.timeline = timeline
        self._starts = [shot.start for shot in timeline.shots]
        self._plates: Shelf[tuple[Path | None, str], Plate] = Shelf(plates)
        self._letterings: Shelf[Title, Lettering | None] = Shelf(32)

    def shots_at(self, ms: float) -> tuple[Shot, Shot | None, int]:
        """The shot at `ms`, the one that comes in over it if any, and its share in 1/128."""
        shots = self.timeline.shots
        index = max(0, bisect.bisect_right(self._starts, ms) - 1)
        shot = shots[index]
        into = ms - shot.start
        if index and into < shot.fade:
            share = into / shot.fade
            return shots[index - 1], shot, round(_ONE * share * share * (3 - 2 * share))
        return shot, None, 0

    def plate(self, shot: Shot) -> Plate:
        width, height = self.timeline.width, self.timeline.height
        source = shot.source
        if source is None:
            return self._plates.get((None, shot.name), lambda: backdrop(shot.name, width, height))
        return self._plates.get((source, ""), lambda: load(source, width, height))

    def letterings_at(self, ms: float) -> list[tuple[Lettering, int]]:
        """The titles on screen at `ms`, each with its strength in 1/128."""
        found = []
        for title in self.timeline.titles:
            if title.start <= ms < title.end:
                fade = min(_TITLE_FADE_MS, title.duration / 3)
                share = min(1.0, (ms - title.start) / fade, (title.end - ms) / fade)
                lettering = self._letterings.get(title, partial(letter, title, self.timeline))
                if lettering:
                    found.append((lettering, round(_ONE * share * share * (3 - 2 * share))))
        return found


class Shelf(Generic[K, V]):
    """The most recently used values, each made once even when several threads ask for it."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = Lock()
        self._values: OrderedDict[K, Future[V]] = OrderedDict()

    def get(self, key: K, make: Callable[[], V]) -> V:
        with self._lock:
            future = self._values.get(key)
            maker = future is None
            if future is None:
                future = self._values[key] = Future()
            self._values.move_to_end(key)
            while len(self._values) > self._size:
                self._values.popitem(last=False)
        if maker:
            try:
                future.set_result(make())
            except BaseException as error:
                future.set_exception(error)
        return future.result()


class Painter:
    """Paints frames of one film; keeps buffers, so one thread at a time."""

    def __init__(self, film: Film) -> None:
        self._film = film
        timeline = film.timeline
        width, height = timeline.width, timeline.height
        self._sampler = Sampler(width, height)
        self._under = _blank(width, height)
        self._over = _blank(width, height)

    def paint(self, number: int, canvas: Canvas) -> None:
        """Paint frame `number` (from 0) over the whole of `canvas`."""
        timeline = self._film.timeline
        ms = (number + 0.5) * 1000 / timeline.fps
        shot, coming, share = self._film.shots_at(ms)
        if coming is None:
            self._draw(shot, ms, canvas)
        else:
            under, over = self._under, self._over
            self._draw(shot, ms, under)
            self._draw(coming, ms, over)
            for plane, a, b in zip(canvas, under, over, strict=True):
                mix(a, b, share)
                np.copyto(plane, a, casting="unsafe")
        for lettering, strength in self._film.letterings_at(ms):
            lettering.blend(canvas, strength)

    def _draw(self, shot: Shot, ms: float, into: Canvas | Planes) -> None:
        progress = min(1.0, max(0.0, (ms - shot.start) / shot.duration))
        view = view_at(shot.motion, progress, shot.duration / 1000)
        self._sampler.draw(self._film.plate(shot), view, into)


def _blank(width: int, height: int) -> Planes:
    half = (height // 2, width // 2)
    return np.empty((height, width), np.int16), np.empty(half, np.int16), np.empty(half, np.int16)
