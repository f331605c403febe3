"""The film's sound: loops of `scores`, faded, at their volumes, in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from nemovideo_nodes.render.scores import SAMPLE_RATE, loop, style_of
from nemovideo_nodes.render.timeline import Music, Timeline

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["blocks"]

_BLOCK = 1_024 * 64
_FADE_IN_MS, _FADE_OUT_MS = 300, 1_600


def blocks(timeline: Timeline) -> Iterator[NDArray[np.float32]]:
    """The sound of the whole timeline, 2 x n samples in -1 to 1; silence where it has no music.

    Blocks have a multiple of 1024 samples, but for the last.
    """
    total = _samples(timeline.duration)
    end_ms = timeline.duration
    for at in range(0, total, _BLOCK):
        mixed = np.zeros((2, min(_BLOCK, total - at)), np.float32)
        for part in timeline.music:
            _add(part, min(part.end, end_ms), at, mixed)
        # Only several parts at once can go over; a single one is made to stay under.
        yield np.clip(mixed, -1, 1, out=mixed)


def _add(part: Music, end_ms: int, at: int, mixed: NDArray[np.float32]) -> None:
    start, end = _samples(part.start), _samples(end_ms)
    first, last = max(at, start), min(at + mixed.shape[1], end)
    if first >= last:
        return
    sound = loop(style_of(part.style))
    places = np.arange(first - start, last - start)
    length_ms = end_ms - part.start
    fade_in = _samples(min(_FADE_IN_MS, length_ms // 4))
    fade_out = _samples(min(_FADE_OUT_MS, length_ms // 3))
    gain = np.ones(len(places), np.float32)
    if fade_in:
        gain *= np.minimum(1, places / fade_in)
    if fade_out:
        gain *= np.minimum(1, (end - start - places) / fade_out)
    into = mixed[:, first - at : last - at]
    into += sound[:, places % sound.shape[1]] * (gain * gain * (3 - 2 * gain) * part.volume)


def _samples(ms: int) -> int:
    return round(ms * SAMPLE_RATE / 1000)
