"""Sixty rows through the command line, with faults, and with kills at random moments."""

from __future__ import annotations

import os
import random
import signal
import time

from month import Month
from shell import Service, Shell, connected, open_service, service, shell

__all__ = ["connected", "open_service", "service", "shell"]

ROWS = int(os.environ.get("MONTH_ROWS", "55"))
BAD, REVISED, KILLS = 5, 5, 12


def test_sixty_rows_are_delivered_once(connected: Shell, service: Service) -> None:
    """Each video once; run again it makes nothing; five rows with a new revision make five."""
    month = Month(connected, service, ROWS, BAD)
    month.add_faults()
    begun = time.monotonic()
    month.run_to_its_end()
    took = time.monotonic() - begun
    assert len(month.told[-1].result["problems"]) == BAD
    assert service.sent[:2] == (month.videos, month.videos)
    month.check_deliveries()
    assert month.outcomes() == {"known"}
    assert service.sent[:2] == (month.videos, month.videos)
    month.revise(REVISED)
    month.run_to_its_end()
    anew = sum(len(month.languages(row)) for row in range(REVISED))
    assert service.sent[:2] == (month.videos + anew, month.videos + anew)
    month.check_deliveries()
    print(f"{month.videos} videos and their renditions in {took:.0f} s")


def test_kills_at_random_moments_lose_and_double_nothing(
    connected: Shell, service: Service
) -> None:
    """SIGKILL and SIGTERM by turns, while messages, renders, downloads and renditions are made."""
    seed = int(os.environ.get("KILLS_SEED", "20260301"))
    print(f"KILLS_SEED={seed}")
    chance = random.Random(seed)
    month = Month(connected, service, 12, BAD)
    for kill in range(KILLS):
        running = connected.start(*month.command())
        time.sleep(
            chance.uniform(1.0, 6.0)
        )  # the moment of a kill is chance, nothing is waited for
        running.process.send_signal(signal.SIGTERM if kill % 3 == 2 else signal.SIGKILL)
        running.end()
    month.run_to_its_end()
    assert service.sent[:2] == (month.videos, month.videos)
    month.check_deliveries()
