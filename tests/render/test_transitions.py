"""Each transition goes from the one picture to the other, in its own way."""

import numpy as np
import pytest

from nemovideo_nodes.render.sample import Canvas, Planes
from nemovideo_nodes.render.timeline import TRANSITIONS
from nemovideo_nodes.render.transitions import paint_transition, zoom_factors

WIDTH, HEIGHT = 80, 40
DARK, LIGHT = 60, 180


def planes(value: int) -> Planes:
    half = (HEIGHT // 2, WIDTH // 2)
    return (
        np.full((HEIGHT, WIDTH), value, np.int16),
        np.full(half, value, np.int16),
        np.full(half, value, np.int16),
    )


def painted(kind: str, share: float) -> Canvas:
    half = (HEIGHT // 2, WIDTH // 2)
    canvas = (
        np.full((HEIGHT, WIDTH), 1, np.uint8),
        np.full(half, 1, np.uint8),
        np.full(half, 1, np.uint8),
    )
    paint_transition(kind, planes(DARK), planes(LIGHT), share, canvas)
    return canvas


@pytest.mark.parametrize("kind", TRANSITIONS)
def test_it_begins_with_the_old_and_ends_with_the_new(kind: str) -> None:
    """At either end one of the two is seen whole, in every plane."""
    assert all((plane == DARK).all() for plane in painted(kind, 0.0))
    assert all((plane == LIGHT).all() for plane in painted(kind, 1.0))


@pytest.mark.parametrize("kind", ["wipe", "slide", "push"])
def test_half_way_each_has_a_side(kind: str) -> None:
    """The old picture on one side, the new one on the other, luma and chroma at one edge."""
    y, u, _ = painted(kind, 0.5)
    first, last = (LIGHT, DARK) if kind == "wipe" else (DARK, LIGHT)
    assert (y[:, :10] == first).all()
    assert (y[:, -10:] == last).all()
    assert np.abs(y[::2, ::2].astype(int) - u).max() <= (12 if kind == "wipe" else 0)


@pytest.mark.parametrize(("kind", "colour"), [("dip", (16, 128, 128)), ("flash", (235, 128, 128))])
def test_a_dip_goes_through_its_colour(kind: str, colour: tuple[int, int, int]) -> None:
    """Half way nothing is seen but black, or white."""
    for plane, value in zip(painted(kind, 0.5), colour, strict=True):
        assert (plane == value).all()


@pytest.mark.parametrize("kind", ["crossfade", "zoom", "nothing that exists"])
def test_the_rest_fade(kind: str) -> None:
    """Half way both are seen alike."""
    for plane in painted(kind, 0.5):
        assert np.abs(plane.astype(int) - (DARK + LIGHT) // 2).max() <= 1


def halves() -> Planes:
    """Dark on the left, light on the right."""
    made = planes(DARK)
    for plane in made:
        plane[:, plane.shape[1] // 2 :] = LIGHT
    return made


def test_a_spin_turns_the_old_away_and_the_new_upright() -> None:
    """Half way the old lies on its side, and the new one on the other side."""
    half = (HEIGHT // 2, WIDTH // 2)
    canvas = np.empty((HEIGHT, WIDTH), np.uint8), np.empty(half, np.uint8), np.empty(half, np.uint8)
    paint_transition("spin", halves(), halves(), 0.4999, canvas)
    before = [
        plane[: len(plane) // 3].mean() - plane[-len(plane) // 3 :].mean() for plane in canvas
    ]
    paint_transition("spin", halves(), halves(), 0.5001, canvas)
    after = [plane[: len(plane) // 3].mean() - plane[-len(plane) // 3 :].mean() for plane in canvas]
    for old, new in zip(before, after, strict=True):
        assert abs(old) > 60
        assert new == pytest.approx(-old, abs=8)


def test_a_glitch_shows_bands_of_both() -> None:
    """Half way some rows are of the old picture, some of the new; the same in every run."""
    y, _, _ = painted("glitch", 0.5)
    assert {DARK, LIGHT} == set(np.unique(y))
    assert (y == painted("glitch", 0.5)[0]).all()
    assert (y != painted("glitch", 0.7)[0]).any()


def test_a_zoom_begins_and_ends_at_the_usual_size() -> None:
    """The old picture grows from its size, the new one shrinks to its own."""
    assert zoom_factors("zoom", 0.0)[0] == zoom_factors("zoom", 1.0)[1] == 1.0
    assert zoom_factors("zoom", 1.0)[0] == zoom_factors("zoom", 0.0)[1] > 1.2
    assert zoom_factors("wipe", 0.5) == (1.0, 1.0)
