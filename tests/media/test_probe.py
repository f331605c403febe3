"""A picture's size is read safely and as it is seen."""

from pathlib import Path

import pytest
from PIL import Image

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.media.probe import image_size


def test_the_size_is_that_of_the_upright_picture(tmp_path: Path) -> None:
    """A photograph that its EXIF turns by 90 degrees swaps its sides."""
    exif = Image.Exif()
    exif[0x0112] = 8
    Image.new("RGB", (60, 40)).save(tmp_path / "turned.jpg", exif=exif)
    Image.new("RGB", (60, 40)).save(tmp_path / "plain.webp")
    assert image_size(tmp_path / "turned.jpg") == (40, 60)
    assert image_size(tmp_path / "plain.webp") == (60, 40)


def test_a_hostile_picture_is_refused(tmp_path: Path) -> None:
    """Too many pixels, and formats beyond the four, are the user's error."""
    Image.new("1", (8_000, 6_300)).save(tmp_path / "huge.png")
    Image.new("RGB", (4, 4)).save(tmp_path / "photo.jpg", "TIFF")
    for name in ("huge.png", "photo.jpg"):
        with pytest.raises(BadInput, match=name):
            image_size(tmp_path / name)
