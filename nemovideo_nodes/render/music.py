"""The film's sound: its parts mixed, faded, at their volumes, in blocks that never clip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from nemovideo_nodes.render.demux import is_clip
from nemovideo_nodes.render.scores import SAMPLE_RATE, style_of
from nemovideo_nodes.render.sound import LoopSound, Recording, Sound, has_sound
from nemovideo_nodes.render.timeline import USUAL_VOLUME, Timeline

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["blocks"]

_BLOCK = 1_024 * 64
_FADE_IN_MS, _FADE_OUT_MS = 300, 1_600
# Above the usual volume the level grows less: 5 dB at full volume, which stays under the ceiling.
_LEVELS = ((0.0, USUAL_VOLUME, 1.0), (0.0, 1.0, 1.8))
_UNDER_MUSIC = 0.4
_NO_CLICK_MS = 20
# Peaks above the knee are compressed towards the ceiling, 1 dB under full scale.
_KNEE, _CEILING = 0.7, 0.89


def blocks(timeline: Timeline) -> Iterator[NDArray[np.float32]]:
    """The sound of the whole timeline, 2 x n samples in -1 to 1; silence where it has none.

    Blocks have a multiple of 1024 samples, but for the last.
    """
    total = _samples(timeline.duration)
    parts = [*_music(timeline), *_own_sounds(timeline)]
    for at in range(0, total, _BLOCK):
        mixed = np.zeros((2, min(_BLOCK, total - at)), np.float32)
        for part in parts:
            part.add(at, mixed)
        yield _softly_limited(mixed)


def _music(timeline: Timeline) -> Iterator[_Part]:
    for music in timeline.music:
        end = min(music.end, timeline.duration)
        length = end - music.start
        fades = min(_FADE_IN_MS, length // 4), min(_FADE_OUT_MS, length // 3)
        level = float(np.interp(music.volume, *_LEVELS))
        sound = (
            partial(Recording, music.source)
            if music.source
            else partial(LoopSound, style_of(music.style))
        )
        yield _Part(music.start, end, fades, level, sound)


def _own_sounds(timeline: Timeline) -> Iterator[_Part]:
    """The clips' sound, each as its pictures come and go; softer where there is music."""
    if timeline.silent_clips:
        return
    for shot, following in zip(timeline.shots, [*timeline.shots[1:], None], strict=True):
        if shot.source and is_clip(shot.source) and has_sound(shot.source):
            fades = (
                max(_NO_CLICK_MS, shot.fade),
                max(_NO_CLICK_MS, following.fade if following else 0),
            )
            level = _UNDER_MUSIC if timeline.music else 1.0
            yield _Part(shot.start, shot.end, fades, level, partial(Recording, shot.source))


class _Part:
    """One sound and when it plays; its file is opened when it is first heard.

    Times are in ms; `fades` are how long it takes to come and to go.
    """

    def __init__(
        self,
        start: int,
        end: int,
        fades: tuple[int, int],
        level: float,
        sound: Callable[[int], Sound],
    ) -> None:
        self._start, self._end = _samples(start), _samples(end)
        self._fade_in, self._fade_out = map(_samples, fades)
        self._level = np.float32(level)
        self._make = sound
        self._sound: Sound | None = None

    def add(self, at: int, mixed: NDArray[np.float32]) -> None:
        """Add what is heard from sample `at` on; blocks come in order."""
        first, last = max(at, self._start), min(at + mixed.shape[1], self._end)
        if first >= last:
            self._sound = None
            return
        if self._sound is None:
            self._sound = self._make(self._end - self._start)
        places = np.arange(first - self._start, last - self._start, dtype=np.float32)
        gain = np.ones(len(places), np.float32)
        if self._fade_in:
            gain *= np.minimum(1, places / self._fade_in)
        if self._fade_out:
            gain *= np.minimum(1, (self._end - self._start - places) / self._fade_out)
        gain *= gain * (3 - 2 * gain) * self._level
        mixed[:, first - at : last - at] += self._sound.read(last - first) * gain


def _softly_limited(mixed: NDArray[np.float32]) -> NDArray[np.float32]:
    """`mixed` with its peaks compressed to stay under the ceiling."""
    size = np.abs(mixed)
    if size.max(initial=0.0) <= _KNEE:
        return mixed
    room = _CEILING - _KNEE
    bent = _KNEE + room * np.tanh((size - _KNEE) / room)
    return np.where(size > _KNEE, np.copysign(bent, mixed), mixed).astype(np.float32)


def _samples(ms: int) -> int:
    return round(ms * SAMPLE_RATE / 1000)
