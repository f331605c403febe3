"""A count and its noun."""

from __future__ import annotations

import pytest

from nemovideo_nodes.language.counting import counted


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
