"""Where the camera looks while a shot lasts; pure.

A view is a window into the plate in shares of its sides, so it has no pixel grid to snap to.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["View", "view_at"]

# Zoom per second of a shot, and its bounds: slow enough to be calm, never invisible. The
# largest zoom stays well under the plate's oversampling.
_ZOOM_PER_S, _LEAST_ZOOM, _MOST_ZOOM = 0.022, 0.05, 0.14
_EASE = 0.45
_PANS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}


@dataclass(frozen=True)
class View:
    """The window's left, top, and side (the same share of width and height), each 0 to 1."""

    left: float
    top: float
    side: float


def view_at(motion: str, progress: float, seconds: float) -> View:
    """The view at `progress` (0 to 1) of a shot that lasts `seconds`.

    Motions: in, out, left, right, up, down, still. Pans go over the whole slack that their
    zoom leaves; the camera starts and ends slower than it travels, but never rests.
    """
    zoom = 1 + min(_MOST_ZOOM, max(_LEAST_ZOOM, _ZOOM_PER_S * seconds))
    eased = progress - _EASE * math.sin(2 * math.pi * progress) / (2 * math.pi)
    if motion in _PANS:
        side = 1 / zoom
        slack = 1 - side
        across, down = _PANS[motion]
        return View(
            left=slack * (0.5 + across * (eased - 0.5)),
            top=slack * (0.5 + down * (eased - 0.5)),
            side=side,
        )
    if motion == "still":
        return View(0.0, 0.0, 1.0)
    # Geometric, so that the picture grows by the same factor in every frame.
    side = 1 / zoom ** (eased if motion == "in" else 1 - eased)
    return View((1 - side) / 2, (1 - side) / 2, side)
