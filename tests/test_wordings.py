"""Each door words every remedy for its own users, and no other door's."""

from __future__ import annotations

import pytest

from nemovideo_nodes.airflow.wording import AIRFLOW_WORDING
from nemovideo_nodes.cli.wording import CLI_WORDING
from nemovideo_nodes.errors import (
    PYTHON_WORDING,
    ErrorCode,
    NemoVideoError,
    Remedy,
    RunStopped,
    Wording,
)
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.prefect.wording import FORM_WORDING
from nemovideo_nodes.webhook.wording import WEBHOOK_WORDING
from nemovideo_nodes.workspace.notifications.wording import (
    CHINESE_NOTICE_WORDING,
    NOTICE_WORDING,
    words_for,
)

COMMANDS = ("--", "NEMO_", "NEMOVIDEO_", "`nemovideo ", "nemovideo resume", "nemovideo show")
DOORS: dict[str, tuple[Wording, tuple[str, ...]]] = {
    "cli": (CLI_WORDING, ("`credentials`", "nemovideo_conn_id", "the form", "DAG", "flow run")),
    "python": (PYTHON_WORDING, (*COMMANDS, "nemovideo_conn_id", "DAG", "Retry")),
    "prefect": (FORM_WORDING, (*COMMANDS, "nemovideo_conn_id", "DAG", "resend=True")),
    "airflow": (AIRFLOW_WORDING, (*COMMANDS, "`credentials`", "flow run", "resend=True")),
    "notice": (NOTICE_WORDING, ("`credentials`", "nemovideo_conn_id", "the form", "DAG")),
    "notice-zh": (CHINESE_NOTICE_WORDING, ("`credentials`", "nemovideo_conn_id", "DAG")),
    "webhook": (WEBHOOK_WORDING, (*COMMANDS, "resend", "`credentials`", "DAG", "flow run")),
}


@pytest.mark.parametrize("door", DOORS)
def test_every_code_and_remedy_is_told_in_the_words_of_the_door(door: str) -> None:
    """No flag, variable, command or field of another door reaches a user."""
    wording, foreign = DOORS[door]
    assert set(wording) == set(Remedy)
    for code in ErrorCode:
        for remedy in Remedy:
            error = RunStopped("It stopped.", run_id="run-7", code=code, remedy=remedy)
            told = error.message(wording)
            assert told.startswith("It stopped. ")
            assert "{" not in told
            assert [word for word in foreign if word in told] == []


@pytest.mark.parametrize("door", DOORS)
def test_a_result_is_told_like_the_error(door: str) -> None:
    """A run's result and the error of a door that raises say the same."""
    wording, _ = DOORS[door]
    for remedy in Remedy:
        result = RunResult(run_id="run-7", status="stuck", error="It stopped", remedy=remedy)
        error = NemoVideoError("It stopped", remedy=remedy, run_id="run-7")
        assert result.message(wording) == error.message(wording)


def test_a_notification_has_a_chinese_sentence_for_each_code() -> None:
    """What happened is told in the language of the run."""
    assert set(words_for("zh").errors) == set(ErrorCode)


def test_a_remedy_of_a_version_to_come_is_left_out() -> None:
    """The sentence alone is told then."""
    result = RunResult(run_id="r", status="stuck", error="It stopped", remedy="dance")
    assert result.message(CLI_WORDING) == "It stopped"
