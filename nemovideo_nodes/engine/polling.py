"""When the service is looked at again: the documented rhythms, or a user's own. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from nemovideo_nodes.settings import PollingSettings

__all__ = [
    "LONGEST_WAIT_S",
    "RECONCILE_READS",
    "SETTLE_READS",
    "longest_wait",
    "next_poll",
    "reconcile_wait",
    "settle_wait",
]

RECONCILE_READS = 5
"""Reads of the state after a lost stream, before its outcome counts as unknown [V]."""
SETTLE_READS = 12
"""Reads after which a draft that still changes is taken as it is."""
LONGEST_WAIT_S = 300.0
"""A `Retry-After` beyond this is told to the user instead of waited for."""
_POLLS_S = (42.6, 53.7, 63.4, 71.6, 78.4, 83.7, 87.6, 90.0, 130.0, 210.0)
"""The documented ten polls of the first five minutes, placed where renders end: 30 to 90 s [S].

The gaps shrink: the later a poll is, the fewer renders still need it, so it may be a closer one.
"""
_SLOWEST_POLL_S = 300.0
_LEAST_POLL_S = 0.02
"""A rhythm of 0 must not fill the journal with polls."""


def reconcile_wait(reads: int, pace: PollingSettings) -> float:
    """Seconds before the next read of the state after a lost stream: 30, then 60 each [V]."""
    if pace.reconcile_s is not None:
        return pace.reconcile_s
    return 30.0 if reads == 0 else 60.0


def settle_wait(pace: PollingSettings) -> float:
    """Seconds between two reads that must agree before a draft counts as stable."""
    return 10.0 if pace.reconcile_s is None else pace.reconcile_s


def next_poll(submitted: datetime, last: datetime | None, pace: PollingSettings) -> datetime:
    """When a render submitted then, and last looked at then, is to be looked at next."""
    if pace.poll_s is not None:
        return (last or submitted) + timedelta(seconds=max(pace.poll_s, _LEAST_POLL_S))
    if last is not None:
        submitted = min(submitted, last)  # by another clock it may lie ahead
    elapsed = (last - submitted).total_seconds() if last else 0.0
    due = next((poll for poll in _POLLS_S if poll > elapsed), None)
    if due is None:
        due, gap = 300.0, 90.0
        while due <= elapsed:
            due, gap = due + gap, min(gap * 1.5, _SLOWEST_POLL_S)
    return submitted + timedelta(seconds=due)


def longest_wait(pace: PollingSettings) -> timedelta:
    """The longest time that is waited at once; one beyond it was written by a wrong clock."""
    own = (pace.poll_s or 0.0, pace.reconcile_s or 0.0, pace.rate_limit_s)
    return timedelta(seconds=max(LONGEST_WAIT_S, _SLOWEST_POLL_S, *own))
