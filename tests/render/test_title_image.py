"""Titles are drawn, readable on any ground, in both languages, within the safe area."""

from pathlib import Path

import numpy as np
import pytest

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.render.bidi import base_level
from nemovideo_nodes.render.sample import Canvas
from nemovideo_nodes.render.timeline import Shot, Timeline, Title
from nemovideo_nodes.render.title_image import TitleImage, draw_title
from nemovideo_nodes.render.typeface import BUNDLED, Typeface, left_out

PORTRAIT, LANDSCAPE, SQUARE = (540, 960), (960, 540), (540, 540)


def timeline(size: tuple[int, int]) -> Timeline:
    return Timeline(*size, duration=3000, shots=(Shot(None, 0, 3000),))


def drawn(text: str, size: tuple[int, int] = PORTRAIT, place: str = "") -> TitleImage:
    drawing = draw_title(Title(text, 0, 1000, place), timeline(size))
    assert drawing is not None
    return drawing


def canvas(size: tuple[int, int], luma: int) -> Canvas:
    width, height = size
    half = (height // 2, width // 2)
    full = np.full((height, width), luma, np.uint8)
    return full, np.full(half, 90, np.uint8), np.full(half, 200, np.uint8)


@pytest.mark.parametrize("text", ["Summer Sale", "夏日特惠", "サマーセール", "Été — 50 % Größe"])
@pytest.mark.parametrize("ground", [0, 16, 128, 235, 255])
def test_letters_stand_out_on_any_ground(text: str, ground: int) -> None:
    """On every ground there is white inside and dark around it, and nothing wraps over."""
    drawing, frame = drawn(text), canvas(PORTRAIT, ground)
    drawing.blend(frame, 128)
    high, wide = drawing.alpha.shape
    area = frame[0][drawing.top : drawing.top + high, drawing.left : drawing.left + wide]
    assert (area > 225).mean() > 0.02
    solid = (drawing.alpha == 128) & (drawing.shade == 235)
    assert (area[solid] >= 233).all()
    assert solid.sum() > 500
    dark = (drawing.alpha > 90) & (drawing.shade < 20)
    assert (area[dark] < 90).all()
    assert (frame[0][: drawing.top] == ground).all()


@pytest.mark.parametrize("ground", [0, 128, 255])
def test_a_plate_darkens_the_ground_about_the_letters(ground: int) -> None:
    """Around the letters the ground shines through a dark box; outside of it nothing changes."""
    bare, frame = drawn("Sale 特惠"), canvas(PORTRAIT, ground)
    plated = draw_title(Title("Sale 特惠", 0, 1000), timeline(PORTRAIT), plate=True)
    assert plated is not None
    assert (plated.left, plated.top, plated.alpha.shape) == (bare.left, bare.top, bare.alpha.shape)
    plated.blend(frame, 128)
    high, wide = plated.alpha.shape
    area = frame[0][plated.top : plated.top + high, plated.left : plated.left + wide]
    box = (plated.alpha > 70) & (plated.alpha < 90)
    assert box.mean() > 0.2
    assert area[box].max() < 120
    assert (area[plated.alpha == 0] == ground).all()
    assert (area[(plated.alpha == 128) & (plated.shade == 235)] >= 233).all()


@pytest.mark.parametrize(("ground", "lost"), [(40, False), (120, False), (170, True), (235, True)])
def test_white_letters_are_lost_on_bright_ground(ground: int, lost: bool) -> None:
    """By the contrast that WCAG asks of large letters."""
    assert drawn("Sale").is_hard_to_read(canvas(PORTRAIT, ground)[0]) is lost


def test_white_letters_are_lost_on_restless_ground() -> None:
    """Black and white stripes are half dark, and no ground to read from."""
    luma = canvas(PORTRAIT, 16)[0]
    luma[::8] = luma[1::8] = luma[2::8] = 140
    assert drawn("Sale").is_hard_to_read(luma)


def test_chinese_letters_differ_from_each_other() -> None:
    """Each character has a shape of its own, not the box of a missing one."""
    shapes = [drawn(character).alpha for character in "夏日特惠"]
    for index, shape in enumerate(shapes):
        for other in shapes[index + 1 :]:
            assert shape.shape != other.shape or (shape != other).any()


def test_fading_goes_from_nothing_to_all() -> None:
    """Strength 0 changes no pixel, and half of it half as much as all of it."""
    drawing = drawn("Fade")
    frames = [canvas(PORTRAIT, 40) for _ in range(3)]
    for frame, strength in zip(frames, (0, 64, 128), strict=True):
        drawing.blend(frame, strength)
    none, half, full = (frame[0].astype(int) for frame in frames)
    assert (none == 40).all()
    assert np.abs((half - 40) * 2 - (full - 40)).max() <= 4


@pytest.mark.parametrize("size", [PORTRAIT, LANDSCAPE, SQUARE, (64, 64), (16, 16)])
@pytest.mark.parametrize("place", ["", "top", "middle", "bottom"])
def test_a_long_title_stays_within_the_frame(size: tuple[int, int], place: str) -> None:
    """Any length and place keeps the letters inside, even in tiny frames."""
    drawing = drawn("A very long title 一个非常非常长的标题 " * 12, size, place)
    high, wide = drawing.alpha.shape
    assert 0 <= drawing.left <= drawing.left + wide <= size[0]
    assert 0 <= drawing.top <= drawing.top + high <= size[1]
    drawing.blend(canvas(size, 100), 128)


@pytest.mark.parametrize("place", ["", "top", "bottom"])
def test_portrait_keeps_the_platforms_controls_clear(place: str) -> None:
    """No letter lies in the top 14 % or the bottom 35 % of a portrait frame."""
    drawing = drawn("Summer Sale 夏日特惠, everything must go", PORTRAIT, place)
    rows = np.flatnonzero((drawing.alpha == 128).any(axis=1)) + drawing.top
    assert rows[0] >= 0.13 * PORTRAIT[1]
    assert rows[-1] <= 0.66 * PORTRAIT[1]


@pytest.mark.parametrize("text", ["", "  \n ", "\u200b\u200d"])
def test_a_title_of_nothing_is_no_title(text: str) -> None:
    """Text that shows nothing draws nothing."""
    assert draw_title(Title(text, 0, 1000), timeline(PORTRAIT)) is None


def test_a_character_that_no_font_has_is_left_out() -> None:
    """A private-use character takes no place and draws no box."""
    assert Typeface(40).length("a\U000f1234b") == Typeface(40).length("ab")
    assert draw_title(Title("\U000f1234", 0, 1000), timeline(PORTRAIT)) is None


def test_the_bundled_font_comes_first() -> None:
    """Latin and common Chinese are drawn by the bundled font, whatever the system has."""
    runs = list(Typeface(40).runs("Sale 夏日特惠 カナ"))
    assert [run.font.path for run in runs] == [str(BUNDLED)]
    assert BUNDLED.with_name("OFL.txt").read_text().count("SIL OPEN FONT LICENSE") == 1


SCRIPTS = {
    "Arabic": "تخفيضات الصيف",
    "Hebrew": "מבצע קיץ",
    "Thai": "ลดราคาฤดูร้อน",
    "Hindi": "गर्मियों की बिक्री",
    "Persian": "می‌خواهم",
    "Vietnamese": "Giảm giá mùa hè",
    "Ukrainian": "Літній розпродаж",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_script_is_drawn_by_the_bundled_fonts(name: str) -> None:
    """Whatever the system has: nothing is left out, and there are letters to be seen."""
    text = SCRIPTS[name]
    assert left_out(text) == []
    folder = BUNDLED.parent
    runs = list(Typeface(40, base=base_level(text)).runs(text))
    assert {Path(str(run.font.path)).parent for run in runs} == {folder}
    assert (drawn(text).alpha == 128).sum() > 500


def test_arabic_letters_join() -> None:
    """One run from right to left, narrower than its letters one by one."""
    word = "سلام"
    (run,) = Typeface(80, base=1).runs(word)
    assert run.direction == "rtl"
    alone = sum(Typeface(80, base=1).length(letter) for letter in word)
    assert run.length() < 0.9 * alone


def test_hindi_vowels_change_places_and_thai_marks_stack() -> None:
    """The short i is written behind its consonant and drawn before it; a mark takes no room."""
    assert Typeface(80).length("कि") < Typeface(80).length("क") + Typeface(80).length("इ")
    assert Typeface(80).length("ก้") == pytest.approx(Typeface(80).length("ก"), abs=1)


def test_scripts_of_both_directions_meet_in_one_line() -> None:
    """Latin and Chinese keep their order within Arabic, which goes on from the right."""
    text = "خصم Nike 夏 الآن"
    runs = [run.text.strip() for run in Typeface(40, base=base_level(text)).runs(text)]
    assert [run for run in runs if run] == ["الآن", "Nike 夏", "خصم"]


def test_what_no_font_has_is_told() -> None:
    """A character may be several code points; what is left out leaves no gap."""
    text = "Sale \U000f1234 now a\U000f1235\u200d\U000f1236 \U000f1234"
    assert left_out(text) == ["\U000f1234", "\U000f1235\u200d", "\U000f1236"]
    assert left_out("Sale\u200b 夏 –\n مرحبا\u200f!") == []
    with_gap, without = drawn("Sale \U000f1234 now"), drawn("Sale now")
    assert (with_gap.alpha == without.alpha).all()


def test_a_font_that_cannot_be_read_is_the_users_error(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A user's font that is no font is named in one sentence."""
    path = tmp_path_factory.mktemp("font") / "mine.ttf"
    path.write_bytes(b"no font")
    with pytest.raises(BadInput, match=r"mine\.ttf"):
        Typeface(40, path).length("a")
