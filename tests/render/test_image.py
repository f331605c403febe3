"""User's pictures open upright and in the right colours; hostile ones are refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.render.image import open_image

RED, WHITE, BLACK = (255, 0, 0), (255, 255, 255), (0, 0, 0)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_each_format_is_read(kind: str, tmp_path: Path) -> None:
    """JPG, PNG, WEBP and GIF open whatever the file is called."""
    Image.new("RGB", (40, 30), RED).save(tmp_path / "file", kind)
    image = open_image(tmp_path / "file")
    assert (image.size, image.mode) == ((40, 30), "RGB")


def test_a_photograph_is_turned_as_its_exif_says(tmp_path: Path) -> None:
    """Orientation 6 (turned right) shows a landscape file as portrait, left edge on top."""
    image = Image.new("RGB", (60, 40), BLACK)
    ImageDraw.Draw(image).rectangle((0, 0, 15, 40), fill=WHITE)
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "p.jpg", exif=exif, quality=95)
    upright = open_image(tmp_path / "p.jpg").convert("L")
    assert upright.size == (40, 60)
    assert upright.getpixel((20, 3)) == 255
    assert upright.getpixel((20, 56)) == 0


def test_colours_follow_the_profile(tmp_path: Path) -> None:
    """A picture whose profile has red and blue changed over is shown the right way round."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # The colorants of red and blue change places; the profile stays a valid one.
    red, blue = srgb.index(b"rXYZ"), srgb.index(b"bXYZ")
    swapped = bytearray(srgb)
    swapped[red : red + 4], swapped[blue : blue + 4] = b"bXYZ", b"rXYZ"
    Image.new("RGB", (40, 40), RED).save(tmp_path / "p.png", icc_profile=bytes(swapped))
    assert open_image(tmp_path / "p.png").getpixel((5, 5)) == pytest.approx((0, 0, 255), abs=3)
    for useless in (lab, b"no profile"):
        Image.new("RGB", (40, 40), RED).save(tmp_path / "p.png", icc_profile=useless)
        assert open_image(tmp_path / "p.png").getpixel((5, 5)) == RED


def test_sixteen_bits_are_not_cut_off(tmp_path: Path) -> None:
    """Grey of 16 bits keeps its shades."""
    Image.fromarray(np.full((20, 20), 0x8000, np.uint16)).save(tmp_path / "p.png")
    assert open_image(tmp_path / "p.png").getpixel((5, 5)) == (128, 128, 128)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        b"BM" + bytes(60),
        b"\x89PNG\r\n\x1a\n" + bytes(40),
        b"\xff\xd8\xff\xe0" + bytes(100),
        b"GIF89a" + bytes(20),
        b"RIFF\x10\x00\x00\x00WEBPVP8 " + bytes(30),
    ],
)
def test_what_is_no_picture_is_refused(content: bytes, tmp_path: Path) -> None:
    """EPS, BMP, empty and broken files give one sentence with the file's name."""
    (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(BadInput, match=r"photo\.jpg"):
        open_image(tmp_path / "photo.jpg")


def test_a_cut_picture_is_refused(tmp_path: Path, rng: np.random.Generator) -> None:
    """Half a JPEG is no picture."""
    Image.fromarray(rng.integers(0, 255, (200, 200, 3), np.uint8)).save(tmp_path / "whole.jpg")
    whole = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "half.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match=r"half\.jpg"):
        open_image(tmp_path / "half.jpg")


def test_a_picture_over_the_limit_is_refused_before_decoding(tmp_path: Path) -> None:
    """More than 50 million pixels, which deflate to nothing, are an error that says the limit."""
    Image.new("1", (8000, 6300)).save(tmp_path / "huge.png")
    with pytest.raises(BadInput, match="50 million"):
        open_image(tmp_path / "huge.png")


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    """A file that is not there is the caller's to explain."""
    with pytest.raises(FileNotFoundError):
        open_image(tmp_path / "none.png")
