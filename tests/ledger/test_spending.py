"""Charges to a budget: never over by a credit, whoever reserves at once, and never stuck."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.ledger.spending import Charge, Spending
from nemovideo_nodes.ledger.store import Store, Stored

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=3)


def charge(run: str, credits: float = 100.0, by: str = "me", **more: object) -> Charge:
    return Charge.model_validate(
        {
            "at": NOW,
            "run": run,
            "step": "prompt/0",
            "key": "prompt/0#1",
            "by": by,
            "credits": credits,
            "until": LATER,
            **more,
        }
    )


def ended(run: str, credits: float = 100.0) -> Charge:
    return charge(run, credits, kind="ended", until=None)


def never(one: Charge) -> bool:
    return False


def always(one: Charge) -> bool:
    return True


def test_fifty_at_once_get_what_there_is(store_url: str) -> None:
    """Of fifty workers that want 100 of 1,000 credits each, ten get them."""
    barrier = threading.Barrier(50)

    def reserve(number: int) -> bool:
        spending = Spending(Store(store_url), "day")
        barrier.wait()
        return spending.reserve(charge(f"run-{number}"), 1000.0, never) is None

    with ThreadPoolExecutor(50) as pool:
        assert sum(pool.map(reserve, range(50))) == 10
    spending = Spending(Store(store_url), "day")
    spending.refresh()
    assert spending.charged(NOW, never).reserved == 1000.0


def test_what_ended_counts_what_it_cost(store_url: str) -> None:
    """A message that was not accepted frees its credits; one that was sent keeps them."""
    spending = Spending(Store(store_url), "day")
    assert spending.reserve(charge("a"), 200.0, never) is None
    assert spending.reserve(charge("b"), 200.0, never) is None
    assert spending.reserve(charge("c"), 200.0, never) is not None
    spending.end(ended("a", 0.0))
    spending.end(ended("b"))
    assert spending.reserve(charge("c"), 200.0, never) is None
    known = spending.charged(NOW, never)
    assert (known.spent, known.reserved) == (100.0, 100.0)


@pytest.mark.parametrize(("was_sent", "fits"), [(never, True), (always, False)])
def test_a_reservation_ends_with_its_time_unless_its_message_went_out(
    store_url: str, was_sent: object, fits: bool
) -> None:
    """A worker that died before the message holds nobody up; one that died behind it has paid."""
    assert Spending(Store(store_url), "day").reserve(charge("a"), 100.0, never) is None
    again = charge("b").model_copy(update={"at": LATER})
    assert callable(was_sent)
    assert (Spending(Store(store_url), "day").reserve(again, 100.0, was_sent) is None) is fits


def test_the_next_worker_of_a_run_is_not_held_by_the_last_one(store_url: str) -> None:
    """Only one at a time has the run: its message counts once."""
    assert Spending(Store(store_url), "day").reserve(charge("a"), 100.0, never) is None
    other = Spending(Store(store_url), "day")
    assert other.reserve(charge("a", by="another"), 100.0, never) is None


def test_a_person_may_permit_more(store_url: str) -> None:
    """What was permitted counts, too."""
    spending = Spending(Store(store_url), "day")
    assert spending.reserve(charge("a"), None, never) is None
    known = spending.reserve(charge("b"), 150.0, never)
    assert known is not None
    assert known.total == 100.0


def test_old_entries_that_a_sum_has_may_go(store_url: str) -> None:
    """What is left says the same, also to a worker that has read them long ago."""
    store = Store(store_url)
    known = Spending(store, "calendar")
    for number in range(60):
        assert known.reserve(charge(f"run-{number}", 1.0), None, never) is None
        known.end(ended(f"run-{number}", 1.0))
    assert known.tidy(NOW) == []  # none is that old
    names = known.tidy(SystemClock().now() + timedelta(days=1))
    assert len(names) == 99 + 1  # entries below the sum of the hundredth, and the first sum
    store.remove(names)
    again = charge("next", 1.0).model_copy(update={"at": NOW + timedelta(hours=2)})
    for reader in (known, Spending(store, "calendar")):
        found = reader.reserve(again, 60.0, never)
        assert found is not None
        assert found.total == 60.0


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.integers(0, 120)), max_size=130))
def test_sums_say_the_same_as_all_entries(changes: list[tuple[int, bool, int]]) -> None:
    """A reader that begins at a sum, or finds it torn or gone, comes to the same."""
    store = MemoryStore()
    writer = Spending(store, "day")
    for number, (run, ends, credits) in enumerate(changes):
        if ends:
            writer.end(ended(f"run-{run}", credits))
        else:
            writer.reserve(charge(f"run-{run}", credits), None, never)
        assert number < 200
    known = writer.charged(NOW, never)
    for spoil in (None, b"{", b""):
        for name in [n for n in store.objects if "sum-" in n]:
            if spoil is not None:
                store.objects[name] = spoil
        reader = Spending(store, "day")
        reader.refresh()
        assert reader.charged(NOW, never) == known


class MemoryStore(Store):
    """A store in memory, for many small worlds."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def create(self, name: str, data: bytes) -> bool:
        return self.objects.setdefault(name, data) is data

    def replace(self, name: str, data: bytes, *, durable: bool = True) -> None:
        self.objects[name] = data

    def read(self, name: str) -> bytes | None:
        return self.objects.get(name)

    def files(self, name: str) -> list[Stored]:
        return [Stored(n, len(d), NOW) for n, d in self.objects.items() if n.startswith(name)]
