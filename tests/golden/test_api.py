"""The public API in Python: names, members and parameters that were released stay."""

from __future__ import annotations

import json
from typing import Any

import pytest
from public_api import FROZEN, broken, public_api


def test_nothing_that_is_public_is_gone() -> None:
    """More may be there; `python tests/support/public_api.py` freezes it before a release."""
    frozen = json.loads(FROZEN.read_text("utf-8"))
    assert sum(len(names) for names in frozen.values()) > 120
    assert broken(frozen, public_api(), "api") == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (["a", "b?"], ["a", "b?", "c?", "*", "d?"], []),
        (["a"], ["a?"], []),
        (["a", "*", "b?"], ["a", "b?"], []),
        (["a"], ["a", "**more"], []),
        (["a", "b?"], ["b?", "a"], ["f: a is not at its place", "f: b? is not at its place"]),
        (["a?"], ["a"], ["f: a has to be given"]),
        (["a"], ["a", "b"], ["f: b is new and has to be given"]),
        (["*", "a?"], ["*", "b?"], ["f: a is gone"]),
        ({"x": "value"}, {}, ["f.x is gone"]),
        ({"x": "value"}, {"x": []}, ["f.x was a value and is a function"]),
    ],
)
def test_what_breaks_a_program_is_told(old: Any, new: Any, told: list[str]) -> None:
    """And what does not, is not."""
    assert broken(old, new, "f") == told
