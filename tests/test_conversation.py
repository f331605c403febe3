"""What was said in a run: silent turns in words, second stages, suggestions, follow-ups."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from stage import SkippingClock, Stage, copying_renderer, make_pictures

from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.followup import next_follow_up
from nemovideo_nodes.intake import instructions
from nemovideo_nodes.ledger.conversation import conversation
from nemovideo_nodes.ledger.facts import (
    Achieved,
    Asked,
    Evidence,
    Intended,
    Order,
    PromptResult,
    StateResult,
)
from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request import Instruction, Limits, VideoRequest
from nemovideo_nodes.runs import load_run, refine
from nemovideo_nodes.script import compile_request
from nemovideo_nodes.settings import find_profile

PROFILE = find_profile("image-to-video-canva")
T0 = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def options(film: Path) -> Options:
    return Options(quick=True, pace=0.0, renderer=copying_renderer(film), silent=1.0)


async def refined(stage: Stage, run: str, text: str) -> RunResult:
    return await refine(
        stage.settings(),
        Store(stage.store_path),
        run,
        instructions([text], PROFILE),
        clock=SkippingClock(),
    )


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
    """After the documented reads, and without a second message."""
    run = (await stage.work(stage.order())).run_id
    stage.emulator.add_fault("run_sse", 1, "silent")
    result = await refined(stage, run, "frobnicate the whole thing")
    assert "was not applied" in result.replies[-1]
    assert stage.sent[0] == 2


@pytest.fixture
def later(tmp_path: Path, film: Path) -> Iterator[Stage]:
    options = Options(quick=True, pace=0.0, renderer=copying_renderer(film), second_stage_s=0.02)
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
    said = [one.said for one in conversation(load_run(Store(stage.store_path), run))]
    assert said == ["A 2 second video", 'add the title "Two"']
