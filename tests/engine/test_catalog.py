"""The list of runs: read from summaries, and never from one that is behind its journal."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from faulty_store import FaultyStore
from shelf import GOLDEN_RUN, add_run, artifacts_of, golden_facts
from stage import Stage

from nemovideo_nodes.engine.status import run_status
from nemovideo_nodes.engine.summaries import Summary, forget_summary, summaries, write_summary
from nemovideo_nodes.ledger.copies import summary_name
from nemovideo_nodes.ledger.facts import Noted
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.store import Store


@pytest.fixture
def store(store_url: str) -> FaultyStore:
    return FaultyStore(store_url)


def summed_up(store: Store, run_id: str) -> None:
    write_summary(Journal(store, run_id).refresh(), store)


def test_a_list_reads_no_journal(store: FaultyStore) -> None:
    """Two looks a run, however long its journal is: its summary, and that nothing is behind it. In
    a bucket all are listed at once, and what this process wrote is not read again."""
    for number in range(2):
        add_run(store, f"run-{number}")
        summed_up(store, f"run-{number}")
    store.calls.clear()
    found = list(summaries(store))
    assert [one.result.run_id for one in found] == [f"run-{number}" for number in range(2)]
    assert len(store.calls) == (4 if store.root else 0)
    assert [one.result for one in found] == [
        run_status(Journal(store, one.result.run_id).refresh(), store) for one in found
    ]


def test_a_summary_knows_what_the_run_needs(store: FaultyStore) -> None:
    """Its artifacts, its words, and when it was touched last."""
    add_run(store, "mine")
    (found,) = summaries(store)
    facts = golden_facts()
    assert set(found.artifacts) == artifacts_of(facts)
    assert found.at == facts[-1].at
    assert found.said == tuple(i.text for i in facts[0].order.request.script)  # type: ignore[union-attr]
    assert found.whole


def test_a_summary_that_is_behind_is_not_believed(store: FaultyStore) -> None:
    """One more fact, and the journal is read."""
    add_run(store, "mine", golden_facts()[:-1])
    summed_up(store, "mine")
    last = golden_facts()[-1]
    Journal(store, "mine").record(last)
    (found,) = summaries(store)
    assert (found.seq, found.at) == (len(golden_facts()), last.at)


def bad_summaries(good: bytes) -> dict[str, bytes]:
    value = json.loads(good)
    return {
        "empty": b"",
        "torn": good[: len(good) // 2],
        "foreign": b'{"seq": 3}',
        "no json": b"\xff\x00",
        "of another run": json.dumps(
            value | {"result": value["result"] | {"run_id": "other"}}
        ).encode(),
        "of a format to come": json.dumps(value | {"format": 2}).encode(),
    }


def test_a_summary_that_is_torn_or_foreign_is_not_believed(store: FaultyStore) -> None:
    """It is a copy: without it, the journal tells the same."""
    add_run(store, "mine")
    summed_up(store, "mine")
    (right,) = summaries(store)
    good = store.read(summary_name(store, "mine")) or b""
    for kind, data in bad_summaries(good).items():
        store.replace(summary_name(store, "mine"), data)
        assert list(summaries(store)) == [right], kind


def test_a_journal_that_cannot_be_read_as_a_whole_is_told_so(store: FaultyStore) -> None:
    """A torn entry may name artifacts that nobody knows of."""
    add_run(store, "mine")
    store.create(f"runs/mine/journal/{len(golden_facts()) + 1:08d}.json", b"{")
    (found,) = summaries(store)
    assert not found.whole


def test_places_follow_a_store_that_was_moved(tmp_path: Path) -> None:
    """Seen under another path, its summaries name files that are there."""
    store = Store(str(tmp_path / "before"))
    add_run(store, GOLDEN_RUN)
    summed_up(store, GOLDEN_RUN)
    shutil.move(tmp_path / "before", tmp_path / "after")
    moved = FaultyStore(str(tmp_path / "after"))
    (found,) = summaries(moved)
    assert len(moved.calls) == 2
    assert found.result == run_status(Journal(moved, GOLDEN_RUN).refresh(), moved)
    assert Path(found.result.videos[0].path).is_file()


async def test_every_end_of_the_engine_leaves_a_summary(stage: Stage) -> None:
    """Stopped in the middle, and done: the list never has to read a journal afterwards."""
    store = FaultyStore(stage.store_path)
    ordered = stage.order(run_id="mine")
    for through in ("session/0", None):
        result = await stage.work(ordered, through=through)
        store.calls.clear()
        (found,) = summaries(store)
        assert len(store.calls) == 2
        assert found.result.status == ("waiting" if through else "done")
        if not through:
            assert found.result == result


def test_a_store_that_cannot_be_written_ends_no_run(tmp_path: Path) -> None:
    """A summary is a convenience."""
    store = Store(str(tmp_path / "store"))
    add_run(store, "mine")
    (tmp_path / "store" / "runs" / "mine" / "summary.json").mkdir()
    summed_up(store, "mine")
    assert [one.result.run_id for one in summaries(store)] == ["mine"]


def test_a_note_moves_the_time_of_the_last_touch(store: FaultyStore) -> None:
    """What is deleted by age goes by the last fact, whatever it is."""
    add_run(store, "mine")
    later = golden_facts()[-1].at.replace(year=2031)
    Journal(store, "mine").record(Noted(at=later, by="me", topic="remark"))
    (found,) = summaries(store)
    assert isinstance(found, Summary)
    assert found.at == later


@pytest.fixture
def bucket_store(bucket: str) -> FaultyStore:
    return FaultyStore(bucket)


def forget_all(store: Store) -> None:
    """Be a new process: nothing is known of what lies in the bucket."""
    assert store.kept is not None
    store.kept.clear()


def test_many_summaries_of_a_bucket_are_read_in_few_objects(bucket_store: FaultyStore) -> None:
    """Who had to read many by themselves leaves pages; what has changed since is read by itself."""
    store = bucket_store
    ids = [f"run-{number:02d}" for number in range(15)]
    facts = golden_facts()[:3]
    for run_id in ids:
        add_run(store, run_id, facts)
        summed_up(store, run_id)
    forget_all(store)
    first = list(summaries(store))
    assert [one.result.run_id for one in first] == ids
    forget_all(store)
    store.calls.clear()
    assert list(summaries(store)) == first
    assert len(store.calls) == 4
    assert all("pages" in name for name in store.names("read"))
    changed = Journal(store, "run-03")
    changed.refresh()
    changed.record(golden_facts()[3])
    (found,) = (one for one in summaries(store) if one.result.run_id == "run-03")
    assert found.seq == 4


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]\n[1]\n{", b'["run-03", "v", "{}"]'])
def test_pages_that_are_torn_are_not_believed(bucket_store: FaultyStore, data: bytes) -> None:
    """They are copies of copies."""
    store = bucket_store
    add_run(store, "run-03", golden_facts()[:3])
    summed_up(store, "run-03")
    right = list(summaries(store))
    for number in range(4):
        store.replace(f"summary-pages/{number}.jsonl", data)
    assert list(summaries(store)) == right


def test_a_run_that_is_worked_on_has_no_summary_in_a_bucket(bucket_store: FaultyStore) -> None:
    """A worker may be killed at any time: what it leaves must not look like what was before."""
    store = bucket_store
    add_run(store, "mine", golden_facts()[:3])
    summed_up(store, "mine")
    journal = Journal(store, "mine")
    journal.refresh()
    assert store.read(summary_name(store, "mine"))
    journal.record(golden_facts()[3])
    assert store.read(summary_name(store, "mine")) is None
    write_summary(journal.run, store)
    journal.summed_up()
    journal.record(golden_facts()[4])
    assert store.read(summary_name(store, "mine")) is None


def test_a_run_that_was_deleted_is_not_read_again_and_can_be_begun_anew(
    bucket_store: FaultyStore,
) -> None:
    """Its manifest stays, so its folder does; a mark says that there is no journal."""
    store = bucket_store
    add_run(store, "mine", golden_facts()[:3])
    store.discard("runs/mine/journal")
    forget_summary(store, "mine", is_manifest_kept=True)
    assert list(summaries(store)) == []
    assert not [name for name in store.names("read", "size") if "journal" in name]
    Journal(store, "mine").record(golden_facts()[0])
    assert [one.result.run_id for one in summaries(store)] == ["mine"]
