"""Whatever is killed when: each acknowledged delivery gives exactly one run, and none is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hooks import Crowd, Hooks, kill_at_random, outlast
from orchestrator import Orchestrator
from processes import descendants

pytestmark = pytest.mark.slow
Wait = Callable[..., object]


@pytest.fixture
def hooks(orchestrator: Orchestrator, tmp_path: Path) -> Iterator[Hooks]:
    with Hooks.at(tmp_path, orchestrator) as opened:
        yield opened


@pytest.fixture
def postgres_hooks(
    orchestrator: Orchestrator, tmp_path: Path, postgres_url: str
) -> Iterator[Hooks]:
    with Hooks.at(tmp_path, orchestrator, {"url": postgres_url}) as opened:
        yield opened


def test_kills_at_random_lose_nothing_and_make_nothing_twice(
    hooks: Hooks, orchestrator: Orchestrator, wait_until: Wait
) -> None:
    """Receiver and dispatcher in turn, under load."""
    kill_at_random(hooks, orchestrator, wait_until, count=150, kills=4, seed=7)


def test_nor_do_they_with_postgresql(
    postgres_hooks: Hooks, orchestrator: Orchestrator, wait_until: Wait
) -> None:
    """Whose server goes on, and finds out by itself who has died."""
    kill_at_random(postgres_hooks, orchestrator, wait_until, count=150, kills=4, seed=8)


def test_an_orchestrator_that_is_down_for_the_whole_load_gets_all_of_it(
    hooks: Hooks, orchestrator: Orchestrator, wait_until: Wait
) -> None:
    """Once it is back, each once."""
    outlast(hooks, orchestrator, wait_until, count=100)


def test_so_it_does_with_postgresql(
    postgres_hooks: Hooks, orchestrator: Orchestrator, wait_until: Wait
) -> None:
    """While the dispatcher is killed, too."""
    outlast(postgres_hooks, orchestrator, wait_until, count=100, kills=1)


def test_it_ends_in_order_and_takes_its_dispatcher_with_it(
    hooks: Hooks, orchestrator: Orchestrator, wait_until: Wait
) -> None:
    """SIGTERM is no failure; nothing is left behind, and what was taken is started next time."""
    orchestrator.stop()
    hooks.start()
    assert hooks.process is not None
    Crowd(hooks.port).send(range(5))
    server = hooks.process
    wait_until(lambda: len(descendants(server.pid)) > 1, "a dispatcher")
    left = descendants(hooks.process.pid)
    assert hooks.stop() == 0
    wait_until(lambda: not any(one.is_running() for one in left), "the end of all")
    orchestrator.start()
    hooks.start()
    wait_until(lambda: len(orchestrator.runs) == 5, "the runs", 60)
