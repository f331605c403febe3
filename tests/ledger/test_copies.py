"""Copies of journals in a bucket: they make reading cheap, and never hide what is missing."""

from __future__ import annotations

import json

import pytest
from faulty_store import Death, FaultyStore, StoreCall
from shelf import add_run, golden_facts
from stage import Stage

from nemovideo_nodes.ledger.facts import Noted
from nemovideo_nodes.ledger.journal import Journal, fact_name
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.store import Store

COPY = "runs/mine/journal/facts.copy"


@pytest.fixture
def store(bucket: str) -> FaultyStore:
    """A bucket with a finished run, and the copy that its last worker has left."""
    store = FaultyStore(bucket)
    add_run(store, "mine")
    journal = Journal(store, "mine")
    journal.refresh()
    journal.copy()
    assert store.size(COPY)
    return store


def forget(store: Store) -> None:
    """Be a new process."""
    assert store.kept is not None
    store.kept.clear()


def read_anew(store: FaultyStore) -> Run:
    forget(store)
    store.calls.clear()
    return Journal(store, "mine").refresh()


def test_a_finished_run_is_read_in_few_requests(store: FaultyStore) -> None:
    """The copy holds every fact, byte for byte."""
    run = read_anew(store)
    assert run.facts == golden_facts()
    assert store.names("read") == [COPY]


def test_what_was_written_since_is_read_by_itself(store: FaultyStore) -> None:
    """A copy may be behind."""
    note = Noted(at=golden_facts()[-1].at, by="me", topic="remark")
    Journal(store, "mine").record(note)
    last = len(golden_facts()) + 1
    run = read_anew(store)
    assert run.facts[-1] == note
    assert store.names("read") == [COPY, fact_name("mine", last)]


@pytest.mark.parametrize("seq", range(1, len(golden_facts()) + 1))
def test_a_fact_that_is_gone_is_missed_in_spite_of_the_copy(store: FaultyStore, seq: int) -> None:
    """The copy never speaks for a fact, and it tells of the last ones, too."""
    store.remove([fact_name("mine", seq)])
    run = read_anew(store)
    assert run.unreadable == 1
    assert run.doubts


def test_a_fact_that_was_changed_is_read_as_it_is_now(store: FaultyStore) -> None:
    """The version that is listed decides, not the copy."""
    store.replace(fact_name("mine", 7), b"{")
    assert read_anew(store).unreadable == 1


def bad_copies(good: bytes) -> dict[str, bytes]:
    head, *lines = good.decode().splitlines()
    return {
        "empty": b"",
        "torn": good[: len(good) // 2],
        "no text": b"\xff\xfe",
        "other": b"[]",
        "deep": b"[" * 100_000,
        "format": "\n".join([json.dumps({"format": 2, "last": 900}), *lines]).encode(),
        "no number": "\n".join([json.dumps({"format": 1, "last": None}), *lines]).encode(),
        "behind": "\n".join([json.dumps({"format": 1, "last": 5}), *lines[:5]]).encode(),
        "lines of numbers": f"{head}\n1\n2".encode(),
    }


def test_a_copy_that_cannot_be_read_is_passed_over(store: FaultyStore) -> None:
    """The facts are the truth."""
    for kind, data in bad_copies(store.read(COPY) or b"").items():
        store.replace(COPY, data)
        run = read_anew(store)
        assert (run.facts, run.doubts) == (golden_facts(), []), kind


def test_the_copy_of_a_run_that_was_deleted_says_nothing_of_the_next(store: FaultyStore) -> None:
    """A run of the same id that was begun anew is another one."""
    copy = store.read(COPY) or b""
    store.discard("runs/mine/journal")
    assert store.size(COPY) is None
    first = golden_facts()[0]
    Journal(store, "mine").record(first.model_copy(update={"by": "another worker"}))
    store.replace(COPY, copy)
    run = read_anew(store)
    assert (run.seq, run.doubts) == (1, [])


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", ["facts.copy", "summaries/"])
async def test_a_crash_at_a_copy_costs_nothing(
    stage: Stage, bucket: str, name: str, when: str
) -> None:
    """The run is what its facts say."""
    stage.store_url = bucket

    def die(call: StoreCall) -> None:
        if call.verb == "replace" and name in call.name:
            raise Death

    ordered = stage.order(run_id="mine")
    before, after = (die, None) if when == "before" else (None, die)
    with pytest.raises(Death):
        await stage.work(ordered, store=FaultyStore(bucket, before=before, after=after))
    forget(Store(bucket))
    result = await stage.work(ordered)
    assert result.status == "done"
    assert stage.sent == (1, 1, 2)
    forget(Store(bucket))
    assert [one.result for one in stage.workspace().list()] == [result]


async def test_a_worker_that_is_killed_leaves_no_summary_of_before(
    stage: Stage, bucket: str
) -> None:
    """`runs` reads the journal of a run whose worker has died in the middle."""
    stage.store_url = bucket
    ordered = stage.order(run_id="mine")
    await stage.work(ordered)

    def die(call: StoreCall) -> None:
        if call.verb == "create" and call.number == 3:
            raise Death

    workspace = stage.workspace()
    await workspace.refine("mine", ["add a title"], each=False)
    with pytest.raises(Death):
        await stage.work(ordered, store=FaultyStore(bucket, before=die))
    forget(Store(bucket))
    (found,) = stage.workspace().list()
    assert found.result.status == "waiting"
