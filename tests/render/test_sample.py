"""Reading between the pixels is exact, smooth, and never overflows."""

import numpy as np
import pytest
from numpy.typing import NDArray

from nemovideo_nodes.render.motion import View, view_at
from nemovideo_nodes.render.picture import Plate
from nemovideo_nodes.render.sample import Canvas, Planes, Sampler, mix

WIDTH, HEIGHT = 160, 240


def plate(luma: NDArray[np.float64]) -> Plate:
    """A plate of `luma` ([y, x]) with grey chroma."""
    high, wide = luma.shape
    grey = np.full((wide // 2, high // 2), 128, np.int16)
    return Plate(np.ascontiguousarray(np.rint(luma).astype(np.int16).T), grey, grey.copy())


def planes() -> Planes:
    half = (HEIGHT // 2, WIDTH // 2)
    return np.empty((HEIGHT, WIDTH), np.int16), np.empty(half, np.int16), np.empty(half, np.int16)


def test_a_slope_is_read_exactly_at_float_places() -> None:
    """On a linear slope, linear interpolation gives the slope's own values, to rounding."""
    wide, high = 208, 312
    slope = 16 + np.arange(wide)[None, :] * 0.5 + np.arange(high)[:, None] * 0.25
    grey = np.full((104, 156), 128, np.int16)
    exact = Plate(np.rint(slope).astype(np.int16).T.copy(), grey, grey)
    view = View(0.0713, 0.0391, 0.87, 0.87)
    out = planes()
    Sampler(WIDTH, HEIGHT).draw(exact, view, out)
    x = view.left * wide + (np.arange(WIDTH) + 0.5) * view.width * wide / WIDTH - 0.5
    y = view.top * high + (np.arange(HEIGHT) + 0.5) * view.height * high / HEIGHT - 0.5
    expected = 16 + x[None, :] * 0.5 + y[:, None] * 0.25
    assert np.abs(out[0] - expected).max() < 1.6


@pytest.mark.parametrize("motion", ["in", "out", "left", "down"])
def test_motion_is_smooth_between_pixels(motion: str) -> None:
    """A blob's centre follows the camera's path to within 0.02 pixels in every frame."""
    wide, high = 208, 312
    x, y = np.arange(wide)[None, :] + 0.5, np.arange(high)[:, None] + 0.5
    centre = (110.3, 150.7)
    blob = 16 + 200 * np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * 9**2))
    source, sampler, out = plate(blob), Sampler(WIDTH, HEIGHT), planes()
    errors = []
    for number in range(60):
        view = view_at(motion, number / 60, 5)
        sampler.draw(source, view, out)
        light = out[0] - 16.0
        found = (light.sum(0) @ (np.arange(WIDTH) + 0.5)) / light.sum()
        found_y = (light.sum(1) @ (np.arange(HEIGHT) + 0.5)) / light.sum()
        errors.append(
            (
                found - (centre[0] / wide - view.left) / view.width * WIDTH,
                found_y - (centre[1] / high - view.top) / view.height * HEIGHT,
            )
        )
    jitter = np.diff(np.array(errors), axis=0)
    assert np.abs(jitter).max() < 0.02
    assert np.abs(np.mean(errors, axis=0)).max() < 0.05


def test_the_darkest_beside_the_lightest_does_not_overflow() -> None:
    """A chequered plate of 1 and 254 gives values between the two everywhere."""
    chequered = np.where((np.indices((312, 208)).sum(0) % 2) == 0, 1.0, 254.0)
    out = planes()
    for left in (0.0, 0.01, 0.033, 0.1):
        Sampler(WIDTH, HEIGHT).draw(plate(chequered), View(left, left, 0.9, 0.9), out)
        assert out[0].min() >= 1
        assert out[0].max() <= 254


def test_a_frame_with_padded_lines_is_filled_to_its_edges_only() -> None:
    """Drawing into a view of longer lines leaves the padding alone."""
    lines = np.full((HEIGHT, WIDTH + 32), 77, np.uint8)
    half = np.zeros((HEIGHT // 2, WIDTH // 2), np.uint8)
    canvas: Canvas = (lines[:, :WIDTH], half, half.copy())
    Sampler(WIDTH, HEIGHT).draw(plate(np.full((312, 208), 200.0)), View(0, 0, 1, 1), canvas)
    assert (lines[:, :WIDTH] == 200).all()
    assert (lines[:, WIDTH:] == 77).all()


@pytest.mark.parametrize(("weight", "expected"), [(0, 0), (32, 64), (64, 128), (128, 255)])
def test_mixing_goes_from_one_to_the_other(weight: int, expected: int) -> None:
    """0 keeps the first, 128 gives the second, between them in proportion; both ways."""
    a, b = np.zeros(50, np.int16), np.full(50, 255, np.int16)
    mix(a, b, weight)
    assert (a == expected).all()
    a, b = np.full(50, 255, np.int16), np.zeros(50, np.int16)
    mix(a, b, weight)
    assert np.abs(a - (255 - expected)).max() <= 1
