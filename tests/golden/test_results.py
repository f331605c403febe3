"""The JSON of a result, as programs read it: its keys stay, with what they hold; more may come."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from stage import Stage

from nemovideo_nodes.cli import main

RESULT = {"run_id", "status", "videos", "replies", "timeline", "credits", "manifest", "error"}
VIDEO = {"path", "sha256", "bytes", "duration_s", "width", "height"}
CREDITS = {"before", "after", "spent"}


@pytest.fixture
def service(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The emulator and the store, as the environment names them."""
    for name, value in {
        "NEMO_API_URL": stage.emulator.url,
        "NEMO_CLIENT_ID": "golden",
        "NEMOVIDEO_STORE": stage.store_path,
        "NEMOVIDEO_POLL_SECONDS": "0.02",
        "NEMOVIDEO_RECONCILE_SECONDS": "0.02",
        "NEMOVIDEO_RATE_LIMIT_SECONDS": "0.02",
    }.items():
        monkeypatch.setenv(name, value)
    return stage


def run(*arguments: str) -> tuple[Result, dict[str, Any]]:
    """A command with --json, and the last line that it prints."""
    told = CliRunner().invoke(main, [*arguments, "--json"])
    value = json.loads(told.stdout.splitlines()[-1])
    return told, value


def check(value: dict[str, Any], status: str) -> None:
    assert set(value) >= RESULT
    assert value["status"] == status
    assert isinstance(value["replies"], list)
    assert (value["error"] is None) == (status == "done")
    assert value["error"] is None or isinstance(value["error"], str)


def test_a_video(service: Stage) -> None:
    """From make, resume, show, runs and refine: one shape."""
    made, value = run("make", *service.pictures, "-p", "A 2 second video")
    assert made.exit_code == 0
    check(value, "done")
    (video,) = value["videos"]
    assert set(video) >= VIDEO
    assert Path(video["path"]).stat().st_size == video["bytes"]
    assert [type(video[key]) for key in ("duration_s", "width", "height")] == [float, int, int]
    assert set(value["credits"]) >= CREDITS
    assert value["credits"]["spent"] is None  # of this run alone: nobody can know
    assert value["credits"]["account_moved"] > 0
    assert isinstance(value["timeline"], str)
    assert Path(value["manifest"]).name == "manifest.json"
    for again in (("resume", value["run_id"]), ("show", value["run_id"])):
        told, same = run(*again)
        assert (told.exit_code, same) == (0, value)
    (listed,) = json.loads(CliRunner().invoke(main, ["runs", "--json"]).stdout)
    assert listed == value
    refined, more = run("refine", value["run_id"], "-p", "Make it square")
    assert refined.exit_code == 0
    check(more, "done")
    assert more["videos"][0] == video
    assert len(more["videos"]) == 2


def test_a_run_that_needs_a_person(service: Stage) -> None:
    """Exit code 1, `stuck`, a sentence; `resend` goes on."""
    service.emulator.add_fault("run_sse", 1, "reset")
    told, value = run("make", service.pictures[0], "-p", "A 2 second video")
    assert told.exit_code == 1
    check(value, "stuck")
    assert (value["videos"], value["manifest"]) == ([], None)
    told, value = run("resume", value["run_id"], "--resend")
    assert told.exit_code == 0
    check(value, "done")


def test_a_run_that_waits(service: Stage) -> None:
    """Exit code 75, `waiting`, a sentence."""
    service.emulator.add_fault("upload", 1, "reset", times=50)
    told, value = run("make", service.pictures[0], "-p", "A 2 second video")
    assert told.exit_code == 75
    check(value, "waiting")
    service.emulator.faults.clear()
    assert run("make", service.pictures[0], "-p", "A 2 second video")[0].exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("make", "no-such-file.png"),
        ("make",),
        ("show", "no-such-run"),
        ("resume", "../../etc"),
        ("refine", "no-such-run", "-p", "x"),
    ],
)
def test_bad_input(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """Exit code 2, and the same keys with nothing in them."""
    told, value = run(*arguments, "--store", str(tmp_path / "store"))
    assert told.exit_code == 2
    check(value, "stuck")
    assert (value["run_id"], value["videos"], value["manifest"]) == (None, [], None)


def test_the_balance(service: Stage) -> None:
    """What the account has, in numbers."""
    told, value = run("credits")
    assert told.exit_code == 0
    assert set(value) >= {"available", "frozen", "total"}
