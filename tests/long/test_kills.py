"""Two hundred kills of processes at random instants, and kills at each write.

Run by hand; its seed is printed.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from stage import Stage, copying_renderer
from storm import Door, killed_at_each, storm

from nemovideo_nodes.emulator.options import Options

DOORS: tuple[Door, ...] = ("library", "cli")
KILLS = 50
"""Of each door, with one process and with two."""


@pytest.fixture
def options(film: Path) -> Options:
    """Turns that take a moment, so that a kill can strike in the middle of one."""
    return Options(quick=True, pace=0.05, renderer=copying_renderer(film))


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("door", DOORS)
def test_two_hundred_kills_cost_nothing(stage: Stage, door: Door, workers: int) -> None:
    """Every effect once, one video, whatever was killed when."""
    seed = int(os.environ.get("KILLS_SEED", "20260301")) + workers
    print(f"KILLS_SEED={seed - workers}")
    struck = storm(stage, door, workers, random.Random(seed), KILLS)
    print(f"{struck} kills struck: {door}, {workers} at once")
    assert struck >= KILLS


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_kill_at_any_write_costs_nothing(stage: Stage, door: Door, after: bool) -> None:
    """Each write of a process, before it and after it."""
    assert killed_at_each(stage, door, after, range(1, 100)) >= 20
