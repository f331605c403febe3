"""User's pictures become plates: upright, in shape, in the right colours; hostile ones do not."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageDraw

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.render import picture
from nemovideo_nodes.render.picture import backdrop, busiest, load, open_image

RED, WHITE, BLACK = (255, 0, 0), (255, 255, 255), (0, 0, 0)


def luma(plate: picture.Plate) -> NDArray[np.int16]:
    """The plate's Y as [y, x]."""
    return plate.y.T


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        (BLACK, (16, 128, 128)),
        (WHITE, (235, 128, 128)),
        (RED, (63, 102, 240)),
        ((0, 255, 0), (173, 42, 26)),
        ((0, 0, 255), (32, 240, 118)),
    ],
)
def test_colours_are_bt709_limited(
    colour: tuple[int, int, int], expected: tuple[int, int, int], tmp_path: Path
) -> None:
    """The primaries give the standard's own Y, U and V."""
    Image.new("RGB", (90, 160), colour).save(tmp_path / "c.png")
    plate = load(tmp_path / "c.png", 90, 160)
    for plane, value in zip((plate.y, plate.u, plate.v), expected, strict=True):
        assert np.abs(plane - value).max() <= 1


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


@pytest.mark.parametrize(("ink", "light"), [(BLACK, True), (WHITE, False)])
def test_a_cut_out_gets_a_ground_that_it_stands_out_from(
    ink: tuple[int, int, int], light: bool, tmp_path: Path
) -> None:
    """A dark cut-out lies on a light ground and a light one on a dark ground."""
    image = Image.new("RGBA", (90, 160), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((20, 50, 70, 110), fill=(*ink, 255))
    image.save(tmp_path / "cut.png")
    corner = int(luma(load(tmp_path / "cut.png", 90, 160))[2, 2])
    assert corner > 200 if light else corner < 60


def test_a_cut_out_may_stand_on_a_chosen_colour(tmp_path: Path) -> None:
    """The draft's background is what is seen around it."""
    Image.new("RGBA", (90, 160), (0, 0, 0, 0)).save(tmp_path / "cut.png")
    plate = load(tmp_path / "cut.png", 90, 160, ground=RED)
    assert (plate.y[2, 2], plate.u[1, 1], plate.v[1, 1]) == pytest.approx((63, 102, 240), abs=1)


def test_by_wish_a_picture_of_another_shape_fills_the_frame(tmp_path: Path) -> None:
    """It is cut about its busiest place, and nothing of a blur is seen."""
    image = Image.new("RGB", (1200, 400), BLACK)
    ImageDraw.Draw(image).rectangle((900, 100, 1100, 300), fill=WHITE)
    image.save(tmp_path / "wide.png")
    y = luma(load(tmp_path / "wide.png", 90, 160, fills=True))
    assert (y[: y.shape[0] // 5] == 16).all()
    assert 0.5 < (y[y.shape[0] // 2] > 200).mean() < 1


def test_another_shape_is_filled_with_blur_and_never_stretched(tmp_path: Path) -> None:
    """A circle in a wide picture stays a circle in a tall frame, with a calm fill around."""
    image = Image.new("RGB", (1200, 500), (90, 90, 90))
    ImageDraw.Draw(image).ellipse((500, 150, 700, 350), fill=WHITE)
    image.save(tmp_path / "wide.png")
    y = luma(load(tmp_path / "wide.png", 270, 480))
    bright = np.argwhere(y > 200)
    high, wide = np.ptp(bright, axis=0)
    assert abs(int(high) - int(wide)) <= 2
    assert wide > 50
    assert np.abs(np.diff(y[: y.shape[0] // 5].astype(int), axis=0)).max() < 12


def test_nearly_the_same_shape_fills_the_frame(tmp_path: Path) -> None:
    """A 3:4 picture covers a 9:16 frame: no blur at its edges."""
    stripes = np.indices((800, 600)).sum(0) // 20 % 2 * 255
    Image.fromarray(stripes.astype(np.uint8)).save(tmp_path / "s.png")
    y = luma(load(tmp_path / "s.png", 270, 480)).astype(int)
    assert np.ptp(y[:12]) > 150
    assert np.ptp(y[-12:]) > 150


def test_the_busiest_place_is_found_and_kept(tmp_path: Path) -> None:
    """What stands out at one side of a picture is still whole in a narrower frame."""
    image = Image.new("RGB", (640, 480), (120, 130, 140))
    ImageDraw.Draw(image).ellipse((520, 200, 600, 280), fill=RED)
    across, down = busiest(image)
    assert across == pytest.approx(560 / 640, abs=0.03)
    assert down == pytest.approx(0.5, abs=0.03)
    image.save(tmp_path / "side.png")
    plate = load(tmp_path / "side.png", 360, 360)
    red = plate.v.T > 200
    assert red.sum() == pytest.approx(np.pi * (40 * 468 / 480 / 2) ** 2, rel=0.1)
    assert plate.focus[0] == pytest.approx(np.nonzero(red)[1].mean() / red.shape[1], abs=0.05)


def test_a_picture_that_is_panned_over_keeps_more_of_its_length(tmp_path: Path) -> None:
    """The plate is longer than the frame, and says by how much."""
    Image.new("RGB", (800, 600), RED).save(tmp_path / "p.png")
    plate = load(tmp_path / "p.png", 360, 360, pans=True)
    assert plate.room == pytest.approx((1.25, 1.0), abs=0.01)
    assert load(tmp_path / "p.png", 360, 360).room == (1.0, 1.0)
    assert plate.y.shape[0] == pytest.approx(1.25 * plate.y.shape[1], abs=2)


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


def test_a_shot_without_a_picture_has_a_calm_backdrop() -> None:
    """The backdrop is smooth, the same for the same name and another for another."""
    plate, again, other = backdrop("a", 90, 160), backdrop("a", 90, 160), backdrop("b", 90, 160)
    assert np.abs(np.diff(luma(plate).astype(int), axis=0)).max() <= 4
    assert (plate.u == again.u).all()
    assert (plate.u != other.u).any()
