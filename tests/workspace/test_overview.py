"""The report of many runs: what they cost, how long they took, why they failed, who is needed."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner
from golden import copied_store
from month_of_runs import NOW, known
from stage import Stage

from nemovideo_nodes.cli import main
from nemovideo_nodes.workspace.report import overview_of, overview_page


def test_runs_are_counted_by_what_they_have_in_common() -> None:
    """Cost by day, account and calendar; the dearest first, days in their order."""
    overview = overview_of(
        [
            known(1, cost=100, took_s=10),
            known(2, hours=30, cost=150, took_s=20, calendar="Spring"),
            known(3, hours=31, cost=0, state="failed", code="plan_blocked", account="client:0b"),
            known(4, hours=1, cost=50, state="failed", code="plan_blocked"),
            known(5, hours=2, cost=0, state="resumable"),
        ]
    )
    assert [(one.name, one.cost, one.runs) for one in overview.by_day] == [
        ("2026-03-30", 150, 2),
        ("2026-03-31", 150, 3),
    ]
    assert [(one.name, one.cost) for one in overview.by_account] == [
        ("client:0a", 300),
        ("client:0b", 0),
    ]
    assert [(one.name, one.runs) for one in overview.by_calendar] == [("", 4), ("Spring", 1)]
    assert overview.durations is not None
    assert (overview.durations.shortest, overview.durations.longest) == (10, 20)
    assert [(one.code, one.runs) for one in overview.failures] == [("plan_blocked", 2)]
    assert [one.summary.result.run_id for one in overview.needing] == ["run-004", "run-003"]
    assert (overview.done, overview.unfinished, overview.cost) == (2, 1, 300)


def test_hostile_names_stay_names() -> None:
    """Of instructions, calendars and errors; no secret."""
    hostile = "</table><script>alert(1)</script> https://a.example/x?token=deadbeef"
    page = overview_page(
        overview_of([known(1, state="failed", code=hostile, calendar=hostile, said=hostile)]), NOW
    )
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "deadbeef" not in page
    assert "//a.example" not in page.replace("https://a.example", "")


async def test_the_command_writes_both_pages(stage: Stage, tmp_path: Path) -> None:
    """Of a store with a run; what cannot be is said in one sentence."""
    result = await stage.work(stage.order("做一个2秒的视频"))
    runner = CliRunner()
    store = ["--store", stage.store_path]
    page, one = tmp_path / "all.html", tmp_path / "one.html"
    told = runner.invoke(main, ["report", "-o", str(page), "--since", "30d", *store, "--json"])
    assert told.exit_code == 0, told.output
    assert json.loads(told.output) == {"report": str(page)}
    text = page.read_text("utf-8")
    assert result.run_id in text
    assert f"runs/{result.run_id}/report.html" in text
    assert '<html lang="zh">' in text
    words = ["report", result.run_id[:8], "-o", str(one), "--language", "en", *store]
    assert runner.invoke(main, words).exit_code == 0
    assert "Await render" in one.read_text("utf-8")
    for wrong, why in (
        (["report", "-o", str(tmp_path / "no" / "x.html")], "There is no folder"),
        (["report", "-o", str(page), "--since", "soon"], "--since takes an age"),
        (["report", "gone", "-o", str(page)], "There is no run gone"),
        (["report", result.run_id, "-o", str(page), "--since", "1d"], "--since is for many runs"),
    ):
        refused = runner.invoke(main, [*wrong, *store])
        assert refused.exit_code == 2
        assert why in refused.output


def test_runs_of_an_earlier_version_are_reported(tmp_path: Path) -> None:
    """Their summaries lack what the page counts by: the journals have it."""
    store, page = copied_store(tmp_path / "store"), tmp_path / "all.html"
    told = CliRunner().invoke(main, ["report", "-o", str(page), "--store", str(store)])
    assert told.exit_code == 0, told.output
    text = page.read_text("utf-8")
    assert "named-by-hand" in text
    assert "image-to-video-canva" in text
