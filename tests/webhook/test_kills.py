"""Whatever is killed when: each acknowledged delivery gives exactly one run, and none is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hooks import Crowd, Hooks, check_all, kill_at_random
from orchestrator import Orchestrator
from processes import descendants, free_port

pytestmark = pytest.mark.slow
Wait = Callable[..., object]


@pytest.fixture
def hooks(orchestrator: Orchestrator, tmp_path: Path) -> Iterator[Hooks]:
    target = {"kind": "prefect", "url": f"{orchestrator.url}/api"}
    opened = Hooks(tmp_path, target, free_port())
    yield opened
    opened.kill()


def test_kills_at_random_lose_nothing_and_make_nothing_twice(
    hooks: Hooks, orchestrator: Orchestrator, wait_until: Wait
) -> None:
    """Receiver and dispatcher in turn, under load."""
    kill_at_random(hooks, orchestrator, wait_until, count=150, kills=4, seed=7)


def test_an_orchestrator_that_is_down_for_the_whole_load_gets_all_of_it(
    hooks: Hooks, orchestrator: Orchestrator, wait_until: Wait
) -> None:
    """Once it is back, each once."""
    orchestrator.stop()
    hooks.start()
    crowd = Crowd(hooks.port)
    crowd.send(range(100))
    wait_until(lambda: "the target is down" in hooks.stderr, "that it is down", 60)
    assert hooks.ask("/counters")["outbox"]["jobs"].get("started", 0) == 0
    orchestrator.start()
    wait_until(lambda: len(orchestrator.runs) >= 100, "all runs", 120)
    check_all(orchestrator, crowd, 100)


def test_it_ends_in_order_and_takes_its_dispatcher_with_it(
    hooks: Hooks, orchestrator: Orchestrator, wait_until: Wait
) -> None:
    """SIGTERM is no failure; nothing is left behind, and what was taken is started next time."""
    orchestrator.stop()
    hooks.start()
    assert hooks.process is not None
    Crowd(hooks.port).send(range(5))
    wait_until(lambda: hooks.process and len(descendants(hooks.process.pid)) > 1, "a dispatcher")
    left = descendants(hooks.process.pid)
    assert hooks.stop() == 0
    wait_until(lambda: not any(one.is_running() for one in left), "the end of all")
    orchestrator.start()
    hooks.start()
    wait_until(lambda: len(orchestrator.runs) == 5, "the runs", 60)
