"""The automations as they are shipped, at their own pace: who is lost, who waits, who is at work.

By hand: `python -m pytest tests/long/test_prefect_automations.py -s`; it prints what it measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moments import MOMENTS, ONE_VIDEO, counts_of
from prefect_studio import AUTOMATIONS, Held, Studio, open_studio

PROMISED_S = 120 + 5 + 10
"""Two minutes, the server looks every five seconds, and it has to be asked and told."""


@pytest.fixture
def studio(tmp_path: Path, film: Path) -> Iterator[Studio]:
    """Prefect with the automations, and no worker yet."""
    studio = open_studio(tmp_path, film)
    try:
        with studio.prefect.automations(AUTOMATIONS):
            yield studio
    finally:
        studio.close()


def test_only_what_is_lost_is_crashed(studio: Studio, wait_until: Callable[..., object]) -> None:
    """Flow and worker killed: Crashed within the time. Suspended, or at work for long: neither."""
    prefect = studio.prefect
    prefect.start_worker("first")
    lost = Held(studio, MOMENTS[1], "lost")
    wait_until(lost.has_come, "the message of the run to be lost", 240)
    prefect.start_worker("second")
    prefect.kill_worker("first", with_flows=True)
    killed = time.monotonic()
    looked_at = studio.start_looked_at("looked at")
    assert prefect.wait(looked_at, "PAUSED")["name"] == "Suspended"
    studio.service.add_fault("render_status", 1, "render_stuck", times=0)
    at_work = studio.start(studio.parameters("at work"))
    prefect.wait(at_work, "RUNNING")
    left_alone = time.monotonic()
    ended = prefect.wait(lost.flow_run, seconds=PROMISED_S)
    print(f"\ncrashed {time.monotonic() - killed:.0f} s after the kill")
    assert (ended["type"], ended["name"]) == ("CRASHED", "Lost")
    assert "Retry" in ended["message"]
    lost.let_go()
    prefect.retry(lost.flow_run)
    assert prefect.wait(lost.flow_run)["type"] == "COMPLETED"
    assert lost.sent == ONE_VIDEO
    # Nothing tells that something does not happen but the time in which it would have.
    time.sleep(max(0.0, left_alone + PROMISED_S - time.monotonic()))
    assert prefect.state(looked_at)["name"] == "Suspended"
    assert prefect.state(at_work)["type"] == "RUNNING"
    studio.service.ask("faults", {"action": "clear"})
    prefect.resume(looked_at, change="")
    for run in (at_work, looked_at):
        assert prefect.wait(run)["type"] == "COMPLETED"
    assert counts_of(studio.service)["messages"] == 2
