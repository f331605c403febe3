"""What needs approval is said by a request, a calendar's row, or the account; each in the same
words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from stage import Stage

from nemovideo_nodes.cli import main
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.settings import Settings
from nemovideo_nodes.workspace import Account, VideoOptions, Workspace
from nemovideo_nodes.workspace.accounts import account_settings


def prepared(stage: Stage, settings: Settings, approval: str = "") -> str | None:
    workspace = Workspace(settings, stage.workspace().store)
    options = VideoOptions(media=stage.pictures, prompts=["A video"], approval=approval)
    return workspace.prepare(options).order.request.approval


def test_a_request_goes_before_its_account(stage: Stage) -> None:
    """What it says, `none` included; what it does not say, the settings say."""
    settings = stage.settings().model_copy(update={"approval": "before_paying within 3d"})
    assert prepared(stage, settings) == "before_paying"
    assert prepared(stage, settings, "before_export") == "before_export"
    assert prepared(stage, settings, "none") is None
    assert prepared(stage, stage.settings()) is None
    with pytest.raises(BadInput, match="not a time of approval"):
        prepared(stage, stage.settings(), "sometimes")


def test_an_account_says_it_for_all_its_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment, an entry of accounts.toml, and a block or a connection."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NEMOVIDEO_APPROVAL", "before_export")
    settings = Settings.from_environment()
    assert settings.approval == "before_export"
    settings.config_dir.mkdir(parents=True)
    accounts = settings.config_dir / "accounts.toml"
    accounts.write_text('[brand]\napproval = "before_paying"\n[other]\n')
    accounts.chmod(0o600)
    assert account_settings("brand", settings).approval == "before_paying"
    assert account_settings("other", settings).approval == "before_export"
    assert Account(approval="before_handover").settings().approval == "before_handover"
    assert Account().settings().approval == "before_export"


def test_a_calendar_waits_for_a_person_row_by_row(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that need approval are held, the others are made; approved, the next run makes them."""
    monkeypatch.setenv("NEMO_API_URL", stage.emulator.url)
    monkeypatch.setenv("NEMOVIDEO_STORE", stage.store_path)
    monkeypatch.setenv("NEMOVIDEO_POLL_SECONDS", "0.05")
    monkeypatch.setenv("NEMOVIDEO_RECONCILE_SECONDS", "0.05")
    sheet = stage.folder / "calendar.csv"
    sheet.write_text(
        "slug,due,images,prompt,approval\n"
        f"red,2026-03-01 09:00,{stage.pictures[0]},A 2 second video,\n"
        f"blue,2026-03-01 09:00,{stage.pictures[1]},A 2 second video,none\n"
    )
    command = ["calendar", "run", str(sheet), "--catch-up", "1000000", "--approval"]

    def ran(approval: str = "before_export") -> tuple[int, dict[str, str]]:
        result = CliRunner().invoke(main, [*command, approval, "--json"])
        videos = json.loads(result.stdout)["videos"]
        return result.exit_code, {one["slug"]: one["outcome"] for one in videos}

    assert ran() == (75, {"red": "held", "blue": "made"})
    (waiting,) = Workspace.open().approvals()
    said = CliRunner().invoke(main, [*command, "before_export"])
    assert f"nemovideo approve {waiting.run_id} permits it" in said.output
    assert CliRunner().invoke(main, ["approve", waiting.run_id]).exit_code == 0
    assert ran() == (0, {"red": "made", "blue": "known"})
    wrong = CliRunner().invoke(main, [*command, "maybe"])
    assert wrong.exit_code == 2
    assert "'maybe' is not a time of approval" in wrong.output
    sheet.write_text("slug,due,prompt,approval\nred,2026-03-01 09:00,A video,perhaps\n")
    checked = CliRunner().invoke(main, ["calendar", "check", str(sheet)])
    assert "approval: 'perhaps' is not a time of approval" in checked.output
