"""Opening a user's picture without trusting it: its format, its size, its colours."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps

from nemovideo_nodes.errors import BadInput, TooManyPixels

__all__ = ["MAX_PIXELS", "in_srgb", "open_image", "opened", "shape_of"]

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
"""The only decoders that a user's file may reach: an EPS named .jpg would start Ghostscript."""

MAX_PIXELS = 50_000_000
"""More is refused before it is decoded; Pillow's own limit only raises at twice its figure."""

_SRGB = ImageCms.createProfile("sRGB")

# What Pillow's parsers raise on crafted files, beside OSError.
_BROKEN = (SyntaxError, ValueError, LookupError, EOFError, TypeError, ArithmeticError)


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
                    raise TooManyPixels(f"{name} has {image.width}x{image.height} pixels; {limit}.")
                yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TooManyPixels(f"{name} is too large; {limit}.") from None
    except (FileNotFoundError, PermissionError):
        raise
    except OSError:
        raise BadInput(f"{name} cannot be read as a JPG, PNG, WEBP or GIF picture.") from None
    except MemoryError:
        raise BadInput(f"{name} needs more memory than there is.") from None
    except _BROKEN:
        raise BadInput(f"{name} is a broken picture.") from None


def open_image(path: Path, at_least: int | None = None) -> Image.Image:
    """The image at `path`, upright, its first frame, as RGB or RGBA; BadInput if unusable.

    A JPEG may be decoded smaller (much faster), with no side under `at_least` pixels.
    """
    with opened(path) as image:
        if at_least:
            image.draft("RGB", (at_least, at_least))
        return in_srgb(ImageOps.exif_transpose(image))


def shape_of(path: Path) -> float:
    """Width by height of the picture at `path` as it is seen; reads its header alone."""
    with opened(path) as image:
        turned = image.getexif().get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
        return image.height / image.width if turned else image.width / image.height


def in_srgb(image: Image.Image) -> Image.Image:
    """`image` as RGB or RGBA in sRGB, by its ICC profile where it has a usable one."""
    alpha = None
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
    if image.mode.startswith("I"):  # 16 bits of grey, which Pillow itself would cut off at 255
        image = Image.fromarray((np.asarray(image).clip(0, 65_535) >> 8).astype(np.uint8))
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "RGBA", "CMYK", "L"):
        with contextlib.suppress(ImageCms.PyCMSError, OSError):
            ours = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            image = image.convert("RGB") if image.mode == "RGBA" else image
            image = ImageCms.profileToProfile(image, ours, _SRGB, outputMode="RGB") or image
    image = image.convert("RGB")
    if alpha is not None:
        image.putalpha(alpha)
    return image
