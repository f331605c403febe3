"""What was said in a run: silent turns in words, second stages, suggestions, follow-ups."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from stage import (
    SecondStage,
    Stage,
    copying_renderer,
    make_pictures,
)

from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.engine.follow_up import next_follow_up
from nemovideo_nodes.engine.loop import Event
from nemovideo_nodes.ledger.conversation import conversation
from nemovideo_nodes.ledger.facts import Achieved, Asked, Evidence, Intended, Order
from nemovideo_nodes.ledger.results import PromptResult, RenderResult, StateResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.request.model import Instruction, Limits, VideoRequest
from nemovideo_nodes.request.script import compile_request
from nemovideo_nodes.settings import find_profile

PROFILE = find_profile("image-to-video-canva")
T0 = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def options(film: Path) -> Options:
    return Options(quick=True, pace=0.0, renderer=copying_renderer(film), silent=1.0)


async def refined(stage: Stage, run: str, text: str) -> RunResult:
    return await stage.refine(run, text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('add the title "Summer Sale"', 'Title added: "Summer Sale" (0-'),
        ("加标题“夏日特卖”", "夏日特卖"),
    ],
)
async def test_a_silent_turn_is_told_from_the_states(stage: Stage, text: str, told: str) -> None:
    """What was done without a word stands in the replies, in the user's language."""
    run = (await stage.work(stage.order())).run_id
    result = await refined(stage, run, text)
    assert result.status == "done"
    assert told in result.replies[-1]


async def test_a_silent_turn_that_changed_nothing_is_said_to_be_not_applied(stage: Stage) -> None:
    """After the documented reads, without a second message, and without the same video again."""
    first = await stage.work(stage.order())
    stage.emulator.add_fault("run_sse", 1, "silent")
    result = await refined(stage, first.run_id, "frobnicate the whole thing")
    not_applied, no_video = result.replies[-2:]
    assert "was not applied" in not_applied
    assert "no new video" in no_video
    assert result.videos == first.videos
    assert stage.sent[:2] == (2, 1)


@pytest.fixture
def later(tmp_path: Path, film: Path) -> Iterator[Stage]:
    options = Options(quick=True, pace=0.0, renderer=copying_renderer(film), second_stage_s=0.005)
    with RunningEmulator(tmp_path / "world", options=options) as emulator:
        yield Stage(emulator, tmp_path, make_pictures(tmp_path / "pictures"))


async def test_what_the_service_adds_by_itself_is_in_the_video_and_told(later: Stage) -> None:
    """The export waits for the second stage, and the replies tell it apart, when it is seen."""
    ordered = later.order("a 2 second video without a title")
    result = await later.work(ordered)
    assert result.status == "done"
    (export,) = [
        f for f in later.facts(result.run_id) if isinstance(f, Achieved) and f.step == "render/0"
    ]
    (state,) = [
        f for f in later.facts(result.run_id) if isinstance(f, Achieved) and f.step == "state/0"
    ]
    assert isinstance(state.result, StateResult)
    assert export.result.draft_digest == state.result.draft_digest  # type: ignore[union-attr]
    assert "BGM" in (state.result.timeline or "")
    if state.result.later:
        assert any("itself" in reply for reply in result.replies)


@pytest.mark.parametrize(
    ("kind", "step", "told"),
    [
        ("wait", "state/0", "Added by the service itself: Music added: Lo-fi"),
        ("begin", "render/0", "Changed since then, not by this run: Music added: Lo-fi"),
    ],
)
async def test_a_second_stage_is_a_change_of_its_own(
    stage: Stage, kind: str, step: str, told: str
) -> None:
    """Between the first look and the last, or after it and before the export: seen and told."""
    stage_two = SecondStage(stage, kind, step)
    result = await stage.work(stage.order(), on_event=stage_two.on_event)
    assert len([reply for reply in result.replies if reply.startswith(told)]) == 1, result.replies
    assert "BGM: Lo-fi" in (result.timeline or "")
    (export,) = stage.workspace().load(result.run_id).results(RenderResult)
    assert export.draft_digest == stage_two.digest
    assert stage.manifest(result)["timeline"] == result.timeline


async def test_a_second_stage_after_the_end_is_no_part_of_the_next_turn(stage: Stage) -> None:
    """It is told before the refinement's own change, which is told without it."""
    run = (await stage.work(stage.order())).run_id
    SecondStage(stage).add_music()
    result = await refined(stage, run, 'add the title "Two"')
    since, title = result.replies[-2:]
    assert since == "Changed since then, not by this run: Music added: Lo-fi (0-2s, 35%)"
    assert title.startswith('Title added: "Two"')
    assert "Music" not in title


async def test_a_second_stage_over_the_end_of_a_process_is_told(stage: Stage) -> None:
    """What the first look saw is in the journal: another process tells what came after it."""
    ordered = stage.order()
    stage_two = SecondStage(stage, "never", "")

    def cancel(event: Event) -> None:
        if (event.kind, event.step) == ("wait", "state/0"):
            working.cancel()

    working = asyncio.ensure_future(stage.work(ordered, on_event=cancel))
    with pytest.raises(asyncio.CancelledError):
        await working
    stage_two.add_music()
    result = await stage.work(ordered)
    assert result.replies[-1].startswith("Added by the service itself: Music added")


def run_of(reply: str, *, follow_ups: int = 0) -> Run:
    """A run whose first message was answered by `reply`."""
    request = VideoRequest(
        script=(Instruction(text="go"),), profile="p", limits=Limits(follow_ups=follow_ups)
    )
    order = Order(request=request, service="local", profile=PROFILE)
    run = Run("r")
    evidence = Evidence(draft_digest=None, media_digest="")
    turn = PromptResult(replies=(reply,))
    state = StateResult(draft_digest="a", timeline="Timeline (1 track)", exportable=True)
    for fact in (
        Asked(at=T0, by="x", steps=compile_request(request), order=order),
        Intended(at=T0, by="x", step="prompt/0", key="k", evidence=evidence),
        Achieved(at=T0, by="x", step="prompt/0", key="k", result=turn),
        Achieved(at=T0, by="x", step="state/0", result=state),
    ):
        run.apply(fact)
    return run


DRAG = "Your clip is ready. Drag the second clip to the beginning of the track."


def test_instructions_to_an_editors_user_are_taken_out_and_shown_as_suggestions() -> None:
    """What would send a message is shown, and by default not sent."""
    run = run_of(DRAG)
    (exchange,) = conversation(run)
    assert exchange.replies == ("Your clip is ready.",)
    assert len(exchange.suggestions) == 1
    assert next_follow_up(run) is None


def test_a_follow_up_is_said_within_the_limit_and_once() -> None:
    """It goes before the export, is journaled as a reply's, and is not said again."""
    run = run_of(DRAG, follow_ups=3)
    found = next_follow_up(run)
    assert found is not None
    steps, after = found
    assert ([step.id for step in steps], after) == (["prompt/1", "state/1"], "state/0")
    run.apply(Asked(at=T0, by="x", steps=steps, after=after, because="reply"))
    assert next_follow_up(run) is None
    order = list(run.steps)
    assert order.index("state/1") < order.index("render/0")


async def test_the_conversation_of_a_run_is_read_from_its_journal(stage: Stage) -> None:
    """Each instruction with what came of it, in order."""
    run = (await stage.work(stage.order("A 2 second video", 'add the title "Two"'))).run_id
    said = [one.said for one in conversation(stage.workspace().load(run))]
    assert said == ["A 2 second video", 'add the title "Two"']
