"""What the platforms take, as values: frames, limits, and the words for a frame."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemovideo_nodes.emulator.agent.composer import Source, compose, loads
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.platform_rules import VideoFacts, platform_violations
from nemovideo_nodes.request.platforms import (
    ASPECTS,
    PRESETS,
    aspect_for,
    with_frame,
)


def violations(
    platform: str, *, width: int, height: int, duration_s: float, size: int
) -> list[str]:
    """What the platform would not take, in sentences."""
    facts = VideoFacts(width=width, height=height, duration_s=duration_s, size=size)
    return [one.sentence for one in platform_violations(facts, platform)]


@pytest.mark.parametrize("platform", PRESETS)
def test_the_frame_that_is_asked_for_fits_the_platform(platform: str) -> None:
    """A platform's best frame can be asked for, and a plain video in it is no misfit."""
    aspect = aspect_for(platform)
    assert aspect in ASPECTS
    width, height = (int(part) * 120 for part in aspect.split(":"))
    assert violations(platform, width=width, height=height, duration_s=15, size=5_000_000) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        *[(("", ""), ""), (("tiktok", ""), "9:16"), (("tiktok", "1:1"), "1:1")],
        *[(("", form), "9:16") for form in ("9x16", "9X16", "9/16", "9 : 16", "９：１６", "09:16")],
        *[(("", "4:5"), "4:5"), (("", "16×9"), "16:9"), (("", "Square"), "1:1"), (("", " "), "")],
    ],
)
def test_an_aspect_goes_before_the_platforms_own(given: tuple[str, str], expected: str) -> None:
    """Without both nothing is asked for; the forms that people write are one."""
    assert aspect_for(*given) == expected


@pytest.mark.parametrize("given", [("myspace", ""), ("", "9x17"), ("tiktok", "portrait")])
def test_what_is_not_known_is_told_with_what_is(given: tuple[str, str]) -> None:
    """One sentence that names the choices."""
    with pytest.raises(BadInput, match=r"is not known: give .*(tiktok|9:16)"):
        aspect_for(*given)


@pytest.mark.parametrize(
    ("platform", "video", "expected"),
    [
        ("tiktok", (1920, 1080, 15, 1), "TikTok requires 9:16, and the frame is 1920x1080"),
        ("instagram-stories", (1080, 1920, 61, 1), "takes at most 60 s, and it has 61"),
        ("tiktok", (1080, 1920, 2, 1), "requires at least 3 s, and it has 2"),
        ("universal", (1080, 1920, 15, 101_000_000), "takes at most 100 MB, and it has 101.0"),
        ("x", (1080, 4000, 15, 1), "X requires 9:16 or 1:1 or 16:9"),
    ],
)
def test_a_misfit_is_a_sentence(
    platform: str, video: tuple[int, int, float, int], expected: str
) -> None:
    """It says what the platform wants, and what there is."""
    width, height, duration_s, size = video
    (sentence,) = violations(platform, width=width, height=height, duration_s=duration_s, size=size)
    assert expected in sentence


def test_no_platform_has_no_violations() -> None:
    """Nobody said where it goes."""
    assert violations("", width=1, height=999, duration_s=0, size=0) == []


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("text", ["A calm 6-second video", "做一个6秒的视频"])
def test_the_emulator_makes_the_frame_that_is_asked_for(aspect: str, text: str) -> None:
    """In both languages, and the rest of the instruction holds."""
    said = with_frame(text, aspect)
    draft = loads(compose(None, [Source("m1", "a.png", "image")], said).draft)
    assert draft is not None
    canvas = draft["m"]["canvas"]
    width, height = (int(part) for part in aspect.split(":"))
    assert canvas["w"] * height == canvas["h"] * width
    assert draft["d"] == 6_000


@given(st.text(min_size=1), st.sampled_from(sorted(ASPECTS)))
def test_the_words_for_a_frame_keep_the_instruction(text: str, aspect: str) -> None:
    """They come behind it, and name the frame in words and numbers."""
    said = with_frame(text, aspect)
    assert said.startswith(text.rstrip())
    assert said.endswith(f"The frame is {ASPECTS[aspect]} {aspect}.")
    assert with_frame(text, "") == text
