"""Counts with their nouns, and credits."""

from __future__ import annotations

import pytest

from nemovideo_nodes.language.counting import amount, counted


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((0, "run"), "0 runs"),
        ((1, "run"), "1 run"),
        ((2, "run"), "2 runs"),
        ((1, "delivery", "deliveries"), "1 delivery"),
        ((3, "delivery", "deliveries"), "3 deliveries"),
    ],
)
def test_the_noun_has_the_number_of_its_count(given: tuple[int, str], expected: str) -> None:
    """One is singular, all others are plural."""
    assert counted(*given) == expected


@pytest.mark.parametrize(
    ("credits", "written"),
    [(0.0, "0"), (0.5, "0.5"), (100.0, "100"), (999_850.0, "999,850"), (1e6, "1,000,000")],
)
def test_credits_are_written_in_full(credits: float, written: str) -> None:
    """A million is no "1e+06"."""
    assert amount(credits) == written
