"""Every fact that can be written can be read back, whatever is not known in it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from nemovideo_nodes.ledger.facts import Achieved, Evidence, Fact, Intended, dump_fact, load_fact
from nemovideo_nodes.ledger.results import ClaimResult, CreditsResult, SessionResult, StateResult

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "fact",
    [
        Intended(
            at=AT,
            by="me",
            step="prompt/0",
            key="prompt/0#1",
            evidence=Evidence(draft_digest=None, media_digest="d", credits=None),
        ),
        Achieved(
            at=AT, by="me", step="session/0", result=SessionResult(session_id="s", task_id=None)
        ),
        Achieved(at=AT, by="me", step="credits/0", result=CreditsResult(available=None)),
        Achieved(at=AT, by="me", step="claim/0", result=ClaimResult(expires_at=None)),
        Achieved(
            at=AT,
            by="me",
            step="state/0",
            result=StateResult(
                draft_digest=None, timeline=None, exportable=False, duration_ms=None
            ),
        ),
    ],
    ids=lambda fact: fact.step,
)
def test_a_fact_in_which_nothing_is_known_is_read_back(fact: Fact) -> None:
    """An intent that the next process cannot read would let it send the message again."""
    assert load_fact(dump_fact(fact)) == fact
