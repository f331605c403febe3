"""The journal: one winner a number, readers that nothing crashes, and golden files that replay."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from faulty_store import FaultyStore

from nemovideo_nodes.errors import StoreError
from nemovideo_nodes.ledger.facts import NEWEST, Noted, dump_fact, is_newer, load_fact
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.store import Store

T0 = datetime(2026, 1, 1, tzinfo=UTC)
GOLDEN = Path(__file__).parent / "journals"


def note(text: str, by: str = "me") -> Noted:
    return Noted(at=T0, by=by, topic="remark", text=text)


@pytest.fixture
def store(store_url: str) -> FaultyStore:
    return FaultyStore(store_url)


def put(store: Store, number: int, data: bytes) -> None:
    assert store.create(f"runs/r/journal/{number:08d}.json", data)


def test_racers_have_one_winner_for_each_number(store: Store) -> None:
    """Every fact of every racer is there once, in one order that all of them see."""
    journals = [Journal(store, "r") for _ in range(4)]
    each = 25 if store.root else 5
    start = threading.Barrier(len(journals))

    def race(number: int, journal: Journal) -> None:
        start.wait()
        for n in range(each):
            journal.record(note(f"{number}:{n}", by=str(number)))

    racers = [threading.Thread(target=race, args=item) for item in enumerate(journals)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    seen = [[fact.text for fact in j.refresh().facts if isinstance(fact, Noted)] for j in journals]
    assert all(texts == seen[0] for texts in seen)
    assert sorted(seen[0]) == sorted(f"{number}:{n}" for number in range(4) for n in range(each))
    for number in range(4):
        mine = [text for text in seen[0] if text.startswith(f"{number}:")]
        assert mine == [f"{number}:{n}" for n in range(each)]


def test_a_loser_has_read_what_is_new_and_written_nothing(store: Store) -> None:
    """Who comes second is told so, with the winner's fact in hand to decide again."""
    first, second = Journal(store, "r"), Journal(store, "r")
    assert first.append(note("first"))
    assert not second.append(note("second"))
    assert [f.text for f in second.run.facts if isinstance(f, Noted)] == ["first"]
    assert second.append(note("second"))
    assert first.refresh().seq == 2


def test_a_decision_that_did_not_know_the_last_fact_is_not_written(store: Store) -> None:
    """`planned` fences out what others wrote, and not what the writer itself wrote."""
    mine, other = Journal(store, "r"), Journal(store, "r")
    planned = mine.refresh().seq
    assert mine.append(note("mine"), planned)
    assert mine.append(note("mine too"), planned)
    other.record(note("other"))
    mine.refresh()
    assert not mine.append(note("too late"), planned)
    assert mine.append(note("anew"), mine.run.seq)


def test_a_put_that_is_repeated_finds_its_own_fact(store: Store) -> None:
    """Where the answer to a put was lost, the fact that stands there already is ours."""
    journal, fact = Journal(store, "r"), note("mine")
    put(store, 1, dump_fact(fact))
    assert journal.append(fact)
    assert journal.run.seq == 1


def test_a_refresh_reads_only_what_is_new(store: FaultyStore) -> None:
    """However long the journal is, nothing is read again; in one process a bucket's entry that was
    written here is not read at all."""
    writer = Journal(store, "r")
    for number in range(30):
        writer.record(note(str(number)))
    reader = Journal(store, "r")
    reader.refresh()
    store.calls.clear()
    reader.refresh()
    writer.record(note("new"))
    reader.refresh()
    assert [name.rsplit("/", 1)[-1] for name in store.names("read")] == (
        ["00000031.json"] if store.root else []
    )
    assert reader.run.seq == 31


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b'{"v":1,"fact":"noted","at":"2026-',
        b"\x00" * 64,
        b"\xff\xfe\x00",
        b"null",
        b"[]",
        b"[" * 100_000,
        b'{"v":1,"fact":"sung","at":"2026-01-01T00:00:00Z","by":"x"}',
        b'{"v":1,"fact":"noted","at":"2026-01-01T00:00:00","by":"x","topic":"remark"}',
        b'{"v":1,"fact":"noted","at":"yesterday","by":"x","topic":"remark"}',
        b'{"v":"one","fact":"noted","at":"2026-01-01T00:00:00Z","by":"x","topic":"remark"}',
        b'{"v":1,"fact":"achieved","at":"2026-01-01T00:00:00Z","by":"x","step":"token/0","result":1}',
    ],
    ids=lambda data: repr(data[:40]),
)
def test_an_entry_that_is_torn_or_foreign_is_passed_over(store: Store, data: bytes) -> None:
    """Readers go on behind it, and count it; writers do, too."""
    writer = Journal(store, "r")
    writer.record(note("before"))
    put(store, 2, data)
    writer.record(note("after"))
    run = Journal(store, "r").refresh()
    assert [f.text for f in run.facts if isinstance(f, Noted)] == ["before", "after"]
    assert (run.seq, run.unreadable, run.newer) == (3, 1, False)
    assert load_fact(data) is None


def test_a_fact_of_a_format_to_come_marks_the_run(store: Store) -> None:
    """What a newer version wrote cannot be passed over: it may be an intent."""
    fact = {"fact": "noted", "at": "2026-01-01T00:00:00Z", "by": "x", "topic": "remark"}
    put(store, 1, json.dumps({"v": NEWEST + 1, **fact}).encode())
    run = Journal(store, "r").refresh()
    assert run.newer
    assert is_newer(b'{"v": 7}')
    assert not is_newer(b'{"v": 1}')
    assert not is_newer(b"[]")


def test_what_a_newer_version_adds_to_a_fact_of_this_format_is_ignored() -> None:
    """Unknown fields of a known format are no reason to lose the fact."""
    data = json.loads(dump_fact(note("x"))) | {"colour": "blue"}
    assert load_fact(json.dumps(data).encode()) == note("x")


def test_facts_about_steps_that_nobody_asked_for_are_ignored() -> None:
    """A foreign journal that begins in the middle folds to nothing, and crashes nobody."""
    run = Run("r")
    for line in (GOLDEN / "format-1.jsonl").read_bytes().splitlines()[1:]:
        run.apply(load_fact(line))
    assert run.steps == {}
    assert run.session is None
    assert run.order is None


def test_a_journal_that_takes_nothing_says_so(tmp_path: Path) -> None:
    """A folder that cannot be written gives one sentence that names it."""
    store = Store(str(tmp_path / "store"))
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "runs").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        Journal(store, "r").record(note("x"))


def test_the_golden_journal_of_format_1_replays_to_the_same_run() -> None:
    """Journals that users have must mean the same for ever: a render that failed once, and all."""
    lines = (GOLDEN / "format-1.jsonl").read_bytes().splitlines()
    expected = json.loads((GOLDEN / "format-1.expected.json").read_text())
    run = Run("golden")
    for line in lines:
        fact = load_fact(line)
        assert fact is not None
        assert load_fact(dump_fact(fact)) == fact
        run.apply(fact)
    assert _within(expected, folded(run))


def _within(expected: object, actual: object) -> bool:
    """Whether all that is expected is there; later versions may say more."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return all(k in actual and _within(v, actual[k]) for k, v in expected.items())
    return expected == actual


def folded(run: Run) -> dict[str, object]:
    """The fold in plain words."""
    return {
        "seq": run.seq,
        "occasion": run.order.occasion if run.order else None,
        "script": [i.text for i in run.order.request.script] if run.order else None,
        "session": run.session.session_id if run.session else None,
        "account": sorted(run.account) or None,
        "holder": run.holding.holder if run.holding else None,
        "settled": run.settled,
        "sessions_lost": run.sessions_lost,
        "steps": {
            name: {
                "achieved": record.achieved.model_dump(mode="json") if record.achieved else None,
                "intents": record.intents,
                "failures": record.failures,
                "open": record.intent.key if record.intent else None,
                "refused": record.refused.sentence if record.refused else None,
            }
            for name, record in run.steps.items()
        },
    }


def test_what_was_just_read_or_written_is_not_read_again(store: FaultyStore) -> None:
    """But a run that was empty is looked for again, and so is what another journal has written."""
    mine, other = Journal(store, "r"), Journal(store, "r")
    assert mine.recent().seq == 0
    other.record(note("first"))
    assert mine.recent().seq == 1
    store.calls.clear()
    assert mine.recent().seq == 1
    mine.record(note("second"))
    assert mine.recent().seq == 2
    assert store.names("read") == []
    other.refresh()
    other.record(note("third"))
    assert mine.recent().seq == 3


def test_what_was_read_is_looked_at_again_on_request(store: FaultyStore) -> None:
    """As after a wait, in which another machine may have written."""
    mine = Journal(store, "r")
    mine.record(note("first"))
    put(store, 2, dump_fact(note("second", by="another machine")))
    assert mine.recent().seq == 1
    mine.expire()
    assert mine.recent().seq == 2
