"""The texts of a timeline as SRT and WebVTT, and where they stand as far as it tells."""

from __future__ import annotations

from typing import Any

import pytest

from nemovideo_nodes.wire.draft import Draft
from nemovideo_nodes.wire.subtitles import Cue, cues_of, srt, vtt


def draft(*texts: dict[str, Any], canvas: dict[str, Any] | None = None) -> Draft:
    value: dict[str, Any] = {"d": 5_000, "t": [{"tt": 7, "sg": list(texts)}]}
    if canvas:
        value["m"] = {"canvas": canvas}
    return Draft.of(value)


def text(name: str, start: float = 0, length: float | None = 1_000, **more: Any) -> dict[str, Any]:
    return {"d": length, "m": {"text": name, "start": start, **more}}


def test_texts_are_told_in_the_order_of_their_times() -> None:
    """Without what has no time, no words, or only a digest in their place."""
    cues = cues_of(
        draft(text("b", 61_500, 2_250), text("a & <b>"), text("#0123456789ab"), text("x", 0, None))
    )
    assert cues == [Cue("a & <b>", 0, 1_000), Cue("b", 61_500, 63_750)]
    assert srt(cues) == (
        "1\n00:00:00,000 --> 00:00:01,000\na & <b>\n\n2\n00:01:01,500 --> 00:01:03,750\nb\n"
    )
    assert vtt(cues) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\na &amp; &lt;b&gt;\n"
        "\n00:01:01.500 --> 00:01:03.750\nb\n"
    )


def test_a_timeline_without_texts_has_none() -> None:
    """Nothing is made up."""
    assert cues_of(Draft.of({"t": [{"tt": 0, "sg": [text("clip")]}]})) == []
    assert cues_of(Draft("not JSON")) == []


@pytest.mark.parametrize(
    ("where", "canvas", "place"),
    [
        ({"x": 0.5, "y": 0.9}, None, (0.5, 0.9)),
        ({"y": 0.1}, None, (0.5, 0.1)),
        ({"position": {"x": 0.2, "y": 0.3}}, None, (0.2, 0.3)),
        ({"x": 540, "y": 1_728}, {"w": 1_080, "h": 1_920}, (0.5, 0.9)),
        ({"x": 540, "y": 1_728}, {"width": 1_080, "height": 1_920}, (0.5, 0.9)),
        ({"x": 540, "y": 1_728}, None, None),
        ({"position": "bottom"}, None, None),
        ({"y": 5_000}, {"w": 1_080, "h": 1_920}, None),
        ({"y": True}, None, None),
        ({}, None, None),
    ],
)
def test_a_place_is_known_by_its_numbers(
    where: dict[str, Any], canvas: dict[str, Any] | None, place: tuple[float, float] | None
) -> None:
    """A word may mean anything, so nothing is told of it."""
    (cue,) = cues_of(draft(text("a", **where), canvas=canvas))
    assert cue.place == place
