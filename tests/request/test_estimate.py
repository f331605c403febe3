"""What a request is expected to cost: what like ones cost, where enough of them ran alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nemovideo_nodes.request.estimate import (
    PastCost,
    cost_key,
    estimate_of,
    message_costs,
    past_credits,
)
from nemovideo_nodes.request.medium import Media
from nemovideo_nodes.request.model import Instruction, VideoRequest
from nemovideo_nodes.request.steps import Arguments, Prompt, SubmitRender, Upload

START = datetime(2026, 3, 1, tzinfo=UTC)


def request(*texts: str) -> VideoRequest:
    return VideoRequest(script=tuple(Instruction(text=text) for text in texts), profile="canva")


def ran(hour: float, credits: float, *, hours: float = 0.5, key: str = "k") -> PastCost:
    began = START + timedelta(hours=hour)
    return PastCost(key, began, began + timedelta(hours=hours), credits)


def test_few_past_runs_leave_it_to_the_documented_costs() -> None:
    """Two are no ground to stand on."""
    estimate = estimate_of(request("A 5 second video"), [10.0, 20.0])
    assert estimate.credits == 100
    assert estimate.basis.startswith("documented costs")


MEDIA = Media(name="a.png", digest="0" * 64, size=1, kind="image", ext="png")
ALONE = Prompt(text="a", shows=("a.png",))


@pytest.mark.parametrize(
    ("steps", "costs"),
    [
        ([Upload(media=MEDIA), Prompt(text="a")], (100,)),
        # A change is one whether or not the video is exported after it.
        ([Prompt(text="a"), Prompt(text="b"), SubmitRender()], (100, 50)),
        ([Prompt(text="a"), SubmitRender(), Prompt(text="b"), SubmitRender()], (100, 50)),
        # A batch: each video shows its own media.
        ([Upload(media=MEDIA), ALONE, ALONE, Prompt(text="b")], (100, 100, 50)),
        # What new media come with may be a new video: nothing is counted too low.
        ([ALONE, Upload(media=MEDIA), Prompt(text="b"), Prompt(text="c")], (100, 100, 50)),
        ([Upload(media=MEDIA)], ()),
    ],
)  # fmt: skip
def test_a_change_of_a_draft_costs_an_edit(
    steps: list[Arguments], costs: tuple[float, ...]
) -> None:
    """The first message generates, and so does what is to show other media."""
    assert message_costs(steps) == costs


def test_the_median_of_past_runs_is_told_as_one() -> None:
    """With how many they are, and of which length."""
    estimate = estimate_of(request("A 5 second video"), [90.0, 400.0, 110.0])
    assert estimate.credits == 110
    assert estimate.basis == "the median of 3 past runs of this profile and length (5s)"
    without = estimate_of(request("A video"), [90.0, 400.0, 110.0])
    assert without.basis == "the median of 3 past runs of this profile"


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (("A 5 second video",), ("Something calm, 5 seconds long",), True),
        (("A 5 second video",), ("A 10 second video",), False),
        (("A 5 second video",), ("A 5 second video", "Make it brighter"), False),
        (("A video",), ("Another video",), True),
    ],
)
def test_requests_are_alike_by_length_and_messages(
    one: tuple[str, ...], other: tuple[str, ...], alike: bool
) -> None:
    """Other words cost the same, other lengths and more messages do not."""
    assert (cost_key(request(*one)) == cost_key(request(*other))) is alike


def test_runs_beside_each_other_tell_nothing() -> None:
    """The balance is the account's: of two at once it says nothing of either, whatever the kind."""
    known = [
        ran(0, 100),
        ran(2, 200, hours=2),
        ran(3, 300, key="other"),
        ran(3.5, 400),
        ran(6, 120),
        ran(8, 500, key="other"),
    ]
    assert past_credits(known, "k") == [100, 120]
    assert past_credits(known, "other") == [500]
