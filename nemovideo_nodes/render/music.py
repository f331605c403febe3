"""The film's sound: its parts mixed, faded, at their volumes, in blocks that never clip."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from nemovideo_nodes.render.scores import SAMPLE_RATE, style_of
from nemovideo_nodes.render.sound import LoopSound, Recording, Sound
from nemovideo_nodes.render.timeline import USUAL_VOLUME, Music, Timeline

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["blocks"]

_BLOCK = 1_024 * 64
_FADE_IN_MS, _FADE_OUT_MS = 300, 1_600
# Above the usual volume it grows less: at full volume 5 dB, which the ceiling still holds.
_LEVELS = ((0.0, USUAL_VOLUME, 1.0), (0.0, 1.0, 1.8))
# 1 dB under full scale; peaks bend towards it from the knee on.
_KNEE, _CEILING = 0.7, 0.89


def blocks(timeline: Timeline) -> Iterator[NDArray[np.float32]]:
    """The sound of the whole timeline, 2 x n samples in -1 to 1; silence where it has no music.

    Blocks have a multiple of 1024 samples, but for the last.
    """
    total = _samples(timeline.duration)
    parts = [_Part(music, min(music.end, timeline.duration)) for music in timeline.music]
    for at in range(0, total, _BLOCK):
        mixed = np.zeros((2, min(_BLOCK, total - at)), np.float32)
        for part in parts:
            part.add(at, mixed)
        yield _bent(mixed)


class _Part:
    """One piece of music on its way through the film."""

    def __init__(self, music: Music, end_ms: int) -> None:
        self._start, self._end = _samples(music.start), _samples(end_ms)
        length_ms = end_ms - music.start
        self._fade_in = _samples(min(_FADE_IN_MS, length_ms // 4))
        self._fade_out = _samples(min(_FADE_OUT_MS, length_ms // 3))
        self._level = np.float32(np.interp(music.volume, *_LEVELS))
        length = self._end - self._start
        self._sound: Sound = (
            Recording(music.source, length)
            if music.source
            else LoopSound(style_of(music.style), length)
        )

    def add(self, at: int, mixed: NDArray[np.float32]) -> None:
        """Add what is heard from sample `at` on; blocks come in order."""
        first, last = max(at, self._start), min(at + mixed.shape[1], self._end)
        if first >= last:
            return
        places = np.arange(first - self._start, last - self._start, dtype=np.float32)
        gain = np.ones(len(places), np.float32)
        if self._fade_in:
            gain *= np.minimum(1, places / self._fade_in)
        if self._fade_out:
            gain *= np.minimum(1, (self._end - self._start - places) / self._fade_out)
        gain *= gain * (3 - 2 * gain) * self._level
        mixed[:, first - at : last - at] += self._sound.read(last - first) * gain


def _bent(mixed: NDArray[np.float32]) -> NDArray[np.float32]:
    """`mixed` with its peaks under the ceiling."""
    size = np.abs(mixed)
    if size.max(initial=0.0) <= _KNEE:
        return mixed
    room = _CEILING - _KNEE
    bent = _KNEE + room * np.tanh((size - _KNEE) / room)
    return np.where(size > _KNEE, np.copysign(bent, mixed), mixed).astype(np.float32)


def _samples(ms: int) -> int:
    return round(ms * SAMPLE_RATE / 1000)
