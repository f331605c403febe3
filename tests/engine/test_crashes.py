"""SIGKILL at every journal write and at any instant, to one process and to two of one run."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from stage import Stage, copying_renderer
from storm import Door, Scene, Strike, killed_at_each, storm

from nemovideo_nodes.emulator.options import Options

DOORS: tuple[Door, ...] = ("library", "cli")


@pytest.fixture
def options(film: Path) -> Options:
    """Turns that take a moment, so that a kill can strike in the middle of one."""
    return Options(quick=True, pace=0.02, renderer=copying_renderer(film))


@pytest.fixture
def stage(stage: Stage) -> Stage:
    """One picture is enough."""
    del stage.pictures[1:]
    return stage


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_kill_at_a_write_costs_nothing(stage: Stage, after: bool) -> None:
    """Whatever write a process is killed at, the next one ends the run, each effect done once.

    Every write, either before it or after it; the long tests kill at both, and the command, too.
    """
    assert killed_at_each(stage, "library", after, range(1 + after, 100, 2)) >= 7


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_kill_of_the_command_at_a_write_costs_nothing(stage: Stage, after: bool) -> None:
    """The command line, too."""
    assert killed_at_each(stage, "cli", after, range(2 + after, 100, 8)) >= 2


@pytest.mark.parametrize("door", DOORS)
def test_a_kill_of_one_of_two_costs_nothing(
    stage: Stage, door: Door, wait_until: Callable[..., object]
) -> None:
    """The other one waits for a live holder and takes a dead one's run over at once.

    It comes when the doomed one holds the run: had it been first, there would be nobody to kill.
    """
    for at in (4, 9):
        with Scene.opened(stage, f"run-{at}", door) as scene:
            doomed = scene.start(Strike(at, after=at % 2 == 0))
            wait_until(lambda: scene.held, what="a lease", seconds=120)
            other = scene.start()
            assert doomed.end() is None
            other.end()
            scene.check()
            scene.end()


def test_two_processes_on_one_run_are_harmless(stage: Stage) -> None:
    """The library and the command line at once: both end with the one video."""
    with Scene.opened(stage, "run", "library") as scene:
        first = scene.start()
        scene.door = "cli"
        second = scene.start()
        results = [first.end(), second.end()]
        assert [result.status for result in results if result] == ["done", "done"]
        assert scene.sent == (1, 1, len(stage.pictures))


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("door", DOORS)
def test_kills_at_random_instants_cost_nothing(stage: Stage, door: Door, workers: int) -> None:
    """Three kills each, seeded; the long tests strike two hundred times."""
    assert storm(stage, door, workers, random.Random(workers), kills=3) >= 3
