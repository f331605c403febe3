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


@pytest.mark.parametrize("kind", ["wipe", "slide"])
def test_half_way_each_has_a_side(kind: str) -> None:
    """The old picture on one side, the new one on the other, luma and chroma at one edge."""
    y, u, _ = painted(kind, 0.5)
    first, last = (LIGHT, DARK) if kind == "wipe" else (DARK, LIGHT)
    assert (y[:, :10] == first).all()
    assert (y[:, -10:] == last).all()
    assert np.abs(y[::2, ::2].astype(int) - u).max() <= (12 if kind == "wipe" else 0)


def test_a_dip_goes_through_black() -> None:
    """Half way nothing else is seen."""
    for plane, value in zip(painted("dip", 0.5), (16, 128, 128), strict=True):
        assert (plane == value).all()


@pytest.mark.parametrize("kind", ["crossfade", "zoom", "nothing that exists"])
def test_the_rest_fade(kind: str) -> None:
    """Half way both are seen alike."""
    for plane in painted(kind, 0.5):
        assert np.abs(plane.astype(int) - (DARK + LIGHT) // 2).max() <= 1


def test_a_zoom_begins_and_ends_at_the_usual_size() -> None:
    """The old picture grows from its size, the new one shrinks to its own."""
    assert zoom_factors("zoom", 0.0)[0] == zoom_factors("zoom", 1.0)[1] == 1.0
    assert zoom_factors("zoom", 1.0)[0] == zoom_factors("zoom", 0.0)[1] > 1.2
    assert zoom_factors("wipe", 0.5) == (1.0, 1.0)
