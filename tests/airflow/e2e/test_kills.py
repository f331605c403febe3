"""SIGKILL of a part of Airflow, before and after each paid call: every effect once, one video."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from airflow_studio import MOMENTS, ONE_VIDEO, Held, Studio
from processes import kill


def held_at_each_moment(
    studio: Studio, dag_id: str, wait_until: Callable[..., object]
) -> list[Held]:
    studio.airflow.api.wait_for_dag(dag_id)
    held = [studio.hold(moment.name, dag_id) for moment in MOMENTS]
    for run, moment in zip(held, MOMENTS, strict=True):
        wait_until(run.has_come, moment.name, 600)
    return held


def assert_made_once(studio: Studio, held: list[Held]) -> None:
    for run in held:
        run.let_go()
    for run, moment in zip(held, MOMENTS, strict=True):
        ended = studio.airflow.api.wait_for_run(run.dag_id, run.dag_run)
        assert ended["state"] == "success", moment.name
    assert [run.sent for run in held] == [ONE_VIDEO] * len(MOMENTS)


@pytest.mark.slow
def test_killed_tasks(studio: Studio, wait_until: Callable[..., object]) -> None:
    """The processes of the tasks, each at another moment; Airflow tries them again."""
    held = held_at_each_moment(studio, "held_by_a_worker", wait_until)
    assert kill(studio.airflow.tasks()) == len(MOMENTS)
    assert_made_once(studio, held)


@pytest.mark.slow
def test_killed_workers(studio: Studio, wait_until: Callable[..., object]) -> None:
    """The workers that watch over the tasks, which live on beside the next try of themselves."""
    held = held_at_each_moment(studio, "held_by_a_worker", wait_until)
    assert kill(studio.airflow.workers()) == len(MOMENTS)
    for run in held:
        studio.airflow.api.wait_for_try(run.dag_id, run.dag_run, "video", 2)
    assert_made_once(studio, held)


@pytest.mark.slow
def test_a_killed_triggerer(studio: Studio, wait_until: Callable[..., object]) -> None:
    """The triggerer, with a run at each moment; the next one takes them up."""
    held = held_at_each_moment(studio, "deferred", wait_until)
    studio.airflow.kill_triggerer()
    studio.airflow.start_triggerer()
    assert_made_once(studio, held)
