"""At least a thousand deliveries under load, with kills of everything, in both databases."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hooks import Hooks, kill_at_random, outlast
from orchestrator import Orchestrator
from postgres import is_installed, postgres

Wait = Callable[..., object]


@pytest.fixture
def orchestrator() -> Iterator[Orchestrator]:
    with Orchestrator() as there:
        yield there


@pytest.fixture(params=["sqlite", "postgresql"])
def hooks(
    request: pytest.FixtureRequest, orchestrator: Orchestrator, tmp_path: Path
) -> Iterator[Hooks]:
    with contextlib.ExitStack() as stack:
        outbox = {}
        if request.param == "postgresql":
            if not is_installed():
                pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
            address = stack.enter_context(postgres("webhooks"))
            outbox["url"] = f"postgresql+psycopg://{address}"
        yield stack.enter_context(Hooks.at(tmp_path, orchestrator, outbox))


@pytest.mark.parametrize("seed", [1, 2])
def test_kills_at_random_lose_nothing_and_make_nothing_twice(
    hooks: Hooks, orchestrator: Orchestrator, wait_until: Wait, seed: int
) -> None:
    """Receiver and dispatcher in turn, 25 times over 1,200 deliveries."""
    kill_at_random(hooks, orchestrator, wait_until, count=1200, kills=25, seed=seed)


def test_an_orchestrator_that_is_down_for_the_whole_load_gets_all_of_it(
    hooks: Hooks, orchestrator: Orchestrator, wait_until: Wait
) -> None:
    """1,200 deliveries, each once, while the dispatcher is killed, too."""
    outlast(hooks, orchestrator, wait_until, count=1200, kills=3)
