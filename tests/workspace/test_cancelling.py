"""A person's cancel: the run ends for good, and the service is asked once to stop its render."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from faulty_store import Death, FaultyStore, StoreCall, dying_store
from stage import Stage, make_pictures

from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.errors import BadInput, ErrorCode, Remedy
from nemovideo_nodes.ledger.facts import Noted, dump_fact, is_newer
from nemovideo_nodes.ledger.journal import fact_name
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.testing import copying_renderer


@pytest.fixture
def options(nemovideo_options: Options, nemovideo_film: Path) -> Options:
    """Renders take a minute, so that a cancel comes before their end."""
    slow = tuple(copying_renderer(nemovideo_film, 60.0))
    return dataclasses.replace(nemovideo_options, renderer=slow)


async def under_way(stage: Stage, *texts: str) -> str:
    """A run whose render was submitted."""
    ordered = stage.order(*texts)
    await stage.work(ordered, through="render/0")
    return ordered.run_id


def cancels(stage: Stage) -> int:
    """How often the service was asked to stop a render."""
    return int(stage.emulator.counts().requests.get("cancel", 0))


async def test_a_render_under_way_is_stopped_once_and_the_run_ends(stage: Stage) -> None:
    """The journal has the word before the call, and the outcome behind it."""
    run = await under_way(stage)
    result = await stage.workspace().cancel(run)
    assert (result.status, result.retryable) == ("stuck", False)
    assert (result.error_code, result.remedy) == (ErrorCode.CANCELLED, Remedy.AGAIN)
    assert "may charge it all the same" in (result.error or "")
    stage.emulator.wait_for_renders(20)
    assert [f.topic for f in stage.facts(run) if isinstance(f, Noted) and "cancel" in f.topic] == [
        "cancel",
        "cancel_outcome",
    ]
    # Cancelled again, resumed, or asked for again: nothing is sent.
    assert await stage.workspace().cancel(run) == result
    assert (await stage.work(stage.order())).error_code == ErrorCode.CANCELLED
    assert next(iter(stage.workspace().list())).result.error_code == ErrorCode.CANCELLED
    assert (cancels(stage), stage.sent) == (1, (1, 1, 2))


async def test_before_a_render_nothing_is_asked_of_the_service(stage: Stage) -> None:
    """The run just ends; what was paid for stays paid."""
    ordered = stage.order()
    await stage.work(ordered, through="prompt/0")
    result = await stage.workspace().cancel(ordered.run_id)
    assert result.error_code == ErrorCode.CANCELLED
    assert (await stage.work(ordered)).error_code == ErrorCode.CANCELLED
    assert (cancels(stage), stage.sent) == (0, (1, 0, 2))
    with pytest.raises(BadInput, match="was cancelled"):
        await stage.refine(ordered.run_id, "make it square")


@pytest.mark.parametrize("kind", ["http:404", "http:405", "http:500", "reset"])
async def test_a_service_that_does_not_stop_it_is_told(stage: Stage, kind: str) -> None:
    """The run ends all the same, and nobody asks twice."""
    run = await under_way(stage)
    stage.emulator.add_fault("cancel", 1, kind, times=0)
    result = await stage.workspace().cancel(run)
    assert (result.status, result.error_code) == ("stuck", ErrorCode.CANCELLED)
    assert "may be charged" in (result.error or "")
    assert cancels(stage) == 1


async def test_a_person_may_take_a_cancelled_run_up_again(stage: Stage) -> None:
    """`resend` is that word; the render that was stopped is made anew, once."""
    ordered = stage.order()
    await stage.work(ordered, through="render/0")
    await stage.workspace().cancel(ordered.run_id)
    stage.emulator.wait_for_renders(20)
    result = await stage.work(ordered, resend=True, waits=False)
    assert result.error_code != ErrorCode.CANCELLED
    for _ in range(20):
        if stage.sent[1] == 2:
            break
        result = await stage.work(ordered, waits=False)
    assert (stage.sent[:2], cancels(stage)) == ((1, 2), 1)


async def test_a_crash_at_any_write_of_a_cancel_loses_nothing(stage: Stage) -> None:
    """Cancelled again, it ends with the word, an outcome, and no more than one call besides."""
    for at in range(1, 20):
        run = await under_way(stage, f"A 2 second video number {at}")
        before = cancels(stage)
        died = False
        try:
            await stage.workspace(dying_store(stage.store_path, at, after=at % 2 == 0)).cancel(run)
        except Death:
            died = True
        result = await stage.workspace().cancel(run)
        assert result.error_code == ErrorCode.CANCELLED
        assert 1 <= cancels(stage) - before <= 2
        if not died:
            return
    raise AssertionError("a cancel has fewer writes than this")


async def test_a_worker_at_work_ends_before_its_next_step(stage: Stage) -> None:
    """It is cancelled by another process in the middle, and exports nothing."""
    ordered = stage.order()

    def watch(event: Any) -> None:
        if (event.kind, event.step) == ("end", "prompt/0"):
            store = Store(stage.store_path)
            number = len(stage.facts(ordered.run_id)) + 1
            word = Noted(v=2, at=event.record.achieved.at, by="another", topic="cancel")
            assert store.create(fact_name(ordered.run_id, number), dump_fact(word))

    result = await stage.work(ordered, on_event=watch)
    assert result.error_code == ErrorCode.CANCELLED
    assert stage.sent == (1, 0, 2)


async def test_a_render_submitted_just_before_the_word_is_stopped(stage: Stage) -> None:
    """When the cancel looked there was none; the worker was quicker with its entry."""
    ordered = stage.order()
    await stage.work(ordered, through="prompt/0")

    def submit(call: StoreCall) -> None:
        if (call.verb, call.number) == ("create", 1):
            in_another_process(stage.work(ordered, through="render/0")).result(60)

    result = await stage.workspace(FaultyStore(stage.store_path, before=submit)).cancel(
        ordered.run_id
    )
    assert result.error_code == ErrorCode.CANCELLED
    assert "told to stop its render" in (result.error or "")
    assert (cancels(stage), stage.sent) == (1, (1, 1, 2))


async def test_a_render_accepted_behind_the_cancel_is_stopped_by_its_worker(
    stage: Stage, wait_until: Callable[..., object]
) -> None:
    """The service knew of no render when it was asked: the request was still on its way."""
    ordered = stage.order()
    stage.emulator.add_fault("export", 1, "hold")
    worker = in_another_process(stage.work(ordered))
    await asyncio.to_thread(wait_until, lambda: stage.emulator.faults.met == 1, "the export")
    result = await stage.workspace().cancel(ordered.run_id)
    assert "cannot stop its render, which may be charged" in (result.error or "")
    stage.emulator.faults.clear()
    result = await asyncio.to_thread(worker.result, 60)
    assert result.error_code == ErrorCode.CANCELLED
    assert "told to stop its render" in (result.error or "")
    stage.emulator.wait_for_renders(20)
    assert (await stage.work(ordered)) == result
    assert (cancels(stage), stage.sent) == (2, (1, 1, 2))


def in_another_process(work: Coroutine[Any, Any, RunResult]) -> Future[RunResult]:
    """Work on a run with nothing in common with the test but the store: in another event loop."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(asyncio.run, work)
    finally:
        pool.shutdown(wait=False)


async def test_what_is_done_unknown_or_of_another_account_is_not_cancelled(
    stage: Stage, tmp_path: Path, nemovideo_options: Options
) -> None:
    """Each is a sentence, and no word is written."""
    with pytest.raises(BadInput, match="There is no run nothing"):
        await stage.workspace().cancel("nothing")
    run = await under_way(stage)
    facts = len(stage.facts(run))
    stage.client_id, stage.config = "somebody-else", "another"
    with pytest.raises(BadInput, match="another account"):
        await stage.workspace().cancel(run)
    assert len(stage.facts(run)) == facts
    with RunningEmulator(tmp_path / "quick", options=nemovideo_options) as emulator:
        quick = Stage(emulator, tmp_path / "q", make_pictures(tmp_path / "q" / "pictures"))
        done = await quick.work(quick.order())
        with pytest.raises(BadInput, match="is done, so there is nothing to cancel"):
            await quick.workspace().cancel(done.run_id)


async def test_an_earlier_version_stops_at_a_cancelled_run(stage: Stage) -> None:
    """It would go on, so the word is of a format that it does not read."""
    run = await under_way(stage)
    await stage.workspace().cancel(run)
    store = Store(stage.store_path)
    entries = [store.read(one.name) or b"" for one in store.files(f"runs/{run}/journal")]
    assert sum(b'"cancel' in one and is_newer(one) for one in entries) == 2
