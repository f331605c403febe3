"""At least a thousand deliveries under load, with kills of everything, in both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hooks import Crowd, Hooks, check_all, kill_at_random
from orchestrator import Orchestrator
from processes import free_port

Wait = Callable[..., object]


@pytest.fixture
def orchestrator() -> Iterator[Orchestrator]:
    with Orchestrator() as there:
        yield there


@pytest.fixture
def hooks(orchestrator: Orchestrator, tmp_path: Path) -> Iterator[Hooks]:
    target = {"kind": "prefect", "url": f"{orchestrator.url}/api"}
    opened = Hooks(tmp_path, target, free_port())
    yield opened
    opened.kill()


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
    orchestrator.stop()
    hooks.start()
    crowd = Crowd(hooks.port)
    crowd.send(range(1200))
    wait_until(lambda: "the target is down" in hooks.stderr, "that it is down", 60)
    orchestrator.start()
    for part in (100, 500, 900):
        wait_until(lambda: len(orchestrator.runs) >= part, "some runs", 180)  # noqa: B023
        hooks.kill_dispatcher()
    wait_until(lambda: len(orchestrator.runs) >= 1200, "all runs", 300)
    check_all(orchestrator, crowd, 1200)
