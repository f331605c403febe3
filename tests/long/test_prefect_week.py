"""A content team's week on a real Prefect: money, posts and emails, all as promised.

By hand: `python -m pytest tests/long/test_prefect_week.py`. A cron would start a flow run twice a
day; here each is scheduled for a day of the week before, and believes that it is that day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from prefect_server import PrefectServer
from processes import kill
from shell import Service, Shell, connected, open_service, service, shell
from week import Week, WeekWorld, week_world

__all__ = ["connected", "open_service", "service", "shell"]


class FlowWeek(Week):
    """A week that a deployment of the calendar's flow makes, on a worker."""

    def __init__(self, world: WeekWorld, prefect: PrefectServer) -> None:
        super().__init__(world)
        self._prefect = prefect
        self._deployment = prefect.deployment("scheduled-social-content/scheduled-social-content")

    def tick(self) -> None:
        ended = self._prefect.wait(self._started(), seconds=400)
        assert ended["type"] == "COMPLETED", ended

    def begin_tick(self) -> Callable[[], object]:
        flow_run = self._started()

        def end() -> None:
            assert kill(self._prefect.flow_processes())
            assert self._prefect.wait(flow_run)["type"] == "CRASHED"

        return end

    def _started(self) -> str:
        parameters = {"calendar": str(self.calendar), "ahead_hours": 12, "at_once": 2}
        at = {"scheduled_time": self.now.isoformat()}
        state = {"type": "SCHEDULED", "state_details": at}
        return self._prefect.start_run(self._deployment, parameters, state=state)


@pytest.fixture
def week(shell: Shell, service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlowWeek]:
    with week_world(shell, service, monkeypatch) as world:
        env = {name: value for name, value in shell.surroundings.items() if name != "HOME"}
        prefect = PrefectServer(world.folder / "prefect", env)
        try:
            prefect.start()
            prefect.deploy()
            prefect.start_worker("first")
            yield FlowWeek(world, prefect)
        finally:
            prefect.stop()


def test_a_week_comes_to_what_was_promised(week: FlowWeek) -> None:
    """By a deployment, with killed flows, a publisher that drops answers, and Ann, who decides."""
    week.live().check()
