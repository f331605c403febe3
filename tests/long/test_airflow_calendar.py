"""A month through Airflow's calendar DAG, with faults: all posts are made and delivered, once.

By hand, in the environment of Airflow:
`python -m pytest -p pytest_airflow_in_a_box tests/long/test_airflow_calendar.py`. The command line
has sixty rows of it in `test_calendar_month.py`; here a few, since each post is a task.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("airflow", reason="for the environment of Airflow")

from month import Month
from shell import Service, Shell, connected, open_service, service, shell

import airflow_dags

__all__ = ["connected", "open_service", "service", "shell"]

ROWS, BAD, REVISED = int(os.environ.get("MONTH_ROWS", "6")), 5, 5
WARNINGS = ("DeprecationWarning", "UserWarning", "ResourceWarning")
pytestmark = [pytest.mark.filterwarnings(f"ignore::{name}") for name in WARNINGS]


class DagMonth(Month):
    """A month that the DAG makes; `run_dag` starts it, and runs its tasks."""

    run_dag: Callable[..., Any]
    dag: Any

    def run_to_its_end(self, seconds: float = 1_200) -> None:
        """Start it until it has made what is due; what a fault stopped goes on."""
        conf = {
            "calendar": str(self.calendar),
            "results": str(self.results),
            "destination": str(self.target),
        }
        errors: Any = None
        for _ in range(5):
            done = self.run_dag(self.dag, run_triggerer=True, dag_run_kwargs={"conf": conf})
            if done.success:
                assert len(done.xcoms["video"]) == self.videos
                return
            errors = done.errors
        raise AssertionError(errors)


@pytest.fixture
def month(
    connected: Shell, service: Service, monkeypatch: pytest.MonkeyPatch, run_dag: Callable[..., Any]
) -> DagMonth:
    """The accounts are connections, each with a store of its own."""
    from airflow.dag_processing.dagbag import DagBag

    for name, value in connected.surroundings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL", "0")
    for name in ("NEMOVIDEO_DEFAULT", "ACME"):
        store = str(connected.folder / name.lower())
        connection = {
            "conn_type": "nemovideo",
            "host": service.url,
            "extra": {"store": store, "client_id": name.lower()},
        }
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(connection))
    bag = DagBag(str(Path(airflow_dags.__file__).with_name("social_content.py")))
    month = DagMonth(connected, service, ROWS, BAD)
    month.run_dag, month.dag = run_dag, bag.dags["social_content"]
    return month


def test_a_month_is_delivered_once(month: DagMonth, service: Service) -> None:
    """Each video once; again it makes nothing; rows with a new revision make one each."""
    month.add_faults()
    month.run_to_its_end()
    assert service.sent[:2] == (month.videos, month.videos)
    month.check_deliveries()
    month.run_to_its_end()
    assert service.sent[:2] == (month.videos, month.videos)
    month.revise(REVISED)
    month.run_to_its_end()
    anew = sum(len(month.languages(row)) for row in range(REVISED))
    assert service.sent[:2] == (month.videos + anew, month.videos + anew)
    month.check_deliveries()
