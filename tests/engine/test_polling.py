"""When the service is looked at again: the documented budget, and how soon an end is noticed."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemovideo_nodes.engine.polling import RECONCILE_READS, next_poll, reconcile_wait
from nemovideo_nodes.settings import PollingSettings

T0 = datetime(2026, 1, 1, tzinfo=UTC)
DEFAULT = PollingSettings()


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def poll_times(pace: PollingSettings = DEFAULT, until: float = 7200) -> list[float]:
    polls: list[float] = []
    last: datetime | None = None
    while True:
        last = next_poll(T0, last, pace)
        if (last - T0).total_seconds() > until:
            return polls
        polls.append((last - T0).total_seconds())


def test_at_most_ten_polls_come_in_the_first_five_minutes() -> None:
    """The documented budget holds, however late each poll is taken."""
    assert sum(poll < 300 for poll in poll_times()) <= 10
    rng = random.Random(5)
    for _ in range(100):
        count, last = 0, None
        while (due := next_poll(T0, last, DEFAULT)) < at(300):
            count, last = count + 1, due + timedelta(seconds=rng.random())
        assert count <= 10


def test_a_finished_render_is_noticed_within_five_seconds_on_average() -> None:
    """For renders of 30 to 90 s, all equally likely, the mean delay is at most 5 s."""
    polls = poll_times()
    ends = [30 + 60 * n / 6000 for n in range(6001)]
    delays = [next(poll for poll in polls if poll >= end) - end for end in ends]
    assert sum(delays) / len(delays) <= 5.0


def test_the_schedule_beats_a_fixed_rhythm_of_as_many_polls() -> None:
    """It notices a render in at most 0.45 of that rhythm's time: here, one poll every 20.1 s."""

    def noticed(polls: list[float]) -> tuple[float, float]:
        ends = [30 + 60 * n / 6000 for n in range(6001)]
        found = [next((n, p) for n, p in enumerate(polls, 1) if p >= end) for end in ends]
        delays = [poll - end for (_, poll), end in zip(found, ends, strict=True)]
        return sum(delays) / len(ends), sum(n for n, _ in found) / len(ends)

    delay, sent = noticed(poll_times())
    beside, as_many = noticed([20.1 * n for n in range(1, 10)])
    assert sent == pytest.approx(as_many, abs=0.01)
    assert delay <= 0.45 * beside


def test_polls_come_ever_more_slowly_after_the_usual_time() -> None:
    """Behind 90 s each gap is at least the one before, up to five minutes."""
    late = [poll for poll in poll_times() if poll >= 90]
    gaps = [b - a for a, b in itertools.pairwise(late)]
    assert gaps == sorted(gaps)
    assert gaps[-1] == 300


@given(
    st.floats(0, 1e6),
    st.sampled_from([DEFAULT, PollingSettings(poll_s=0), PollingSettings(poll_s=7)]),
)
def test_the_next_poll_always_lies_ahead(elapsed: float, pace: PollingSettings) -> None:
    """There is no time, and no rhythm, at which polling stands still or runs in circles."""
    assert next_poll(T0, at(elapsed), pace) > at(elapsed)


def test_a_fixed_rhythm_replaces_the_schedule() -> None:
    """`NEMOVIDEO_POLL_SECONDS` is a rhythm, from the submission on."""
    assert poll_times(PollingSettings(poll_s=2), until=6) == [2, 4, 6]


def test_a_lost_message_is_looked_for_after_30_s_and_then_every_60() -> None:
    """Five reads on the documented rhythm: after 30, 90, 150, 210 and 270 seconds."""
    waits = [reconcile_wait(reads, DEFAULT) for reads in range(RECONCILE_READS)]
    assert list(itertools.accumulate(waits)) == [30, 90, 150, 210, 270]
