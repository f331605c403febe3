"""Two hundred kills of the command line at random instants; run by hand, its seed printed."""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import pytest
from kills import make_despite_kills
from shell import Service, Shell

SHARES = 10
KILLS = 200 // SHARES
EACH = 5


@pytest.mark.parametrize("share", range(SHARES))
def test_two_hundred_kills_cost_nothing(
    shell: Shell,
    open_service: Callable[[float], Service],
    wait_until: Callable[..., object],
    share: int,
) -> None:
    """Runs, each killed five times, until 200 kills have struck: every effect once, one video."""
    seed = int(os.environ.get("KILLS_SEED", "20260301")) + share
    print(f"KILLS_SEED={seed}")
    rng, struck, number = random.Random(seed), 0, 0
    service = open_service(0.05)
    shell.env["NEMO_API_URL"] = service.url
    while struck < KILLS:
        struck += make_despite_kills(shell, service, f"run-{number}", rng, EACH, wait_until)
        number += 1
    print(f"{struck} kills struck in {number} runs")
