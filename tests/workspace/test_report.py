"""The report of a run: what it shows, that it runs and fetches nothing, and that it looks right."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import month_of_runs
import pytest
from fake_clock import FakeClock
from faulty_store import FaultyStore, StoreCall
from readers import look_at
from stage import Stage

from nemovideo_nodes.emulator.faults import Fault
from nemovideo_nodes.engine.summaries import summaries
from nemovideo_nodes.errors import Remedy, StoreError
from nemovideo_nodes.ledger.facts import (
    Achieved,
    Asked,
    Deferred,
    Fact,
    Intended,
    Lease,
    Noted,
    Presented,
    Refused,
)
from nemovideo_nodes.ledger.results import (
    ApprovalResult,
    HandOverResult,
    PromptResult,
    TokenResult,
)
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.steps import AcquireToken, Approve, AwaitRender, Prompt, Step
from nemovideo_nodes.workspace import DriveOptions, VideoOptions
from nemovideo_nodes.workspace.report import overview_of, overview_page, report_of
from nemovideo_nodes.workspace.report.steps import Schedule, schedule_of
from nemovideo_nodes.workspace.report.words import LANGUAGES, WORDS, counted_words, duration

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOSTILE = "</style><script>alert(1)</script><img src=x onerror=alert(2)>\"'{{ 7*7 }}"
SECRET = "https://cdn.example.com/a.mp4?X-Amz-Signature=deadbeef"


def report_path(stage: Stage, run_id: str) -> Path:
    return Path(stage.store_path) / "runs" / run_id / "report.html"


async def test_a_change_is_part_of_the_estimate(stage: Stage) -> None:
    """As in the report of all runs: what was sent counts, and not the first request alone."""
    ordered = stage.order()
    await stage.work(ordered)
    await stage.refine(ordered.run_id, "make it 3 seconds long")
    (listed,) = summaries(Store(stage.store_path))
    assert listed.cost > 100
    page = report_path(stage, ordered.run_id).read_text("utf-8")
    assert f"<b>{listed.cost:.0f}</b><span>Estimated credits" in page


async def test_every_run_writes_a_report_beside_its_video(stage: Stage) -> None:
    """With pictures in it, and the video as a link; a finished run that is asked again, too."""
    ordered = stage.order('A 2 second video titled "Spring"')
    result = await stage.work(ordered)
    page = report_path(stage, result.run_id)
    text = page.read_text("utf-8")
    assert 'src="video.mp4"' in text
    assert text.count("data:image/jpeg;base64,") >= 2
    assert result.videos[0].sha256 in text
    for word in ("Spring", "Timeline of", "Send prompt", "Await render", "Credits"):
        assert word in text
    page.unlink()
    await stage.workspace().resume(result.run_id, drive=DriveOptions(clock=FakeClock.skipping()))
    assert page.is_file()


async def test_a_run_that_waits_for_somebody_has_a_report(stage: Stage) -> None:
    """It says why, and what to do."""
    stage.emulator.faults.add(Fault("run_sse", 1, "code:2001"))
    result = await stage.work(stage.order())
    assert result.status != "done"
    assert result.error is not None
    assert result.error.split(":")[0] in report_path(stage, result.run_id).read_text("utf-8")


async def test_a_report_that_cannot_be_written_ends_no_run(stage: Stage) -> None:
    """The run is done all the same."""

    def refuse(call: StoreCall) -> None:
        if call.name.endswith("report.html"):
            raise StoreError("The disk is full")

    store = FaultyStore(stage.store_path, before=refuse)
    result = await stage.work(stage.order(), store=store)
    assert result.status == "done"
    assert not report_path(stage, result.run_id).exists()


async def test_hostile_words_stay_words(stage: Stage) -> None:
    """Of the instruction, the post and the file's name; no secret and no address of elsewhere."""
    options = VideoOptions(
        media=stage.pictures,
        prompts=[f'A 2 second video titled "{HOSTILE}" {SECRET}'],
        platform="tiktok",
        caption="Hi </dd><script>alert(3)</script>",
        alt_text='" onload=alert(4) x="',
    )
    workspace = stage.workspace()
    run_id = await workspace.submit(options)
    await workspace.advance(run_id, drive=DriveOptions(clock=FakeClock.skipping()))
    text = report_path(stage, run_id).read_text("utf-8")
    assert "&lt;script&gt;alert(1)" in text
    assert "&lt;script&gt;alert(3)" in text
    assert not re.search(r"<script|<img src=x|<[^>]*\sonload=", text)
    assert "deadbeef" not in text
    addresses = re.findall(r"""(?:src|href|poster|url)\s*[=(]\s*["']?([^"')\s>]+)""", text)
    elsewhere = [one for one in addresses if "//" in one or one.startswith("javascript")]
    assert [one for one in elsewhere if not one.startswith("data:image/jpeg;base64,")] == []


def fact_at(kind: type, seconds: float, **more: object) -> Fact:
    values = {"at": NOW + timedelta(seconds=seconds), "by": "me", **more}
    made: Fact = kind(**values)
    return made


def scheduled(*facts: Fact) -> Schedule:
    run = Run("any")
    for fact in facts:
        run.apply(fact)
    return schedule_of(run)


ASKED = fact_at(
    Asked,
    0,
    steps=(
        Step(id="token/0", args=AcquireToken()),
        Step(id="prompt/0", args=Prompt(text="Hi")),
        Step(id="await/0", args=AwaitRender(render="render/0")),
    ),
)
LEASE = Lease(host="h", boot="b", pid=1, started="s", expires=NOW + timedelta(hours=1))


def test_work_waits_and_refusals_are_told_apart() -> None:
    """A renewed lease ends no wait; a wait that was cut short counts as far as it went."""
    schedule = scheduled(
        ASKED,
        fact_at(Noted, 1, topic="lease", lease=LEASE),
        fact_at(Achieved, 2, step="token/0", result=TokenResult(account=("a",), anonymous=True)),
        fact_at(Intended, 3, step="prompt/0", key="k1"),
        fact_at(
            Refused,
            5,
            step="prompt/0",
            key="k1",
            verdict="not_accepted",
            sentence="Too many",
            repeat_at=NOW + timedelta(seconds=15),
            repeats=1,
        ),
        fact_at(Noted, 9, topic="lease", lease=LEASE),
        fact_at(Intended, 16, step="prompt/0", key="k2"),
        fact_at(Achieved, 20, step="prompt/0", key="k2", result=PromptResult()),
        fact_at(Deferred, 21, step="await/0", until=NOW + timedelta(seconds=51), why="rendering"),
        fact_at(Deferred, 31, step="await/0", until=NOW + timedelta(seconds=61), why="rendering"),
    )
    token, prompt, waiting = schedule.rows
    assert (token.worked_s, token.waited_s, token.state) == (2, 0, "done")
    assert (prompt.worked_s, prompt.waited_s) == (8, 10)
    assert (prompt.attempts, prompt.refusals) == (2, 1)
    assert [bar.kind for bar in prompt.bars] == ["work", "failed", "wait", "work"]
    assert (waiting.worked_s, waiting.waited_s, waiting.state) == (1, 10, "open")
    assert schedule.seconds == 31


def test_a_long_pause_is_drawn_short() -> None:
    """A run that went on the next day shows what it did on both days."""
    schedule = scheduled(
        ASKED,
        fact_at(Achieved, 10, step="token/0", result=TokenResult(account=("a",), anonymous=True)),
        fact_at(Noted, 11, topic="released"),
        fact_at(Intended, 86_400, step="prompt/0", key="k", by="other"),
        fact_at(Achieved, 86_410, step="prompt/0", key="k", result=PromptResult(), by="other"),
    )
    (pause,) = schedule.pauses
    assert pause.seconds > 86_000
    first, second = schedule.rows[0].bars[0], schedule.rows[1].bars[-1]
    assert first.width > 30
    assert second.width > 30
    assert second.left + second.width == pytest.approx(100, abs=0.1)


def test_a_person_is_waited_for() -> None:
    """The wait for an approval is the step's, and takes as little room as a pause."""
    seen = "0" * 64
    schedule = scheduled(
        fact_at(Asked, 0, steps=(Step(id="approve/0", args=Approve(stage="before_paying")),)),
        fact_at(Noted, 2, topic="presented", step="approve/0", v=2, presented=Presented(seen=seen)),
        fact_at(Noted, 3, topic="released"),
        fact_at(
            Achieved,
            90_010,
            by="other",
            v=2,
            step="approve/0",
            result=ApprovalResult(seen=seen, who="Mei", decided_at=NOW + timedelta(seconds=90_000)),
        ),
        fact_at(Noted, 90_030, topic="released", by="other"),
    )
    (row,) = schedule.rows
    assert row.waited_s == 89_998
    assert row.bars[0].kind == "wait"
    assert len(schedule.pauses) == 1


def test_both_languages_say_the_same() -> None:
    """Each word of one is there in the other, with the same places to fill."""
    english, chinese = (WORDS[language] for language in LANGUAGES)
    assert set(english) == set(chinese)
    for name, words in english.items():
        assert words.count("{}") == chinese[name].count("{}"), name
    assert duration(83, "en") == "1 min 23 s"
    assert [counted_words("en", "refusals", count) for count in (1, 2)] == [
        "1 refusal",
        "2 refusals",
    ]
    assert counted_words("zh", "refusals", 1) == "被拒绝 1 次"
    assert duration(90_000, "zh") == "1 天 1 小时"


async def test_a_chinese_run_has_a_chinese_report(stage: Stage) -> None:
    """The page says so to screen readers, too."""
    result = await stage.work(stage.order("做一个2秒的视频"))
    text = report_path(stage, result.run_id).read_text("utf-8")
    assert '<html lang="zh">' in text
    assert "时间线" in text


async def test_a_report_elsewhere_has_a_small_video_in_it(stage: Stage, tmp_path: Path) -> None:
    """It can be sent on by itself."""
    result = await stage.work(stage.order())
    workspace = stage.workspace()
    run = await asyncio.to_thread(workspace.load, result.run_id)
    text = report_of(run, result, workspace.store, NOW, tmp_path / "sent.html")
    assert 'src="data:video/mp4;base64,' in text


@pytest.mark.slow  # a browser
async def test_the_pages_are_for_everybody(stage: Stage, tmp_path: Path) -> None:
    """On a desktop, a phone, in the dark and on paper: no violation that axe finds, no request but
    for the video beside it, nothing wider than the screen, and all of it by keyboard.
    """
    options = VideoOptions(
        media=stage.pictures,
        prompts=[f'A 3 second video titled "{"Spring " * 20}"'],
        platform="x",
        caption="Spring is here " + "a" * 100,
    )
    workspace = stage.workspace()
    run_id = await workspace.submit(options)
    await workspace.advance(run_id, drive=DriveOptions(clock=FakeClock.skipping()))
    many = tmp_path / "month.html"
    many.write_text(overview_page(overview_of(month_of_runs.month()), month_of_runs.NOW), "utf-8")
    await asyncio.to_thread(look_at, report_path(stage, run_id), many)


async def test_approvals_are_in_the_report(stage: Stage) -> None:
    """What is asked, with the question; then who said what to it."""
    workspace = stage.workspace()
    drive = DriveOptions(clock=FakeClock.skipping())
    run_id = await workspace.submit(
        VideoOptions(media=stage.pictures, prompts=["A 2 second video"], approval="before_paying")
    )
    result = await workspace.resume(run_id, drive=drive)
    assert result.approval is not None
    text = report_path(stage, run_id).read_text("utf-8")
    assert "waits for approval" in text
    assert result.approval.question.split("<")[0][:20] in text
    await workspace.approve(run_id, who="<b>Mei</b>")
    assert (await workspace.resume(run_id, drive=drive)).status == "done"
    text = report_path(stage, run_id).read_text("utf-8")
    assert "before paying" in text
    assert "&lt;b&gt;Mei" in text


async def test_what_was_handed_over_is_in_the_report(stage: Stage, tmp_path: Path) -> None:
    """To whom, and where it is there; a link only where it is one."""
    result = await stage.work(stage.order())
    workspace = stage.workspace()
    run = await asyncio.to_thread(workspace.load, result.run_id)
    handed = [
        HandOverResult(id="a", target="postiz", platform="tiktok", place="https://p.example/1"),
        HandOverResult(id="b", target="<i>cms", place="javascript:alert(1)", state="draft"),
    ]
    told = result.model_copy(update={"handed_over": handed})
    text = report_of(run, told, workspace.store, NOW, tmp_path / "any.html")
    assert '<a href="https://p.example/1"' in text
    assert "postiz: TikTok" in text
    assert "&lt;i&gt;cms" in text
    assert 'href="javascript' not in text


async def test_every_remedy_and_state_can_be_reported(stage: Stage, tmp_path: Path) -> None:
    """In both languages; one of a version to come, too."""
    ordered = stage.order()
    result = await stage.work(ordered, through="session/0")
    workspace = stage.workspace()
    run = await asyncio.to_thread(workspace.load, ordered.run_id)
    for language in LANGUAGES:
        for remedy in (*Remedy, "dance"):
            update = {"status": "stuck", "error": "It stopped", "remedy": str(remedy)}
            told = result.model_copy(update=update | {"error_code": "question", "state": "paused"})
            page = tmp_path / "any.html"
            text = report_of(run, told, workspace.store, NOW, page, language=language)
            assert "It stopped" in text
