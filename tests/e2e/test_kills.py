"""SIGKILL at any instant, and the same command again: nothing twice, nothing lost."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from kills import make_despite_kills
from shell import Service, Shell


@pytest.mark.slow
@pytest.mark.parametrize("chain", range(5))
def test_a_run_survives_any_kill(
    shell: Shell,
    open_service: Callable[[float], Service],
    wait_until: Callable[..., object],
    chain: int,
) -> None:
    """Five runs, each killed four times at seeded instants spread over all that it does."""
    service = open_service(0.05)
    shell.env["NEMO_API_URL"] = service.url
    struck = make_despite_kills(shell, service, f"run-{chain}", random.Random(chain), 4, wait_until)
    assert struck >= 3
