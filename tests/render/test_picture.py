"""Pictures become plates in the frame's shape and the film's colours."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from nemovideo_nodes.render.picture import Plate, backdrop, busiest, load

RED, WHITE, BLACK = (255, 0, 0), (255, 255, 255), (0, 0, 0)


def luma(plate: Plate) -> NDArray[np.int16]:
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


def test_a_picture_stands_whole_on_a_chosen_colour(tmp_path: Path) -> None:
    """Nothing of it is cut off, whatever its shape, unless it is to fill the frame."""
    image = Image.new("RGB", (160, 120), BLACK)
    ImageDraw.Draw(image).rectangle((0, 0, 159, 119), outline=RED, width=12)
    image.save(tmp_path / "photo.png")
    plate = luma(load(tmp_path / "photo.png", 160, 160, ground=WHITE))
    across = plate[plate.shape[0] // 2]
    assert across[2] == across[-3] == plate[2, 2] == 235
    is_edge = np.abs(across - 63) < 12
    assert is_edge[: across.size // 4].any()
    assert is_edge[-across.size // 4 :].any()
    filled = luma(load(tmp_path / "photo.png", 160, 160, ground=WHITE, fills=True))
    assert filled.max() < 200


def test_a_white_ground_stays_white(tmp_path: Path) -> None:
    """A product picture goes on in its own white where the frame is of another shape."""
    image = Image.new("RGB", (240, 80), (250, 250, 250))
    ImageDraw.Draw(image).ellipse((90, 20, 150, 60), fill=RED)
    image.save(tmp_path / "product.png")
    plate = luma(load(tmp_path / "product.png", 90, 160))
    assert plate[2, 2] == plate[-3, -3] == pytest.approx(230, abs=2)
    ImageDraw.Draw(image).line((0, 0, 239, 0), fill=BLACK, width=3)
    image.save(tmp_path / "lined.png")
    assert luma(load(tmp_path / "lined.png", 90, 160))[2, 2] < 200


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


def test_a_shot_without_a_picture_has_a_calm_backdrop() -> None:
    """The backdrop is smooth, the same for the same name and another for another."""
    plate, again, other = backdrop("a", 90, 160), backdrop("a", 90, 160), backdrop("b", 90, 160)
    assert np.abs(np.diff(luma(plate).astype(int), axis=0)).max() <= 4
    assert (plate.u == again.u).all()
    assert (plate.u != other.u).any()
