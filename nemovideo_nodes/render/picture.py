"""A picture file as planes to film from: decoded safely, fitted to the frame, in YUV.

The plate is the frame's picture at `OVERSAMPLING` times its size, so that motion over it
always reads between pixels that are finer than the output's.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from nemovideo_nodes.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MAX_PIXELS", "OVERSAMPLING", "Plate", "backdrop", "load", "open_image", "opened"]

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
"""The only decoders that a user's file may reach: an EPS named .jpg would start Ghostscript."""

MAX_PIXELS = 50_000_000
"""More is refused before it is decoded; Pillow's own limit only raises at twice its figure."""

OVERSAMPLING = 1.3
"""How much finer the plate is than the output at zoom 1; at 1.0 the motion shimmers."""

_COVERS_UP_TO = 1.51
"""Crop to fill as long as the shapes differ by no more than this (3:2 in a square); thinner
bars than it would leave look like a mistake. Beyond it, blur the rest."""

_GROWN = 1.2
"""How much of itself a picture over its own blur may lose, so that it is seen larger."""

_CUT_OUT = 0.86
"""How much of the frame a cut-out may take: a zoom leaves all of it in sight."""

_BAND = 128
"""Rows that are converted at a time, so that memory holds no picture in floats; even."""

# What Pillow's parsers raise on crafted files, beside OSError.
_BROKEN = (SyntaxError, ValueError, LookupError, EOFError, TypeError, ArithmeticError, MemoryError)


@dataclass(frozen=True)
class Plate:
    """Y, U and V as int16 arrays of 0 to 255, limited-range bt709; U and V have half the sides.

    The arrays are transposed, [x, y]: reading along x then copies whole rows of memory, which
    is what makes the sampling three times faster than gathering single pixels.
    """

    y: NDArray[np.int16]
    u: NDArray[np.int16]
    v: NDArray[np.int16]


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """The image at `path`, header checked and pixels not yet decoded; BadInput if unusable.

    Errors while the block decodes it become BadInput as well.
    """
    name = path.name
    limit = f"pictures may have up to {MAX_PIXELS // 1_000_000} million pixels"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise BadInput(f"{name} has {image.width}x{image.height} pixels; {limit}.")
                yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadInput(f"{name} is too large; {limit}.") from None
    except (FileNotFoundError, PermissionError):
        raise
    except OSError:
        raise BadInput(f"{name} cannot be read as a JPG, PNG, WEBP or GIF picture.") from None
    except _BROKEN:
        raise BadInput(f"{name} is a broken picture.") from None


def open_image(path: Path, at_least: int | None = None) -> Image.Image:
    """The image at `path`, upright, its first frame, as RGB or RGBA; BadInput if unusable.

    A JPEG may be decoded smaller (much faster), with no side under `at_least` pixels.
    """
    with opened(path) as image:
        if at_least:
            image.draft("RGB", (at_least, at_least))
        upright = ImageOps.exif_transpose(image)
        return upright.convert("RGBA" if upright.has_transparency_data else "RGB")


def load(path: Path, width: int, height: int) -> Plate:
    """The picture at `path` as a plate for frames of `width` x `height` pixels."""
    wide, high = _plate_size(width, height)
    picture = open_image(path, at_least=max(wide, high))
    fitted = _on_ground if picture.mode == "RGBA" else _fitted
    return _planes(fitted(picture, wide, high))


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


def _plate_size(width: int, height: int) -> tuple[int, int]:
    return 2 * round(width * OVERSAMPLING / 2), 2 * round(height * OVERSAMPLING / 2)


def _on_ground(picture: Image.Image, width: int, height: int) -> Image.Image:
    """A cut-out, whole, on a plain ground that it stands out from: light under dark or dark
    under light. A picture whose alpha hides nothing is fitted as any other.
    """
    alpha = picture.getchannel("A")
    small = picture.convert("L").resize((64, 64)), alpha.resize((64, 64))
    light, weight = (np.asarray(image, dtype=np.float64) for image in small)
    if weight.mean() > 250:
        return _fitted(picture.convert("RGB"), width, height)
    mean = float((light * weight).sum() / max(1.0, weight.sum()))
    ground = Image.new("RGB", (width, height), (28, 30, 36) if mean > 150 else (242, 240, 236))
    room = (round(width * _CUT_OUT), round(height * _CUT_OUT))
    front = ImageOps.contain(picture, room, Image.Resampling.LANCZOS)
    ground.paste(front, ((width - front.width) // 2, (height - front.height) // 2), mask=front)
    return ground


def _fitted(picture: Image.Image, width: int, height: int) -> Image.Image:
    """`picture` over the whole of `width` x `height`, never stretched.

    Where its shape is far from the frame's, it keeps nearly all of itself (it may lose a
    sixth of its longer side) and a blurred, darker copy fills the rest.
    """
    shape = (picture.width / picture.height) / (width / height)
    mismatch = max(shape, 1 / shape)
    if mismatch <= _COVERS_UP_TO:
        return ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
    fill = _blurred(picture, width, height)
    if shape > 1:
        size = (width, max(2, round(width * picture.height / picture.width * _GROWN)))
    else:
        size = (max(2, round(height * picture.width / picture.height * _GROWN)), height)
    front = ImageOps.fit(picture, size, Image.Resampling.LANCZOS)
    corner = ((width - size[0]) // 2, (height - size[1]) // 2)
    _shade(fill, corner, size)
    fill.paste(front, corner)
    return fill


def _blurred(picture: Image.Image, width: int, height: int) -> Image.Image:
    # Blurred small and enlarged: the same look as a blur of 1/14 of the frame, far cheaper.
    small = (max(8, width // 12), max(8, height // 12))
    fill = ImageOps.fit(picture, small, Image.Resampling.BOX)
    fill = fill.filter(ImageFilter.GaussianBlur(max(small) / 22))
    fill = ImageEnhance.Color(ImageEnhance.Brightness(fill).enhance(0.62)).enhance(1.15)
    return fill.resize((width, height), Image.Resampling.BICUBIC)


def _shade(fill: Image.Image, corner: tuple[int, int], size: tuple[int, int]) -> None:
    """A soft shadow where the front picture will lie, so that it stands off its own blur."""
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
    high, wide = plane.shape
    squares = plane.reshape(high // 2, 2, wide // 2, 2)
    return np.asarray(squares.mean(axis=(1, 3)), dtype=np.float32)
