"""The lease: who may act on a run, when a holder is dead, slow, or on another clock."""

from __future__ import annotations

import asyncio
import functools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fake_clock import FakeClock
from faulty_store import Death, FaultyStore, StoreCall, dying_store
from stage import Stage, assert_video

from nemovideo_nodes.engine.lease import LEASE, LeaseKeeper
from nemovideo_nodes.ledger.facts import Intended, Lease, Noted
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.workspace import PreparedRun


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(Store(str(tmp_path / "store")), "r")


def keeper(journal: Journal, clock: FakeClock) -> LeaseKeeper:
    return LeaseKeeper(Journal(journal.store, "r"), clock)


def held_by(journal: Journal, by: str) -> Lease:
    holding = journal.refresh().holding
    assert holding is not None
    assert holding.holder == by
    return holding.lease


async def test_a_holder_has_its_time_and_no_more(journal: Journal) -> None:
    """By the monotonic clock alone, with some seconds to spare: wall clocks can be set."""
    clock = FakeClock.skipping()
    mine = LeaseKeeper(journal, clock)
    assert not mine.is_mine()
    assert await mine.hold(0)
    assert mine.is_mine()
    clock.skew = timedelta(days=1)
    assert mine.is_mine()
    await clock.sleep(LEASE.total_seconds() - 4)
    assert not mine.is_mine()


async def test_a_lease_is_renewed_before_it_ends_and_not_at_every_step(journal: Journal) -> None:
    """A busy holder writes few leases, and is never without time."""
    clock = FakeClock.skipping()
    mine = LeaseKeeper(journal, clock)
    for _ in range(60):
        assert await mine.hold(journal.run.seq)
        assert mine.is_mine()
        await clock.sleep(10)
    assert 600 / 120 <= journal.run.seq <= 600 / 70


async def test_of_two_that_plan_alike_one_gets_the_lease(journal: Journal) -> None:
    """Both saw the same facts; the second one's number is taken."""
    first, second = keeper(journal, FakeClock.skipping()), keeper(journal, FakeClock.skipping())
    assert await first.hold(0)
    assert not await second.hold(0)
    held_by(journal, first.me)


async def test_a_live_process_is_not_gone(journal: Journal) -> None:
    """Ourselves, and any other process that is there."""
    mine, other = keeper(journal, FakeClock.skipping()), LeaseKeeper(journal, FakeClock.skipping())
    await mine.hold(0)
    journal.refresh()
    assert not other.holder_gone()


@pytest.fixture
def zombie() -> Iterator[int]:
    """A process that has ended, and whose end nobody has asked for."""
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        yield child.pid


async def test_a_dead_process_is_gone_however_its_number_is_used_since(
    journal: Journal, zombie: int
) -> None:
    """No process of that id, a zombie, and another process with the same id are all dead."""
    clock = FakeClock.skipping()
    mine = LeaseKeeper(Journal(journal.store, "r"), clock)
    await mine.hold(0)
    template = held_by(journal, mine.me)
    cases = {
        "zombie": (template.model_copy(update={"pid": zombie, "started": "1"}), True),
        "reused": (template.model_copy(update={"started": "1"}), True),
        "alive": (template, False),
        "unknown start": (template.model_copy(update={"started": ""}), False),
        "no such number": (template.model_copy(update={"pid": 2**22 + 1, "started": "1"}), True),
        "no number at all": (template.model_copy(update={"pid": 2**70}), False),
        "another host": (template.model_copy(update={"host": "elsewhere", "started": "1"}), False),
        "another boot": (template.model_copy(update={"boot": "earlier", "started": "1"}), False),
    }
    other = LeaseKeeper(journal, clock)
    for name, (lease, gone) in cases.items():
        journal.record(Noted(at=clock.now(), by="x", topic="lease", lease=lease))
        assert other.holder_gone() is gone, name


# Against the emulator.


async def interrupted(stage: Stage, at: int = 12) -> PreparedRun:
    """A run whose process died in the middle, its lease not released."""
    ordered = stage.order()
    with pytest.raises(Death):
        await stage.work(ordered, store=dying_store(stage.store_path, at))
    return ordered


def take_lease(stage: Stage, ordered: PreparedRun, clock: FakeClock, **changes: object) -> Lease:
    """Write a lease of somebody else into the run."""
    last = [f for f in stage.facts(ordered.run_id) if isinstance(f, Noted) and f.lease][-1]
    assert last.lease
    lease = last.lease.model_copy(update={"expires": clock.now() + LEASE, **changes})
    journal = Journal(Store(stage.store_path), ordered.run_id)
    journal.refresh()
    journal.record(Noted(at=clock.now(), by="somebody", topic="lease", lease=lease))
    return lease


async def test_a_dead_holder_on_this_host_is_taken_over_at_once(stage: Stage) -> None:
    """Nobody waits for a lease whose process is known to be dead."""
    ordered = await interrupted(stage)
    clock = FakeClock.skipping()
    take_lease(stage, ordered, clock, started="1")
    result = await stage.work(ordered, clock=clock)
    assert (result.status, stage.sent) == ("done", (1, 1, 2))
    assert clock.ahead < timedelta(seconds=5)


async def test_a_live_holder_elsewhere_is_waited_for(stage: Stage) -> None:
    """Until its lease has ended, and 60 s more for clocks that differ; then the run goes on."""
    ordered = await interrupted(stage)
    clock = FakeClock.skipping()
    lease = take_lease(stage, ordered, clock, host="elsewhere")
    result = await stage.work(ordered, clock=clock)
    assert (result.status, stage.sent) == ("done", (1, 1, 2))
    assert clock.now() >= lease.expires + timedelta(seconds=60)
    waits = [event for event in stage.events if event.kind == "wait" and event.step is None]
    assert "elsewhere" in waits[-1].text


@pytest.mark.parametrize("skew_s", [-60.0, 60.0])
async def test_clocks_sixty_seconds_apart_let_nobody_in_too_early(
    stage: Stage, skew_s: float
) -> None:
    """By the holder's own clock its lease has always ended before another one acts."""
    ordered = await interrupted(stage)
    here = FakeClock.skipping(skew_s=skew_s)
    began = here.monotonic()
    take_lease(stage, ordered, FakeClock.skipping(), host="elsewhere")
    result = await stage.work(ordered, clock=here)
    assert (result.status, stage.sent) == ("done", (1, 1, 2))
    assert here.monotonic() - began >= LEASE.total_seconds() - 1


async def test_a_holder_that_was_held_up_does_not_send_after_its_time(stage: Stage) -> None:
    """Between the intent and the message its time ran out: it says so, and plans anew."""
    ordered, clock = stage.order(), FakeClock.skipping()

    def hold_up(call: StoreCall) -> None:
        if b'"intended"' in call.data and b'"prompt/0#1"' in call.data:
            clock.advance(LEASE.total_seconds())

    store = FaultyStore(stage.store_path, after=hold_up)
    result = await stage.work(ordered, store=store, clock=clock)
    assert (result.status, stage.sent) == ("done", (1, 1, 2))
    facts = stage.facts(ordered.run_id)
    intents = [f.key for f in facts if isinstance(f, Intended) and f.step == "prompt/0"]
    assert intents == ["prompt/0#1", "prompt/0#2"]


SLOW = {
    "upload/0": ("upload", "slow", 0.05),
    "prompt/0": ("run_sse", "heartbeats", 3.0),
    "render/0": ("export", "slow", 0.05),
    "download/0": ("download", "slow", 0.0),
}
"""Effects that take a second or two at the emulator, which has accepted them by then."""


@pytest.mark.parametrize("step", SLOW)
async def test_a_slow_holder_that_ends_late_has_done_it_once(
    stage: Stage, step: str, wait_until: Callable[..., object]
) -> None:
    """Its lease has run out, another one takes over and looks; then its own effect ends as well."""
    endpoint, kind, arg = SLOW[step]
    stage.emulator.add_fault(endpoint, 1, kind, arg=arg)
    ordered = stage.order(pictures=stage.pictures[:1])
    slow = asyncio.ensure_future(stage.work(ordered))
    accepted = functools.partial(asked_for, stage, endpoint)
    await asyncio.to_thread(wait_until, accepted, f"{step} at the service", 120.0)
    # By the clock of this one the lease has run out, with the minute for clocks that differ.
    other = await stage.work(ordered, clock=FakeClock.skipping(skew_s=250.0))
    if step == "prompt/0":
        # On a busy machine the late answer may be there before it has looked five times.
        assert other.status == "done" or "cannot be known" in (other.error or "")
    else:
        assert_video(other, stage)
    assert_video(await slow, stage)
    assert_video(await stage.work(ordered, clock=FakeClock.skipping(skew_s=250.0)), stage)
    assert stage.sent == (1, 1, 1)


def asked_for(stage: Stage, endpoint: str) -> bool:
    """Whether the emulator has accepted a request of that endpoint, and answers it."""
    counts = stage.emulator.counts()
    taken = {"upload": counts.uploads, "run_sse": counts.messages, "export": counts.renders}
    return bool(taken.get(endpoint, counts.requests.get(endpoint, 0)))
