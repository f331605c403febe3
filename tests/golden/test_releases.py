"""What each release has left in a store is shown, listed and gone on with by the present code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from freeze import RELEASES, RUNS, copied, plain
from golden import gone, read_again

from nemovideo_nodes.cli import main

FROZEN = sorted(path for path in RELEASES.iterdir() if path.is_dir())
FINISHED = ("delivered", "done", "refined")


@pytest.fixture(params=FROZEN, ids=lambda path: path.name)
def release(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture
def store(release: Path, tmp_path: Path) -> Path:
    """A copy that a test may write to."""
    return copied(release, tmp_path / "store")


def typed(store: Path, *arguments: str) -> Any:
    """A command with --json, as typed in that store, and what it prints."""
    told = CliRunner().invoke(main, [*arguments, "--json", "--store", str(store)])
    return json.loads(told.stdout.splitlines()[-1])


def test_each_run_is_shown_as_it_was(release: Path, store: Path) -> None:
    """All that was told stays; more may be told."""
    shown: dict[str, Any] = json.loads((release / "shown.json").read_text("utf-8"))
    assert set(shown) <= set(RUNS)
    for run_id, before in shown.items():
        now = plain(typed(store, "show", run_id), store)
        assert gone(_by_place(before), _by_place(now)) == [], run_id


def test_they_are_listed_with_and_without_their_summaries(release: Path, store: Path) -> None:
    """The journals alone say the same."""
    shown = json.loads((release / "shown.json").read_text("utf-8"))
    states = {run_id: told["state"] for run_id, told in shown.items()}
    for _ in range(2):
        listed = typed(store, "runs")
        assert {one["run_id"]: one["state"] for one in listed} == states
        for path in store.glob("runs/*/summary.json"):
            path.unlink()


def test_what_was_finished_is_resumed_without_a_request(store: Path) -> None:
    """There is no service at all, and nothing is written."""
    before = {path: path.read_bytes() for path in store.rglob("journal/*.json")}
    for run_id in FINISHED:
        told = CliRunner().invoke(main, ["resume", run_id, "--store", str(store)])
        assert told.exit_code == 0, told.output
    assert {path: path.read_bytes() for path in store.rglob("journal/*.json")} == before


def test_nobody_is_told_again(release: Path, store: Path) -> None:
    """What was sent stays sent, and what was not is still to be sent."""
    path = release / "told.json"
    before = json.loads(path.read_text("utf-8")) if path.exists() else []
    now = typed(store, "notify", "--list")["messages"]
    assert gone(_by_message(before), _by_message(now)) == []


def test_each_fact_is_written_as_it_was_read(release: Path) -> None:
    """Byte for byte, so that two releases on one journal write the same."""
    facts = [path.read_bytes() for path in release.glob("store/runs/*/journal/*.json")]
    assert len(facts) > 80
    assert [fact for fact in facts if read_again(fact) != fact] == []


def _by_message(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """By message and channel: the order of what came at once is nobody's business."""
    return {f"{one['id']} {one['channel']}": one for one in messages}


def _by_place(value: Any) -> Any:
    """Lists by their places, so that more may be told of each of their entries."""
    if isinstance(value, list):
        return {str(place): _by_place(one) for place, one in enumerate(value)}
    if isinstance(value, dict):
        return {key: _by_place(one) for key, one in value.items()}
    return value
