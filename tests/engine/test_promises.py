"""Where a run belongs, what proves nothing, what a wrong clock may hold: counted at the service."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fake_clock import FakeClock
from stage import (
    SecondStage,
    Stage,
    assert_video,
    copying_renderer,
    make_pictures,
)

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.engine.loop import Engine, Event
from nemovideo_nodes.errors import ErrorCode, StepConflict
from nemovideo_nodes.ledger.conversation import conversation
from nemovideo_nodes.ledger.facts import Asked, Deferred, Intended, Lease, Noted
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.results import StateResult
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.steps import (
    AcquireToken,
    CreateSession,
    Prompt,
    ReadState,
    Step,
    SubmitRender,
    Upload,
)
from nemovideo_nodes.workspace import VideoOptions

# Where a run belongs.


@pytest.fixture
def other(tmp_path: Path, film: Path) -> Iterator[RunningEmulator]:
    """Another service."""
    options = Options(quick=True, pace=0.0, renderer=copying_renderer(film))
    with RunningEmulator(tmp_path / "other world", options=options) as emulator:
        yield emulator


async def by_steps(stage: Stage, *steps: Step, run_id: str = "by-steps") -> RunResult:
    """A run that is put together step by step, as units and own flows do."""
    if steps:
        await stage.workspace().ask(run_id, steps)
    async with NemoVideoClient(settings=stage.settings(), waits=False) as client:
        engine = Engine(client=client, store=Store(stage.store_path), run_id=run_id)
        return await engine.advance()


FIRST = (Step(id="token/0", args=AcquireToken()), Step(id="session/0", args=CreateSession()))
MESSAGE = Step(id="prompt/0", args=Prompt(text="A 2 second video"))


async def test_a_run_of_steps_never_goes_on_at_another_service(
    stage: Stage, other: RunningEmulator
) -> None:
    """A trial at the emulator sends no paid message to the real service."""
    await by_steps(stage, *FIRST)
    here, stage.emulator = stage.emulator, other
    with pytest.raises(StepConflict) as refused:
        await by_steps(stage, MESSAGE)
    assert refused.value.code is ErrorCode.WRONG_SERVICE
    result = await by_steps(stage)
    assert result.status == "done"  # nothing is left to do of what it was asked for
    assert stage.emulator.counts().messages == 0
    stage.emulator = here
    assert (await by_steps(stage, MESSAGE)).status == "done"
    assert stage.sent[0] == 1


async def test_a_run_of_a_request_never_goes_on_at_another_service(
    stage: Stage, other: RunningEmulator
) -> None:
    """Whoever resumes it by its id alone is told so; the service it belongs to goes on."""
    ordered = stage.order()
    await stage.work(ordered, through="session/0")
    here, stage.emulator = stage.emulator, other
    async with NemoVideoClient(settings=stage.settings(), waits=False) as client:
        engine = Engine(client=client, store=Store(stage.store_path), run_id=ordered.run_id)
        result = await engine.advance()
    told = (result.status, result.error_code, result.remedy)
    assert told == ("stuck", "wrong_service", "service")
    assert sum(other.counts().requests.values()) == 0
    stage.emulator = here
    assert_video(await stage.work(ordered), stage)


async def test_the_first_fact_names_service_and_account(stage: Stage) -> None:
    """Also before anybody has signed in: another account is refused from the first step on."""
    await stage.workspace().ask("r", FIRST)
    (fact,) = stage.facts("r")
    assert isinstance(fact, Asked)
    assert fact.service == stage.settings().service
    assert fact.account
    stage.client_id = "somebody else"
    result = await by_steps(stage, run_id="r")
    assert (result.status, result.error_code) == ("stuck", "wrong_account")
    assert sum(stage.emulator.counts().requests.values()) == 0


async def test_a_run_of_steps_from_before_names_no_service_and_goes_on(stage: Stage) -> None:
    """Its journal is older than the rule."""
    journal = Journal(Store(stage.store_path), "old")
    journal.record(Asked(at=FakeClock.skipping().now(), by="earlier", steps=FIRST))
    assert (await by_steps(stage, run_id="old")).status == "done"


# What proves nothing.


async def test_a_second_stage_does_not_prove_a_lost_message(stage: Stage) -> None:
    """The turn before adds its music late; the lost message is not booked as done."""
    first = await stage.work(stage.order())
    stage.emulator.add_fault("run_sse", 1, "reset")  # never accepted
    late = SecondStage(stage)

    def add(event: Event) -> None:
        if event.kind == "wait" and event.step == "prompt/1" and not late.digest:
            late.add_music()

    result = await stage.refine(first.run_id, 'add the title "Two"', on_event=add)
    assert (result.status, result.error_code, result.remedy) == (
        "stuck",
        "outcome_unknown",
        "resend",
    )
    assert "the service may have added" in (result.error or "")
    assert stage.sent[0] == 1


async def test_a_change_that_no_second_stage_makes_proves_a_lost_message(stage: Stage) -> None:
    """The message was accepted and its answer lost; what it changed tells so."""
    first = await stage.work(stage.order())
    stage.emulator.add_fault("run_sse", 1, "reset_after")
    result = await stage.refine(first.run_id, "make it 4 seconds long")
    assert result.status == "done"
    assert stage.sent[0] == 2


# A wrong clock.


def lease_until(clock: FakeClock, ahead: timedelta) -> Noted:
    expires = clock.now() + ahead
    lease = Lease(host="elsewhere", boot="b", pid=7, started="1", expires=expires)
    return Noted(at=clock.now(), by="somebody", topic="lease", lease=lease)


async def test_a_lease_from_a_clock_a_day_ahead_holds_nobody(stage: Stage) -> None:
    """No lease lasts so long: it is not believed."""
    ordered, clock = stage.order(), FakeClock.skipping()
    await stage.work(ordered, through="session/0")
    journal = Journal(Store(stage.store_path), ordered.run_id)
    journal.refresh()
    journal.record(lease_until(clock, timedelta(days=1)))
    assert_video(await stage.work(ordered, clock=clock), stage)
    assert clock.ahead < timedelta(minutes=2)


async def test_a_deferral_from_a_clock_a_day_ahead_is_not_waited_for(stage: Stage) -> None:
    """A poll of tomorrow is one that is due."""
    ordered, clock = stage.order(), FakeClock.skipping()
    await stage.work(ordered, through="render/0")
    journal = Journal(Store(stage.store_path), ordered.run_id)
    journal.refresh()
    late = clock.now() + timedelta(days=1)
    journal.record(Deferred(at=late, by="ahead", step="await/0", until=late, why="Rendering"))
    assert_video(await stage.work(ordered, clock=clock), stage)
    assert clock.ahead < timedelta(minutes=5)
    assert stage.sent == (1, 1, 2)


async def test_a_whole_run_of_a_clock_a_day_ahead_goes_on_elsewhere(stage: Stage) -> None:
    """Its intent, its render and its polls are of tomorrow; another machine waits for none."""
    ordered = stage.order()
    stage.emulator.add_fault("render_status", 1, "render_stuck")
    await stage.work(
        ordered, clock=FakeClock.skipping(skew_s=86_400), through="render/0", waits=False
    )
    stage.emulator.faults.clear()
    clock = FakeClock.skipping()
    assert_video(await stage.work(ordered, clock=clock), stage)
    assert clock.ahead < timedelta(minutes=10)
    assert stage.sent == (1, 1, 2)


class SlowTokens(NemoVideoClient):
    """Waits once for a token for longer than a lease lasts, as behind another process."""

    waits_next = True

    async def acquire_token(self) -> str:
        if self.waits_next:
            self.waits_next = False
            await self.clock.sleep(600)
        return await super().acquire_token()


async def test_the_time_left_is_looked_at_behind_the_wait_for_a_token(stage: Stage) -> None:
    """A token that took longer than the lease: the message waits for a new lease."""
    ordered, clock = stage.order(), FakeClock.skipping()
    await stage.work(ordered, through="upload/1", clock=clock)
    since = len(stage.facts(ordered.run_id))
    async with SlowTokens(settings=stage.settings(), clock=clock, waits=False) as client:
        store = Store(stage.store_path)
        engine = Engine(client=client, store=store, run_id=ordered.run_id, clock=clock)
        assert_video(await engine.advance(), stage)
    facts = stage.facts(ordered.run_id)[since:]
    leases = [n for n, fact in enumerate(facts) if isinstance(fact, Noted) and fact.lease]
    (sent,) = [
        n for n, fact in enumerate(facts) if isinstance(fact, Intended) and fact.step == "prompt/0"
    ]
    assert leases[1] < sent, "the lease that was over was taken again before the message"
    assert stage.sent == (1, 1, 2)


async def test_a_run_that_is_waited_for_is_held(stage: Stage) -> None:
    """Clean-up keeps off it: the lease begins with the work, not with the first effect."""
    ordered, clock = stage.order(), FakeClock.skipping()
    await stage.work(ordered, through="render/0")
    journal = Journal(Store(stage.store_path), ordered.run_id)
    journal.refresh()
    until = clock.now() + timedelta(seconds=100)
    journal.record(
        Deferred(at=clock.now(), by="before", step="await/0", until=until, why="Rendering")
    )
    held: list[bool] = []

    def look(event: Event) -> None:
        if event.kind == "wait" and event.step == "await/0":
            held.append(False)
        elif event.kind == "begin" and held and not held[-1]:
            run = stage.workspace().load(ordered.run_id)
            held.append(run.holding is not None)

    await stage.work(ordered, clock=clock, on_event=look)
    assert held[:2] == [False, True]


# What was made from what.


async def test_the_same_bytes_under_two_names_are_two_uploads(stage: Stage, tmp_path: Path) -> None:
    """An upload whose answer was lost is not found in the one of the other name."""
    twin = tmp_path / "twin.png"
    shutil.copyfile(stage.pictures[0], twin)
    ordered = stage.order(pictures=[stage.pictures[0], str(twin)])
    stage.emulator.add_fault("upload", 2, "reset")
    assert_video(await stage.work(ordered), stage)
    assert stage.sent == (1, 1, 2)


async def test_a_copy_that_was_changed_is_not_uploaded(stage: Stage) -> None:
    """The store's own copy is hashed again: the manifest never names what was not sent."""
    ordered = stage.order()
    medium = ordered.order.request.media[0]
    path = Path(stage.store_path) / medium.artifact
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"more")
    result = await stage.work(ordered)
    assert (result.status, result.remedy) == ("stuck", "again")
    assert medium.name in (result.error or "")
    assert stage.sent == (0, 0, 0)


# Batch.


@pytest.mark.parametrize("each", [False, True], ids=["one prompt", "a prompt each"])
@pytest.mark.parametrize("count", [2, 3, 5])
async def test_each_video_of_a_batch_shows_its_own_picture(
    stage: Stage, tmp_path: Path, count: int, each: bool
) -> None:
    """The message names the picture, and the timeline at each export shows that one alone."""
    pictures = make_pictures(tmp_path / "batch", count)
    lengths = range(2, 2 + count) if each else [2]
    prompts = [f"Make a {seconds} second video" for seconds in lengths]
    options = VideoOptions(media=pictures, prompts=prompts, mode="batch")
    ordered = stage.workspace().prepare(options)
    result = await stage.work(ordered)
    assert result.status == "done", result.error
    asked = [fact.v for fact in stage.facts(ordered.run_id) if isinstance(fact, Asked)]
    assert asked == [2], "an earlier worker would send the message without the name"
    run = stage.workspace().load(ordered.run_id)
    shown = [state.timeline or "" for state in run.results(StateResult)]
    assert len(result.videos) == count
    for number, timeline in enumerate(shown):
        names = [f"picture-{other}" for other in range(count) if f"picture-{other}" in timeline]
        assert names == [f"picture-{number}"]
    assert [e.said for e in conversation(run)] == [i.text for i in ordered.order.request.script]


async def test_a_video_of_other_pictures_is_told_and_not_made(stage: Stage) -> None:
    """Where the agent passes the name by, the export is refused, and names what is shown."""
    media = stage.workspace().ingest(stage.pictures)
    first = Prompt(text="A 2 second video", shows=(media[0].upload_name,))
    second = first.model_copy(update={"shows": (media[1].upload_name,)})
    await by_steps(
        stage,
        *FIRST,
        *(Step(id=f"upload/{n}", args=Upload(media=m)) for n, m in enumerate(media)),
        Step(id="prompt/0", args=first),
    )
    (session,) = stage.emulator.counts().by_session
    shows_the_first = stage.draft_of(session)
    await by_steps(stage, Step(id="prompt/1", args=second), Step(id="state/0", args=ReadState()))
    set_draft(stage, session, shows_the_first)
    result = await by_steps(stage, Step(id="render/0", args=SubmitRender()))
    assert (result.status, result.error_code) == ("stuck", "wrong_media")
    assert "shows picture-0.png" in (result.error or "")
    assert stage.sent[1] == 0


def set_draft(stage: Stage, session: str, draft: str | None) -> None:
    """Leave the timeline as an agent would that has not done what it was told."""
    with contextlib.closing(sqlite3.connect(stage.emulator.folder / "world.sqlite3")) as db, db:
        db.execute("UPDATE sessions SET draft = ? WHERE id = ?", (draft, session))


# One repetition a call.


async def test_a_rate_limit_once_at_every_endpoint_ends_well(stage: Stage) -> None:
    """Each call is waited for and repeated once, whatever another call of its step used up."""
    for endpoint in (
        *("token", "credits", "session", "upload", "state", "run_sse", "export"),
        *("render_status", "download", "claim"),
    ):
        stage.emulator.add_fault(endpoint, 1, "http:429")
    clock = FakeClock.skipping()
    result = await stage.work(stage.order(), clock=clock)
    assert_video(result, stage)
    assert stage.sent == (1, 1, 2)


async def test_a_rate_limit_while_reading_leaves_the_message_its_own(stage: Stage) -> None:
    """The state before the message, the balance, and the message itself: one repetition each."""
    ordered = stage.order()
    await stage.work(ordered, through="upload/1")
    for endpoint in ("state", "credits", "run_sse"):
        stage.emulator.add_fault(endpoint, 1, "http:429")
    assert_video(await stage.work(ordered), stage)
    assert stage.sent == (1, 1, 2)


# What it cost.


async def test_what_others_spent_is_never_called_ones_own(stage: Stage) -> None:
    """Two runs of one account at once: the balance moved, and neither claims it."""
    ordered = stage.order()
    result = await stage.work(ordered)
    assert result.credits.spent is None
    assert result.credits.account_moved == 100
    assert (result.credits.before, result.credits.after) != (None, None)
