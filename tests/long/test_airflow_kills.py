"""What CI leaves out of the kills of a real Airflow; run by hand, in its environment.

.venv-airflow/bin/python -m pytest -o faulthandler_timeout=0 tests/long/test_airflow_kills.py
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

pytest.importorskip("airflow", reason="for the environment of Airflow")

from airflow_studio import MOMENTS, ONE_VIDEO, Held, Studio, open_studio
from moments import Moment
from postgres import is_installed, postgres
from processes import kill

WaitUntil = Callable[..., object]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def studio(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, film: Path
) -> Iterator[Studio]:
    """Airflow with LocalExecutor, on each database that it is run on."""
    env = {}
    with ExitStack() as stack:
        if request.param == "postgresql":
            if not is_installed():
                pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
            address = stack.enter_context(postgres("airflow"))
            env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"postgresql+psycopg2://{address}"
        studio = open_studio(tmp_path_factory.mktemp("studio"), film, env=env)
        stack.callback(studio.close)
        studio.airflow.api.pause("social_content")  # each task here is one of the tests' own
        yield studio


@pytest.mark.parametrize("dag_id", ["deferred", "held_by_a_worker"])
@pytest.mark.parametrize("what", ["scheduler", "everything"])
def test_what_starts_tasks(studio: Studio, wait_until: WaitUntil, what: str, dag_id: str) -> None:
    """The scheduler, whose tasks live on, and all of Airflow at once; each is started again."""
    held = studio.hold_at_each_moment(dag_id, wait_until)
    if what == "scheduler":
        assert kill(studio.airflow.scheduler())
        studio.airflow.start_scheduler()
    else:
        studio.airflow.kill_all()
        studio.airflow.start()
    studio.assert_made_once(held)


def test_killed_workers(studio: Studio, wait_until: WaitUntil) -> None:
    """The workers that watch over the tasks, which live on beside the next try of themselves."""
    held = studio.hold_at_each_moment("held_by_a_worker", wait_until)
    assert kill(studio.airflow.workers()) == len(MOMENTS)
    for run in held:
        studio.airflow.api.wait_for_try(run.dag_id, run.dag_run, "video", 2)
    studio.assert_made_once(held)


def test_a_worker_and_its_task(studio: Studio, wait_until: WaitUntil) -> None:
    """Both at once, as when a container ends: only the missing heartbeat tells of it."""
    held = studio.hold_at_each_moment("held_by_a_worker", wait_until)
    airflow = studio.airflow
    assert kill([*airflow.workers(), *airflow.tasks()]) == 2 * len(MOMENTS)
    studio.assert_made_once(held)


def test_a_triggerer_again_and_again(studio: Studio, wait_until: WaitUntil) -> None:
    """The one that takes the runs up is killed as soon as it is at work, too."""
    held = studio.hold_at_each_moment("deferred", wait_until)
    for _ in range(2):
        assert kill(studio.airflow.triggerer())
        studio.airflow.start_triggerer()
        wait_until(studio.airflow.is_healthy, "a healthy triggerer", 300)
    studio.assert_made_once(held)


def test_a_message_of_unknown_outcome(studio: Studio, wait_until: WaitUntil) -> None:
    """Killed while nobody knows whether the message arrived: sent again only if told so."""
    asked = Moment("nemovideo_default", "run_sse", "hold", {"messages": 0})
    studio.airflow.api.wait_for_dag("held_by_a_worker")
    run = Held(studio, asked, "held_by_a_worker")
    wait_until(run.has_come, "the message", 600)
    assert kill(studio.airflow.tasks()) == 1
    run.let_go()
    api = studio.airflow.api
    assert api.wait_for_run(run.dag_id, run.dag_run)["state"] == "failed"
    assert run.sent == ONE_VIDEO | {"messages": 0, "renders": 0}
    again = api.trigger("video_resume", {"run_id": run.run_id, "resend": True})
    assert api.wait_for_run("video_resume", again)["state"] == "success"
    assert run.sent == ONE_VIDEO


def test_a_killed_task_is_found_and_tried_again(studio: Studio, tmp_path: Path) -> None:
    """The tools of these tests: a task's process is found below its worker, and killed."""
    airflow, api = studio.airflow, studio.airflow.api
    api.wait_for_dag("held")
    run = api.trigger("held", {"file": str(tmp_path / "go")})
    api.wait_for_task("held", run, "hold", "running")
    assert kill(airflow.tasks()) == 1
    (tmp_path / "go").touch()
    assert api.wait_for_run("held", run)["state"] == "success"
    assert api.task("held", run, "hold")["try_number"] == 2
    assert api.xcom("held", run, "hold") == "let go"
    assert "let go" in api.log("held", run, "hold", 2)
