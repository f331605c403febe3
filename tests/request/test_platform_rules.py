"""Every rule of a platform is checked on what is known of a video, and no other."""

from __future__ import annotations

from typing import Any

import pytest

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.platform_rules import VideoFacts, platform_violations
from nemovideo_nodes.request.platforms import PRESETS
from nemovideo_nodes.request.renditions import generations

UNIVERSAL: dict[str, Any] = {
    "width": 1080,
    "height": 1920,
    "duration_s": 15,
    "size": 9_000_000,
    "fps": 30,
    "video_codec": "h264",
    "profile": "High",
    "pixel_format": "yuv420p",
    "gop_s": 2,
    "closed_gop": True,
    "audio_codec": "aac",
    "sample_rate": 48_000,
    "channels": 2,
    "faststart": True,
    "edit_list": False,
}


@pytest.mark.parametrize("platform", sorted(PRESETS.keys() - {"instagram-feed"}))
def test_the_universal_video_fits_everywhere_but_the_feed(platform: str) -> None:
    """As it is meant to."""
    assert platform_violations(VideoFacts(**UNIVERSAL), platform) == []


@pytest.mark.parametrize(
    ("platform", "change", "rule", "sentence"),
    [
        ("universal", {"video_codec": "hevc"}, "codec", "requires the codec h264, and it has hevc"),
        ("universal", {"profile": "Main"}, "profile", "requires the profile High, and it has Main"),
        ("universal", {"pixel_format": "yuv444p"}, "codec", "requires the pixel format yuv420p"),
        ("universal", {"gop_s": 10}, "gop", "requires a key frame at least every 2 s"),
        ("facebook-reels", {"closed_gop": False}, "gop", "requires closed groups of pictures"),
        ("facebook-reels", {"width": 405, "height": 720}, "frame", "requires at least 540x960"),
        ("instagram-reels", {"fps": 15}, "fps", "requires 23 to 60 frames a second, and it has 15"),
        ("instagram-reels", {"sample_rate": 44_100}, "audio", "requires sound at 48000 Hz"),
        ("instagram-reels", {"audio_codec": "mp3"}, "audio", "requires AAC sound, and it has mp3"),
        ("instagram-reels", {"faststart": False}, "faststart", "requires the index (moov) first"),
        ("instagram-reels", {"edit_list": True}, "faststart", "takes no edit list"),
        ("instagram-reels", {"width": 2160, "height": 3840}, "frame", "of at most 1920"),
        ("universal", {"channels": 1}, "audio", "requires 2 channels of sound"),
        ("x", {"fps": 120}, "fps", "requires 0 to 60"),
    ],
)
def test_what_does_not_fit_is_told_with_its_rule(
    platform: str, change: dict[str, Any], rule: str, sentence: str
) -> None:
    """One rule, one sentence."""
    (found,) = platform_violations(VideoFacts(**UNIVERSAL | change), platform)
    assert (found.platform, found.rule) == (platform, rule)
    assert sentence in str(found)


def test_what_is_not_known_is_not_judged() -> None:
    """A video whose sound nobody looked at may be fine."""
    few = {key: UNIVERSAL[key] for key in ("width", "height", "duration_s", "size")}
    assert platform_violations(VideoFacts(**few), "universal") == []
    assert platform_violations(VideoFacts(**few | {"width": 1920}), "nowhere") == []


@pytest.mark.parametrize(
    ("platforms", "aspect", "expected"),
    [
        ((), "", [("", "", ("",))]),
        ((), "1:1", [("1:1", "", ("",))]),
        ((), "1x1", [("1:1", "", ("",))]),
        (("tiktok", "x"), "", [("9:16", "tiktok", ("tiktok", "x"))]),
        (
            ("instagram-feed", "tiktok"),
            "",
            [("4:5", "instagram-feed", ("instagram-feed", "tiktok"))],
        ),
        (
            ("instagram-feed", "tiktok", "instagram-reels"),
            "",
            [("9:16", "instagram-feed", ("instagram-feed", "tiktok", "instagram-reels"))],
        ),
        (("tiktok", "linkedin"), "1:1", [("1:1", "tiktok", ("tiktok", "linkedin"))]),
    ],
)  # fmt: skip
def test_platforms_share_a_generation_in_the_frame_of_most(
    platforms: tuple[str, ...], aspect: str, expected: list[Any]
) -> None:
    """The others get renditions of it."""
    made = generations(platforms, aspect)
    assert [(one.aspect, one.platform, one.serves) for one in made] == expected


def test_a_generation_knows_the_lengths_that_all_of_its_platforms_take() -> None:
    """From the longest least to the shortest most."""
    (one,) = generations(("pinterest", "instagram-stories", "youtube-shorts"))
    assert (one.min_s, one.max_s) == (4, 60)
    with pytest.raises(BadInput, match="is not known"):
        generations(("tiktokk",))
