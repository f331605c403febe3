"""Transitions: the frames in which one picture is replaced by the next.

`share` runs from 0 to 1 over the transition; `under` is the old picture and `over` the new one.
Both are overwritten.
"""

from __future__ import annotations

import itertools
import math
import random
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from nemovideo_nodes.render.sample import Canvas, Planes, mix

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["paint_transition", "zoom_factors"]

_ONE = 128
_SOFT_EDGE = 0.16
"""How wide a wipe's edge is, as a part of the frame."""
_BLACK, _WHITE = (16, 128, 128), (235, 128, 128)
_LAGS = {"slide": 0.3, "push": 1.0}
"""How far the old picture moves while the new one crosses the whole frame."""
_CLOSER = 0.35
_TURN, _LONGEST_ARC, _ARC_STEP = 180.0, 13.0, 1.6
"""Degrees that a spin turns, over which its fastest frame is blurred, and between the blur's
pictures."""
_GLITCHES = 9
"""How many pictures a glitch jumps through, however long it lasts."""
_BANDS = 9
_TORN, _FRINGE = 0.09, 0.018
"""How far a glitch displaces a band, and its colours from it, as parts of the width."""


def zoom_factors(kind: str, share: float) -> tuple[float, float]:
    """How many times as large the old and the new picture are seen at `share`."""
    if kind != "zoom":
        return 1.0, 1.0
    return 1 + _CLOSER * share * share, 1 + _CLOSER * (1 - share) ** 2


def paint_transition(kind: str, under: Planes, over: Planes, share: float, canvas: Canvas) -> None:
    """Paint the whole of `canvas` with the transition at `share`."""
    eased = share * share * (3 - 2 * share)
    if kind in _LAGS:
        _move(under, over, eased, _LAGS[kind], canvas)
        return
    if kind == "spin":
        _spin(under, over, share, canvas)
        return
    if kind == "glitch":
        _glitch(under, over, share, canvas)
        return
    if kind in ("dip", "flash"):
        # To the colour in the first half, out of it in the second.
        _tint(under if share < 0.5 else over, _BLACK if kind == "dip" else _WHITE, share)
        under = under if share < 0.5 else over
    elif kind == "wipe":
        for a, b in zip(under, over, strict=True):
            mix(a, b, _edge(a.shape[1], share))
    else:
        for a, b in zip(under, over, strict=True):
            mix(a, b, round(_ONE * eased))
    for plane, made in zip(canvas, under, strict=True):
        np.copyto(plane, made, casting="unsafe")


def _move(under: Planes, over: Planes, eased: float, lag: float, canvas: Canvas) -> None:
    """The new picture comes in from the right, and pushes the old one or goes over it."""
    half = round(canvas[1].shape[1] * eased)
    gone = round(half * lag)
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


def _spin(under: Planes, over: Planes, share: float, canvas: Canvas) -> None:
    """The old picture turns faster and faster, then the new one turns until it is upright."""
    eased = share**3 * (share * (6 * share - 15) + 10)
    source, angle = (under, eased) if eased < 0.5 else (over, eased - 1)
    # As fast as the easing is at this moment.
    arc = _LONGEST_ARC * 16 * (share * (1 - share)) ** 2
    count = 1 + round(arc / _ARC_STEP)
    angles = [_TURN * angle + arc * ((n + 0.5) / count - 0.5) for n in range(count)]
    for plane, made in zip(canvas, source, strict=True):
        np.copyto(plane, _turned(made.astype(np.uint8), angles) if arc else made, casting="unsafe")


def _turned(plane: NDArray[np.uint8], angles: list[float]) -> NDArray[np.uint8]:
    """The mean of `plane` turned by each of `angles` in degrees, mirrored beyond its edges."""
    high, wide = plane.shape
    # A blur of several pictures looks the same from half the resolution.
    fine = len(angles) < 3
    small = plane if fine else np.asarray(Image.fromarray(plane).reduce(2))
    rows, columns = small.shape
    diagonal = math.hypot(rows, columns)
    above, beside = (math.ceil((diagonal - side) / 2) + 1 for side in (rows, columns))
    wider = Image.fromarray(np.pad(small, ((above, above), (beside, beside)), "symmetric"))
    total = np.zeros((rows, columns), np.uint16)
    for angle in map(math.radians, angles):
        a, b = math.cos(angle), math.sin(angle)
        x = columns / 2 + beside - a * columns / 2 - b * rows / 2
        y = rows / 2 + above + b * columns / 2 - a * rows / 2
        turned = wider.transform(
            (columns, rows), Image.Transform.AFFINE, (a, b, x, -b, a, y), Image.Resampling.BILINEAR
        )
        total += np.asarray(turned)
    mean = Image.fromarray((total // len(angles)).astype(np.uint8))
    return np.asarray(mean if fine else mean.resize((wide, high), Image.Resampling.BILINEAR))


def _glitch(under: Planes, over: Planes, share: float, canvas: Canvas) -> None:
    """Bands of both pictures, displaced, with shifted colours; more and more of the new one."""
    chance = random.Random(int(share * _GLITCHES)).random
    high, wide = canvas[1].shape
    force = math.sin(math.pi * share) if 0 < share < 1 else 0.0
    fringe = round(wide * _FRINGE * force)
    edges = [0, *sorted(int(chance() * high) for _ in range(_BANDS - 1)), high]
    for top, bottom in itertools.pairwise(edges):
        source = over if chance() < share else under
        torn = round(wide * _TORN * force * (2 * chance() - 1))
        moves = ((2, 2 * torn), (1, torn + fringe), (1, torn - fringe))
        for plane, made, (scale, move) in zip(canvas, source, moves, strict=True):
            rows = slice(top * scale, bottom * scale)
            np.copyto(plane[rows], np.roll(made[rows], move, axis=1), casting="unsafe")
