"""SIGKILL of a part of Airflow, before and after each paid call: every effect once, one video."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from airflow_studio import MOMENTS, Studio
from processes import kill


@pytest.mark.slow
def test_killed_tasks(studio: Studio, wait_until: Callable[..., object]) -> None:
    """The processes of the tasks, each at another moment; Airflow tries them again."""
    held = studio.hold_at_each_moment("held_by_a_worker", wait_until)
    assert kill(studio.airflow.tasks()) == len(MOMENTS)
    studio.assert_made_once(held)


@pytest.mark.slow
def test_a_killed_triggerer(studio: Studio, wait_until: Callable[..., object]) -> None:
    """The triggerer, with a run at each moment; the next one takes them up."""
    held = studio.hold_at_each_moment("deferred", wait_until)
    studio.airflow.kill_triggerer()
    studio.airflow.start_triggerer()
    studio.assert_made_once(held)
