"""What a request is expected to cost: what like ones cost, where enough of them ran alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nemovideo_nodes.request.estimate import PastCost, cost_key, estimate_of, past_credits
from nemovideo_nodes.request.model import Instruction, VideoRequest

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
