"""A clip's frames are seen as they were meant: upright, mirrored back, in the right colours."""

from __future__ import annotations

import itertools
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from PIL import Image

from nemovideo_nodes.render.clip import Animation, Clip
from nemovideo_nodes.render.footage import FrameConverter, shown_size
from nemovideo_nodes.render.image import open_image

CASES = Path(__file__).parents[1] / "media" / "cases"
RED, GREEN, BLUE = (217, 28, 28), (29, 200, 61), (36, 87, 155)


def first_frame(path: Path) -> av.VideoFrame:
    with av.open(str(path)) as container:
        return next(container.decode(video=0))


def matrix_bytes(*values: int) -> bytes:
    a, b, c, d = (value * 65_536 for value in values)
    return np.array([a, b, 0, c, d, 0, 0, 0, 1 << 30], ">i4").tobytes()


def with_matrix(path: Path, out: Path, *values: int) -> Path:
    """A copy of the mirrored case with another display matrix."""
    content = path.read_bytes()
    old = matrix_bytes(-1, 0, 0, 1)
    assert content.count(old) == 1
    out.write_bytes(content.replace(old, matrix_bytes(*values)))
    return out


def expected(picture: Image.Image, a: int, b: int, c: int, d: int) -> np.ndarray:
    """The pixel at (x, y) of the stored picture goes to (ax + cy, bx + dy)."""
    rows = np.asarray(picture)
    if not a:
        rows = rows.swapaxes(0, 1)
        across, down = c, b
    else:
        across, down = a, d
    return rows[::down, ::across]


def colour(picture: Image.Image, at: tuple[int, int]) -> tuple[int, ...]:
    found = picture.getpixel(at)
    assert isinstance(found, tuple)
    return found


SIGNS = list(itertools.product((1, -1), repeat=2))
MATRICES = [(a, 0, 0, d) for a, d in SIGNS] + [(0, b, c, 0) for b, c in SIGNS]


@pytest.mark.parametrize("matrix", MATRICES)
def test_the_whole_display_matrix_is_applied(matrix: tuple[int, ...], tmp_path: Path) -> None:
    """Each of the eight ways in which a clip may lie, as a picture and as a clip's planes."""
    path = with_matrix(CASES / "rotmirror.mp4", tmp_path / "a.mp4", *matrix)
    frame = first_frame(path)
    stored = Image.fromarray(frame.to_ndarray(format="rgb24"))
    shown = FrameConverter().picture(frame)
    wanted = expected(stored, *matrix)
    assert shown.size == wanted.shape[1::-1]
    assert tuple(shown_size(frame)) == shown.size
    assert np.abs(np.asarray(shown).astype(int) - wanted).mean() < 3
    luma = FrameConverter().planes(frame, *shown.size)[0].astype(int)
    grey = np.asarray(shown.convert("L")).astype(int)
    assert np.corrcoef(luma.ravel(), grey.ravel())[0, 1] > 0.98


def test_pixels_that_are_not_square_are_widened(tmp_path: Path) -> None:
    """DVD and HDV clips say how wide their pixels are."""
    frame = first_frame(CASES / "rotmirror.mp4")
    assert shown_size(frame, 4 / 3) == pytest.approx((320 * 4 / 3, 240))
    assert shown_size(frame, 4_000) == (320, 240)


@pytest.mark.parametrize("transfer", [ColorTrc.ARIB_STD_B67, ColorTrc.SMPTE2084])
def test_hdr_is_mapped_to_the_range_of_a_screen(transfer: ColorTrc) -> None:
    """White as bright as HLG's or PQ's reference becomes near white, grey stays grey."""
    level = 721 if transfer is ColorTrc.ARIB_STD_B67 else 573  # 75 % of HLG; 203 cd/m² in PQ
    frame = av.VideoFrame(64, 48, "yuv420p10le")
    for plane, value in zip(frame.planes, (level, 512, 512), strict=True):
        plane.update(np.full(plane.buffer_size // 2, value, "<u2").tobytes())
    frame.colorspace, frame.color_range = Colorspace.BT2020, ColorRange.MPEG
    frame.color_trc, frame.color_primaries = transfer, ColorPrimaries.BT2020
    red, green, blue = colour(FrameConverter().picture(frame), (20, 20))
    assert 195 <= green <= 255
    assert max(red, green, blue) - min(red, green, blue) <= 3


def test_a_phones_hlg_clip_has_bright_whites_and_clear_reds() -> None:
    """Shown without mapping, white was 190 and red (163, 63, 40)."""
    picture = FrameConverter().picture(first_frame(CASES / "phone_hlg.mov"))
    assert min(colour(picture, (10, 100))) >= 245
    red, green, blue = colour(picture, (180, 100))
    assert red >= 210
    assert max(green, blue) <= 60
    frame = np.zeros((240, 320), np.uint8)
    half = np.zeros((120, 160), np.uint8)
    clip = Clip(CASES / "phone_hlg.mov", 320, 240)
    clip.draw(0.0, (frame, half, half.copy()))
    clip.close()
    assert frame[100, 10] >= 225


def test_an_animation_is_upright_in_each_frame() -> None:
    """Its EXIF turns every frame, not only the first."""
    moving = Animation.of(CASES / "anim_orient6.png")
    assert moving is not None
    for number in range(2):
        frame = moving.frame(number).convert("RGB")
        assert frame.size == (240, 320)
        assert frame.getpixel((10, 10)) == pytest.approx(RED, abs=12)
        assert frame.getpixel((120, 80)) == pytest.approx(GREEN, abs=12)


def test_a_photograph_with_a_gain_map_stands_still() -> None:
    """Its second picture is for HDR screens, and not another frame."""
    path = CASES / "phone_gainmap.jpg"
    assert Animation.of(path) is None
    assert open_image(path).getpixel((20, 20)) == pytest.approx(RED, abs=12)


def test_a_default_picture_is_not_part_of_the_animation(tmp_path: Path) -> None:
    """A PNG's first picture may be meant for programs that do not play animations."""
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
    first, *rest = [Image.new("RGB", (8, 8), colour) for colour in colours]
    first.save(
        tmp_path / "a.png", save_all=True, append_images=rest, default_image=True, duration=100
    )
    moving = Animation.of(tmp_path / "a.png")
    assert moving is not None
    assert [moving.frame(n).getpixel((4, 4)) for n in range(2)] == colours[1:]
    assert moving.number_at(250) == 0
