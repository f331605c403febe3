"""The task units by themselves, in a person's own flow, against the emulator over sockets."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_clock import FakeClock
from stage import Stage

from nemovideo_nodes import units
from nemovideo_nodes.errors import ErrorCode, RunStopped, StepConflict
from nemovideo_nodes.ledger.results import PublishResult


@pytest.fixture
def bench(stage: Stage) -> units.Bench:
    return units.Bench(settings=stage.settings(), clock=FakeClock.skipping())


async def own_flow(run: str, pictures: list[str], bench: units.Bench) -> PublishResult:
    await units.acquire_token(run, bench=bench)
    await units.create_session(run, bench=bench)
    for number, picture in enumerate(pictures):
        await units.upload(run, picture, number=number, bench=bench)
    await units.prompt(run, "a 2 second video", bench=bench)
    await units.submit_render(run, bench=bench)
    await units.await_render(run, bench=bench)
    await units.download(run, bench=bench)
    return await units.publish(run, bench=bench)


async def test_units_make_a_video_with_the_run_id_alone(stage: Stage, bench: units.Bench) -> None:
    """A hand-made flow comes to a video, and the same flow again repeats nothing."""
    first = await own_flow("mine", stage.pictures, bench)
    again = await own_flow("mine", stage.pictures, bench)
    assert first == again
    assert (Path(stage.store_path) / first.videos[0]).is_file()
    assert stage.sent == (1, 1, 2)


async def test_results_are_typed_and_say_what_happened(stage: Stage, bench: units.Bench) -> None:
    """Each unit returns its own result."""
    token = await units.acquire_token("r", bench=bench)
    session = await units.create_session("r", bench=bench)
    before = await units.check_credits("r", bench=bench)
    upload = await units.upload("r", stage.pictures[0], bench=bench)
    turn = await units.prompt("r", "a 2 second video", bench=bench)
    state = await units.read_state("r", bench=bench)
    claim = await units.claim_link("r", bench=bench)
    after = await units.check_credits("r", number=1, bench=bench)
    assert token.anonymous
    assert session.session_id
    assert upload.name.endswith("picture-0.png")
    assert turn.replies
    assert state.timeline is not None
    assert state.timeline.startswith("Timeline (")
    assert claim.expires_at is not None
    assert before.available is not None
    assert after.available is not None
    assert before.available - after.available == 100


async def test_a_second_use_of_a_unit_has_its_own_number(stage: Stage, bench: units.Bench) -> None:
    """Render, look, refine, render again in one session; other words under one number conflict."""
    await own_flow("twice", stage.pictures, bench)
    await units.prompt("twice", 'add the title "Two"', number=1, bench=bench)
    await units.submit_render("twice", number=1, bench=bench)
    await units.await_render("twice", render=1, number=1, bench=bench)
    await units.download("twice", render=1, number=1, bench=bench)
    published = await units.publish("twice", number=1, bench=bench)
    assert len(published.videos) == 2
    assert stage.sent == (2, 2, 2)
    with pytest.raises(StepConflict):
        await units.prompt("twice", "something else", number=1, bench=bench)
    assert stage.sent == (2, 2, 2)


async def test_a_unit_out_of_order_says_what_is_missing(stage: Stage, bench: units.Bench) -> None:
    """A message without a session is refused in words, and nothing is sent."""
    with pytest.raises(RunStopped, match="no session"):
        await units.prompt("early", "go", bench=bench)
    assert stage.sent == (0, 0, 0)


async def test_a_unit_waits_for_a_persons_word(stage: Stage, bench: units.Bench) -> None:
    """It stops until somebody approves what it shows; then it returns who did."""
    await units.acquire_token("r", bench=bench)
    await units.create_session("r", bench=bench)
    await units.prompt("r", "a 2 second video", bench=bench)
    await units.read_state("r", bench=bench)
    with pytest.raises(RunStopped) as stopped:
        await units.approve("r", "before_export", bench=bench)
    assert stopped.value.code is ErrorCode.NEEDS_APPROVAL
    assert await stage.workspace().approve("r", who="Ann")
    assert (await units.approve("r", "before_export", bench=bench)).who == "Ann"
    await units.submit_render("r", bench=bench)
    assert stage.sent == (1, 1, 0)
