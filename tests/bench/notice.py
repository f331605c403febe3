"""How long a finished render waits until it is noticed: computed from the plan's own schedule.

    python -m tests.bench.notice [--renders 60001]

Renders take from 30 to 90 s, all lengths equally likely. Our schedule is `plan.next_poll`; the
fixed rhythm that it is measured against is one that sends as many polls for the same renders, on
average. Each poll takes no time. Goals: at most 5 s within the documented ten polls, and at most
0.45 of the fixed rhythm's delay.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from statistics import fmean

from nemovideo_nodes.engine.polling import next_poll
from nemovideo_nodes.settings import PollingSettings

_T0 = datetime(2026, 1, 1, tzinfo=UTC)
_LIMIT_S = 300.0


def ours() -> Iterator[float]:
    last: datetime | None = None
    while True:
        last = next_poll(_T0, last, PollingSettings())
        yield (last - _T0).total_seconds()


def fixed(every_s: float) -> Callable[[], Iterator[float]]:
    def polls() -> Iterator[float]:
        at = 0.0
        while True:
            at += every_s
            yield at

    return polls


def noticed(polls: Callable[[], Iterator[float]], ends: list[float]) -> tuple[float, float, int]:
    """Mean delay in seconds, mean number of polls, and the most polls for one render."""
    delays, counts = [], []
    for end in ends:
        for count, poll in enumerate(polls(), 1):
            if poll >= end:
                delays.append(poll - end)
                counts.append(count)
                break
    return fmean(delays), fmean(counts), max(counts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--renders", type=int, default=60_001)
    count = parser.parse_args().renders
    ends = [30 + 60 * number / (count - 1) for number in range(count)]
    delay, polls, most = noticed(ours, ends)
    few, many = 1.0, 60.0  # the rhythm that sends as many polls lies between
    for _ in range(40):
        middle = (few + many) / 2
        few, many = (
            (middle, many) if noticed(fixed(middle), ends[::60])[1] > polls else (few, middle)
        )
    beside, sent, _ = noticed(fixed(many), ends)
    documented, thirty, _ = noticed(fixed(30.0), ends)
    within = sum(1 for poll, _ in zip(ours(), range(20), strict=False) if poll < _LIMIT_S)
    print(
        f"mean delay {delay:.2f} s (goal 5) with {polls:.2f} polls, at most {most}; "
        f"{within} polls in the first five minutes"
    )
    print(
        f"a poll every {many:.2f} s sends {sent:.2f} and notices after {beside:.2f} s: "
        f"ratio {delay / beside:.2f} (goal 0.45)"
    )
    print(f"a poll every 30 s sends {thirty:.2f} and notices after {documented:.2f} s")


if __name__ == "__main__":
    main()
