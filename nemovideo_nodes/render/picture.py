"""A picture as YUV planes that the camera moves over, fitted to the frame.

The plate is the frame's picture at `OVERSAMPLING` times its size, so that motion over it
always reads between pixels that are finer than the output's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from nemovideo_nodes.render.image import open_image
from nemovideo_nodes.render.motion import CENTRE
from nemovideo_nodes.render.unusable import NO_MEMORY, UnusableMedia

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "OVERSAMPLING",
    "Plate",
    "backdrop",
    "blurred",
    "busiest",
    "covers",
    "load",
    "plate_of",
]

Colour = tuple[int, int, int]
"""RGB, each 0 to 255."""

OVERSAMPLING = 1.3
"""How much finer the plate is than the output at zoom 1; at 1.0 the motion shimmers."""

_COVERS_UP_TO = 1.51
"""Crop to fill as long as the shapes differ by no more than this (3:2 in a square); narrower
bars would look like a mistake. Beyond that, the rest is a blurred copy."""

_GROWN = 1.3
"""How much a picture over its own blur is enlarged: it loses a quarter, away from its focus."""

_CUT_OUT = 0.86
"""How much of the frame a picture on a plain ground may take: a zoom leaves it all in sight."""

_WHITE, _EVEN = 238, 8
"""How bright, and how even in levels of 255, edges are that are taken for a white ground."""

_ROOM = 1.25
"""How much longer than the frame a plate may be that is panned over."""

_GRID = 48
"""The side of the small copy in which the busiest place is looked for."""

_BAND = 128
"""Rows that are converted at a time, so that memory holds no picture in floats; even."""


@dataclass(frozen=True)
class Plate:
    """Y, U and V as int16 arrays of 0 to 255, limited-range bt709; U and V have half the sides.

    The arrays are transposed, [x, y]: reading along x then copies whole rows of memory, which
    is what makes the sampling three times faster than gathering single pixels.
    """

    y: NDArray[np.int16]
    u: NDArray[np.int16]
    v: NDArray[np.int16]
    focus: tuple[float, float] = CENTRE
    """The busiest place, in shares of the sides."""
    room: tuple[float, float] = (1.0, 1.0)
    """How many times as wide and as high as the frame's own shape it is: what a pan goes over."""


def load(
    path: Path,
    width: int,
    height: int,
    *,
    pans: bool = False,
    fills: bool = False,
    ground: Colour | None = None,
) -> Plate:
    """The picture at `path` as a plate for frames of `width` x `height` pixels.

    With `pans` it may be longer than the frame, so that the camera has something to go over; if
    it `fills` the frame, it is cut about its focus whatever its shape. On a `ground` it stands
    whole; without one a cut-out stands on what it stands out from.
    """
    try:
        picture = open_image(path, at_least=round(max(width, height) * OVERSAMPLING))
        return plate_of(picture, width, height, pans=pans, fills=fills, ground=ground)
    except MemoryError:
        raise UnusableMedia(path.name, NO_MEMORY) from None


def plate_of(
    picture: Image.Image,
    width: int,
    height: int,
    *,
    pans: bool = False,
    fills: bool = False,
    ground: Colour | None = None,
    scale: float = OVERSAMPLING,
) -> Plate:
    """`picture` (RGB or RGBA) as a plate `scale` times as large as frames of these pixels."""
    wide, high = base = _plate_size(width, height, scale)
    if picture.mode == "RGBA" and _hides(picture):
        return _planes(_on_ground(picture, wide, high, ground))
    picture = picture.convert("RGB")
    if ground is not None and not fills:
        return _planes(_whole_on(picture, wide, high, ground))
    focus = busiest(picture)
    shape = (picture.width / picture.height) / (width / height)
    if not fills and not covers(shape, 1.0):
        if (white := _white_ground(picture)) is not None:
            return _planes(_whole_on(picture, wide, high, white))
        return _planes(_on_blur(picture, wide, high, focus))
    if pans:
        wide = 2 * round(wide * min(_ROOM, max(1.0, shape)) / 2)
        high = 2 * round(high * min(_ROOM, max(1.0, 1 / shape)) / 2)
    fitted, focus = _cropped(picture, wide, high, focus)
    return replace(_planes(fitted), focus=focus, room=(wide / base[0], high / base[1]))


def backdrop(name: str, width: int, height: int) -> Plate:
    """A calm two-colour gradient for a shot without a picture; its hue comes from `name`."""
    wide, high = _plate_size(width, height)
    hue = sum(name.encode()) * 47 % 256
    tones = Image.merge(
        "HSV",
        [
            Image.linear_gradient("L").point(lambda v: (hue + v // 6) % 256),
            Image.new("L", (256, 256), 140),
            Image.linear_gradient("L").point(lambda v: 170 - v // 2),
        ],
    )
    return _planes(tones.convert("RGB").resize((wide, high), Image.Resampling.BICUBIC))


def covers(shape: float, frame: float) -> bool:
    """Whether a picture of `shape` (width by height) fills a frame of another, cut a little."""
    return max(shape / frame, frame / shape) <= _COVERS_UP_TO


def _plate_size(width: int, height: int, scale: float = OVERSAMPLING) -> tuple[int, int]:
    return 2 * round(width * scale / 2), 2 * round(height * scale / 2)


def _on_ground(picture: Image.Image, width: int, height: int, colour: Colour | None) -> Image.Image:
    """A whole cut-out on a plain ground: `colour`, or light behind dark, or the opposite."""
    alpha = picture.getchannel("A")
    small = picture.convert("L").resize((64, 64)), alpha.resize((64, 64))
    light, weight = (np.asarray(image, dtype=np.float64) for image in small)
    mean = float((light * weight).sum() / max(1.0, weight.sum()))
    colour = colour or ((28, 30, 36) if mean > 150 else (242, 240, 236))
    ground = Image.new("RGB", (width, height), colour)
    room = (round(width * _CUT_OUT), round(height * _CUT_OUT))
    front = ImageOps.contain(picture, room, Image.Resampling.LANCZOS)
    ground.paste(front, ((width - front.width) // 2, (height - front.height) // 2), mask=front)
    return ground


def busiest(picture: Image.Image) -> tuple[float, float]:
    """Where most happens in `picture`, in shares of its sides: edges and strong colours count."""
    small = picture.convert("RGB").resize((_GRID, _GRID), Image.Resampling.BOX)
    rgb = np.asarray(small, dtype=np.float32)
    luma = rgb @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    down, across = np.gradient(luma)
    energy = np.hypot(across, down) + 0.15 * np.ptp(rgb, axis=2)
    # Texture all over the picture says nothing about its subject: only what exceeds it counts.
    energy = np.maximum(energy - np.quantile(energy, 0.6), 0) ** 2
    total = float(energy.sum())
    if not total:
        return CENTRE
    places = (np.arange(_GRID) + 0.5) / _GRID
    return float(energy.sum(0) @ places) / total, float(energy.sum(1) @ places) / total


def _cropped(
    picture: Image.Image, width: int, height: int, focus: tuple[float, float]
) -> tuple[Image.Image, tuple[float, float]]:
    """`picture` cut about its focus to fill `width` x `height`, and where the focus then is."""
    scale = min(picture.width / width, picture.height / height)
    size = (min(picture.width, width * scale), min(picture.height, height * scale))
    box, kept = [], []
    for length, part, place in zip(picture.size, size, focus, strict=True):
        start = max(0.0, min(length - part, length * place - part / 2))
        box.append(start)
        kept.append((length * place - start) / part)
    edges = (box[0], box[1], box[0] + size[0], box[1] + size[1])
    fitted = picture.resize((width, height), Image.Resampling.LANCZOS, box=edges)
    return fitted, (kept[0], kept[1])


def _hides(picture: Image.Image) -> bool:
    """Whether the alpha of `picture` hides anything that counts."""
    alpha = picture.getchannel("A").resize((64, 64))
    return float(np.asarray(alpha, dtype=np.float64).mean()) <= 250


def _white_ground(picture: Image.Image) -> Colour | None:
    """The ground of a product picture, where all of its edges are one near white."""
    small = np.asarray(picture.resize((_GRID, _GRID), Image.Resampling.BOX), dtype=np.float32)
    edges = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    mean = edges.mean(axis=0)
    if mean.min() < _WHITE or np.abs(edges - mean).max() > _EVEN:
        return None
    red, green, blue = (round(float(value)) for value in mean)
    return red, green, blue


def _whole_on(picture: Image.Image, width: int, height: int, colour: Colour) -> Image.Image:
    """`picture`, whole, in the middle of a plain ground."""
    ground = Image.new("RGB", (width, height), colour)
    room = (round(width * _CUT_OUT), round(height * _CUT_OUT))
    front = ImageOps.contain(picture, room, Image.Resampling.LANCZOS)
    ground.paste(front, ((width - front.width) // 2, (height - front.height) // 2))
    return ground


def _on_blur(
    picture: Image.Image, width: int, height: int, focus: tuple[float, float]
) -> Image.Image:
    """`picture`, nearly whole (it may lose a quarter of its longer side), never stretched, on a
    blurred, darker copy of itself that fills the rest.
    """
    shape = (picture.width / picture.height) / (width / height)
    fill = blurred(picture, width, height)
    if shape > 1:
        size = (width, max(2, round(width * picture.height / picture.width * _GROWN)))
    else:
        size = (max(2, round(height * picture.width / picture.height * _GROWN)), height)
    front, _ = _cropped(picture, *size, focus)
    corner = ((width - size[0]) // 2, (height - size[1]) // 2)
    _shade(fill, corner, size)
    fill.paste(front, corner)
    return fill


def blurred(picture: Image.Image, width: int, height: int) -> Image.Image:
    """A dark, soft copy of `picture` that fills `width` x `height`."""
    # Blurred small and zoom_factors: the same look as a blur of 1/14 of the frame, far cheaper.
    small = (max(8, width // 12), max(8, height // 12))
    fill = ImageOps.fit(picture, small, Image.Resampling.BOX)
    fill = fill.filter(ImageFilter.GaussianBlur(max(small) / 22))
    fill = ImageEnhance.Color(ImageEnhance.Brightness(fill).enhance(0.62)).enhance(1.15)
    return fill.resize((width, height), Image.Resampling.BICUBIC)


def _shade(fill: Image.Image, corner: tuple[int, int], size: tuple[int, int]) -> None:
    """A soft shadow under the front picture, which sets it off from its own blur."""
    scale = 8
    mask = Image.new("L", (fill.width // scale, fill.height // scale), 0)
    left, top = (side // scale for side in corner)
    right, bottom = left + size[0] // scale, top + size[1] // scale
    ImageDraw.Draw(mask).rectangle((left, top, right, bottom), fill=110)
    mask = mask.filter(ImageFilter.GaussianBlur(max(1.0, max(mask.size) / 70)))
    mask = mask.resize(fill.size, Image.Resampling.BICUBIC)
    fill.paste((0, 0, 0), mask=mask)


def _planes(picture: Image.Image) -> Plate:
    """bt709, limited range: Y 16-235, chroma averaged over 2x2 pixels."""
    wide, high = picture.size
    plate = Plate(
        np.empty((wide, high), np.int16),
        np.empty((wide // 2, high // 2), np.int16),
        np.empty((wide // 2, high // 2), np.int16),
    )
    for top in range(0, high, _BAND):
        bottom = min(high, top + _BAND)
        rgb = np.asarray(picture.crop((0, top, wide, bottom)), dtype=np.float32)
        r, g, b = rgb[..., 0], rgb[..., 1], rgb[..., 2]
        luma = 0.2126 * r + 0.7152 * g + 0.0722 * b
        half = slice(top // 2, bottom // 2)
        plate.y[:, top:bottom] = (16.5 + luma * (219 / 255)).T
        plate.u[:, half] = (128.5 + _halved(b - luma) * (224 / 255 / 1.8556)).T
        plate.v[:, half] = (128.5 + _halved(r - luma) * (224 / 255 / 1.5748)).T
    return plate


def _halved(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means of 2x2 pixels; twenty times as fast as numpy's own over two axes."""
    pairs = plane[0::2] + plane[1::2]
    return (pairs[:, 0::2] + pairs[:, 1::2]) * np.float32(0.25)
