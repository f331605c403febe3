"""Which delivery about a thing counts, what is called off, and what a limit holds."""

from __future__ import annotations

import pytest
from shop import NOW, Shop, arrived, asks

from nemovideo_nodes.webhook.decisions import Asked
from nemovideo_nodes.webhook.limits import Limits
from nemovideo_nodes.webhook.outbox import Outbox, RunEnd


@pytest.fixture
def shop(outbox: Outbox) -> Shop:
    return Shop(outbox)


def test_what_was_withdrawn_is_called_off(shop: Shop) -> None:
    """The waiting video is never started, and what is older never brings it back."""
    assert shop.says(asks("red", 10), debounce_s=30) == "job"
    assert shop.withdraws(version=11) == "withdrawn"
    assert shop.start(at=shop.now + 100) == []
    assert shop.says(asks("red", 10)) == "stale"
    assert shop.says(asks("blue", 11)) == "stale"
    assert shop.says(asks("blue", 9)) == "stale"
    assert shop.start(at=shop.now + 100) == []
    assert shop.says(asks("red", 12)) == "job"
    assert shop.start() == ["shop-7-red"]


def test_a_withdrawal_may_come_first(shop: Shop) -> None:
    """Of a thing that nobody has seen; a video that was made is not made again after it."""
    assert shop.withdraws(version=10) == "withdrawn"
    assert shop.says(asks("red", 9)) == "stale"
    assert shop.says(asks("red", 11)) == "job"
    assert shop.start() == ["shop-7-red"]
    assert shop.withdraws(version=12) == "withdrawn"
    assert shop.says(asks("red", 13)) == "unchanged"
    assert shop.withdraws(version=5) == "stale"


def test_a_withdrawal_without_a_version_counts_by_its_arrival(shop: Shop) -> None:
    """A change from before it is older, whenever it comes; counted versions are no times."""
    shop.now = 1_800_000_000.0
    assert shop.says(asks("red", shop.now - 60)) == "job"
    assert shop.withdraws() == "withdrawn"
    assert shop.says(asks("blue", shop.now - 30)) == "stale"
    assert shop.says(asks("blue")) == "job"
    assert shop.says(asks("one", 1, subject="8")) == "job"
    assert shop.withdraws(subject="8") == "withdrawn"
    assert shop.says(asks("two", 2, subject="8")) == "job"


def test_a_draft_that_was_never_published_is_only_ignored(shop: Shop) -> None:
    """One that was calls off what waits."""
    assert shop.withdraws(state="ignored") == "ignored"
    assert shop.says(asks("red")) == "job"
    assert shop.withdraws(state="ignored") == "withdrawn"
    assert shop.start() == []


def test_the_order_of_arrival_decides_where_nobody_says_a_version(shop: Shop) -> None:
    """Not a clock: one that goes back changes nothing, and one that waited is older."""
    shop.now = 5_000.0
    assert shop.says(asks("first")) == "job"
    shop.now = 1_000.0
    assert shop.says(asks("second")) == "job"
    assert shop.start(at=9_000) == ["shop-7-second"]
    shop.outbox.accept([arrived("a"), arrived("b")])
    late, next_one = shop.outbox.new(9_000, 10)
    assert shop.outbox.decide([Asked(next_one, asks("newest"))], 9_000) == ["job"]
    assert shop.outbox.decide([Asked(late, asks("late"))], 9_000) == ["stale"]


def test_a_version_far_in_the_future_is_not_believed(shop: Shop) -> None:
    """It would outdate all that follows, for years."""
    shop.now = 1_800_000_000.0
    assert shop.says(asks("wrong", 4_000_000_000.0)) == "job"
    assert shop.says(asks("right", shop.now)) == "job"
    assert shop.start() == ["shop-7-right"]


@pytest.mark.parametrize("delivered_together", [True, False])
def test_changed_back_ends_where_it_ended(outbox: Outbox, delivered_together: bool) -> None:
    """A, B, A: the same bytes again after others are meant; a repetition alone is not."""
    shop = Shop(outbox)
    names = {"A": asks("a"), "B": asks("b")}
    batches = [["A", "B", "A"]] if delivered_together else [["A"], ["B"], ["A"]]
    for batch in batches:
        assert all(outbox.accept([shop.bytes_of(one) for one in batch]))
        for one in outbox.new(NOW, 10):
            outbox.decide([Asked(one, names[one.body.decode()], debounce_s=5)], NOW)
    assert outbox.accept([shop.bytes_of("A")]) == [False]
    assert shop.start(at=NOW + 100) == ["shop-7-a"]


def test_what_is_seen_first_is_only_recorded_with_a_baseline(shop: Shop) -> None:
    """Its next change makes a video."""
    assert shop.says(asks("red", 1), only_records=True) == "recorded"
    assert shop.says(asks("red", 2), only_records=True) == "unchanged"
    assert shop.start() == []
    assert shop.says(asks("blue", 3), only_records=True) == "job"
    assert shop.start() == ["shop-7-blue"]


def test_more_than_a_day_allows_is_held(shop: Shop) -> None:
    """Until a person lets it go; a retry of what was begun is no second video."""
    limits = {"shop": Limits(per_day=2)}
    for number in range(4):
        shop.says(asks("red", subject=str(number)))
    first, second = shop.outbox.claim(shop.now, 60, 100, limits)
    assert shop.states() == ["waiting", "waiting", "held", "held"]
    shop.outbox.failed(first, "not now", retry_at=shop.now)
    assert [job.run_id for job in shop.outbox.claim(shop.now, 60, 100, limits)] == [first.run_id]
    assert "2 in 24 hours" in shop.outbox.listed(state="held")[0]["reason"]
    (told,) = shop.outbox.release([shop.outbox.listed(state="held")[0]["id"]], shop.now)
    assert "shop-3-red" in told
    assert [one.subject for one in shop.outbox.claim(shop.now, 60, 100, limits)] == ["3"]
    shop.says(asks("red", subject="9"))
    assert len(shop.outbox.claim(shop.now + 86_500, 60, 100, limits)) >= 1
    assert second.subject == "1"


def test_one_thing_has_a_limit_of_its_own(shop: Shop) -> None:
    """And a newer state takes the place of what is held."""
    limits = {"shop": Limits(per_day_per_subject=1)}
    shop.says(asks("red"))
    (job,) = shop.outbox.claim(shop.now, 60, 100, limits)
    shop.outbox.started([(job.run_id, "started", "there")])
    shop.says(asks("blue"))
    assert shop.outbox.claim(shop.now, 60, 100, limits) == []
    shop.says(asks("green"))
    assert shop.outbox.claim(shop.now, 60, 100, limits) == []
    assert shop.states() == ["started", "replaced", "held"]
    shop.says(asks("red", subject="8"))
    assert len(shop.outbox.claim(shop.now, 60, 100, limits)) == 1


def test_an_import_is_held_as_a_whole(shop: Shop) -> None:
    """300 things at once; a few are none."""
    limits = {"shop": Limits(burst=20, burst_s=60)}
    for number in range(5):
        shop.says(asks("red", subject=str(number)))
    few = shop.outbox.claim(shop.now, 60, 100, limits)
    assert len(few) == 5
    shop.outbox.started([(job.run_id, "started", "there") for job in few])
    shop.now += 1_000
    deliveries = [arrived(f"i{number}", at=shop.now) for number in range(300)]
    shop.outbox.accept(deliveries)
    found = shop.outbox.new(shop.now, 1_000)
    asked = [Asked(one, asks("red", subject=f"i{n}"), 60) for n, one in enumerate(found)]
    shop.outbox.decide(asked, shop.now)
    assert shop.outbox.claim(shop.now + 60, 60, 24, limits) == []
    assert shop.outbox.counts(shop.now)["jobs"]["held"] == 300
    assert "300 things" in shop.outbox.listed(state="held")[0]["reason"]
    assert len(shop.outbox.release([], shop.now)) == 300
    assert len(shop.outbox.claim(shop.now, 60, 24, limits)) == 24


def test_runs_are_followed_to_their_end(shop: Shop) -> None:
    """One that failed may be done later; one that is done is not looked at again."""
    outbox = shop.outbox
    shop.says(asks("red"))
    (job,) = shop.claim()
    outbox.started([(job.run_id, "started", "flow-run/1")], follow_at=shop.now + 15)

    def due(at: float) -> list[str]:
        return [one.name for one in outbox.to_follow(at, lambda made: at + 10, 10)]

    assert due(shop.now + 14) == []
    assert due(shop.now + 15) == ["flow-run/1"]
    assert due(shop.now + 16) == []
    outbox.followed([RunEnd(job.run_id, "failed", reason="it crashed", is_final=False)])
    assert shop.states() == ["failed"]
    assert due(shop.now + 30) == ["flow-run/1"]
    outbox.followed([RunEnd(job.run_id, "done", "/videos/video.mp4")])
    (row,) = outbox.listed()
    assert (row["job"], row["result"], row["reason"]) == ("done", "/videos/video.mp4", None)
    assert due(shop.now + 1_000) == []


def test_a_payload_is_mapped_anew(shop: Shop) -> None:
    """With what the configuration says now: another video of the same delivery."""
    shop.says(asks("red"))
    shop.start()
    (row,) = shop.outbox.listed()
    assert "mapped again" in shop.outbox.replay(row["id"], shop.now, remap=True)
    (delivery,) = shop.outbox.new(shop.now, 10)
    assert shop.outbox.decide([Asked(delivery, asks("red"))], shop.now) == ["unchanged"]
    shop.outbox.replay(row["id"], shop.now, remap=True)
    (delivery,) = shop.outbox.new(shop.now, 10)
    assert shop.outbox.decide([Asked(delivery, asks("crimson"))], shop.now) == ["job"]
    assert shop.start() == ["shop-7-crimson"]


def test_the_last_refusals_are_kept(outbox: Outbox) -> None:
    """A bounded number of them, beside refused deliveries."""
    for number in range(12):
        outbox.refused([("shop", f"not verified {number}", 50, NOW + number)] * 50)
    rows = outbox.listed(state="refused", limit=10_000)
    assert len(rows) == 500
    assert rows[0]["reason"] == "not verified 11 (50 times)"
    assert outbox.listed(state="refused", source="other") == []
