"""Transitions: the frames in which one picture is replaced by the next.

`share` runs from 0 to 1 over the transition; `under` is the old picture and `over` the new one.
Both are overwritten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nemovideo_nodes.render.sample import Canvas, Planes, mix

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["paint_transition", "zoom_factors"]

_ONE = 128
_SOFT_EDGE = 0.16
"""How wide a wipe's edge is, as a part of the frame."""
_BLACK = (16, 128, 128)
_LAG = 0.3
"""How far the old picture goes in a slide while the new one goes all the way."""
_CLOSER = 0.35


def zoom_factors(kind: str, share: float) -> tuple[float, float]:
    """How many times as large the old and the new picture are seen at `share`."""
    if kind != "zoom":
        return 1.0, 1.0
    return 1 + _CLOSER * share * share, 1 + _CLOSER * (1 - share) ** 2


def paint_transition(kind: str, under: Planes, over: Planes, share: float, canvas: Canvas) -> None:
    """Paint the whole of `canvas` with the transition at `share`."""
    eased = share * share * (3 - 2 * share)
    if kind == "slide":
        _move(under, over, eased, canvas)
        return
    if kind == "dip":
        # To black in the first half, out of it in the second.
        _tint(under if share < 0.5 else over, _BLACK, share)
        under = under if share < 0.5 else over
    elif kind == "wipe":
        for a, b in zip(under, over, strict=True):
            mix(a, b, _edge(a.shape[1], share))
    else:
        for a, b in zip(under, over, strict=True):
            mix(a, b, round(_ONE * eased))
    for plane, made in zip(canvas, under, strict=True):
        np.copyto(plane, made, casting="unsafe")


def _move(under: Planes, over: Planes, eased: float, canvas: Canvas) -> None:
    """The new picture comes in from the right, over the old one."""
    half = round(canvas[1].shape[1] * eased)
    gone = round(half * _LAG)
    for plane, a, b, scale in zip(canvas, under, over, (2, 1, 1), strict=True):
        edge, left = plane.shape[1] - half * scale, gone * scale
        np.copyto(plane[:, :edge], a[:, left : left + edge], casting="unsafe")
        np.copyto(plane[:, edge:], b[:, : half * scale], casting="unsafe")


def _tint(planes: Planes, colour: tuple[int, int, int], share: float) -> None:
    strength = 1 - abs(2 * share - 1)
    weight = round(_ONE * strength * strength * (3 - 2 * strength))
    for plane, value in zip(planes, colour, strict=True):
        # The whole way is 128 times at most 219, which int16 holds.
        plane += ((value - plane) * np.int16(weight) + np.int16(64)) >> 7


def _edge(width: int, share: float) -> NDArray[np.int16]:
    """Weights of the new picture along a line, whose soft edge goes from left to right."""
    places = (np.arange(width) + 0.5) / width
    edge = share * (1 + _SOFT_EDGE)
    weights = np.clip((edge - places) / _SOFT_EDGE, 0, 1)
    return np.rint(_ONE * weights * weights * (3 - 2 * weights)).astype(np.int16)
