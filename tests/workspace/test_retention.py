"""Clean-up: what is old and nobody's business any more goes, and nothing else."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from fake_clock import FakeClock
from faulty_store import FaultyStore, fault_at
from shelf import add_run, artifacts_of, golden_facts, names

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.engine.lease import LeaseKeeper
from nemovideo_nodes.ledger.facts import Asked, Noted
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.medium import Media
from nemovideo_nodes.request.steps import Step, Upload
from nemovideo_nodes.workspace.retention import FLOW_RUNS, HELD_ROWS, clean

MONTH = timedelta(days=30)


@pytest.fixture
def store(store_url: str) -> Store:
    return Store(store_url)


@pytest.fixture
def clock() -> FakeClock:
    """Forty days from now: whatever a test writes now is old then."""
    return FakeClock(SystemClock().now() + timedelta(days=40))


def young(store: Store, run_id: str, clock: FakeClock, *media: Media) -> None:
    """A run that was touched just now."""
    steps = tuple(Step(id=f"upload/{n}", args=Upload(media=m)) for n, m in enumerate(media))
    Journal(store, run_id).record(Asked(at=clock.now(), by="me", steps=steps))


def golden_media() -> tuple[Media, ...]:
    (asked,) = [fact for fact in golden_facts() if isinstance(fact, Asked)][:1]
    assert asked.order is not None
    return asked.order.request.media


async def test_an_old_run_goes_with_what_only_it_needs(store: Store, clock: FakeClock) -> None:
    """Journal, video, poster and artifacts; its manifest and a picture of a kept run stay."""
    (shared,) = golden_media()
    add_run(store, "old")
    young(store, "young", clock, shared)
    before = names(store, "runs/young")
    cleaned = await clean(store, MONTH, clock=clock)
    assert (cleaned.runs, cleaned.busy, cleaned.artifacts_kept) == (["old"], [], False)
    assert names(store, "runs/old") == {"runs/old/manifest.json"}
    assert names(store, "runs/young") == before
    assert names(store, "artifacts") == {shared.artifact}
    gone = artifacts_of(golden_facts()) - {shared.artifact}
    assert gone
    assert cleaned.files == 2 + len(gone)
    assert cleaned.bytes == len(gone) * len(b"artifact")
    again = await clean(store, MONTH, clock=clock)
    assert (again.runs, again.files) == ([], 0)


async def test_manifests_go_only_where_it_is_said(store: Store, clock: FakeClock) -> None:
    """Also those that an earlier clean-up has left."""
    add_run(store, "one")
    await clean(store, MONTH, clock=clock)
    add_run(store, "two")
    await clean(store, MONTH, manifests=True, clock=clock)
    assert names(store, "runs") == names(store, "artifacts") == set()


async def test_what_is_young_or_not_chosen_stays(store: Store, clock: FakeClock) -> None:
    """With all that it needs."""
    add_run(store, "mine")
    before = names(store, "runs") | names(store, "artifacts")
    age = clock.now() - golden_facts()[-1].at
    await clean(store, age + timedelta(hours=1), clock=clock)
    await clean(store, MONTH, chosen=lambda summary: False, clock=clock)
    assert names(store, "runs") | names(store, "artifacts") == before


async def test_a_run_that_somebody_is_at_work_on_is_never_touched(
    store: Store, clock: FakeClock
) -> None:
    """As long as the lease of a process that lives, or may live, has not run out."""
    add_run(store, "mine")
    journal = Journal(store, "mine")
    journal.refresh()
    assert await LeaseKeeper(journal, clock).hold(journal.run.seq)
    before = names(store, "runs") | names(store, "artifacts")
    cleaned = await clean(store, timedelta(0), clock=FakeClock(clock.now() + timedelta(minutes=2)))
    assert (cleaned.runs, cleaned.busy) == ([], ["mine"])
    assert names(store, "runs") | names(store, "artifacts") == before
    cleaned = await clean(store, timedelta(0), clock=FakeClock(clock.now() + timedelta(hours=1)))
    assert cleaned.runs == ["mine"]


async def test_who_takes_a_run_up_meanwhile_keeps_it(
    store: Store, store_url: str, clock: FakeClock
) -> None:
    """The deletion wants the run's lease, and loses it to whoever was faster."""
    add_run(store, "mine")

    def take_up() -> None:
        Journal(store, "mine").record(Noted(at=SystemClock().now(), by="somebody", topic="remark"))

    racing = FaultyStore(store_url, before=fault_at(1, take_up))
    cleaned = await clean(racing, MONTH, clock=clock)
    assert (cleaned.runs, cleaned.busy) == ([], ["mine"])
    assert Journal(store, "mine").refresh().seq == len(golden_facts()) + 1


async def test_artifacts_stay_where_a_journal_cannot_be_read(
    store: Store, clock: FakeClock
) -> None:
    """Who needs them is not known."""
    add_run(store, "old")
    young(store, "young", clock)
    store.create("runs/young/journal/00000002.json", b"{")
    cleaned = await clean(store, MONTH, clock=clock)
    assert (cleaned.runs, cleaned.artifacts_kept) == (["old"], True)
    assert names(store, "artifacts") == artifacts_of(golden_facts())


async def test_what_is_not_a_day_old_may_be_a_run_that_begins(store: Store) -> None:
    """Pictures come into the store before the journal that names them."""
    store.create("artifacts/sha256/x.png", b"picture")
    unfinished = store.scratch("media") / "copy"
    unfinished.write_bytes(b"half")
    soon = FakeClock(SystemClock().now() + timedelta(hours=20))
    assert (await clean(store, timedelta(0), clock=soon)).files == 0
    assert unfinished.is_file()
    later = FakeClock(SystemClock().now() + timedelta(hours=30))
    cleaned = await clean(store, timedelta(0), clock=later)
    assert (cleaned.files, cleaned.bytes) == (2, len(b"picture") + len(b"half"))
    assert not unfinished.exists()
    assert names(store, "artifacts") == set()


async def test_a_clean_up_that_was_cut_is_finished_by_the_next(
    store: Store, clock: FakeClock
) -> None:
    """A run's folder without a journal is what a killed clean-up leaves."""
    add_run(store, "mine")
    store.discard("runs/mine/journal")
    cleaned = await clean(store, MONTH, clock=clock)
    assert cleaned.files == 2 + len(artifacts_of(golden_facts()))
    assert names(store, "runs") == {"runs/mine/manifest.json"}


async def test_what_a_process_left_that_died_at_its_first_fact_goes(
    tmp_path: Path, clock: FakeClock
) -> None:
    """A hidden file beside no fact is no journal, and keeps nothing."""
    store = Store(str(tmp_path / "store"))
    store.create("runs/dead/journal/.0123456789abcdef", b"{")
    store.create("artifacts/sha256/x.png", b"picture")
    cleaned = await clean(store, MONTH, clock=clock)
    assert (cleaned.files, cleaned.artifacts_kept) == (2, False)
    assert names(store, "runs") == names(store, "artifacts") == set()


async def test_a_picture_that_is_taken_in_again_is_young_again(
    tmp_path: Path, clock: FakeClock
) -> None:
    """On a folder: between its intake and its journal nobody takes it away."""
    store = Store(str(tmp_path / "store"))
    source = tmp_path / "picture"
    source.write_bytes(b"picture")
    store.put_file("artifacts/sha256/x.png", source)
    os.utime(Path(store.url) / "artifacts/sha256/x.png", (1, 1))
    store.put_file("artifacts/sha256/x.png", source)
    now = FakeClock(SystemClock().now())
    await clean(store, timedelta(0), clock=now)
    assert names(store, "artifacts") == {"artifacts/sha256/x.png"}


async def test_what_only_a_retry_of_a_deleted_run_needs_goes(
    store: Store, clock: FakeClock
) -> None:
    """Prefect's records of the run that a flow run began, and a calendar's of rows that failed."""
    add_run(store, "old")
    young(store, "young", clock)
    for name, run_id in (("one", "old"), ("two", "young"), ("three", "gone")):
        store.replace(f"{FLOW_RUNS}/{name}/0a-1.json", f'{{"run_id": "{run_id}"}}'.encode())
    store.replace(f"{FLOW_RUNS}/four/0a-1.json", b"not JSON")
    store.replace(f"{HELD_ROWS}/row.json", b"{}")
    await clean(store, MONTH)
    assert len(names(store, FLOW_RUNS) | names(store, HELD_ROWS)) == 5
    await clean(store, MONTH, clock=clock)
    assert names(store, FLOW_RUNS) == {f"{FLOW_RUNS}/two/0a-1.json"}
    assert names(store, HELD_ROWS) == set()
