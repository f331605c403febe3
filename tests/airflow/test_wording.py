"""What a person reads in Airflow: every remedy in Airflow's words, and no word of another door."""

from __future__ import annotations

import ast
import logging
import re
from pathlib import Path
from typing import Any

import pytest
import structlog
from airflow.sdk.exceptions import AirflowFailException

from nemovideo_nodes.airflow import wording
from nemovideo_nodes.airflow.outcome import raise_task_error
from nemovideo_nodes.errors import (
    BadInput,
    ErrorCode,
    NemoVideoError,
    Remedy,
    RunStopped,
    ServiceError,
    TokenInvalid,
)

ROOM = Path(wording.__file__).parent
FOREIGN = re.compile(
    r"(?<![-|=])--[a-z]|\bNEMO_|\bnemovideo (?:make|resume|runs|show|refine|credits)\b"
    r"|same command|run it again|\bflow\b|\bblock\b"
)


@pytest.mark.parametrize("remedy", list(Remedy))
@pytest.mark.parametrize("retried", [True, False], ids=["retried", "failed"])
def test_every_remedy_is_said_in_airflows_words(remedy: Remedy, retried: bool) -> None:
    """As the exception of the task shows it; there is no remedy without a sentence."""
    code = ErrorCode.UNREACHABLE if retried else ErrorCode.BAD_INPUT
    error = NemoVideoError("It did not work", code=code, remedy=remedy, run_id="abc")
    error.source = "the connection nemovideo_default"
    with pytest.raises(RunStopped if retried else AirflowFailException) as caught:
        raise_task_error(error)
    text = str(caught.value)
    assert text.startswith("It did not work. ")
    assert not FOREIGN.search(text), text
    assert "{" not in text
    assert not text.endswith(".")


def test_a_sentence_without_a_remedy_stands_alone() -> None:
    """Nothing is added to it."""
    with pytest.raises(AirflowFailException) as caught:
        raise_task_error(BadInput("The deadline 'soon' is not a time"))
    assert str(caught.value) == "The deadline 'soon' is not a time"


def texts_of(path: Path) -> list[str]:
    """Every text in a module, its documentation included."""
    tree = ast.parse(path.read_text("utf-8"))
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


@pytest.mark.parametrize("path", sorted(ROOM.glob("*.py")), ids=lambda path: path.name)
def test_no_text_here_sends_anyone_to_a_terminal(path: Path) -> None:
    """Neither a sentence, a form's description nor a docstring, which Airflow shows as well."""
    assert [text for text in texts_of(path) if FOREIGN.search(text)] == []


def test_the_log_of_a_failure_begins_with_its_sentence(caplog: pytest.LogCaptureFixture) -> None:
    """With the run, what to do, and where to look."""
    error = BadInput("It is not finished", remedy=Remedy.FINISH_FIRST, run_id="abc")
    log: Any = logging.getLogger("task")
    with pytest.raises(AirflowFailException):
        raise_task_error(error, log, "https://airflow/nemovideo/runs/abc")
    assert caplog.messages == [
        "It is not finished\n"
        "What to do: Trigger video_resume for run abc first\n"
        "The run: https://airflow/nemovideo/runs/abc"
    ]
    with pytest.raises(AirflowFailException):
        raise_task_error(BadInput("It is long. " + "word " * 30), log)
    assert max(map(len, caplog.messages[-1].splitlines())) < 85


def test_airflow_logs_a_told_failure_without_frames() -> None:
    """What the log has told in a sentence needs no traceback; a fault of the program does."""
    records: list[Any] = []

    def keep(logger: object, method: str, event: Any) -> Any:
        records.append(dict(event))
        raise structlog.DropEvent

    before = structlog.get_config()["processors"]
    structlog.configure(processors=[keep])
    try:
        log = structlog.get_logger("task")
        for fault in (BadInput("There is no picture"), ServiceError("It is down"), KeyError("x")):
            try:
                if isinstance(fault, KeyError):
                    raise fault
                raise_task_error(fault)
            except Exception:
                log.exception("Task failed with exception")
    finally:
        structlog.configure(processors=before)
    assert ["exc_info" in record for record in records] == [False, False, True]


def test_a_token_is_looked_for_where_it_came_from() -> None:
    """In the connection that the operator names."""
    error = TokenInvalid("The token has expired", remedy=Remedy.TOKEN)
    error.source = "the password of the connection shop"
    with pytest.raises(AirflowFailException, match="into the password of the connection shop"):
        raise_task_error(error)
