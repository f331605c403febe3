"""A title as planes to blend over frames: white letters with a dark outline and a soft shadow, or
on a dark plate.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from nemovideo_nodes.render.bidi import base_level
from nemovideo_nodes.render.timeline import Timeline, Title
from nemovideo_nodes.render.typeface import Typeface, drawable, needs_shaping
from nemovideo_nodes.render.wrap import clean, is_whole, wrap

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TitleImage", "draw_title"]

_ONE = 128
_WHITE, _BLACK = 235.0, 16.0
_LINES, _MOST_LINES = 2, 4
_HEADLINE, _CAPTION = 0.106, 0.08
"""The largest letters, as a part of the frame's shorter side. A title whose draft puts it at the
bottom is a caption."""
_OUTLINE, _SHADOW = 0.78, 0.60
# White on a lighter grey has a contrast under 3:1, which WCAG asks for large letters.
_TOO_BRIGHT = 16 + 149 * 219 / 255
_TOO_BUSY = 45.0
"""Standard deviation of the ground's luma."""
_LEADING, _STACKED_LEADING = 1.28, 1.5
"""From one baseline to the next, in sizes of the letters; scripts with marks above and below them
need more."""
_PLATE = 0.62
"""How much of the ground a plate hides."""


@dataclass(frozen=True)
class TitleImage:
    """A drawn title: its corner in the frame, and its planes.

    `alpha` (0 to 128, int16) and `shade` (the luma to mix in) have the frame's resolution,
    `alpha_half` that of chroma; letters and outline are grey, so chroma only fades to 128.
    """

    left: int
    top: int
    alpha: NDArray[np.int16]
    shade: NDArray[np.int16]
    alpha_half: NDArray[np.int16]

    def blend(self, canvas: tuple[NDArray[np.uint8], ...], strength: int) -> None:
        """Mix the title into Y, U and V of a frame; `strength` 0 to 128 fades it."""
        _blend(canvas[0], self.left, self.top, _faded(self.alpha, strength), self.shade)
        half = _faded(self.alpha_half, strength)
        for plane in canvas[1:]:
            _blend(plane, self.left // 2, self.top // 2, half, np.int16(128))

    def is_hard_to_read(self, luma: NDArray[np.uint8]) -> bool:
        """Whether white letters are hard to read on the frame whose Y is `luma`."""
        high, wide = self.alpha.shape
        area = luma[self.top : self.top + high, self.left : self.left + wide]
        ground = area[self.alpha > _ONE // 2].astype(np.float32)
        if not ground.size:
            return False
        return bool(np.quantile(ground, 0.8) > _TOO_BRIGHT or ground.std() > _TOO_BUSY)


def _faded(alpha: NDArray[np.int16], strength: int) -> NDArray[np.int16]:
    return alpha if strength >= _ONE else (alpha * np.int16(strength) + np.int16(64)) >> 7


def _blend(
    plane: NDArray[np.uint8],
    left: int,
    top: int,
    alpha: NDArray[np.int16],
    shade: NDArray[np.int16] | np.int16,
) -> None:
    high, wide = alpha.shape
    area = plane[top : top + high, left : left + wide]
    # plane*(128-alpha) + shade*alpha is at most 255*128, which is what int16 can hold; written
    # as a difference it stays there whatever the order.
    mixed = area.astype(np.int16)
    difference = (shade - mixed) * alpha
    difference += 64
    difference >>= 7
    mixed += difference
    np.copyto(area, mixed, casting="unsafe")


def draw_title(title: Title, timeline: Timeline, *, plate: bool = False) -> TitleImage | None:
    """`title` drawn for frames of `timeline`, within their safe margins; None if it is empty.

    With `plate` it is on a dark, rounded box that is partly transparent.
    """
    # Cleaned again: where an emoji is left out, two spaces meet.
    text = clean(drawable(clean(title.text), timeline.font))
    if not text:
        return None
    width, height = timeline.width, timeline.height
    base = base_level(text)
    lines, size = _set(text, timeline, base, is_caption=title.place == "bottom")
    typeface = Typeface(size, timeline.font, base)
    if not any(map(typeface.length, lines)):
        return None
    pad = 2 * max(2, size // 3)
    leading = round(size * (_STACKED_LEADING if any(map(needs_shaping, lines)) else _LEADING))
    wide = min(width, _even_up(max(map(typeface.length, lines)) + 2 * pad))
    high = min(height, _even_up(leading * len(lines) + 2 * pad))
    fill = Image.new("L", (wide, high), 0)
    outline = Image.new("L", (wide, high), 0)
    stroke = max(1, round(size * 0.055))
    for number, line in enumerate(lines):
        x = (wide - typeface.length(line)) / 2
        # The baseline, so that lines of different fonts stand on one.
        y = pad + leading * number + round(size * 0.98)
        for run in typeface.runs(line):
            run.draw(ImageDraw.Draw(outline), (x, y), stroke)
            run.draw(ImageDraw.Draw(fill), (x, y))
            x += run.length()
    left = (width - wide) // 2 // 2 * 2
    top = _top(title.place, width, height, high, pad) // 2 * 2
    if plate:
        ground = outline, _box(wide, high, pad, size)
        return _planes(left, top, fill, zip(ground, (_OUTLINE, _PLATE), strict=True))
    ground = outline, outline.filter(ImageFilter.GaussianBlur(size / 9))
    return _planes(left, top, fill, zip(ground, (_OUTLINE, _SHADOW), strict=True))


def _box(wide: int, high: int, pad: int, size: int) -> Image.Image:
    """A rounded box about letters of `size` pixels that keep `pad` from each edge."""
    box = Image.new("L", (4 * wide, 4 * high), 0)
    across, down = pad - 0.46 * size, pad - 0.12 * size
    edges = (4 * across, 4 * down, 4 * (wide - across), 4 * (high - down))
    ImageDraw.Draw(box).rounded_rectangle(edges, radius=4 * 0.3 * size, fill=255)
    return box.resize((wide, high), Image.Resampling.BOX)


def _set(text: str, timeline: Timeline, base: int, *, is_caption: bool) -> tuple[list[str], int]:
    """Lines and size in pixels: two lines if the letters need not be much smaller for it, and
    rather smaller letters than a word that is cut.

    A caption of a portrait frame leaves the right rail to the platforms' buttons.
    """
    width, height = timeline.width, timeline.height
    across = width * (0.72 if width > height else 0.76 if is_caption and height > width else 0.82)
    largest = max(8, round(min(width, height) * (_CAPTION if is_caption else _HEADLINE)))
    steps = ((_LINES, 0.72), (_LINES + 1, 0.6), (_MOST_LINES, 0.5))
    for whole, most, smallest in [(w, *step) for w in (True, False) for step in steps]:
        size = largest
        while size >= max(8, largest * smallest):
            length = Typeface(size, timeline.font, base).length
            lines = wrap(text, across, length)
            if len(lines) <= most and (not whole or is_whole(text, across, length)):
                return lines, size
            size = round(size * 0.94) - (size < 12)
    size = max(8, round(largest * 0.5))
    lines = wrap(text, across, Typeface(size, timeline.font, base).length)
    return [*lines[: _MOST_LINES - 1], lines[_MOST_LINES - 1][:-1] + "…"], size


def _top(place: str, width: int, height: int, high: int, pad: int) -> int:
    """Where the title's box begins, in pixels from the top of the frame.

    Portrait frames keep the top 14 % and the bottom 35 % clear for the platforms' own
    controls; there a title is near the top by default, elsewhere near the bottom.
    """
    portrait = height > 1.2 * width
    first, last = (0.14, 0.65) if portrait else (0.07, 0.92)
    highest, lowest = height * first - pad, height * last - high + pad
    place = place or ("top" if portrait else "bottom")
    if place == "top":
        top = max(highest, height * 0.2 - high / 2) if portrait else highest
    elif place == "middle":
        top = (height - high) / 2
    else:
        top = lowest
    return round(min(max(top, 0), height - high))


def _planes(
    left: int, top: int, fill: Image.Image, darks: Iterable[tuple[Image.Image, float]]
) -> TitleImage:
    """White where `fill` is, over the black of each of `darks` at its strength."""
    white = np.asarray(fill, dtype=np.float32) / 255
    clear = 1 - white
    for dark, strength in darks:
        clear *= 1 - np.asarray(dark, dtype=np.float32) * (strength / 255)
    alpha = 1 - clear
    shade = (_WHITE * white + _BLACK * (alpha - white)) / np.maximum(alpha, 1e-6)
    high, wide = alpha.shape
    half = alpha.reshape(high // 2, 2, wide // 2, 2).mean(axis=(1, 3))
    return TitleImage(
        left,
        top,
        np.rint(alpha * _ONE).astype(np.int16),
        np.rint(shade).astype(np.int16),
        np.rint(half * _ONE).astype(np.int16),
    )


def _even_up(length: float) -> int:
    return 2 * int(-(-length // 2))
