"""The command line inside this process: what needs no service."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from nemovideo_nodes import cli
from nemovideo_nodes.cli.group import SentenceGroup, json_option


def test_help_names_every_command() -> None:
    """And needs nothing that is slow to import."""
    told = CliRunner().invoke(cli.main, ["--help"])
    assert told.exit_code == 0
    for name in ("make", "refine", "resume", "show", "runs", "credits", "emulator", "completion"):
        assert f"  {name} " in told.output


def test_a_checkout_that_is_not_installed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its version is not known; that is no fault of the program."""
    monkeypatch.setattr("sys.path", [])  # where the metadata would be found
    told = CliRunner().invoke(cli.main, ["--version"])
    assert (told.exit_code, told.output.count("\n")) == (0, 1)
    assert "unknown" in told.output


def test_an_empty_store_has_no_runs(tmp_path: Path) -> None:
    """An empty list for machines, a sentence for people."""
    store = ["--store", str(tmp_path / "store")]
    assert json.loads(CliRunner().invoke(cli.main, ["runs", "--json", *store]).output) == []
    assert "no runs" in CliRunner().invoke(cli.main, ["runs", *store]).output


@pytest.mark.parametrize("as_json", [False, True])
def test_an_error_of_our_own_is_a_sentence_without_secrets(as_json: bool) -> None:
    """Nobody sees a traceback; what is said names the place, and the way on."""

    @click.command()
    @json_option
    def broken(as_json: bool) -> None:
        raise ValueError("a bug with token=nmv_usr_canary")

    group = SentenceGroup(commands={"broken": broken})
    told = CliRunner().invoke(group, ["broken", *(["--json"] if as_json else [])])
    assert told.exit_code == 70
    assert "ValueError" in told.stderr
    assert "test_cli.py" in told.stderr
    assert "canary" not in told.output
    assert len(told.stderr.splitlines()) == 1
    if as_json:
        answer = json.loads(told.stdout)
        assert answer["error"] in told.stderr
        assert (answer["error_code"], answer["remedy"]) == ("internal", "report")
