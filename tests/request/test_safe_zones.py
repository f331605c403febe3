"""Texts under a platform's own buttons are told."""

from __future__ import annotations

import pytest

from nemovideo_nodes.request.safe_zones import covered_texts
from nemovideo_nodes.wire.subtitles import Cue


@pytest.mark.parametrize(
    ("platform", "place", "sides"),
    [
        ("instagram-reels", (0.5, 0.9), ["bottom 35%"]),
        ("instagram-reels", (0.5, 0.1), ["top 14%"]),
        ("instagram-reels", (0.5, 0.5), []),
        ("tiktok", (0.9, 0.9), ["bottom 20%", "right 15%"]),
        ("linkedin", (0.9, 0.9), []),
        ("", (0.9, 0.9), []),
        ("tiktok", None, []),
    ],
)
def test_a_text_under_buttons_is_told(
    platform: str, place: tuple[float, float] | None, sides: list[str]
) -> None:
    """With the part of the frame; where the timeline says no place, nothing is said."""
    told = list(covered_texts(platform, [Cue("Spring", 0, 1_000, place)]))
    assert len(told) == len(sides)
    for sentence, side in zip(told, sides, strict=True):
        assert f'The text "Spring" stands in the {side} of the frame' in sentence
