"""SIGKILL of a flow, of a worker and of both, before and after each paid call: all once.

By hand: `python -m pytest tests/long/test_prefect_kills.py`. The moment after each paid call is in
`tests/prefect/e2e/test_kills.py`, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moments import MOMENTS, ONE_VIDEO
from prefect_studio import Held, Studio, open_studio
from processes import kill


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory, film: Path) -> Iterator[Studio]:
    """Prefect, ready, with a worker that is named `first`."""
    studio = open_studio(tmp_path_factory.mktemp("studio"), film)
    try:
        studio.prefect.start_worker("first")
        yield studio
    finally:
        studio.close()


def held_at_each_moment(studio: Studio, slug: str, wait_until: Callable[..., object]) -> list[Held]:
    held = [Held(studio, moment, slug) for moment in MOMENTS]
    for run, moment in zip(held, MOMENTS, strict=True):
        wait_until(run.has_come, moment.name, 240)
    return held


def assert_made_once(studio: Studio, held: list[Held], flow_runs: list[str]) -> None:
    for flow_run, moment in zip(flow_runs, MOMENTS, strict=True):
        ended = studio.prefect.wait(flow_run)
        assert ended["type"] == "COMPLETED", (moment.name, ended["message"])
    assert [run.sent for run in held] == [ONE_VIDEO] * len(MOMENTS)


def test_killed_flows(studio: Studio, wait_until: Callable[..., object]) -> None:
    """The flows' processes: their runs are Crashed at once, and Retry goes on."""
    held = held_at_each_moment(studio, "killed flows", wait_until)
    assert kill(studio.prefect.flow_processes()) == len(MOMENTS)
    for run in held:
        assert studio.prefect.wait(run.flow_run)["type"] == "CRASHED"
        run.let_go()
        studio.prefect.retry(run.flow_run)
    assert_made_once(studio, held, [run.flow_run for run in held])


def test_a_killed_worker(studio: Studio, wait_until: Callable[..., object]) -> None:
    """The worker alone: its flows end by themselves, or are Crashed with it, and Retry goes on."""
    held = held_at_each_moment(studio, "a killed worker", wait_until)
    assert studio.prefect.kill_worker("first", with_flows=False) == 1
    studio.prefect.start_worker("first")
    for run in held:
        run.let_go()
    for run in held:
        if studio.prefect.wait(run.flow_run)["type"] == "CRASHED":
            studio.prefect.retry(run.flow_run)
    assert_made_once(studio, held, [run.flow_run for run in held])


def test_worker_and_flows_killed(studio: Studio, wait_until: Callable[..., object]) -> None:
    """Both: nobody says that the runs are over, and the same request, started anew, goes on."""
    held = held_at_each_moment(studio, "all killed", wait_until)
    assert studio.prefect.kill_worker("first", with_flows=True) == 1 + len(MOMENTS)
    studio.prefect.start_worker("first")
    for run in held:
        run.let_go()
    again = [studio.start(run.parameters) for run in held]
    assert_made_once(studio, held, again)
