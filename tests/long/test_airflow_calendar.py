"""A month through Airflow's calendar DAG, with faults and kills: all is made and delivered, once.

By hand, in the environment of Airflow; MONTH_ROWS takes another number:
`.venv-airflow/bin/python -m pytest -o faulthandler_timeout=0 tests/long/test_airflow_calendar.py`.
The command line has sixty rows of it in `test_calendar_month.py`; here a few, since each video is
a task.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("airflow", reason="for the environment of Airflow")

from month import Month
from shell import Service, Shell, connected, open_service, service, shell

import airflow_dags

__all__ = ["connected", "open_service", "service", "shell"]

ROWS, BAD, REVISED, KILLS = int(os.environ.get("MONTH_ROWS", "6")), 5, 5, 3


class DagMonth(Month):
    """A month that `airflow dags test social_content` makes, as a process that can be killed."""

    home: Path

    def airflow(self, *arguments: str) -> subprocess.Popen[bytes]:
        """`airflow ARGUMENTS` with a connection for each account, each with a store of its own."""
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
        env |= self.shell.surroundings | {
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(Path(airflow_dags.__file__).parent),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "0",
        }
        for name in ("NEMOVIDEO_DEFAULT", "ACME"):
            store = str(self.shell.folder / name.lower())
            extra = {"store": store, "client_id": name.lower()}
            connection = {"conn_type": "nemovideo", "host": self.service.url, "extra": extra}
            env[f"AIRFLOW_CONN_{name}"] = json.dumps(connection)
        command = [sys.executable, "-W", "ignore", "-m", "airflow", *arguments]
        with (self.home / "output.log").open("ab") as output:
            return subprocess.Popen(
                command, env=env, stdout=output, stderr=output, start_new_session=True
            )

    def start(self) -> subprocess.Popen[bytes]:
        """A run of the DAG."""
        conf = {
            "calendar": str(self.calendar),
            "results": str(self.results),
            "destination": str(self.target),
        }
        return self.airflow("dags", "test", "social_content", "--conf", json.dumps(conf))

    def run_to_its_end(self, seconds: float = 1_200) -> None:
        """Start it until it has made what is due; what a fault stopped goes on."""
        until = time.monotonic() + seconds
        while self.start().wait(seconds):
            assert time.monotonic() < until, (self.home / "output.log").read_text()[-4000:]


@pytest.fixture
def month(connected: Shell, service: Service, tmp_path: Path) -> DagMonth:
    """Its Airflow knows our DAGs."""
    month = DagMonth(connected, service, ROWS, BAD)
    month.home = tmp_path / "airflow"
    month.home.mkdir()
    for command in ("db migrate", "dags reserialize"):
        assert month.airflow(*command.split()).wait(300) == 0
    return month


def test_a_month_is_delivered_once(
    month: DagMonth, service: Service, wait_until: Callable[..., object]
) -> None:
    """Each video once, whatever is killed; again it makes nothing; a new revision makes one."""
    month.add_faults()
    for kill in range(1, KILLS + 1):
        running, enough = month.start(), month.videos * kill // (KILLS + 1)
        wait_until(
            lambda running=running, enough=enough: (
                service.sent[0] >= enough or running.poll() is not None
            ),
            f"{enough} messages",
            900,
        )
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    began = time.monotonic()
    month.run_to_its_end()
    print(f"{month.videos} videos, the last part of them in {time.monotonic() - began:.0f} s")
    assert service.sent[:2] == (month.videos, month.videos)
    month.check_deliveries()
    month.run_to_its_end()
    assert service.sent[:2] == (month.videos, month.videos)
    month.revise(REVISED)
    month.run_to_its_end()
    anew = sum(len(month.languages(row)) for row in range(REVISED))
    assert service.sent[:2] == (month.videos + anew, month.videos + anew)
    month.check_deliveries()
