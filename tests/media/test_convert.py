"""HEIC and AVIF become JPEG, upright and in the colours that the picture has."""

import importlib.util
from pathlib import Path

import pytest
from PIL import Image

from nemovideo_nodes.media.convert import to_jpeg
from nemovideo_nodes.render.unusable import UnusableMedia

CASES = Path(__file__).parent / "cases"
HAS_HEIF = importlib.util.find_spec("pillow_heif") is not None
needs_heif = pytest.mark.skipif(not HAS_HEIF, reason="needs the extra `heif`")


@pytest.mark.parametrize("ext", [pytest.param("heic", marks=needs_heif), "avif"])
def test_orientation_and_colour_are_kept(ext: str, tmp_path: Path) -> None:
    """The case lies on its side and is in Display P3; the JPEG is upright and in sRGB."""
    to_jpeg(CASES / f"turned_p3.{ext}", tmp_path / "out.jpg")
    with Image.open(tmp_path / "out.jpg", formats=("JPEG",)) as image:
        assert image.size == (48, 64)
        assert image.getexif().get(0x0112, 1) == 1
        assert image.convert("RGB").getpixel((24, 5)) == pytest.approx((255, 255, 255), abs=4)
        assert image.convert("RGB").getpixel((24, 50)) == pytest.approx((217, 42, 52), abs=4)
    assert [path.name for path in tmp_path.iterdir()] == ["out.jpg"]


def test_what_is_transparent_becomes_white(tmp_path: Path) -> None:
    """JPEG knows no transparency."""
    Image.new("RGBA", (32, 32), (0, 0, 0, 0)).save(tmp_path / "a.avif")
    to_jpeg(tmp_path / "a.avif", tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg", formats=("JPEG",)) as image:
        assert image.getpixel((10, 10)) == pytest.approx((255, 255, 255), abs=3)


@needs_heif
def test_a_damaged_picture_leaves_nothing(tmp_path: Path) -> None:
    """One sentence with the name that it is given, and no file."""
    with pytest.raises(UnusableMedia, match="holiday"):
        to_jpeg(CASES / "IMG_0001.HEIC", tmp_path / "out.jpg", "holiday.heic")
    assert not list(tmp_path.iterdir())
