"""The tools that the other tests here stand on."""

from __future__ import annotations

from pathlib import Path

from processes import kill
from standalone import Standalone


def test_a_killed_task_is_found_and_tried_again(airflow: Standalone, tmp_path: Path) -> None:
    """A task's process is found below its worker; Airflow's second try of it ends the run."""
    api = airflow.api
    api.wait_for_dag("held")
    run = api.trigger("held", {"file": str(tmp_path / "go")})
    api.wait_for_task("held", run, "hold", "running")
    assert kill(airflow.tasks()) == 1
    (tmp_path / "go").touch()
    assert api.wait_for_run("held", run)["state"] == "success"
    assert api.task("held", run, "hold")["try_number"] == 2
    assert api.xcom("held", run, "hold") == "let go"
    assert "let go" in api.log("held", run, "hold", 2)
