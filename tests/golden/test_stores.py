"""A store of format 1 is read, listed and gone on with, whatever has become of the package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from golden import GOLDEN, copied_store, given, read_again
from stage import Stage

from nemovideo_nodes import units
from nemovideo_nodes.cli import main

STORE = GOLDEN / "stores" / "format-1"
SHOWN: dict[str, dict[str, Any]] = json.loads((GOLDEN / "stores" / "shown.json").read_text("utf-8"))
"""What `show --json` said of each run at that commit, the error reduced to whether there is one."""
FACTS = [
    *(GOLDEN / "stores" / "facts.jsonl").read_bytes().splitlines(),
    *(path.read_bytes() for path in sorted(STORE.glob("runs/*/journal/*.json"))),
]
DONE = [run for run, told in SHOWN.items() if told["manifest"]]
RUNS: dict[str, str] = json.loads((GOLDEN / "stores" / "runs.json").read_text("utf-8"))
"""What each of them is there for."""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A copy that a test may write to."""
    return copied_store(tmp_path / "store")


def run(*arguments: str, store: Path) -> Result:
    return CliRunner().invoke(main, [*arguments, "--store", str(store)])


def as_kept(told: dict[str, Any], store: Path) -> dict[str, Any]:
    """A result as `shown.json` has it.

    What a run has spent was told from the account's balance then; that is `account_moved` now.
    """
    text = json.dumps(told | {"error": told["error"] is not None}, ensure_ascii=False)
    plain: dict[str, Any] = json.loads(text.replace(str(store), "@STORE@"))
    money = plain["credits"]
    spent = money["account_moved"] if money["spent"] is None else money["spent"]
    kept = {"before": money["before"], "after": money["after"], "spent": spent}
    return plain | {"credits": kept}


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.json")}


@pytest.mark.parametrize("run_id", SHOWN)
def test_each_run_is_shown_as_it_was(run_id: str, store: Path) -> None:
    """All that was told stays; more may be told."""
    told = run("show", run_id, "--json", store=store)
    assert told.exit_code == 0
    now = as_kept(json.loads(told.stdout), store)
    assert {key: now[key] for key in SHOWN[run_id]} == SHOWN[run_id]
    assert run("show", run_id, store=store).exit_code == 0


@pytest.mark.parametrize("with_summaries", [True, False])
def test_all_of_them_are_listed(with_summaries: bool, store: Path) -> None:
    """From the summaries that lie beside the journals, and without them."""
    if not with_summaries:
        for path in store.glob("runs/*/summary.json"):
            path.unlink()
    told = json.loads(run("runs", "--json", store=store).stdout)
    assert {one["run_id"]: one["status"] for one in told} == {
        run_id: shown["status"] for run_id, shown in SHOWN.items()
    }
    for status in ("done", "stuck", "waiting"):
        listed = json.loads(run("runs", "--status", status, "--json", store=store).stdout)
        assert [one["run_id"] for one in listed] == sorted(
            run_id for run_id, shown in SHOWN.items() if shown["status"] == status
        )


@pytest.mark.parametrize("run_id", DONE)
def test_a_finished_run_is_resumed_without_a_request(
    run_id: str, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing listens where the service would be, and nothing is written in the journal."""
    monkeypatch.setenv("NEMO_API_URL", "http://127.0.0.1:9")
    journal = store / "runs" / run_id / "journal"
    before = files_of(journal)
    for video in (store / "runs" / run_id).glob("*.mp4"):
        video.unlink()  # it is put there again from the artifacts
    told = run("resume", run_id, "--json", store=store)
    assert told.exit_code == 0, told.stderr
    result = json.loads(told.stdout)
    assert as_kept(result, store) | SHOWN[run_id] == as_kept(result, store)
    assert all(Path(video["path"]).stat().st_size == video["bytes"] for video in result["videos"])
    assert files_of(journal) == before
    assert not (store / "emulator").exists()


def test_typing_a_finished_command_again_repeats_nothing(store: Path) -> None:
    """The request leads to the run by its id alone; no emulator is started for it."""
    typed = ["{media}/red.png", "{media}/咖啡 杯.png", "-p", "做一个5秒的竖屏视频", "--local"]
    told = run("make", *given(typed), "--json", store=store)
    assert told.exit_code == 0, told.stderr
    assert json.loads(told.stdout)["run_id"] == RUNS["finished"]
    assert not (store / "emulator").exists()


async def test_a_step_that_was_taken_by_hand_is_not_taken_again(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The units find what they achieved in the journal, by the step's number and arguments."""
    monkeypatch.setenv("NEMO_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("NEMOVIDEO_STORE", str(store))
    before = files_of(store / "runs" / RUNS["units"] / "journal")
    said = await units.prompt(RUNS["units"], "A 2 second video")
    assert said.replies[-1].startswith("Your video is ready: 2 seconds")
    assert (await units.read_state(RUNS["units"])).duration_ms == 2000
    assert files_of(store / "runs" / RUNS["units"] / "journal") == before


@pytest.mark.parametrize("kind", ["unknown", "refused", "lost"])
def test_a_stuck_run_stays_stuck_without_a_persons_word(
    kind: str, store: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No message, and no session, is sent for it by itself: it may have been paid for."""
    serve_at(stage, store, RUNS[kind], monkeypatch)
    told = run("resume", RUNS[kind], "--json", store=store)
    assert told.exit_code != 0
    assert json.loads(told.stdout)["status"] != "done"
    assert stage.sent[0] == 0


def test_each_fact_is_written_as_it_was_read() -> None:
    """Byte for byte, so that two releases on one journal write the same."""
    assert [line for line in FACTS if read_again(line) != line] == []


def test_facts_of_every_kind_are_here() -> None:
    """Each topic, verdict and kind of result that format 1 has."""
    facts = [json.loads(line) for line in FACTS]
    steps = [step["args"]["node"] for fact in facts for step in fact.get("steps", ())]
    results = {fact["result"]["kind"] for fact in facts if "result" in fact}
    kinds = {
        *("token", "session", "upload", "prompt", "state", "credits", "claim", "render", "await"),
        *("download", "publish"),
    }
    assert set(steps) == results == kinds
    assert {fact["fact"] for fact in facts} == {
        *("asked", "intended", "achieved", "deferred", "refused", "noted")
    }
    assert {fact.get("topic") for fact in facts} - {None} == {
        *("lease", "released", "resend", "account", "again", "session_lost", "cancelled", "remark")
    }
    assert {fact.get("verdict") for fact in facts} - {None} == {
        *("not_accepted", "stopped", "unknown", "failed")
    }
    assert {fact.get("because") for fact in facts} - {None} == {"request", "refinement", "reply"}


def test_the_finished_manifests_name_what_is_there(store: Path) -> None:
    """Keys that somebody's tools read; the digests are those of the artifacts."""
    keys = {
        *("format", "run_id", "service", "occasion", "profile", "asked_at", "finished_at"),
        *("instructions", "media", "videos", "conversation", "timeline", "credits", "steps"),
    }
    for run_id in DONE:
        manifest = json.loads((store / "runs" / run_id / "manifest.json").read_text("utf-8"))
        assert keys <= set(manifest)
        for video in manifest["videos"]:
            assert (store / video["artifact"]).stat().st_size == video["bytes"]


def serve_at(stage: Stage, store: Path, run_id: str, patch: pytest.MonkeyPatch) -> None:
    """Have the run belong to the stage's emulator, which knows nothing of it, as after a loss."""
    patch.setenv("NEMO_API_URL", stage.emulator.url)
    patch.setenv("NEMOVIDEO_RECONCILE_SECONDS", "0.01")
    patch.setenv("NEMOVIDEO_RATE_LIMIT_SECONDS", "0.01")
    first = store / "runs" / run_id / "journal" / "00000001.json"
    first.write_text(
        first.read_text("utf-8").replace('"service":"local"', f'"service":"{stage.emulator.url}"'),
        "utf-8",
    )
