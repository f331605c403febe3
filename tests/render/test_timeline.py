"""A draft becomes a film, whatever the draft looks like."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.render.motion import AUTO
from nemovideo_nodes.render.timeline import MOTIONS, Timeline, timeline_from_draft


def draft(*segments: dict[str, object], kind: int = 0, **top: object) -> dict[str, object]:
    return {"t": [{"tt": kind, "sg": list(segments)}], **top}


def read(value: dict[str, object], size: tuple[int, int] | None = None) -> Timeline:
    return timeline_from_draft(value, Path, size=size)


def shot(start: int, d: int, **meta: object) -> dict[str, object]:
    return {"d": d, "m": {"src": f"{start}.jpg", "start": start, **meta}}


def test_our_emulators_draft_is_read_as_it_stands() -> None:
    """Times, sources, motions, fades, title, music and canvas come out as the draft says."""
    film = read(
        {
            "t": [
                {
                    "tt": 0,
                    "sg": [
                        shot(0, 5000, motion="out"),
                        shot(4400, 5600, motion="left", transition={"type": "crossfade", "d": 600}),
                    ],
                },
                {"tt": 1, "sg": [{"d": 10000, "m": {"style": "calm", "volume": 0.5, "start": 0}}]},
                {"tt": 7, "sg": [{"d": 3000, "m": {"text": "Urban Dreams", "start": 100}}]},
            ],
            "d": 10000,
            "m": {"canvas": {"w": 1920, "h": 1080}, "fps": 25},
        }
    )
    assert (film.width, film.height, film.fps, film.frames) == (1920, 1080, 25, 250)
    assert [(s.source, s.start, s.end, s.motion, s.fade) for s in film.shots] == [
        (Path("0.jpg"), 0, 5000, "out", 0),
        (Path("4400.jpg"), 4400, 10000, "left", 600),
    ]
    assert [(t.text, t.start, t.end) for t in film.titles] == [("Urban Dreams", 100, 3100)]
    assert [(m.style, m.volume, m.end) for m in film.music] == [("calm", 0.5, 10000)]


def test_a_start_that_is_missing_follows_the_shot_before() -> None:
    """Without `start`, a shot overlaps the end of the one before by its transition."""
    film = read(
        draft({"d": 3000}, {"d": 3000, "m": {"transition": {"type": "crossfade", "d": 500}}})
    )
    assert [(s.start, s.end) for s in film.shots] == [(0, 3000), (2500, 5500)]


def test_a_motion_that_the_draft_does_not_name_is_left_to_the_picture() -> None:
    """Neither is one that nobody knows."""
    film = read(draft({"d": 1000}, {"d": 1000, "m": {"motion": "moonwalk"}}))
    assert [s.motion for s in film.shots] == [AUTO, AUTO]


@pytest.mark.parametrize(
    ("transition", "cuts"),
    [
        ({"type": "wipe"}, ["wipe", "wipe", "wipe"]),
        ("dip_to_black", ["dip", "dip", "dip"]),
        ({"type": "starfish", "d": 500}, ["crossfade", "crossfade", "crossfade"]),
        ({"type": "glitch"}, ["crossfade", "crossfade", "crossfade"]),
    ],
)
def test_a_transition_has_its_kind(transition: object, cuts: list[str]) -> None:
    """Unknown ones are crossfades, those that were painted once, too."""
    shots = [shot(1000 * n, 1300, transition=transition) for n in range(4)]
    assert [s.transition for s in read(draft(*shots)).shots[1:]] == cuts


@pytest.mark.parametrize(
    ("value", "colour"), [("#ff8000", (255, 128, 0)), ("red", None), ("#12345g", None), (7, None)]
)
def test_a_background_is_a_colour(value: object, colour: object) -> None:
    """Anything else is none."""
    assert read({"m": {"background": value}}).background == colour


def test_a_size_given_wins_over_the_canvas() -> None:
    """`size` overrides the draft's canvas, and odd sides become even."""
    film = read({"m": {"canvas": {"w": 10, "h": 10}}}, size=(271, 481))
    assert (film.width, film.height) == (270, 480)


def test_an_unknown_media_id_is_the_resolvers_error() -> None:
    """What `resolve` raises reaches the caller."""

    def resolve(name: str) -> Path:
        raise BadInput(f"no {name}")

    with pytest.raises(BadInput, match=r"no 0\.jpg"):
        timeline_from_draft(draft(shot(0, 1000)), resolve)


@pytest.mark.parametrize("transition", ["none", {"type": "cut", "d": 500}, {}, None, 7])
def test_a_cut_has_no_fade(transition: object) -> None:
    """A transition that is none, or none that can be read, is a cut."""
    film = read(draft(shot(0, 1000), shot(1000, 1000, transition=transition)))
    assert film.shots[1].fade == 0


@given(d=st.integers(1, 100_000), fps=st.integers(1, 60))
def test_the_number_of_frames_is_the_rounded_product(d: int, fps: int) -> None:
    """Frames are exactly round(duration * fps), and at least one."""
    assert read({"d": d, "m": {"fps": fps}}).frames == max(1, round(d * fps / 1000))


plain = (
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats()
    | st.sampled_from([0, 1, 7, 500, 2000, 10**400, "", "in", "none", "夏"])
)
odd = (
    plain
    | st.lists(plain, max_size=2)
    | st.dictionaries(st.sampled_from(["w", "d", "type"]), plain)
)
metas = st.fixed_dictionaries(
    {}, optional={"start": odd, "transition": odd, "src": odd, "text": odd, "volume": odd}
)
segments = st.lists(st.fixed_dictionaries({}, optional={"d": odd, "m": odd | metas}), max_size=4)
tracks = st.fixed_dictionaries(
    {"tt": st.sampled_from([0, 0, 1, 7])}, optional={"sg": odd | segments}
)
drafts = st.fixed_dictionaries(
    {}, optional={"t": odd | st.lists(odd | tracks, max_size=3), "d": odd, "m": odd}
)


@given(drafts)
def test_any_draft_gives_a_film_that_makes_sense(value: dict[str, object]) -> None:
    """Shots cover the film without a gap or three at once, whatever the draft holds."""
    film = read(value)
    assert film.duration >= 1
    assert film.width % 2 == film.height % 2 == 0
    assert min(film.width, film.height) >= 16
    assert film.shots[0].start == 0
    assert film.shots[0].fade == 0
    assert film.shots[-1].end >= film.duration
    for before, after in zip(film.shots, film.shots[1:], strict=False):
        assert before.start <= after.start
        assert before.start + before.fade <= after.start
        assert before.end >= after.start + after.fade
    lengths = [s.duration for s in film.shots] + [t.duration for t in film.titles]
    assert min(lengths + [m.duration for m in film.music]) >= 1
    assert all(s.motion in (AUTO, *MOTIONS) for s in film.shots)
    assert all(0 <= m.volume <= 1 and math.isfinite(m.volume) for m in film.music)
