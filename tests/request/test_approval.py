"""How people write what has to be approved, within which time, and what no answer means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.approval import STAGES, ApprovalRule, approval_rule

DAY_S = 86_400.0


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", ApprovalRule()),
        ("none", ApprovalRule()),
        ("No", ApprovalRule()),
        ("-", ApprovalRule()),
        ("before_export", ApprovalRule(stage="before_export")),
        (" Before Export ", ApprovalRule(stage="before_export")),
        ("before-paying", ApprovalRule(stage="before_paying")),
        ("before hand-over", ApprovalRule(stage="before_handover")),
        ("paying", ApprovalRule(stage="before_paying")),
        ("before_export within 3d", ApprovalRule(stage="before_export", within_s=3 * DAY_S)),
        (
            "before_export, within 12 h, else go on",
            ApprovalRule(stage="before_export", within_s=DAY_S / 2, otherwise="continue"),
        ),
        (
            "before_paying within 2 weeks or else reject",
            ApprovalRule(stage="before_paying", within_s=14 * DAY_S),
        ),
    ],
)
def test_it_is_read_as_people_write_it(text: str, rule: ApprovalRule) -> None:
    """In any case, with spaces, dashes and commas."""
    assert approval_rule(text) == rule


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("always", "is not a time of approval"),
        ("before_export within a while", "is not a time to wait"),
        ("before_export within 0d", "is not a time to wait"),
        ("before_export within 900w", "a year at most"),
        ("before_export within 3d else maybe", "use reject or go on"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    """The part that cannot be meant, and what would be right."""
    with pytest.raises(BadInput, match=said):
        approval_rule(text)


@given(st.text(max_size=80))
def test_no_text_breaks_it(text: str) -> None:
    """A rule, or one sentence."""
    try:
        rule = approval_rule(text)
    except BadInput:
        return
    assert rule.stage in (*STAGES, None)
