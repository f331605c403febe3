"""The camera stays in the picture and moves without a jerk."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemovideo_nodes.render.motion import CENTRE, choose_motions, view_at, zoomed_in
from nemovideo_nodes.render.timeline import MOTIONS

SHARES = st.floats(0, 1)
ROOMS = st.sampled_from([(1.0, 1.0), (1.25, 1.0), (1.0, 1.1)])


@given(st.sampled_from(MOTIONS), SHARES, st.floats(0.01, 600), st.tuples(SHARES, SHARES), ROOMS)
def test_a_view_lies_within_the_picture(
    motion: str,
    progress: float,
    seconds: float,
    focus: tuple[float, float],
    room: tuple[float, float],
) -> None:
    """No view reaches over an edge, and none is so close that the plate gets coarse."""
    whole = view_at(motion, progress, seconds, focus, room)
    for view in (whole, zoomed_in(whole, 1.35)):
        assert -1e-9 <= view.left <= view.left + view.width <= 1 + 1e-9
        assert -1e-9 <= view.top <= view.top + view.height <= 1 + 1e-9
    assert 1 / 1.2 <= whole.width * room[0] <= 1 + 1e-9
    assert whole.width * room[0] == pytest.approx(whole.height * room[1])


@given(st.lists(st.floats(0.2, 5), max_size=30), st.floats(0.4, 2.5))
def test_a_move_is_never_made_twice_in_a_row(shapes: list[float], frame: float) -> None:
    """Neighbours move differently, and only a picture that is long is panned along its length."""
    chosen = choose_motions(shapes, frame)
    assert len(chosen) == len(shapes)
    assert all(a != b for a, b in itertools.pairwise(chosen))
    for motion, shape in zip(chosen, shapes, strict=True):
        assert motion in ("in", "out") or (motion == "across") == (shape > frame)


def test_a_long_picture_is_panned_over_to_its_busier_side() -> None:
    """The pan goes to where the focus is, and a zoom keeps the focus where it was seen."""
    assert choose_motions([1.5, 1.0, 0.5], 1.0) == ["across", "in", "along"]
    for focus, sign in (((0.2, 0.5), -1), ((0.8, 0.5), 1)):
        first, last = (view_at("across", at, 4, focus, (1.25, 1.0)) for at in (0.0, 1.0))
        assert (last.left - first.left) * sign > 0.03
    for progress in (0.0, 0.3, 1.0):
        view = view_at("in", progress, 4, (0.7, 0.2))
        assert (0.7 - view.left) / view.width == pytest.approx(0.7)
        assert (0.2 - view.top) / view.height == pytest.approx(0.2)


@pytest.mark.parametrize("motion", [m for m in MOTIONS if m != "still"])
def test_motion_is_eased_and_never_rests(motion: str) -> None:
    """Steps grow smoothly from the start to the middle and shrink to the end; none is zero."""
    views = [view_at(motion, n / 100, 5, CENTRE) for n in range(101)]
    steps = [abs(a.left - b.left) + abs(a.top - b.top) for a, b in itertools.pairwise(views)]
    assert min(steps) > 0
    assert steps[50] > 1.5 * steps[0]
    assert steps[50] > 1.5 * steps[-1]
    changes = [abs(a - b) for a, b in itertools.pairwise(steps)]
    assert max(changes) < 0.05 * max(steps)


def test_in_and_out_mirror_each_other() -> None:
    """Zooming out is zooming in, backwards."""
    for n in range(11):
        assert view_at("in", n / 10, 4).width == pytest.approx(view_at("out", 1 - n / 10, 4).width)
