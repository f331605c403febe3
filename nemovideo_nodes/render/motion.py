"""Where the camera looks while a shot lasts, and which move a picture gets; pure.

A view is a window into the plate in shares of its sides, so it has no pixel grid to snap to.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

__all__ = ["AUTO", "CENTRE", "PANS", "View", "choose_motions", "view_at", "zoomed_in"]

AUTO = ""
"""The motion of a shot whose draft names none: the picture's shape decides."""

CENTRE = (0.5, 0.5)

# Zoom per second of a shot, and its bounds: slow enough to be calm, never invisible. The
# largest zoom stays well under the plate's oversampling.
_ZOOM_PER_S, _LEAST_ZOOM, _MOST_ZOOM = 0.022, 0.05, 0.14
# A pan goes over no more than this part of the frame a second.
_PAN_PER_S, _LEAST_PAN = 0.06, 0.04
_EASE = 0.45
PANS = ("left", "right", "up", "down", "across", "along")
"""The motions that go over a picture instead of into it."""
_TOWARDS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
# How much wider or taller than the frame a picture is from where on it is panned over.
_LONG = 1.12


@dataclass(frozen=True)
class View:
    """The window's left, top, width and height in shares of the plate's sides, each 0 to 1."""

    left: float
    top: float
    width: float
    height: float


def choose_motions(shapes: Iterable[float], frame: float) -> list[str]:
    """A motion for each picture of these shapes (width by height), in a frame of shape `frame`.

    A long picture is panned along its length, any is moved into or out of; of those that suit,
    the one that was used least lately, so never the same twice in a row. `across` and `along`
    are pans that end at the picture's busier side.
    """
    lately: list[str] = ["out", "in", "along", "across"]
    chosen: list[str] = []
    suited: tuple[str, ...]
    for shape in shapes:
        if shape > frame * _LONG:
            suited = ("across", "in", "out")
        elif shape * _LONG < frame:
            suited = ("along", "in", "out")
        else:
            suited = ("in", "out")
        best = max(suited, key=lately.index)
        lately.remove(best)
        lately.insert(0, best)
        chosen.append(best)
    return chosen


def view_at(
    motion: str,
    progress: float,
    seconds: float,
    focus: tuple[float, float] = CENTRE,
    room: tuple[float, float] = (1.0, 1.0),
) -> View:
    """The view at `progress` (0 to 1) of a shot that lasts `seconds`.

    Motions: in, out, left, right, up, down, across, along, still. `focus` is the busiest place
    of the plate in shares of its sides: zooms go to it and pans end on its side. `room` says
    how many times as wide and as high as the frame's own shape the plate is. The camera starts
    and ends slower than it travels, but never rests.
    """
    zoom = 1 + min(_MOST_ZOOM, max(_LEAST_ZOOM, _ZOOM_PER_S * seconds))
    eased = progress - _EASE * math.sin(2 * math.pi * progress) / (2 * math.pi)
    if motion == "across":
        motion = "left" if focus[0] < 0.5 else "right"
    elif motion == "along":
        motion = "up" if focus[1] < 0.5 else "down"
    if motion in _TOWARDS:
        across, down = _TOWARDS[motion]
        width, height = 1 / (zoom * room[0]), 1 / (zoom * room[1])
        return View(
            left=_place(width, focus[0], across, eased, seconds),
            top=_place(height, focus[1], down, eased, seconds),
            width=width,
            height=height,
        )
    # Geometric, so that the picture grows by the same factor in every frame.
    side = 1.0 if motion == "still" else 1 / zoom ** (eased if motion == "in" else 1 - eased)
    width, height = side / room[0], side / room[1]
    return View((1 - width) * focus[0], (1 - height) * focus[1], width, height)


def zoomed_in(view: View, times: float) -> View:
    """The middle of `view`, `times` as large on the screen."""
    width, height = view.width / times, view.height / times
    return replace(
        view,
        left=view.left + (view.width - width) / 2,
        top=view.top + (view.height - height) / 2,
        width=width,
        height=height,
    )


def _place(side: float, focus: float, towards: int, eased: float, seconds: float) -> float:
    """Where a window of `side` begins: it travels `towards` an end, about the focus."""
    slack = 1 - side
    travel = min(slack, side * max(_LEAST_PAN, _PAN_PER_S * seconds)) * abs(towards)
    first = min(slack - travel, max(0.0, slack * focus - travel / 2))
    return first + travel * (eased if towards >= 0 else 1 - eased)
