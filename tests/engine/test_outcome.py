"""What an outcome means for the journal: above all, when a lost session is made anew."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from nemovideo_nodes.engine.kinds.kind import Failure, NotReceived, SessionLost, UpstreamFailed
from nemovideo_nodes.engine.outcome import MAX_SESSIONS_LOST, fact_of
from nemovideo_nodes.ledger.facts import Achieved, Asked, Fact, Intended, Noted, Refused
from nemovideo_nodes.ledger.results import PromptResult, SessionResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.request.steps import CreateSession, Prompt, Step

AT = datetime(2026, 1, 1, tzinfo=UTC)
ASKED = Asked(
    at=AT,
    by="a",
    steps=(
        Step(id="session/0", args=CreateSession()),
        Step(id="prompt/0", args=Prompt(text="make it")),
    ),
)
OPENED = Achieved(at=AT, by="a", step="session/0", result=SessionResult(session_id="s"))
SENT = Intended(at=AT, by="a", step="prompt/0", key="prompt/0#1")
ANSWERED = Achieved(at=AT, by="a", step="prompt/0", key="prompt/0#1", result=PromptResult())
LOST = Noted(at=AT, by="a", topic="session_lost")


def run_with(*facts: Fact) -> Run:
    run = Run("run")
    for fact in (ASKED, *facts):
        run.apply(fact)
    return run


def fact(run: Run, *, acted: bool, step: str = "prompt/0") -> Fact:
    lost = SessionLost("The session is not known")
    return fact_of(lost, run, step, "prompt/0#1", AT, "a", acted=acted)


@pytest.mark.parametrize(
    ("facts", "acted"),
    [((OPENED,), False), ((OPENED,), True), ((OPENED, SENT), True)],
    ids=["nothing was sent", "nothing was sent, found by an effect", "this very one was refused"],
)
def test_a_session_without_a_paid_message_is_made_anew(
    facts: tuple[Fact, ...], acted: bool
) -> None:
    """Nothing in it was paid for: it costs nothing to begin again."""
    noted = fact(run_with(*facts), acted=acted)
    assert isinstance(noted, Noted)
    assert noted.topic == "session_lost"


@pytest.mark.parametrize(
    ("facts", "acted"),
    [((OPENED, SENT), False), ((OPENED, SENT, ANSWERED), False), ((OPENED, SENT, ANSWERED), True)],
    ids=["one may have arrived", "one was answered", "one was answered, found by an effect"],
)
def test_a_session_with_a_paid_message_waits_for_a_person(
    facts: tuple[Fact, ...], acted: bool
) -> None:
    """To make it anew would be paid again: the sentence says so, and what to do."""
    told = fact(run_with(*facts), acted=acted, step="state/0" if acted else "prompt/0")
    assert isinstance(told, Refused)
    assert (told.verdict, told.code, told.resumable) == ("stopped", 1002, False)
    assert "paid again" in told.sentence
    assert (told.error_code, told.remedy) == ("session_not_found", "resend")


def test_sessions_are_not_made_anew_for_ever() -> None:
    """A service that forgets each one is believed after a few."""
    lost: list[Fact] = [OPENED, LOST] * MAX_SESSIONS_LOST
    run = run_with(*lost, OPENED)
    told = fact(run, acted=True)
    assert isinstance(told, Refused)
    assert "made again" in told.sentence


def test_what_is_not_there_any_more_cannot_be_lost() -> None:
    """Others have begun anew already: only this effect was refused."""
    told = fact(run_with(OPENED, LOST), acted=True)
    assert isinstance(told, Refused)
    assert told.verdict == "not_accepted"


def test_a_broken_render_is_told_of_the_step_that_submitted_it() -> None:
    """Who waits for it finds out; whose render it is has failed."""
    broken = UpstreamFailed("render/0", "render_1", "The render failed")
    told = fact_of(broken, run_with(), "await/0", None, AT, "a", acted=False)
    assert isinstance(told, Refused)
    assert (told.step, told.key, told.verdict) == ("render/0", "render_1", "failed")


def test_what_did_not_arrive_is_done_again_under_the_same_key() -> None:
    """The open intent stays; the note lets the plan repeat it."""
    missing = NotReceived("It is not there")
    noted = fact_of(missing, run_with(), "upload/0", "k", AT, "a", acted=False)
    assert isinstance(noted, Noted)
    assert (noted.topic, noted.step) == ("again", "upload/0")


def test_no_secret_is_written_down() -> None:
    """The sentence of a failure may quote the service."""
    failure = Failure("stopped", "Bearer s3cr3t-s3cr3t was refused")
    told = fact_of(failure, run_with(), "token/0", None, AT, "a", acted=True)
    assert isinstance(told, Refused)
    assert "s3cr3t" not in told.sentence
