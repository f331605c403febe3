"""Frame n of a timeline, as the planes of a video frame: shots, crossfades, titles.

The threads share a `Film` (its pictures are read-only once made); each thread paints with its own
`Painter`. Frame n depends on the timeline and n alone, so parts of a film can be
painted in any order.
"""

from __future__ import annotations

import bisect
import contextlib
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

import numpy as np

from nemovideo_nodes.render.clip import Animation, Clip
from nemovideo_nodes.render.demux import is_clip
from nemovideo_nodes.render.image import shape_of
from nemovideo_nodes.render.motion import AUTO, PANS, choose_motions, view_at, zoomed_in
from nemovideo_nodes.render.picture import Plate, backdrop, load, plate_of
from nemovideo_nodes.render.sample import Canvas, Planes, Sampler
from nemovideo_nodes.render.timeline import Shot, Timeline, Title
from nemovideo_nodes.render.title_image import TitleImage, draw_title
from nemovideo_nodes.render.transitions import paint_transition, zoom_factors

__all__ = ["Film", "Painter"]

K = TypeVar("K")
V = TypeVar("V")

_ONE = 128
_TITLE_FADE_MS = 450
_WATERMARK = 72
"""How strong it is, of 128."""
_SMALL = 320
"""The longer side of the frames in which the ground of a title is looked at."""
_MOST_LOOKS = 12
_OPEN_CLIPS = 3
"""How many decoders a thread keeps: the two of a transition, and one."""


class Film:
    """A timeline with its pictures ready to paint from; safe to share between threads.

    At most `plates` prepared pictures are kept, about 10 MB each at 1080x1920.
    """

    def __init__(self, timeline: Timeline, *, plates: int = 8) -> None:
        self.timeline = timeline = _with_motions(timeline)
        self._starts = [shot.start for shot in timeline.shots]
        self._plates: SharedCache[tuple[Path | None, str], Plate] = SharedCache(plates)
        self._animations: SharedCache[Path, Animation | None] = SharedCache(256)
        self._title_images: SharedCache[Title, TitleImage | None] = SharedCache(32)
        self._plated: SharedCache[str, bool] = SharedCache(4)

    def shots_at(self, ms: float) -> tuple[Shot, Shot | None, float]:
        """The shot at `ms`, the one that comes in over it if any, and how far that is, 0 to 1."""
        shots = self.timeline.shots
        index = max(0, bisect.bisect_right(self._starts, ms) - 1)
        shot = shots[index]
        into = ms - shot.start
        if index and into < shot.fade:
            return shots[index - 1], shot, into / shot.fade
        return shot, None, 0.0

    def plate(self, shot: Shot, ms: float) -> Plate:
        """What `shot` shows at `ms` of the film; not for clips."""
        width, height = self.timeline.width, self.timeline.height
        source = shot.source
        if source is None:
            return self._plates.get((None, shot.name), lambda: backdrop(shot.name, width, height))
        fills, ground = self.timeline.fills, self.timeline.background
        moving = self._animations.get(source, lambda: Animation.of(source))
        if moving is not None:
            number = moving.number_at(ms - shot.start)
            return self._plates.get(
                (source, str(number)),
                lambda: plate_of(moving.frame(number), width, height, fills=fills, ground=ground),
            )
        pans = shot.motion in PANS
        return self._plates.get(
            (source, "pans" if pans else ""),
            lambda: load(source, width, height, pans=pans, fills=fills, ground=ground),
        )

    def title_images_at(self, ms: float) -> list[tuple[TitleImage, int]]:
        """The titles on screen at `ms`, each with its strength in 1/128."""
        found = []
        for title in self.timeline.titles:
            if title.start <= ms < title.end:
                fade = min(_TITLE_FADE_MS, title.duration / 3)
                share = min(1.0, (title.end - ms) / fade)
                # The first frame is what many platforms show as the cover: a title is there.
                if title.start:
                    share = min(share, (ms - title.start) / fade)
                image = self._title_images.get(title, partial(self._draw_title, title))
                if image:
                    found.append((image, round(_ONE * share * share * (3 - 2 * share))))
        return found

    def watermark(self) -> TitleImage | None:
        """What every frame is marked with; None where it is not."""
        if not self.timeline.watermark:
            return None
        whole = Title(self.timeline.watermark, 0, self.timeline.duration, "middle")
        draw = partial(draw_title, whole, self.timeline)
        return self._title_images.get(whole, draw)

    def _draw_title(self, title: Title) -> TitleImage | None:
        plate = self.timeline.plate
        if plate is None:
            # All titles at one place look the same: with a plate, or without.
            wanted = partial(_needs_plate, self.timeline, title.place)
            plate = self._plated.get(title.place, wanted)
        return draw_title(title, self.timeline, plate=plate)


def _with_motions(timeline: Timeline) -> Timeline:
    """The timeline with a motion for each shot that its draft leaves open."""
    frame = timeline.width / timeline.height
    shapes: dict[Path | None, float] = {}
    for shot in timeline.shots:
        if shot.source is None or is_clip(shot.source) or shot.source in shapes:
            continue
        if shot.motion == AUTO:
            shapes[shot.source] = shape_of(shot.source)
    of_each = [shapes.get(shot.source, frame) for shot in timeline.shots]
    chosen = choose_motions(of_each, frame)
    shots = [
        replace(shot, motion=motion) if shot.motion == AUTO else shot
        for shot, motion in zip(timeline.shots, chosen, strict=True)
    ]
    return replace(timeline, shots=tuple(shots))


def _needs_plate(timeline: Timeline, place: str) -> bool:
    """Whether white letters at `place` are ever over a bright or busy part of the picture."""
    scale = _SMALL / max(timeline.width, timeline.height)
    small = replace(
        timeline,
        width=2 * max(1, round(timeline.width * scale / 2)),
        height=2 * max(1, round(timeline.height * scale / 2)),
    )
    moments = [
        (title, title.start + share * title.duration)
        for title in timeline.titles
        if title.place == place
        for share in (0.15, 0.5, 0.85)
    ]
    y, u, v = (plane.astype(np.uint8) for plane in _blank(small.width, small.height))
    with contextlib.closing(
        Painter(Film(replace(small, titles=(), watermark=""), plates=2))
    ) as painter:
        for title, ms in moments[:: -(-len(moments) // _MOST_LOOKS)]:
            image = draw_title(title, small)
            if image:
                painter.paint(int(ms * small.fps / 1000), (y, u, v))
                if image.is_hard_to_read(y):
                    return True
    return False


class SharedCache(Generic[K, V]):
    """A cache of the most recently used values; each is made once, even for several threads."""

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
        self._clips: dict[Shot, Clip] = {}

    def paint(self, number: int, canvas: Canvas) -> None:
        """Paint frame `number` (from 0) over the whole of `canvas`."""
        timeline = self._film.timeline
        ms = (number + 0.5) * 1000 / timeline.fps
        shot, coming, share = self._film.shots_at(ms)
        if coming is None:
            self._draw(shot, ms, canvas)
        else:
            larger = zoom_factors(coming.transition, share)
            self._draw(shot, ms, self._under, larger[0])
            self._draw(coming, ms, self._over, larger[1])
            paint_transition(coming.transition, self._under, self._over, share, canvas)
        for image, strength in self._film.title_images_at(ms):
            image.blend(canvas, strength)
        if mark := self._film.watermark():
            mark.blend(canvas, _WATERMARK)

    def _draw(self, shot: Shot, ms: float, into: Canvas | Planes, times: float = 1.0) -> None:
        progress = min(1.0, max(0.0, (ms - shot.start) / shot.duration))
        if shot.source and is_clip(shot.source):
            self._clip(shot, shot.source).draw((ms - shot.start) / 1000, into)
            return
        plate = self._film.plate(shot, ms)
        view = view_at(shot.motion, progress, shot.duration / 1000, plate.focus, plate.room)
        self._sampler.draw(plate, zoomed_in(view, times), into)

    def _clip(self, shot: Shot, source: Path) -> Clip:
        clip = self._clips.pop(shot, None)
        if clip is None:
            timeline = self._film.timeline
            clip = Clip(source, timeline.width, timeline.height, fills=timeline.fills)
        self._clips[shot] = clip
        while len(self._clips) > _OPEN_CLIPS:
            self._clips.pop(next(iter(self._clips))).close()
        return clip

    def close(self) -> None:
        """Close the clips that were painted from."""
        while self._clips:
            self._clips.popitem()[1].close()


def _blank(width: int, height: int) -> Planes:
    half = (height // 2, width // 2)
    return np.empty((height, width), np.int16), np.empty(half, np.int16), np.empty(half, np.int16)
