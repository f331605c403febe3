"""A deferred task that somebody ends, clears, or whose time runs out, in the middle of a run."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from airflow_studio import ONE_VIDEO, Held, Studio

from nemovideo_nodes.ledger.facts import Noted


@pytest.fixture(scope="module")
def held(studio: Studio, wait_until: Callable[..., object]) -> dict[str, Held]:
    """One run for each test, begun together: they have their waiting in common."""
    for dag_id in ("deferred_anew", "deferred_resuming", "deferred_for_a_while"):
        studio.airflow.api.wait_for_dag(dag_id)
    runs = {
        "late": studio.hold("before_render", "deferred_for_a_while"),
        "new": studio.hold("after_prompt", "deferred_anew"),
        "resume": studio.hold("after_render", "deferred_resuming"),
    }
    for name, run in runs.items():
        wait_until(run.has_come, name, 600)
    return runs


def mark_failed(studio: Studio, run: Held, wait_until: Callable[..., object]) -> None:
    """Mark the task, and wait until its trigger has heard of that and let go of the run."""
    api = studio.airflow.api
    api.mark(run.dag_id, run.dag_run, "video", "failed")
    assert api.wait_for_run(run.dag_id, run.dag_run)["state"] == "failed"

    def is_free() -> bool:
        last = studio.facts(run.run_id)[-1]
        return isinstance(last, Noted) and last.topic == "released"

    wait_until(is_free, "the release of the run", 120)


@pytest.mark.slow
def test_marked_failed_and_cleared_it_is_another_video(
    studio: Studio, held: dict[str, Held], wait_until: Callable[..., object]
) -> None:
    """With `on_clear="new"`: marking it ends the stream, and a Clear starts from the beginning."""
    run, api = held["new"], studio.airflow.api
    first = run.run_id
    mark_failed(studio, run, wait_until)
    run.let_go()
    api.clear(run.dag_id, run.dag_run)
    assert api.wait_for_run(run.dag_id, run.dag_run)["state"] == "success"
    assert run.run_id != first
    assert run.sent == ONE_VIDEO | {"messages": 2, "uploads": 4, "sessions": 2}


@pytest.mark.slow
def test_cleared_after_a_failure_it_resumes(
    studio: Studio, held: dict[str, Held], wait_until: Callable[..., object]
) -> None:
    """By default the run that was started is the one that ends."""
    run, api = held["resume"], studio.airflow.api
    first = run.run_id
    mark_failed(studio, run, wait_until)
    run.let_go()
    api.clear(run.dag_id, run.dag_run)
    assert api.wait_for_run(run.dag_id, run.dag_run)["state"] == "success"
    assert run.run_id == first
    assert run.sent == ONE_VIDEO


@pytest.mark.slow
def test_a_deadline_holds_while_deferred(studio: Studio, held: dict[str, Held]) -> None:
    """The task fails without another try, and says that what was paid for is kept."""
    run, api = held["late"], studio.airflow.api
    assert api.wait_for_run(run.dag_id, run.dag_run)["state"] == "failed"
    task = api.task(run.dag_id, run.dag_run, "video")
    assert task["try_number"] == 1
    log = api.log(run.dag_id, run.dag_run, "video")
    assert "The deadline of the task" in log
    assert "What was paid for is kept" in log
    assert run.sent == ONE_VIDEO | {"renders": 0}
