"""A budget is a number of credits, and nothing else counts as one."""

from __future__ import annotations

import math
from typing import Any

import pytest

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.budget import named_budget, run_budget


@pytest.mark.parametrize("credits", [math.nan, math.inf, -5, True, "100", "abc"])
def test_what_is_no_number_of_credits_is_bad_input(credits: Any) -> None:
    """No budget that would hold everything or nothing is made of it."""
    with pytest.raises(BadInput, match="number of credits"):
        run_budget("a", credits)


def test_any_amount_is_a_budget() -> None:
    """None included: everything is held for a person then."""
    assert [named_budget("calendar", "a", one).credits for one in (0, 0.5, 150)] == [0, 0.5, 150]
