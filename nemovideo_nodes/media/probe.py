"""The size of a picture, read without trusting it; needs the extra `video`."""

from __future__ import annotations

from pathlib import Path

__all__ = ["image_size"]

_TURNED = (5, 6, 7, 8)
_ORIENTATION = 0x0112


def image_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels as a viewer shows it, so after its EXIF rotation.

    Reads the header alone. BadInput if it is no JPG, PNG, WEBP or GIF, or over 50 million
    pixels; OSError if it cannot be read.
    """
    from nemovideo_nodes.render.image import opened

    with opened(path) as image:
        width, height = image.size
        turned = image.getexif().get(_ORIENTATION) in _TURNED
        return (height, width) if turned else (width, height)
