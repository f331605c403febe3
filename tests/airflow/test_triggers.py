"""`RunTrigger`: what stands in Airflow's database, and what it does when things go wrong."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.module_loading import import_string  # type: ignore[attr-defined]
from stage import Stage

from nemovideo_nodes.airflow.triggers import RunTrigger
from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.errors import NemoVideoError


def trigger(run_id: str, through: str = "await/0", **more: Any) -> RunTrigger:
    return RunTrigger(run_id, through, "nemovideo_default", **more)


async def event_of(one: RunTrigger) -> dict[str, Any]:
    events = [event.payload async for event in one.run()]
    assert len(events) == 1
    payload: dict[str, Any] = events[0]
    return payload


def test_it_is_made_again_from_what_is_stored() -> None:
    """Plain JSON, in which the account is a connection's id."""
    first = trigger("run-1", store="/data", deadline="2026-01-05T09:00:00+00:00", resend="once")
    path, arguments = first.serialize()
    again = import_string(path)(**json.loads(json.dumps(arguments)))
    assert again.serialize() == first.serialize()
    assert sorted(arguments) == [
        "deadline",
        "deadline_retryable",
        "link",
        "nemovideo_conn_id",
        "outage_timeout",
        "poll_interval",
        "profile",
        "resend",
        "run_id",
        "store",
        "through",
        "wait_until",
    ]


async def test_two_triggers_on_one_run_are_harmless(studio: Stage) -> None:
    """One at a time acts, and the other learns of it: one message, one render."""
    ordered = studio.order()
    await studio.work(ordered, through="upload/1")
    events = await asyncio.gather(
        event_of(trigger(ordered.run_id)), event_of(trigger(ordered.run_id))
    )
    assert [event["status"] for event in events] == ["done", "done"]
    assert studio.sent == (1, 1, 2)


async def test_a_blip_of_the_network_ends_no_trigger(studio: Stage) -> None:
    """A poll that fails is repeated; one event comes, and it is the good one."""
    ordered = studio.order()
    await studio.work(ordered, through="render/0")
    studio.emulator.add_fault("render_status", 1, "reset")
    event = await event_of(trigger(ordered.run_id))
    assert event["status"] == "done"


async def test_a_longer_failure_is_one_that_can_be_resumed(studio: Stage) -> None:
    """The task is tried again then, with what was paid for kept."""
    ordered = studio.order()
    await studio.work(ordered, through="render/0")
    studio.emulator.add_fault("render_status", 1, "code:503", times=50)
    event = await event_of(trigger(ordered.run_id, outage_timeout=0))
    assert (event["status"], event["resumable"]) == ("stopped", True)
    studio.emulator.faults.clear()
    assert (await event_of(trigger(ordered.run_id)))["status"] == "done"
    assert studio.sent == (1, 1, 2)


async def test_a_deadline_that_has_passed_begins_nothing(studio: Stage) -> None:
    """As when no triggerer was there in time."""
    ordered = studio.order()
    await studio.work(ordered, through="upload/1")
    event = await event_of(trigger(ordered.run_id, deadline="2026-01-05T09:00:00+00:00"))
    assert event["status"] == "deadline"
    assert studio.sent == (0, 0, 2)


async def test_a_connection_that_is_gone_is_said(studio: Stage) -> None:
    """In one sentence, and without another try."""
    one = RunTrigger("run-1", "await/0", "not-there")
    event = await event_of(one)
    assert (event["status"], event["resumable"]) == ("stopped", False)
    assert "There is no connection 'not-there'" in event["error"]


async def test_a_cancelled_trigger_lets_go_at_once(
    studio: Stage, wait_until: Callable[..., object]
) -> None:
    """As when somebody marks the task: the next one goes on without waiting for a lease."""
    ordered = studio.order()
    await studio.work(ordered, through="upload/1")
    studio.emulator.add_fault("run_sse", 1, "hang_after")
    first = asyncio.ensure_future(event_of(trigger(ordered.run_id)))
    await asyncio.to_thread(wait_until, lambda: studio.emulator.counts().messages, "a message")
    first.cancel()
    await asyncio.wait([first])
    await trigger(ordered.run_id).on_kill()
    topics = [getattr(fact, "topic", None) for fact in studio.facts(ordered.run_id)]
    assert "cancelled" in topics
    assert topics[-1] == "released"


class HealingTrigger(RunTrigger):
    """Ends the outage as soon as it is about to try again."""

    heal: Callable[[], object]
    outages = 0

    def _log_outage(self, error: NemoVideoError, delay: float) -> None:
        super()._log_outage(error, delay)
        self.outages += 1
        self.heal()


@pytest.mark.parametrize("deadline", ["", "2999-01-05T09:00:00+00:00"])
async def test_an_outage_of_the_service_is_waited_for(studio: Stage, deadline: str) -> None:
    """The task stays deferred, with a deadline or without, and nothing is sent twice."""
    ordered = studio.order()
    await studio.work(ordered, through="render/0")
    studio.emulator.add_fault("render_status", 1, "code:503", times=1000)
    one = HealingTrigger(ordered.run_id, "await/0", "nemovideo_default", deadline=deadline)
    one.heal = studio.emulator.faults.clear
    assert (await event_of(one))["status"] == "done"
    assert one.outages == 1
    assert studio.sent == (1, 1, 2)


@pytest.mark.parametrize("in_its_place", [Path.touch, Path.mkdir, None])
async def test_an_outage_of_the_store_is_waited_for(
    studio: Stage, in_its_place: Callable[[Path], None] | None
) -> None:
    """As when a mount is away for a while, and nothing, an empty folder or a file is there."""
    ordered = studio.order()
    await studio.work(ordered, through="render/0")
    store, away = Path(studio.store_path), studio.folder / "away"

    def unmount() -> None:
        store.rename(away)
        if in_its_place is not None:
            in_its_place(store)

    unmount()
    one = HealingTrigger(ordered.run_id, "await/0", "nemovideo_default")

    def mount() -> None:
        if store.is_file():
            store.unlink()
        elif store.exists():
            shutil.rmtree(store)
        away.rename(store)

    one.heal = mount
    assert (await event_of(one))["status"] == "done"
    assert one.outages == 1


async def test_a_look_that_is_due_right_behind_the_deadline_is_waited_for(studio: Stage) -> None:
    """It finds the video; without it the task would have failed beside a finished render."""
    ordered = studio.order()
    await studio.work(ordered, through="render/0")
    deadline = (SystemClock().now() + timedelta(seconds=1)).isoformat()
    one = trigger(ordered.run_id, deadline=deadline, poll_interval=3.0)
    studio.emulator.add_fault("render_status", 1, "code:503")
    assert (await event_of(one))["status"] == "done"
