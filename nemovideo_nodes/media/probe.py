"""The size of a picture, read without trusting it; needs the extra `video`."""

from __future__ import annotations

from pathlib import Path

__all__ = ["image_size"]


def image_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels as a viewer shows it, so after its EXIF rotation.

    Reads the header alone. UnusableMedia if it is not a JPG, PNG, WEBP or GIF, or has over 50
    million pixels; OSError if it cannot be read.
    """
    from nemovideo_nodes.render.image import shown_size

    return shown_size(path)
