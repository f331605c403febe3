"""SIGKILL of a flow, and of a worker with its flows, after each paid call: all is made once.

`tests/long/test_prefect_kills.py` kills at each moment, and the worker alone.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from moments import MOMENTS, ONE_VIDEO
from prefect_studio import Held, Studio
from processes import kill

pytestmark = pytest.mark.slow

AFTER_PROMPT, AFTER_RENDER = MOMENTS[1], MOMENTS[3]


def test_a_killed_flow_and_then_a_killed_worker(
    studio: Studio, wait_until: Callable[..., object]
) -> None:
    """The flow's process: Crashed at once, and Retry goes on. With its worker: nobody says that
    the run is over, and the same request, started anew, goes on."""
    prefect = studio.prefect
    first = Held(studio, AFTER_PROMPT, "killed flow")
    wait_until(first.has_come, "the message", 240)
    assert kill(prefect.flow_processes()) == 1
    assert prefect.wait(first.flow_run)["type"] == "CRASHED"
    first.let_go()
    second = Held(studio, AFTER_RENDER, "killed worker")
    prefect.retry(first.flow_run)
    assert prefect.wait(first.flow_run)["type"] == "COMPLETED"
    wait_until(second.has_come, "the render", 240)
    killed = prefect.kill_worker("first", with_flows=True)
    prefect.start_worker("first")
    assert killed >= 2  # the process of the first run may still be about to end
    second.let_go()
    again = studio.start(second.parameters)
    assert prefect.wait(again)["type"] == "COMPLETED"
    assert [run.sent for run in (first, second)] == [ONE_VIDEO] * 2
