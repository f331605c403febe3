"""User's pictures open upright and in the right colours; hostile ones are refused."""

from pathlib import Path
from typing import Any

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


P3 = Path(__file__).parents[1] / "media" / "cases" / "p3_palette.png"


@pytest.mark.parametrize("mode", ["P", "RGB", "RGBA", "PA"])
def test_a_wide_gamut_is_converted_in_each_mode(mode: str, tmp_path: Path) -> None:
    """A palette has the profile of its colours; transparency stays."""
    with Image.open(P3, formats=("PNG",)) as case:
        profile = case.info["icc_profile"]
        picture = case.convert(mode) if mode != "PA" else case.copy()
    extra: dict[str, Any] = {"transparency": 255} if mode == "PA" else {}
    picture.save(tmp_path / "p.png", icc_profile=profile, **extra)
    found = open_image(tmp_path / "p.png").convert("RGBA").getpixel((5, 5))
    assert found == pytest.approx((217, 42, 52, 255), abs=3)


def gamma_profile(space: bytes, curve: int) -> bytes:
    """A small profile for grey: its white point, and a curve of gamma `curve` / 256."""
    text = b"desc" + bytes(4) + (2).to_bytes(4, "big") + b"g\0" + bytes(79)
    white = b"XYZ " + bytes(4) + bytes.fromhex("0000f6d6000100000000d32d")
    gamma = b"curv" + bytes(4) + (1).to_bytes(4, "big") + curve.to_bytes(2, "big") + bytes(2)
    tags = {b"desc": text + bytes(-len(text) % 4), b"wtpt": white, b"kTRC": gamma}
    at, table, body = 132 + 12 * len(tags), b"", b""
    for name, content in tags.items():
        table += name + (at + len(body)).to_bytes(4, "big") + len(content).to_bytes(4, "big")
        body += content
    rest = len(tags).to_bytes(4, "big") + table + body
    head = bytearray(128)
    head[0:4] = (128 + len(rest)).to_bytes(4, "big")
    head[8:12], head[12:16], head[16:20] = b"\x02\x10\0\0", b"mntr", space
    head[20:24], head[36:40] = b"XYZ ", b"acsp"
    head[68:80] = bytes.fromhex("0000f6d6000100000000d32d")
    return bytes(head) + rest


@pytest.mark.parametrize("mode", ["L", "LA", "1"])
def test_a_profile_for_grey_is_applied(mode: str, tmp_path: Path) -> None:
    """A linear grey of 50 % is seen as about 188, with transparency or without."""
    shade = 255 if mode == "1" else 128
    picture = Image.new("LA" if mode == "LA" else "L", (20, 20), (shade, 99)[: len(mode)])
    picture.convert(mode).save(tmp_path / "p.png", icc_profile=gamma_profile(b"GRAY", 256))
    found = open_image(tmp_path / "p.png")
    seen = 255 if mode == "1" else 188
    assert found.convert("L").getpixel((5, 5)) == pytest.approx(seen, abs=3)
    clear: Any = found.convert("RGBA").getpixel((5, 5))
    assert clear[3] == (99 if mode == "LA" else 255)


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


def test_broken_data_beside_the_picture_is_passed_over(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    """Broken EXIF, as some phones write it, is no damage, and nobody is told of it."""
    Image.new("RGB", (40, 30), RED).save(tmp_path / "p.jpg")
    plain = (tmp_path / "p.jpg").read_bytes()
    exif = b"\xff\xe1\x00\x20Exif\0\0MM\0*\xff\xff\xff\xff" + b"\0" * 16
    (tmp_path / "p.jpg").write_bytes(plain[:2] + exif + plain[2:])
    assert open_image(tmp_path / "p.jpg").size == (40, 30)
    assert not recwarn.list
