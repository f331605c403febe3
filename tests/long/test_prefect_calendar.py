"""A month through Prefect's calendar flow, with faults and kills: all posts are made, once.

By hand: `python -m pytest tests/long/test_prefect_calendar.py`. The command line has sixty rows of
it in `test_calendar_month.py`; here a few, since each post is a subflow of its own.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from month import Month
from prefect.settings import PREFECT_API_URL
from shell import Service, Shell, connected, open_service, service, shell

from prefect_flows.scheduled_social_content import scheduled_social_content

__all__ = ["connected", "open_service", "service", "shell"]

ROWS, BAD, REVISED = int(os.environ.get("MONTH_ROWS", "6")), 5, 5
KILLS = 3
FLOW = """
import asyncio, sys
from prefect_flows.scheduled_social_content import scheduled_social_content
calendar, results, destination = sys.argv[1:]
asyncio.run(scheduled_social_content(calendar, results=results, destination=destination))
"""


class FlowMonth(Month):
    """A month that the flow makes."""

    def run_to_its_end(self, seconds: float = 1_200) -> None:
        """Start it until it has made what is due; what a fault stopped goes on."""
        made: list[Any] = []
        for _ in range(5):
            made = self._run()
            if len(made) == self.videos:
                return
        raise AssertionError(f"{len(made)} of {self.videos} videos are made")

    @contextmanager
    def started(self, log: Path) -> Iterator[subprocess.Popen[bytes]]:
        """The flow in a process of its own, which is killed in the end."""
        arguments = [str(self.calendar), str(self.results), str(self.target)]
        env = os.environ | {"PREFECT_API_URL": str(PREFECT_API_URL.value())}
        with log.open("ab") as out:
            command = [sys.executable, "-c", FLOW, *arguments]
            process = subprocess.Popen(command, env=env, stdout=out, stderr=out)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def _run(self) -> list[Any]:
        return asyncio.run(
            scheduled_social_content(
                str(self.calendar), results=str(self.results), destination=str(self.target)
            )
        )


def has_come(service: Service, counted: str, until: int, process: subprocess.Popen[bytes]) -> bool:
    """Whether the service has accepted so many of these while the flow is at work."""
    assert process.poll() is None, "the flow ended before it was killed"
    return bool(service.ask("counts")[counted] >= until)


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A Prefect server of the test's own."""
    from prefect.testing.utilities import prefect_test_harness

    home = tmp_path_factory.mktemp("prefect")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(home))
        patch.setenv("DO_NOT_TRACK", "1")
        patch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
        with prefect_test_harness(server_startup_timeout=180):
            yield


@pytest.fixture
def month(
    prefect: None, connected: Shell, service: Service, monkeypatch: pytest.MonkeyPatch
) -> FlowMonth:
    for name, value in connected.surroundings.items():
        monkeypatch.setenv(name, value)
    return FlowMonth(connected, service, ROWS, BAD)


def test_a_month_is_delivered_once(month: FlowMonth, service: Service, tmp_path: Path) -> None:
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


def test_kills_lose_and_double_nothing(
    month: FlowMonth, service: Service, tmp_path: Path, wait_until: Callable[..., object]
) -> None:
    """SIGKILL of the flow's process as a message or a render goes out; the next one goes on."""
    for kill in range(KILLS):
        counted, more = ("messages", "renders")[kill % 2], kill + 1
        until = service.ask("counts")[counted] + more
        with month.started(tmp_path / "flow.log") as process:
            wait_until(partial(has_come, service, counted, until, process), counted, 240)
    month.run_to_its_end()
    assert service.sent[:2] == (month.videos, month.videos)
    month.check_deliveries()
