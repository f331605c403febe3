"""HEIC and AVIF pictures made into JPEG, which the service takes.

HEIC needs the extra `heif`; AVIF is read by Pillow itself where its wheel has the decoder.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nemovideo_nodes.media.sniff import MediaType

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["can_read", "check_convertible", "to_jpeg"]

_FORMATS = ("HEIF", "AVIF")
_QUALITY = 95


def can_read(media: MediaType) -> bool:
    """Whether pictures of this type (one of `sniff.CONVERTIBLE`) can be converted here."""
    if importlib.util.find_spec("PIL") is None or importlib.util.find_spec("numpy") is None:
        return False
    if media.ext == "heic":
        return importlib.util.find_spec("pillow_heif") is not None
    from PIL import features

    return bool(features.check("avif"))


def check_convertible(path: Path, name: str | None = None) -> None:
    """Decode the picture at `path`; UnusableMedia if it cannot be, or is too large."""
    with _opened(path, name) as image:
        image.load()


def to_jpeg(path: Path, target: Path, name: str | None = None) -> None:
    """Write the HEIC or AVIF picture at `path` to `target` as a JPEG: upright and in sRGB.

    What is transparent becomes white. The file appears at `target` complete or not at all. `name`
    is what the sentences call the picture. Raises UnusableMedia, or OSError where it cannot be
    written.
    """
    from PIL import Image

    from nemovideo_nodes.render.image import in_srgb, orientation_of, upright

    with _opened(path, name) as image:
        image.load()
        picture = in_srgb(upright(image, orientation_of(image)))
    if picture.mode == "RGBA":
        white = Image.new("RGB", picture.size, (255, 255, 255))
        white.paste(picture, mask=picture.getchannel("A"))
        picture = white
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            picture.save(file, "JPEG", quality=_QUALITY, subsampling=0)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _opened(path: Path, name: str | None) -> Iterator[Image.Image]:
    from nemovideo_nodes.render.image import opened

    if importlib.util.find_spec("pillow_heif") is not None:
        from pillow_heif import register_heif_opener

        register_heif_opener()
    with opened(path, name, _FORMATS) as image:
        yield image
