"""A month through Prefect's calendar flow, with faults: all posts are made and delivered, once.

By hand: `python -m pytest tests/long/test_prefect_calendar.py`. The command line has sixty rows of
it in `test_calendar_month.py`; here a few, since each post is a subflow of its own.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from month import Month
from shell import Service, Shell, connected, open_service, service, shell

from prefect_flows.scheduled_social_content import scheduled_social_content

__all__ = ["connected", "open_service", "service", "shell"]

ROWS, BAD, REVISED = int(os.environ.get("MONTH_ROWS", "6")), 5, 5


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

    def _run(self) -> list[Any]:
        return asyncio.run(
            scheduled_social_content(
                str(self.calendar), results=str(self.results), destination=str(self.target)
            )
        )


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
