"""Which frame a platform gets of a video, how it gets there, and which length is asked for."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemovideo_nodes.request.platforms import PRESETS
from nemovideo_nodes.request.renditions import (
    Fit,
    fit_for,
    frame_for,
    generations,
    takes_frame,
    wanted_length,
    with_length,
)

SIDES = st.integers(64, 4_096)
PLATFORMS = st.sampled_from(sorted(PRESETS))


@pytest.mark.parametrize(
    ("platform", "size", "frame"),
    [
        ("tiktok", (1080, 1920), None),
        ("tiktok", (1920, 1080), (1080, 1920)),
        ("instagram-feed", (1080, 1920), (1080, 1350)),
        ("instagram-feed", (1920, 1080), (1080, 1080)),
        ("youtube-shorts", (1080, 1080), None),
        ("pinterest", (1080, 1350), (1080, 1620)),
        ("linkedin", (1080, 1920), None),
        ("universal", (540, 960), (1080, 1920)),  # it wants that many pixels
        ("instagram-reels", (2160, 3840), (1908, 3392)),  # and no more than 1920 across
        ("", (123, 45), None),
    ],
)
def test_a_platform_gets_the_nearest_frame_that_it_takes(
    platform: str, size: tuple[int, int], frame: tuple[int, int] | None
) -> None:
    """As fine as the video is; None: it takes the video as it is."""
    assert frame_for(platform, *size) == frame


@given(PLATFORMS, SIDES, SIDES)
def test_a_frame_is_even_exact_and_taken(platform: str, width: int, height: int) -> None:
    """Whatever the service made; and what was brought into it needs no second rendition."""
    frame = frame_for(platform, width, height)
    if frame is None:
        assert takes_frame(platform, width / height)
    else:
        assert [side % 2 for side in frame] == [0, 0]
        assert max(frame) <= 4_096
        assert frame_for(platform, *frame) is None


@pytest.mark.parametrize(
    ("size", "frame", "has_texts", "fit"),
    [
        ((1080, 1920), (1080, 1350), False, "crop"),
        ((1080, 1920), (1080, 1350), True, "blur"),  # a title may stand where it would be cut
        ((1920, 1080), (1080, 1920), False, "blur"),  # most of the picture would be gone
        ((96, 160), (90, 160), True, "crop"),  # next to nothing is lost
    ],
)
def test_what_would_be_lost_is_not_cut(
    size: tuple[int, int], frame: tuple[int, int], has_texts: bool, fit: Literal["crop", "blur"]
) -> None:
    """By itself; what a person asks for is done."""
    assert fit_for("auto", size, frame, has_texts=has_texts) == fit
    asked: tuple[Fit, ...] = ("crop", "blur", "plain")
    for one in asked:
        assert fit_for(one, size, frame, has_texts=has_texts) == one


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("A calm 3 second video", 3),
        ("a 15-second video", 15),
        ("15s", 15),
        ("1.5 minutes", 90),
        ("Ein 3 Sekunden langes Video", 3),
        ("15秒的视频", 15),
        ("a half-minute video", 30),
        ("one and a half minutes", 90),
        ("about twenty-five seconds", 25),
        ("1m30s", 90),
        ("1:30 min", 90),
        ("length: 12", 12),
        ("a 9:16 video", None),
        ("the second picture", None),
        ("大概15s左右", 15),
        ("一分半的视频", 90),
        ("1分30秒", 90),
        ("一百二十秒", 120),
        ("第三十秒", None),
        ("每张三秒", None),
        ("the first thirty seconds", None),
        ("the first 3 seconds are slow", None),
        ("4 seconds each", None),
        ("10 seconds or 20 seconds", None),
        ("a video of 3 pictures", None),
    ],
)
def test_a_length_is_read_from_an_instruction(text: str, seconds: float | None) -> None:
    """Of the whole video, where it says one."""
    assert wanted_length(text) == seconds


@pytest.mark.parametrize(
    ("text", "replaces", "expected"),
    [
        ("A calm video", False, "A calm video. Make the whole video 15 seconds long."),
        ("Calm!", False, "Calm! Make the whole video 15 seconds long."),
        ("A 90 second video", False, "A 90 second video"),
        ("A 90 second video", True, "A 60 seconds video"),
        ("A 10 second video", True, "A 10 second video"),
        ("4 seconds each", False, "4 seconds each"),
        ("Half a minute of calm", True, "Half a minute of calm"),
        ("Ein kurzes Video", False, "Ein kurzes Video"),
    ],
)
def test_an_instruction_is_worded_for_its_length(text: str, replaces: bool, expected: str) -> None:
    """A length that is named stays, unless it is another platform's."""
    assert with_length(text, 4, 60, replaces=replaces) == expected


@given(st.lists(PLATFORMS, max_size=6), st.none() | st.floats(0.1, 2_000))
def test_each_platform_is_served_once(platforms: list[str], wanted: float | None) -> None:
    """Whatever is asked for; each generation has a frame, and a length that all of it take."""
    made = generations(list(dict.fromkeys(platforms)), "", wanted)
    served = [name for one in made for name in one.serves if name]
    assert sorted(served) == sorted(set(platforms))
    for one in made:
        assert one.max_s is None or one.min_s < one.max_s
        for name in one.serves:
            taken = not name or takes_frame(name, _ratio(one.aspect))
            assert taken == (name not in one.renditions)


def _ratio(aspect: str) -> float:
    if not aspect:
        return 1.0
    width, height = aspect.split(":")
    return int(width) / int(height)
