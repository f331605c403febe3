"""A content team's week on a real Airflow: money, posts and emails, all as promised.

By hand, in the environment of Airflow: `python -m pytest tests/long/test_airflow_week.py`. A
schedule would start a DAG run twice a day; here each is to run after a time of the week before, and
believes that it is that time.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

pytest.importorskip("airflow", reason="for the environment of Airflow")

from processes import kill
from shell import Service, Shell, connected, open_service, service, shell
from standalone import Standalone
from week import Week, WeekWorld, week_world

__all__ = ["connected", "open_service", "service", "shell"]

DAG = "social_content"
MOST_S = 900.0
"""How long a DAG run may take on a busy machine."""


class DagWeek(Week):
    """A week that the calendar's DAG makes."""

    kills = ((0, "after_prompt"),)
    """Later steps are the triggerer's."""

    def __init__(self, world: WeekWorld, airflow: Standalone) -> None:
        super().__init__(world)
        self._airflow = airflow
        self._number = 0

    def tick(self) -> None:
        """What is held for a budget, or is in doubt at the publisher, fails the DAG run."""
        self._wait_for(self._started())

    def begin_tick(self) -> Callable[[], object]:
        dag_run = self._started()

        def end() -> None:
            assert kill(self._airflow.tasks())
            self.world.service.ask("faults", {"action": "clear"})
            self._wait_for(dag_run)

        return end

    def _wait_for(self, dag_run: str) -> None:
        """Until it has ended, with its retries."""
        self._airflow.api.wait_for_run(DAG, dag_run, seconds=MOST_S)

    def _started(self) -> str:
        conf = {"calendar": str(self.calendar), "ahead_hours": 12}
        self._number += 1  # Airflow's own id is the time, and two of them have the same
        body = {
            "dag_run_id": f"tick-{self._number}",
            "logical_date": None,
            "run_after": self.now.isoformat(),
            "conf": conf,
        }
        made = self._airflow.api.ask("POST", f"dags/{DAG}/dagRuns", json=body).json()
        dag_run: str = made["dag_run_id"]
        return dag_run


@pytest.fixture
def week(shell: Shell, service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[DagWeek]:
    with week_world(shell, service, monkeypatch) as world:
        connection = {"conn_type": "nemovideo", "host": service.url, "password": world.token}
        env = {name: value for name, value in shell.surroundings.items() if name != "HOME"}
        env["AIRFLOW_CONN_NEMOVIDEO_DEFAULT"] = json.dumps(connection)
        airflow = Standalone(world.folder / "airflow", env, slots=2)
        command = [sys.executable, "-m", "nemovideo_nodes.cli", "airflow-dags"]
        subprocess.run([*command, "--to", airflow.dags], check=True, timeout=60)
        try:
            airflow.start()
            airflow.api.wait_for_dag(DAG)
            yield DagWeek(world, airflow)
        finally:
            airflow.stop()


def test_a_week_comes_to_what_was_promised(week: DagWeek) -> None:
    """By DAG runs, with a killed task, a publisher that drops answers, and Ann, who decides."""
    week.live().check()
