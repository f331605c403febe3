"""The camera stays in the picture and moves without a jerk."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemovideo_nodes.render.motion import view_at
from nemovideo_nodes.render.timeline import MOTIONS


@given(st.sampled_from(MOTIONS), st.floats(0, 1), st.floats(0.01, 600))
def test_a_view_lies_within_the_picture(motion: str, progress: float, seconds: float) -> None:
    """No view reaches over an edge, and none is so close that the plate gets coarse."""
    view = view_at(motion, progress, seconds)
    assert 1 / 1.2 <= view.side <= 1
    assert -1e-9 <= view.left <= view.left + view.side <= 1 + 1e-9
    assert -1e-9 <= view.top <= view.top + view.side <= 1 + 1e-9


@pytest.mark.parametrize("motion", [m for m in MOTIONS if m != "still"])
def test_motion_is_eased_and_never_rests(motion: str) -> None:
    """Steps grow smoothly from the start to the middle and shrink to the end; none is zero."""
    views = [view_at(motion, n / 100, 5) for n in range(101)]
    steps = [abs(a.left - b.left) + abs(a.top - b.top) for a, b in itertools.pairwise(views)]
    assert min(steps) > 0
    assert steps[50] > 1.5 * steps[0]
    assert steps[50] > 1.5 * steps[-1]
    changes = [abs(a - b) for a, b in itertools.pairwise(steps)]
    assert max(changes) < 0.05 * max(steps)


def test_in_and_out_mirror_each_other() -> None:
    """Zooming out is zooming in, backwards."""
    for n in range(11):
        assert view_at("in", n / 10, 4).side == pytest.approx(view_at("out", 1 - n / 10, 4).side)
