"""Opening a user's picture without trusting it: its format, its size, its colours, its frames."""

from __future__ import annotations

import contextlib
import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms

from nemovideo_nodes.render.unusable import NO_MEMORY, TooLargePicture, UnusableMedia

__all__ = [
    "FORMATS",
    "MAX_PIXELS",
    "check_colours",
    "check_pixels",
    "frame_numbers",
    "in_srgb",
    "open_image",
    "opened",
    "orientation_of",
    "shape_of",
    "shown_size",
    "upright",
]

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
"""The only decoders that a user's file may reach: an EPS named .jpg would start Ghostscript."""

MAX_PIXELS = 50_000_000
"""More is refused before it is decoded; Pillow's own limit only raises at twice its figure."""

# A JPEG with several pictures, as phones write HDR photographs and as 3D cameras do, is a still:
# Pillow calls it MPO and would play it.
_ANIMATED = ("GIF", "PNG", "WEBP")
_TRANSPOSED = (5, 6, 7, 8)
_SRGB = ImageCms.createProfile("sRGB")

# What Pillow's parsers raise on crafted files, beside OSError.
_BROKEN = (
    *(SyntaxError, ValueError, LookupError, EOFError, TypeError, ArithmeticError, RuntimeError),
    *(AssertionError, AttributeError, struct.error),
)


@contextmanager
def opened(
    path: Path, name: str | None = None, formats: tuple[str, ...] = FORMATS
) -> Iterator[Image.Image]:
    """The image at `path`, header checked and pixels not yet decoded; UnusableMedia if unusable.

    Errors while the block decodes it become UnusableMedia as well. `name` is what the sentences
    call the file.
    """
    name = name or path.name
    kinds = "JPG, PNG, WEBP or GIF" if formats == FORMATS else " or ".join(formats)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of data beside the picture, such as EXIF
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=formats) as image:
                check_pixels(name, image.width, image.height)
                yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TooLargePicture(name, f"it has too many pixels; {_LIMIT}") from None
    except (FileNotFoundError, PermissionError):
        raise
    except OSError:
        raise UnusableMedia(
            name, f"it is damaged and cannot be read as a {kinds} picture: export it again"
        ) from None
    except MemoryError:
        raise UnusableMedia(name, NO_MEMORY) from None
    except _BROKEN:
        raise UnusableMedia(name, "the picture is damaged: export it again") from None


_LIMIT = f"at most {MAX_PIXELS // 1_000_000} million can be used: make it smaller"


def check_pixels(name: str, width: int, height: int) -> None:
    """Refuse a picture of more than `MAX_PIXELS`."""
    if width * height > MAX_PIXELS:
        millions = f"{width * height / 1e6:.0f} million"
        raise TooLargePicture(name, f"it has {width} x {height} pixels ({millions}); {_LIMIT}")


def check_colours(image: Image.Image) -> None:
    """Raise what `in_srgb` would raise for a decoded picture, without converting all of it."""
    _ = image.has_transparency_data  # asks for the palette, which may be missing
    in_srgb(image.crop((0, 0, 1, 1)))


def open_image(path: Path, at_least: int | None = None) -> Image.Image:
    """The image at `path`, upright, its first frame, as RGB or RGBA; UnusableMedia if unusable.

    A JPEG may be decoded smaller (much faster), with no side under `at_least` pixels.
    """
    with opened(path) as image:
        if at_least:
            image.draft("RGB", (at_least, at_least))
        image.load()
        return in_srgb(upright(image, orientation_of(image)))


def orientation_of(image: Image.Image) -> int:
    """The picture's EXIF orientation, 1 to 8: 1 is upright, also where it cannot be read."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except _BROKEN:  # the picture itself may be as good as any other
        return 1
    return orientation if isinstance(orientation, int) and orientation in _TURNS else 1


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """`image` turned and mirrored so that it is seen as it was meant.

    The orientation is given because Pillow knows it for the first frame of an animation alone.
    """
    method = _TURNS.get(orientation)
    return image if method is None else image.transpose(method)


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def shown_size(path: Path) -> tuple[int, int]:
    """Width and height of the picture at `path` as it is seen; reads its header alone."""
    with opened(path) as image:
        width, height = image.size
        return (height, width) if orientation_of(image) in _TRANSPOSED else (width, height)


def shape_of(path: Path) -> float:
    """Width by height of the picture at `path` as it is seen."""
    width, height = shown_size(path)
    return width / height


def frame_numbers(image: Image.Image) -> range:
    """The numbers of the frames that play, for `Image.seek`; a still has one.

    A PNG's first picture may be there only for programs that do not play animations.
    """
    count = getattr(image, "n_frames", 1) if image.format in _ANIMATED else 1
    first = 1 if count > 1 and getattr(image, "default_image", False) else 0
    return range(first, count)


def in_srgb(image: Image.Image) -> Image.Image:
    """`image` as RGB or RGBA in sRGB, by its ICC profile where it has a usable one."""
    profile = image.info.get("icc_profile")
    alpha = None
    if image.has_transparency_data:
        # Grey stays grey: a profile for grey cannot be applied to anything else.
        is_grey = image.mode in ("L", "LA", "La", "1")
        alpha = image.convert("RGBA").getchannel("A")
        image = image.convert("L" if is_grey else "RGBA").convert("L" if is_grey else "RGB")
    if image.mode.startswith("I"):  # 16 bits of grey, which Pillow itself would cut off at 255
        image = Image.fromarray((np.asarray(image).clip(0, 65_535) >> 8).astype(np.uint8))
    if image.mode == "1":
        image = image.convert("L")
    elif image.mode not in ("RGB", "CMYK", "L"):  # a palette has the profile of its colours
        image = image.convert("RGB")
    if profile:
        with contextlib.suppress(ImageCms.PyCMSError, OSError):
            theirs = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            image = ImageCms.profileToProfile(image, theirs, _SRGB, outputMode="RGB") or image
    image = image.convert("RGB")
    if alpha is not None:
        image.putalpha(alpha)
    return image
