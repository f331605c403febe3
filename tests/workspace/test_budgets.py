"""Budgets: what does not fit is held for a person or the next day, and counted at the emulator."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fake_clock import FakeClock
from faulty_store import Death, dying_store
from shell import QUICK
from stage import Stage

from nemovideo_nodes.cli import main
from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.errors import ErrorCode, Remedy
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.budget import daily_budget, named_budget
from nemovideo_nodes.settings import Settings
from nemovideo_nodes.workspace import DriveOptions, VideoOptions, Workspace
from nemovideo_nodes.workspace.budgets import totals


def workspace_with(
    stage: Stage, *, run: float | None = None, day: float | None = None, store: Store | None = None
) -> Workspace:
    settings: Settings = stage.settings().model_copy(update={"run_budget": run, "day_budget": day})
    return Workspace(settings, store or Store(stage.store_path))


def asked(stage: Stage, run_id: str, *texts: str) -> VideoOptions:
    texts = texts or ("A 2 second video",)
    return VideoOptions(media=stage.pictures, prompts=texts, run_id=run_id)


async def test_a_message_that_does_not_fit_is_held_and_released(stage: Stage) -> None:
    """Nothing is sent for it until a person permits it; then the run goes on to its video."""
    workspace = workspace_with(stage, day=150)
    first = await workspace.run(workspace.prepare(asked(stage, "first")))
    assert first.status == "done"
    second = await workspace.run(workspace.prepare(asked(stage, "second")))
    assert (second.status, second.state, second.retryable) == ("waiting", "held", False)
    assert second.error is not None
    assert "Over budget: 200 of 150 credits today" in second.error
    assert (second.error_code, second.remedy) == (ErrorCode.OVER_BUDGET, Remedy.RELEASE)
    assert workspace.result("second").state == "held"
    assert stage.sent[0] == 1
    assert await workspace.release("second")
    assert not await workspace.release("second")
    assert (await workspace.resume("second")).status == "done"
    assert stage.sent[0] == 2


async def test_the_next_day_releases_what_is_held(stage: Stage) -> None:
    """The same command goes on, without anybody's word."""
    workspace = workspace_with(stage, day=100)
    await workspace.run(workspace.prepare(asked(stage, "first")))
    assert (await workspace.run(workspace.prepare(asked(stage, "second")))).state == "held"
    clock = FakeClock.skipping()
    clock.ahead = timedelta(days=1)
    held = await workspace.resume("second", drive=DriveOptions(clock=clock))
    assert held.status == "done"


async def test_a_run_has_a_budget_of_its_own(stage: Stage) -> None:
    """Its second message, an edit, does not fit any more."""
    workspace = workspace_with(stage, run=120)
    ordered = workspace.prepare(asked(stage, "run", "A 2 second video", "Make it brighter"))
    result = await workspace.run(ordered)
    assert result.state == "held"
    assert "150 of 120 credits of the run" in (result.error or "")
    assert stage.sent[0] == 1


async def test_a_calendars_budget_is_written_down_with_the_run(stage: Stage) -> None:
    """Whoever takes the run up obeys it, with or without budgets of the environment."""
    spring = named_budget("calendar", "spring", 100)
    options = [replace(asked(stage, name), budgets=[spring]) for name in ("a", "b")]
    workspace = stage.workspace()
    results = [await workspace.run(workspace.prepare(one)) for one in options]
    assert [one.state for one in results] == ["done", "held"]
    assert "200 of 100 credits of the calendar spring" in (results[1].error or "")
    assert (await stage.workspace().resume("b")).state == "held"
    (state,) = workspace.budgets()
    assert (state.scope, state.spent, state.reserved) == ("calendar-spring", 100, 0)


async def test_runs_at_once_never_go_over_by_a_credit(stage: Stage) -> None:
    """Of eight runs that start together three fit."""
    ready = [
        workspace_with(stage, day=300).prepare(asked(stage, f"run-{number}")) for number in range(8)
    ]
    results = await asyncio.gather(*(workspace_with(stage, day=300).run(one) for one in ready))
    assert sorted(str(one.state) for one in results) == ["done"] * 3 + ["held"] * 5
    assert stage.sent[0] == 3


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_death_at_any_write_leaves_no_run_stuck(stage: Stage, after: bool) -> None:
    """The budget has room for one message: it is sent once, whichever write its worker died at.

    Each third write, others before it than behind it.
    """
    for at in range(1, 200, 3) if after else range(2, 200, 3):
        run_id = f"run-{at}"
        stage.client_id = f"account-{at}"  # whose day is empty yet
        dying = dying_store(stage.store_path, at, after=after)
        before = stage.sent[0]
        died = False
        try:
            workspace = workspace_with(stage, day=100, store=dying)
            await workspace.run(workspace.prepare(asked(stage, run_id)))
        except (Death, BaseExceptionGroup):
            died = True
        workspace = workspace_with(stage, day=100)
        drive = DriveOptions(clock=FakeClock.skipping())
        result = await workspace.run(workspace.prepare(asked(stage, run_id)), drive=drive)
        if result.error_code == ErrorCode.OUTCOME_UNKNOWN:
            # It died between the intent and the message, and doubt counts as spent.
            assert stage.sent[0] == before
            again = DriveOptions(clock=FakeClock.skipping(), resend=True)
            assert (await workspace.resume(run_id, drive=again)).state == "held"
            assert await workspace.release(run_id)
            result = await workspace.resume(run_id, drive=drive)
        assert result.status == "done", (at, result)
        assert stage.sent[0] == before + 1
        if not died:
            return
    raise AssertionError("The run never came to its end alive")


def test_a_calendar_stops_at_its_budget(stage: Stage) -> None:
    """Of two posts one fits; with a larger budget the other one is made, and the first stays."""
    sheet = stage.folder / "spring.csv"
    rows = [f"{name},2026-03-01 09:00,{stage.pictures[0]},A 2 second {name} video" for name in "ab"]
    sheet.write_text("\n".join(["slug,due,image,prompt", *rows]), encoding="utf-8")
    env = {**QUICK, "NEMO_CLIENT_ID": "stage", "NEMO_API_URL": stage.emulator.url}

    def make(*options: str) -> Result:
        asked = ["calendar", "run", str(sheet), "--store", stage.store_path, "--json"]
        return CliRunner().invoke(main, [*asked, "--catch-up", "1000000", *options], env=env)

    first = make("--budget", "100", "--at-once", "1")
    assert first.exit_code == 75, first.output
    outcomes = [video["outcome"] for video in json.loads(first.stdout)["videos"]]
    assert outcomes == ["made", "held"]
    assert "Over budget: 200 of 100 credits of the calendar Spring" in first.stdout
    assert stage.sent[0] == 1
    assert make("--budget", "200").exit_code == 0
    assert make().exit_code == 0
    assert stage.sent[0] == 2


def test_the_command_line_shows_and_releases(stage: Stage, tmp_path: Path) -> None:
    """`budget` lists what was charged, `release` permits more."""
    workspace = workspace_with(stage, day=100)

    async def work() -> None:
        for name in ("first", "second"):
            await workspace.run(workspace.prepare(asked(stage, name)))

    asyncio.run(work())
    runner, store = CliRunner(), ["--store", stage.store_path]
    env = {
        "NEMOVIDEO_DAY_BUDGET": "100",
        "NEMO_CLIENT_ID": "stage",
        "NEMO_API_URL": stage.emulator.url,
    }
    shown = runner.invoke(main, ["budget", *store], env=env)
    assert shown.exit_code == 0
    assert shown.output.splitlines()[1].split()[-3:] == ["100", "0", "100"]
    assert "Over budget" in runner.invoke(main, ["show", "second", *store], env=env).output
    released = runner.invoke(main, ["release", "second", *store], env=env)
    assert released.output == "Released. Go on with: nemovideo resume second\n"
    again = runner.invoke(main, ["release", "second", *store], env=env)
    assert "is not held" in again.output
    bad = runner.invoke(main, ["budget", *store], env={"NEMOVIDEO_DAY_BUDGET": "lots"})
    assert bad.exit_code == 2
    assert "NEMOVIDEO_DAY_BUDGET must be a number of credits" in bad.output


async def test_past_runs_make_the_estimate(stage: Stage) -> None:
    """After three of a kind their median is what is told, and what is reserved."""
    workspace = workspace_with(stage, day=1000)
    options = asked(stage, "", "A 2 second video")
    assert "documented costs" in workspace.preview(options).estimate.basis  # type: ignore[union-attr]
    began = SystemClock().now() - timedelta(days=1)
    for number in range(3):
        times = [began + timedelta(hours=number, minutes=more) for more in (0, 5)]
        told = "_".join(f"{at:%Y%m%dT%H%M%SZ}" for at in times)
        name = f"image-to-video-canva_2s_1m_1v_{told}_{70 + 10 * number}_run_{number}"
        workspace.store.create(f"costs/{name}", b"{}")
    estimate = workspace.preview(options).estimate
    assert estimate is not None
    assert estimate.credits == 80
    assert estimate.basis == "the median of 3 past runs of this profile and length (2s)"
    result = await workspace.run(workspace.prepare(asked(stage, "fourth")))
    assert result.status == "done"
    (state,) = workspace.budgets()
    assert state.spent == 80
    (kept,) = [one.name for one in workspace.store.files("costs") if "fourth" in one.name]
    assert kept.endswith(f"_{result.credits.account_moved:g}_fourth")


async def test_a_day_that_is_over_is_cleaned_up(stage: Stage) -> None:
    """With runs older than it; what counts today stays."""
    workspace = workspace_with(stage, run=500, day=500)
    old = FakeClock.skipping()
    old.ahead = timedelta(days=-9)
    first = workspace.prepare(asked(stage, "first"))
    await workspace.run(first, drive=DriveOptions(clock=old))
    await workspace.run(workspace.prepare(asked(stage, "second")))
    kinds = [(one.kind, one.name) for one in workspace.budgets()]
    assert len(kinds) == 4
    await workspace.delete(timedelta(days=3))
    left = workspace.budgets()
    assert [(one.kind, one.spent) for one in left] == [("day", 100), ("run", 100)]
    assert left[1].name == "second"


async def test_a_webhook_sources_budget_is_one_for_each_day(stage: Stage) -> None:
    """The next day releases what it holds, without anybody's word."""
    shop = daily_budget("source", "shop", 100)
    workspace = stage.workspace()
    for name in ("a", "b"):
        await workspace.submit(replace(asked(stage, name), budgets=[shop]))
    assert (await workspace.resume("a")).status == "done"
    result = await workspace.resume("b")
    assert result.state == "held"
    assert "200 of 100 credits of the source shop today" in (result.error or "")
    (state,) = workspace.budgets()
    assert (state.kind, state.name, state.limit, state.spent) == ("source", "shop", 100, 100)
    (total,) = totals([state], "source")
    assert (total.name, total.spent) == ("shop", 100)
    clock = FakeClock.skipping()
    clock.ahead = timedelta(days=1)
    assert (await workspace.resume("b", drive=DriveOptions(clock=clock))).status == "done"


def test_a_row_has_a_budget_of_its_own(stage: Stage) -> None:
    """A larger one in the row goes on with what is held."""
    sheet = stage.folder / "spring.csv"
    env = {"NEMO_CLIENT_ID": "stage", "NEMO_API_URL": stage.emulator.url}

    def make(budget: str) -> Result:
        row = f"a,2026-03-01 09:00,{stage.pictures[0]},A 2 second video,{budget}"
        sheet.write_text(f"slug,due,image,prompt,budget\n{row}\n", encoding="utf-8")
        asked = ["calendar", "run", str(sheet), "--store", stage.store_path]
        return CliRunner().invoke(main, [*asked, "--catch-up", "1000000"], env=env)

    held = make("50")
    assert "100 of 50 credits of the run" in held.output
    assert make("lots").exit_code == 2
    assert stage.sent[0] == 0
    assert make("100").exit_code == 0
    assert stage.sent[0] == 1
