"""The engine against the real emulator over sockets: rhythms, two at once, accounts, evidence."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from fake_clock import FakeClock
from faulty_store import Death, dying_store
from stage import (
    QUICK,
    SecondStage,
    Stage,
    assert_video,
)

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.engine.loop import Event
from nemovideo_nodes.errors import StepConflict
from nemovideo_nodes.ledger.facts import Achieved, Intended, Noted, load_fact
from nemovideo_nodes.ledger.results import RenderResult, StateResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.model import Limits
from nemovideo_nodes.settings import PollingSettings


async def test_a_run_makes_one_video_with_one_message_and_one_render(stage: Stage) -> None:
    """Two pictures and a sentence come to a checked video, and each effect happens once."""
    result = await stage.work(stage.order())
    assert_video(result, stage)
    assert stage.sent == (1, 1, 2)
    assert result.replies
    assert result.timeline
    assert (result.credits.spent, result.credits.account_moved) == (None, 100)


async def test_an_acknowledged_crash_leaves_the_store_readable(stage: Stage) -> None:
    """After a crash between two writes nothing half-written is in the journal."""
    ordered = stage.order()
    with pytest.raises(Death):
        await stage.work(ordered, store=dying_store(stage.store_path, 12))
    store = Store(stage.store_path)
    names = sorted((Path(stage.store_path) / "runs" / ordered.run_id / "journal").glob("*.json"))
    assert [name.name for name in names] == [f"{n:08d}.json" for n in range(1, len(names) + 1)]
    assert all(
        load_fact(store.read(f"runs/{ordered.run_id}/journal/{n.name}") or b"") for n in names
    )


async def test_an_unreachable_service_is_said_so_and_gone_on_with(stage: Stage) -> None:
    """Nothing listens: three tries, then a sentence that names the step; later it goes on."""
    ordered = stage.order()
    stage.pace = PollingSettings()
    stage.emulator.stop()
    clock = FakeClock()
    result = await stage.work(ordered, clock=clock)
    assert result.status == "waiting"
    assert result.error
    assert result.error.startswith("Signing in: The service cannot be reached")
    assert (result.error_code, result.remedy, result.retryable) == ("unreachable", "retry", True)
    assert clock.waits == pytest.approx([1, 5])
    stage.pace = QUICK
    stage.emulator.start()
    assert_video(await stage.work(ordered), stage)


async def test_what_came_late_is_found_by_the_next_look(
    stage: Stage, wait_until: Callable[..., object]
) -> None:
    """A message given up as unknown, whose edits came afterwards, needs no second one."""
    stage.emulator.add_fault("run_sse", 1, "late", arg=1.5)
    ordered = stage.order()
    result = await stage.work(ordered)
    assert (result.status, stage.sent[0]) == ("stuck", 1)
    session = next(iter(stage.emulator.counts().by_session))
    await asyncio.to_thread(wait_until, lambda: stage.draft_of(session), "the late edit")
    result = await stage.work(ordered, resend=True)
    assert_video(result, stage)
    assert stage.sent[0] == 1


async def test_a_resend_sends_exactly_one_more_message(stage: Stage) -> None:
    """A person's word sends an unknown message again, once, and is itself a fact."""
    stage.emulator.add_fault("run_sse", 1, "cancelled")
    ordered = stage.order()
    assert (await stage.work(ordered)).status == "stuck"
    assert_video(await stage.work(ordered, resend=True), stage)
    assert stage.sent[0] == 2
    assert_video(await stage.work(ordered, resend=True), stage)
    assert stage.sent[0] == 2
    notes = [fact for fact in stage.facts(ordered.run_id) if isinstance(fact, Noted)]
    assert [note.step for note in notes if note.topic == "resend"] == ["prompt/0"]


async def test_two_permissions_at_once_send_one_message(stage: Stage) -> None:
    """Two people who say --resend at the same time pay for one message more."""
    stage.emulator.add_fault("run_sse", 1, "cancelled")
    ordered = stage.order()
    assert (await stage.work(ordered)).status == "stuck"
    results = await asyncio.gather(
        stage.work(ordered, resend=True), stage.work(ordered, resend=True)
    )
    assert {result.status for result in results} == {"done"}
    assert stage.sent[:2] == (2, 1)


async def test_a_lost_session_is_paid_again_only_where_the_request_says_so(stage: Stage) -> None:
    """`rebuild` makes the session, the uploads and the message anew; `stop` is the default."""
    stage.emulator.add_fault("state", 2, "lost_session")
    ordered = stage.order(limits=Limits(on_lost_session="rebuild"))
    assert_video(await stage.work(ordered), stage)
    assert stage.sent == (2, 1, 4)


async def test_a_session_that_is_lost_again_and_again_ends_the_run(stage: Stage) -> None:
    """Rebuilding has an end, too."""
    stage.emulator.add_fault("upload", 1, "lost_session", times=0)
    result = await stage.work(stage.order())
    assert result.status == "stuck"
    assert stage.sent == (0, 0, 0)
    assert len(stage.emulator.counts().by_session) == 4


async def test_a_render_without_end_stops_resumably_and_goes_on_later(stage: Stage) -> None:
    """The limit ends one invocation's waiting; the next one finds the render that was made."""
    stage.emulator.add_fault("render_status", 1, "render_stuck", times=0)
    stage.pace = PollingSettings(reconcile_s=0.05)
    ordered = stage.order()
    result = await stage.work(ordered)
    assert result.status == "waiting"
    assert "60 minutes" in (result.error or "")
    assert (result.error_code, result.remedy) == ("render_timeout", "retry")
    stage.emulator.faults.clear()
    assert_video(await stage.work(ordered), stage)
    assert stage.sent == (1, 1, 2)


async def test_a_draft_that_still_changes_is_settled_before_it_is_exported(stage: Stage) -> None:
    """The second stage after a turn is waited for: what is exported is what stays."""
    ordered = stage.order()
    clock = FakeClock.skipping()
    later = SecondStage(stage)
    result = await stage.work(ordered, clock=clock, on_event=later.on_event)
    assert_video(result, stage)
    assert later.done
    states = [
        fact.result
        for fact in stage.facts(ordered.run_id)
        if isinstance(fact, Achieved) and isinstance(fact.result, StateResult)
    ]
    renders = [
        fact.result
        for fact in stage.facts(ordered.run_id)
        if isinstance(fact, Achieved) and isinstance(fact.result, RenderResult)
    ]
    assert renders[0].draft_digest == states[-1].draft_digest == later.digest


async def test_a_second_message_is_measured_against_a_settled_draft(stage: Stage) -> None:
    """The evidence of a later message is the draft after the earlier turn's second stage."""
    ordered = stage.order("A 2 second video", 'Add the title "Sale"')
    later = SecondStage(stage)
    assert_video(await stage.work(ordered, on_event=later.on_event), stage)
    intents = [
        fact
        for fact in stage.facts(ordered.run_id)
        if isinstance(fact, Intended) and fact.step == "prompt/1"
    ]
    assert [fact.evidence.draft_digest for fact in intents if fact.evidence] == [later.digest]
    assert stage.sent[0] == 2


async def test_two_engines_on_one_run_at_once_do_everything_once(stage: Stage) -> None:
    """Both end with the same video; one works, the other waits."""
    ordered = stage.order()
    results = await asyncio.gather(*(stage.work(ordered) for _ in range(3)))
    for result in results:
        assert_video(result, stage)
    assert stage.sent == (1, 1, 2)


@pytest.mark.parametrize("given", ["client id", "token"])
async def test_another_account_is_told_so_and_sends_nothing(stage: Stage, given: str) -> None:
    """A run that another account began stops before any effect, and says which token to use."""
    ordered = stage.order()
    with pytest.raises(Death):
        await stage.work(ordered, store=dying_store(stage.store_path, 9))
    before = stage.sent
    asked = stage.emulator.counts().requests
    if given == "token":
        stage.token = "nmv_usr_another"
    else:
        stage.client_id = "somebody-else"
    result = await stage.work(ordered)
    assert result.status == "stuck"
    assert "another account" in (result.error or "")
    assert stage.sent == before
    assert stage.emulator.counts().requests == asked


@pytest.mark.parametrize("policy", ["stop", "rebuild"])
async def test_a_session_of_another_account_is_never_made_anew(
    stage: Stage, policy: Literal["stop", "rebuild"]
) -> None:
    """To another account every session is lost: whatever the policy, that is no reason to pay."""
    ordered = stage.order(limits=Limits(on_lost_session=policy))
    await stage.work(ordered, through="prompt/0")
    stage.client_id = "somebody-else"
    result = await stage.work(ordered, resend=True)
    assert (result.status, stage.sent) == ("stuck", (1, 0, 2))
    assert "another account" in (result.error or "")
    assert stage.emulator.counts().sessions == 1


async def test_a_renewed_token_goes_on_where_a_person_says_whose_it_is(stage: Stage) -> None:
    """A token does not tell its account: at a person's word, once, the run goes on for all."""
    ordered = stage.order()
    await stage.work(ordered, through="prompt/0")
    async with NemoVideoClient(settings=stage.settings()) as client:
        old = await client.acquire_token()
    stage.config = "another-machine"
    async with NemoVideoClient(settings=stage.settings()) as client:
        stage.token = await client.acquire_token()
    assert stage.token != old
    refused = await stage.work(ordered)
    assert refused.status == "stuck"
    assert (refused.error_code, refused.remedy) == ("wrong_account", "account")
    requests = stage.emulator.counts().requests
    assert await stage.workspace().confirm_account(ordered.run_id)
    assert stage.emulator.counts().requests == requests
    assert not await stage.workspace().confirm_account(ordered.run_id)
    assert_video(await stage.work(ordered), stage)
    assert stage.sent == (1, 1, 2)
    stage.token = None
    assert_video(await stage.work(ordered), stage)


async def test_a_wrong_word_about_an_account_pays_for_nothing(stage: Stage) -> None:
    """Another account does not see the session: what was paid in it is not paid again."""
    ordered = stage.order()
    await stage.work(ordered, through="prompt/0")
    stage.client_id = "somebody-else"
    assert await stage.workspace().confirm_account(ordered.run_id)
    result = await stage.work(ordered)
    assert (result.status, stage.sent) == ("stuck", (1, 0, 2))
    assert "paid again" in (result.error or "")


async def test_a_finished_run_is_finished_for_every_account(stage: Stage) -> None:
    """Nothing is to be sent, so nobody's token matters."""
    ordered = stage.order()
    await stage.work(ordered)
    stage.client_id = "somebody-else"
    assert_video(await stage.work(ordered), stage)


async def test_a_run_that_a_newer_version_went_on_with_is_left_alone(stage: Stage) -> None:
    """A fact that cannot be read may be an intent: nothing is sent, and the way on is named."""
    ordered = stage.order()
    with pytest.raises(Death):
        await stage.work(ordered, store=dying_store(stage.store_path, 12))
    store = Store(stage.store_path)
    assert store.create(
        f"runs/{ordered.run_id}/journal/00000012.json", b'{"v":2,"fact":"sworn","step":"prompt/0"}'
    )
    before = stage.sent
    result = await stage.work(ordered)
    assert (result.status, stage.sent) == ("stuck", before)
    assert "newer version" in (result.error or "")


async def test_an_order_for_another_video_is_no_part_of_a_run(stage: Stage) -> None:
    """The same run id with another request is refused, and nothing is added to the run."""
    first = stage.order(run_id="mine")
    await stage.work(first)
    for other in (
        stage.order("Something else", run_id="mine"),
        stage.order("A 2 second video", "and more", run_id="mine"),
        stage.order(run_id="mine", pictures=stage.pictures[:1]),
    ):
        with pytest.raises(StepConflict, match="another video"):
            await stage.work(other)
    assert stage.sent == (1, 1, 2)


async def test_another_limit_is_the_same_request(stage: Stage) -> None:
    """How long a person is ready to wait makes no other video, and no conflict."""
    result = await stage.work(stage.order())
    again = await stage.work(stage.order(limits=Limits(render_s=5)))
    assert (again.run_id, again.status) == (result.run_id, "done")
    assert stage.sent == (1, 1, 2)


async def test_the_documented_rhythm_is_kept_whole(stage: Stage) -> None:
    """Under the defaults: a render that takes 75 s costs five polls, a draft two reads."""
    stage.pace = PollingSettings()
    renders = functools.partial(asyncio.to_thread, stage.emulator.wait_for_renders)
    clock = FakeClock(after_sleep=renders)  # by its time each render ends with a sleep
    stage.emulator.add_fault("render_status", 1, "render_stuck", times=4)

    result = await stage.work(stage.order(), clock=clock)
    assert_video(result, stage)
    # Two reads of the draft 10 s apart, then polls where renders end: 42.6 s to 78.4 s.
    assert clock.waits == pytest.approx([10, 42.6, 11.1, 9.7, 8.2, 6.8])
    requests = stage.emulator.counts().requests
    assert requests["state"] == 4  # before the message, twice after it, before the export
    assert requests["render_status"] == 6  # five polls, and one for the URL
    assert requests["credits"] == 3


async def test_the_documented_rhythm_of_a_lost_stream_is_kept(stage: Stage) -> None:
    """30 s after the loss, then every 60 s, five reads in all, and no second message."""
    stage.pace = PollingSettings()
    clock = FakeClock()
    stage.emulator.add_fault("run_sse", 1, "cancelled")
    ordered = stage.order()
    result = await stage.work(ordered, clock=clock)
    assert (result.status, stage.sent[0]) == ("stuck", 1)
    assert clock.waits == pytest.approx([30, 60, 60, 60, 60])
    assert stage.emulator.counts().requests["state"] == 1 + 5


async def test_an_observer_that_fails_costs_no_message(stage: Stage) -> None:
    """A progress bar that breaks in the middle of a paid stream does not end it."""

    def broken(event: Event) -> None:
        if event.kind == "progress":
            raise RuntimeError("the bar is gone")

    assert_video(await stage.work(stage.order(), on_event=broken), stage)
    assert stage.sent == (1, 1, 2)
