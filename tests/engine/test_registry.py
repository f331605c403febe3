"""The registry of step kinds, and what a result says about a run that is not done."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

import nemovideo_nodes
from nemovideo_nodes.engine.kinds import REGISTRY
from nemovideo_nodes.engine.kinds.kind import StepRunner
from nemovideo_nodes.engine.plan import Stuck, Worker, decide
from nemovideo_nodes.errors import PYTHON_WORDING, ErrorCode, Remedy
from nemovideo_nodes.ledger.facts import Asked, Intended, Refused, dump_fact, load_fact
from nemovideo_nodes.ledger.results import PromptResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.request.medium import Media
from nemovideo_nodes.request.steps import STEP_KINDS, Idempotency, Prompt, Step, StepName, Upload
from nemovideo_nodes.settings import PollingSettings

PACKAGE = Path(nemovideo_nodes.__file__).parent
OF_A_DOOR = re.compile(r"--[a-z]{3,}|\bnemovideo [a-z]+ |NEMO_|NEMOVIDEO_|same command")


@pytest.mark.parametrize("name", StepName)
def test_every_step_kind_has_one_row_in_whole(name: StepName) -> None:
    """Its arguments and its result carry its name, and what may not be repeated has an intent."""
    kind, row = STEP_KINDS[name], REGISTRY[name]
    assert kind.arguments.model_fields["node"].default is name
    assert row.result.model_fields["kind"].default == name.value
    assert kind.title
    assert kind.activity
    has_intent = type(row.runner).intend is not StepRunner.intend
    has_look = type(row.runner).reconcile is not StepRunner.reconcile
    assert has_intent == has_look == (kind.idempotency is not Idempotency.IDEMPOTENT)


def test_a_step_is_named_by_what_it_is_about() -> None:
    """People read a file's name, not the id of a step."""
    media = Media(name="flower.jpg", digest="a" * 64, size=3, kind="image", ext="jpg")
    assert Step(id="upload/0", args=Upload(media=media)).phrase == "Uploading flower.jpg"


@pytest.mark.parametrize("room", ["engine", "ledger", "request"])
def test_no_sentence_has_words_of_one_door(room: str) -> None:
    """What a person can do is a remedy, which each door words for itself."""
    for path in (PACKAGE / room).rglob("*.py"):
        assert not OF_A_DOOR.findall(path.read_text("utf-8")), path


def test_a_result_that_an_earlier_version_kept_gets_its_state() -> None:
    """Summaries and deferred tasks hold results without the newer fields."""
    kept = {"run_id": "r", "status": "waiting", "error": "It is late"}
    result = RunResult.model_validate(kept)
    assert (result.state, result.retryable, result.remedy) == ("resumable", True, None)
    assert result.message() == "It is late"
    assert RunResult(run_id="r", status="done").retryable is None
    assert RunResult(run_id="r", status="stuck").state == "failed"


def test_an_error_is_told_in_the_words_of_a_door() -> None:
    """The sentence is the same at every door, what to do about it is not."""
    result = RunResult(run_id="r", status="stuck", error="It stopped", remedy="resend")
    assert result.message() == f"It stopped. {PYTHON_WORDING[Remedy.RESEND]}"
    assert result.message({Remedy.RESEND: "Tick the box"}) == "It stopped. Tick the box"
    newer = result.model_copy(update={"remedy": "of a version to come"})
    assert newer.message() == "It stopped"


def test_facts_keep_their_keys_and_older_ones_have_no_codes() -> None:
    """A partial turn is `heard` in the journal, and error codes are plain strings there."""
    old = (
        b'{"v":1,"at":"2026-01-01T00:00:00Z","by":"a","fact":"deferred","step":"prompt/0",'
        b'"until":"2026-01-01T00:00:30Z","why":"w","heard":{"kind":"prompt","replies":["Hi"]}}'
    )
    fact = load_fact(old)
    assert fact is not None
    assert fact.partial_turn == PromptResult(replies=("Hi",))  # type: ignore[union-attr]
    assert b'"heard"' in dump_fact(fact)
    assert b"partial_turn" not in dump_fact(fact)
    refused = Refused(
        at=fact.at,
        by="a",
        step="prompt/0",
        verdict="unknown",
        sentence="s",
        error_code=ErrorCode.OUTCOME_UNKNOWN,
        remedy=Remedy.RESEND,
    )
    assert b'"error_code":"outcome_unknown","remedy":"resend"' in dump_fact(refused)


def test_a_fact_from_before_error_codes_is_told_without_flags() -> None:
    """Its sentence was written for the command line; the stop has one of its own, and a remedy."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    run = Run("r")
    run.apply(Asked(at=now, by="a", steps=(Step(id="prompt/0", args=Prompt(text="x")),)))
    run.apply(Intended(at=now, by="a", step="prompt/0", key="prompt/0#1"))
    old = b'{"v":1,"at":"2026-01-01T00:00:00Z","by":"a","fact":"refused","step":"prompt/0",'
    old += b'"key":"prompt/0#1","verdict":"unknown","sentence":"look, and add --resend"}'
    run.apply(load_fact(old))
    decision = decide(run, now, Worker("a", now, PollingSettings()))
    assert isinstance(decision, Stuck)
    assert (decision.error_code, decision.remedy) == ("outcome_unknown", "resend")
    assert "--" not in decision.sentence
