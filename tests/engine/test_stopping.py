"""How a run is stopped from outside and let on again: cancelled, out of time, by a word."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from itertools import count

import pytest
from fake_clock import FakeClock
from faulty_store import FaultyStore, fault_at
from stage import Stage, assert_video

from nemovideo_nodes.engine.loop import Event
from nemovideo_nodes.engine.status import run_status
from nemovideo_nodes.ledger.facts import Intended, Noted, Refused
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.settings import PollingSettings
from nemovideo_nodes.workspace import PreparedRun


async def cancelled_at_write(stage: Stage, ordered: PreparedRun, at: int) -> bool:
    """Whether the run was cancelled while its nth new object was written: it may have fewer."""
    cancelled = threading.Event()

    def cancel_task() -> None:
        loop.call_soon_threadsafe(cancel)
        assert cancelled.wait(30)

    def cancel() -> None:
        task.cancel()
        loop.call_soon(loop.call_soon, cancelled.set)  # once the cancellation has been thrown in

    loop = asyncio.get_running_loop()
    store = FaultyStore(stage.store_path, before=fault_at(at, cancel_task))
    task = asyncio.ensure_future(stage.work(ordered, store=store))
    await asyncio.wait([task])
    return task.cancelled()


async def taken_up(stage: Stage, ordered: PreparedRun) -> None:
    """It was let go of, and the next engine ends it without waiting for a lease."""
    run = stage.workspace().load(ordered.run_id)
    assert run.holding is None
    clock = FakeClock.skipping()
    result = await stage.work(ordered, clock=clock)
    assert_video(result, stage)
    assert clock.ahead < timedelta(seconds=30)


@pytest.mark.parametrize("share", range(3))
async def test_a_run_cancelled_in_any_write_is_taken_up_at_once(stage: Stage, share: int) -> None:
    """Nothing is done twice or lost: the write that was under way is known to be written."""
    done = 0
    for at in count(share + 1, 3):
        ordered = stage.order(run_id=f"run-{at}")
        if not await cancelled_at_write(stage, ordered, at):
            break
        notes = [fact.topic for fact in stage.facts(ordered.run_id) if isinstance(fact, Noted)]
        told = run_status(stage.workspace().load(ordered.run_id), Store(stage.store_path))
        if told.status == "waiting" and notes:
            assert notes[-2:] == ["cancelled", "released"]
        assert told.status in ("waiting", "done")
        await taken_up(stage, ordered)
        done += 1
        assert stage.sent == (done, done, 2 * done), at
    assert done > 6


async def test_a_message_cancelled_before_it_was_sent_is_sent(stage: Stage) -> None:
    """The intent is on the disk and the message is not under way: that much is certain."""
    places = count(8)
    while True:
        at = next(places)
        ordered = stage.order(run_id=f"run-{at}")
        assert await cancelled_at_write(stage, ordered, at)
        intents = [f.step for f in stage.facts(ordered.run_id) if isinstance(f, Intended)]
        if intents[-1:] == ["prompt/0"]:
            break
    (refused,) = (f for f in stage.facts(ordered.run_id) if isinstance(f, Refused))
    assert (refused.verdict, stage.sent[0]) == ("not_accepted", 0)
    await taken_up(stage, ordered)


async def test_a_message_cancelled_in_its_stream_is_looked_for(stage: Stage) -> None:
    """Hanging up cancels the agent: what became of it is read off the state, and not guessed."""
    ordered = stage.order()
    stage.emulator.add_fault("run_sse", 1, "heartbeats", arg=20.0)

    def stop(event: Event) -> None:
        if event.kind == "progress" and event.step == "prompt/0":
            work.cancel()

    work = asyncio.ensure_future(stage.work(ordered, on_event=stop))
    with pytest.raises(asyncio.CancelledError):
        await work
    store = Store(stage.store_path)
    told = run_status(stage.workspace().load(ordered.run_id), store)
    assert (told.status, told.error) == ("waiting", "It was cancelled")
    assert (told.state, told.error_code, told.remedy) == ("resumable", "cancelled", "retry")
    result = await stage.work(ordered)
    assert (result.status, stage.sent[0]) == ("stuck", 1)
    assert (result.error_code, result.remedy) == ("outcome_unknown", "resend")
    assert_video(await stage.work(ordered, resend=True), stage)
    assert stage.sent[0] == 2


async def test_nothing_is_begun_or_slept_for_beyond_a_deadline(stage: Stage) -> None:
    """`until` ends the work between two effects, and the last wait says when there is more."""
    stage.pace = PollingSettings()
    clock, ordered = FakeClock(), stage.order()
    until = clock.now() + timedelta(seconds=30)
    stage.emulator.add_fault("render_status", 1, "render_stuck")
    result = await stage.work(ordered, clock=clock, until=until)
    assert (result.status, result.error) == ("waiting", "Rendering")
    assert clock.now() <= until
    due = [event.until for event in stage.events if event.kind == "wait"][-1]
    assert due is not None
    assert due > until
    requests = stage.emulator.counts().requests
    clock.advance_to(due)
    result = await stage.work(ordered, clock=clock, until=clock.now())
    assert result.status == "waiting"
    assert (result.error_code, result.remedy) == ("deadline", "retry")
    assert stage.emulator.counts().requests == requests
    assert_video(await stage.work(ordered, clock=clock, until=due + timedelta(hours=1)), stage)
    assert stage.sent == (1, 1, 2)


async def test_without_waiting_each_call_goes_as_far_as_it_can(stage: Stage) -> None:
    """A door that waits in its own way is told until when, and calls again then."""
    stage.pace = PollingSettings()
    clock, ordered = FakeClock(), stage.order()
    result = None
    for _ in range(20):
        result = await stage.work(ordered, clock=clock, waits=False)
        if result.status != "waiting":
            break
        assert clock.waits == []
        due = stage.events[-1].until
        assert due is not None
        assert due > clock.now()
        clock.advance_to(due)
        await asyncio.to_thread(stage.emulator.wait_for_renders)
    assert result is not None
    assert_video(result, stage)
    assert stage.sent == (1, 1, 2)


async def test_a_render_that_failed_twice_is_made_once_more_at_a_persons_word(
    stage: Stage,
) -> None:
    """Each word allows one render; an export costs nothing, and the message is not sent again."""
    stage.emulator.add_fault("export", 1, "render_failed", times=3)
    ordered = stage.order()
    for renders, resend in ((2, False), (2, False), (3, True)):
        result = await stage.work(ordered, resend=resend)
        assert (result.status, stage.sent[:2]) == ("stuck", (1, renders))
        assert f"It has failed {renders} times" in (result.error or "")
        assert (result.error_code, result.remedy) == ("render_failed", "resend")
    assert_video(await stage.work(ordered, resend=True), stage)
    assert stage.sent == (1, 4, 2)


async def test_what_was_paid_for_in_a_lost_session_is_made_anew_at_a_persons_word(
    stage: Stage,
) -> None:
    """Without it nothing is sent; with it everything is, once."""
    stage.emulator.add_fault("state", 2, "lost_session")
    ordered = stage.order()
    for _ in range(2):
        result = await stage.work(ordered)
        assert (result.status, stage.sent) == ("stuck", (1, 0, 2))
        assert (result.error_code, result.remedy) == ("session_not_found", "resend")
    results = await asyncio.gather(
        stage.work(ordered, resend=True), stage.work(ordered, resend=True)
    )
    for result in results:
        assert_video(result, stage)
    assert_video(await stage.work(ordered, resend=True), stage)
    assert stage.sent == (2, 1, 4)
