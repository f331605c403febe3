"""What is written down stays, duplicates are known, and a thing's newest state is what is made."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shop import NOW, Shop, arrived, asks

from nemovideo_nodes.errors import BadInput, StoreError
from nemovideo_nodes.webhook.config import Config
from nemovideo_nodes.webhook.decisions import Asked
from nemovideo_nodes.webhook.outbox import Outbox
from nemovideo_nodes.webhook.tables import migrate, open_engine


@pytest.fixture
def shop(outbox: Outbox) -> Shop:
    return Shop(outbox)


def test_duplicates_are_known_by_id_and_by_bytes(outbox: Outbox) -> None:
    """In one batch and in several; another source's are others; nothing means nothing."""
    both = [arrived("a", "1"), arrived("a", "2"), arrived("b", "1"), arrived("b", "3")]
    assert outbox.accept(both) == [True, False, False, True]
    assert outbox.accept([arrived("a", "9"), arrived("c", "3"), arrived(None, None)]) == [
        False,
        False,
        True,
    ]
    assert outbox.accept([arrived(None, None), arrived("a", "1", source="other")]) == [True, True]
    assert [one.source for one in outbox.new(NOW, 10)] == ["shop"] * 4 + ["other"]
    assert outbox.new(NOW - 1, 10) == []
    assert outbox.new(NOW, 10)[0].body == b'{"id": "\xe6"}'


def test_many_at_once_write_each_delivery_once(outbox: Outbox) -> None:
    """Two receivers on one database."""
    new: list[bool] = []

    def write() -> None:
        for number in range(20):
            new.extend(outbox.accept([arrived(str(number), str(number))]))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (new.count(True), new.count(False)) == (20, 60)
    assert len(outbox.new(NOW, 100)) == 20


def test_a_writer_gets_its_turn_or_says_that_it_cannot(configured: Callable[..., Config]) -> None:
    """When the other has ended; one that never ends is not waited for without a limit."""
    held, waiting = Outbox.open(configured()), Outbox.open(configured(), durable=False)
    with contextlib.closing(held), contextlib.closing(waiting):
        with held._change():
            with pytest.raises(StoreError, match="database is locked"):
                waiting.accept([arrived("a")])
            thread = threading.Thread(target=waiting.accept, args=([arrived("b")],))
            thread.start()
        thread.join()
        assert len(held.new(NOW, 10)) == 1


def test_a_thing_that_changed_is_made_once(shop: Shop) -> None:
    """The same again changes nothing; what was made before is not made again."""
    assert shop.says(asks("red", 1)) == "job"
    assert shop.says(asks("red", 2)) == "unchanged"
    assert shop.start() == ["shop-7-red"]
    assert shop.says(asks("red", 3)) == "unchanged"
    assert shop.says(asks("blue", 4)) == "job"
    assert shop.start() == ["shop-7-blue"]
    assert shop.says(asks("red", 5)) == "known"
    assert shop.says(asks("red", 6)) == "unchanged"
    assert shop.says(asks("blue", 7)) == "known"
    assert shop.start() == []


def test_a_stale_delivery_never_overtakes_a_newer_one(shop: Shop) -> None:
    """By the thing's own time; without one, by arrival. As new is not stale."""
    assert shop.says(asks("new", 10)) == "job"
    assert shop.says(asks("old", 9)) == "stale"
    assert shop.says(asks("as-new", 10)) == "job"
    assert shop.start() == ["shop-7-as-new"]
    assert shop.says(asks("undated")) == "job"  # it came after the others
    assert shop.says(asks("older", 9)) == "stale"
    assert shop.says(asks("newer", 11)) == "job"
    assert shop.says(asks("other", 1, subject="8")) == "job"


def test_deliveries_inside_the_window_become_one(shop: Shop) -> None:
    """The last one of them, at most ten windows after the first; others do not wait for it."""
    for number in range(5):
        assert shop.says(asks(f"v{number}"), debounce_s=30) == "job"
    assert shop.says(asks("other", subject="8")) == "job"
    assert shop.start() == ["shop-8-other"]
    assert shop.start(at=shop.now + 28) == []
    assert shop.start(at=shop.now + 30) == ["shop-7-v4"]
    assert shop.says(asks("w0"), debounce_s=2) == "job"
    for number in range(1, 40):
        shop.says(asks(f"w{number}"), debounce_s=2)
    (started,) = shop.start()
    assert started == "shop-7-w39"


def test_going_back_inside_the_window_makes_nothing(shop: Shop) -> None:
    """The video of how it is now was made already, so what waited is called off."""
    shop.says(asks("red"))
    shop.start()
    assert shop.says(asks("blue"), debounce_s=30) == "job"
    assert shop.says(asks("red")) == "known"
    assert shop.start(at=shop.now + 100) == []
    assert shop.says(asks("blue")) == "job"
    assert shop.start() == ["shop-7-blue"]


def test_a_lease_keeps_others_off_and_runs_out(shop: Shop) -> None:
    """Also off the next job about the same thing; keeping it makes it longer."""
    shop.says(asks("red"))
    assert [job.run_id for job in shop.claim(at=2_000)] == ["shop-7-red"]
    assert shop.claim(at=2_000) == []
    shop.says(asks("blue"))
    assert shop.claim(at=2_059) == []
    shop.outbox.keep(["shop-7-red"], 2_100)
    assert shop.claim(at=2_090) == []
    assert [job.run_id for job in shop.claim(at=2_101)] == ["shop-7-blue"]
    shop.outbox.started([("shop-7-red", "started", "late")])
    states = {row["run_id"]: row["job"] for row in shop.outbox.listed()}
    assert states == {"shop-7-red": "started", "shop-7-blue": "waiting"}


def test_several_dispatchers_take_each_job_once(shop: Shop) -> None:
    """They look at the same deliveries, and claim at the same time."""
    shop.outbox.accept([arrived(str(n), str(n)) for n in range(40)])
    found = shop.outbox.new(NOW, 100)
    asked = [Asked(one, asks("red", subject=str(n))) for n, one in enumerate(found)]
    decided: list[str] = []
    claimed: list[str] = []

    def work() -> None:
        for part in range(0, 40, 8):
            decided.extend(shop.outbox.decide(asked[part : part + 8], NOW))
        while jobs := shop.outbox.claim(NOW, 60, 5):
            claimed.extend(job.run_id for job in jobs)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert decided == ["job"] * 40
    assert sorted(claimed) == sorted(f"shop-{n}-red" for n in range(40))


def test_a_failure_is_tried_again_or_is_dead(shop: Shop) -> None:
    """The dead wait for a person, or for the same thing to be published once more."""
    shop.says(asks("red"))
    (job,) = shop.claim()
    shop.outbox.failed(job, "not now", retry_at=shop.now + 10)
    assert shop.claim() == []
    (job,) = shop.claim(at=shop.now + 10)
    assert job.attempts == 1
    shop.outbox.failed(job, "target down", retry_at=shop.now + 20, counts=False)
    (job,) = shop.claim(at=shop.now + 20)
    assert job.attempts == 1
    shop.outbox.failed(job, "never", retry_at=None)
    assert shop.claim(at=shop.now + 1000) == []
    assert shop.outbox.counts(shop.now)["dead"] == 1
    assert shop.says(asks("red")) == "job"
    assert shop.start() == ["shop-7-red"]


def test_what_failed_and_was_replaced_stays_so(shop: Shop) -> None:
    """And the newer one is free to start."""
    shop.says(asks("red"))
    (job,) = shop.claim()
    shop.says(asks("blue"))
    shop.outbox.failed(job, "not now", retry_at=shop.now)
    assert shop.start() == ["shop-7-blue"]


def test_bytes_that_may_come_again_are_forgotten_once_looked_at(outbox: Outbox) -> None:
    """Until then they are a duplicate."""
    assert outbox.accept([arrived(None, "1"), arrived(None, "1")]) == [True, False]
    (delivery,) = outbox.new(NOW, 10)
    outbox.decide([Asked(delivery, asks("red"), forget_bytes=True)], NOW)
    assert outbox.accept([arrived(None, "1")]) == [True]
    (delivery,) = outbox.new(NOW, 10)
    outbox.set_aside(delivery, "ignored", "no", forget_bytes=True)
    assert outbox.accept([arrived(None, "1")]) == [True]


def test_a_delivery_that_cannot_be_looked_at_yet_waits(outbox: Outbox) -> None:
    """Behind the others, and with its tries counted."""
    outbox.accept([arrived("a", "1")])
    (delivery,) = outbox.new(NOW, 10)
    outbox.put_off(delivery, "not there yet", NOW + 5)
    assert outbox.new(NOW, 10) == []
    assert outbox.counts(NOW + 3)["lag_s"] == 3
    (delivery,) = outbox.new(NOW + 5, 10)
    assert delivery.attempts == 1


def test_a_replay_makes_nothing_twice_unless_it_is_told_to(shop: Shop) -> None:
    """Dead ones are tried again, refused ones looked at again; --again is a run of its own."""
    shop.says(asks("red"))
    (job,) = shop.claim()
    shop.outbox.failed(job, "never", retry_at=None)
    first = shop.outbox.listed()[0]["id"]
    assert "tried again" in shop.outbox.replay(first, shop.now)
    assert shop.start() == ["shop-7-red"]
    assert "--again" in shop.outbox.replay(first, shop.now)
    assert shop.start() == []
    made = set()
    for _ in range(2):
        assert "is made again" in shop.outbox.replay(first, shop.now, again=True)
        (job,) = shop.claim()
        assert job.parameters.run_id == job.run_id
        assert job.run_id.startswith("shop-7-red.")
        made.add(job.run_id)
        shop.outbox.started([(job.run_id, "started", "there")])
    assert len(made) == 2
    shop.outbox.accept([arrived("x", "x")])
    (delivery,) = shop.outbox.new(shop.now, 10)
    shop.outbox.set_aside(delivery, "refused", "no picture")
    assert "mapped again" in shop.outbox.replay(delivery.id, shop.now)
    assert len(shop.outbox.new(shop.now, 10)) == 1
    with pytest.raises(BadInput, match="no delivery 0"):
        shop.outbox.replay(0, shop.now)


def test_purging_keeps_what_is_newest_of_each_thing(shop: Shop) -> None:
    """What is purged is not made again, and what was not looked at stays."""
    for title in ("red", "blue"):
        shop.says(asks(title))
        shop.start()
    shop.outbox.accept([arrived("unseen", "unseen", at=shop.now + 1)])
    assert shop.outbox.purge(shop.now + 100) == (2, 1)
    assert [row["delivery"] for row in shop.outbox.listed()] == ["new"]
    (delivery,) = shop.outbox.new(shop.now + 1, 10)
    assert shop.outbox.decide([Asked(delivery, asks("blue"))], shop.now) == ["unchanged"]
    assert shop.start() == []


def test_counts_and_lag(shop: Shop) -> None:
    """Nothing to do is no lag; what is tried in vain lags, whenever it is tried again."""
    assert shop.outbox.counts(NOW)["lag_s"] == 0
    shop.says(asks("red"))
    assert shop.outbox.counts(shop.now + 7)["lag_s"] == 7
    (job,) = shop.claim()
    shop.outbox.failed(job, "nobody there", retry_at=shop.now + 60, counts=False)
    assert shop.outbox.counts(shop.now + 7)["lag_s"] == 7
    shop.start(shop.now + 60)
    counts: dict[str, Any] = shop.outbox.counts(shop.now + 7)
    assert (counts["lag_s"], counts["jobs"]) == (0, {"started": 1})


def test_an_outbox_that_is_not_there_says_so(
    configured: Callable[..., Config], tmp_path: Path
) -> None:
    """Without a password and without a payload."""
    for url, kind in (
        ("oracle://scott:tiger@host/db", BadInput),
        ("nonsense", BadInput),
        ("sqlite:///no/such/folder/x.db", StoreError),
        ("postgresql+psycopg://u:tiger@127.0.0.1:9/db", StoreError),
    ):
        with pytest.raises(kind) as raised:
            Outbox.open(configured(outbox={"url": url}))
        assert "tiger" not in str(raised.value)


def test_sqlite_is_synced_fully(configured: Callable[..., Config], tmp_path: Path) -> None:
    """An acknowledged delivery survives the loss of power; what is decided of it, need not."""
    for durable, synchronous in ((True, 2), (False, 1)):
        outbox = Outbox.open(configured(), durable=durable)
        with outbox._engine.connect() as db:
            assert db.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
            assert db.exec_driver_sql("PRAGMA synchronous").scalar_one() == synchronous
        outbox.close()
    assert (tmp_path / "webhooks.db").is_file()


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.integers(1, 9), st.sampled_from("abc"), st.sampled_from([0.0, 3.0])),
        st.sampled_from(["start", "fail", "die"]),
    ),
    max_size=14,
)


@settings(deadline=None, max_examples=60)
@given(EVENTS)
def test_whatever_comes_when_the_newest_state_is_what_is_made_last(events: list[Any]) -> None:
    """No order of deliveries, starts and failures starts an older state after a newer one."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine("sqlite:///x.db", Path(folder), durable=False)
        with contextlib.closing(Outbox(engine)) as outbox:
            migrate(engine)
            _check_order(Shop(outbox), events)


def _check_order(shop: Shop, events: list[Any]) -> None:
    newest: tuple[int, str] | None = None
    made: list[str] = []
    for event in (*events, *["start"] * 2):
        if isinstance(event, tuple):
            version, title, debounce_s = event
            state = shop.says(asks(title, version), debounce_s)
            assert (state == "stale") == (newest is not None and version < newest[0])
            if state != "stale":
                newest = version, f"shop-7-{title}"
            continue
        shop.now += 100
        jobs = shop.claim()
        assert len(jobs) <= 1
        for job in jobs:
            assert newest is not None
            assert job.run_id == newest[1]
            assert job.run_id not in made
            if event == "start":
                made.append(job.run_id)
                shop.outbox.started([(job.run_id, "started", "there")])
            else:
                again = shop.now + 1 if event == "fail" else None
                shop.outbox.failed(job, "no", retry_at=again)
    dead = {row["run_id"] for row in shop.outbox.listed(state="dead")}
    assert newest is None or newest[1] in made or newest[1] in dead
