"""The automations that come with the deployments: who is lost is Crashed, what fails is paused.

On PostgreSQL, as the docs advise: a busy SQLite loses some of the events that automations count on.
By hand: `python -m pytest tests/long/test_prefect_automations.py -s`; it prints what it measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moments import MOMENTS, ONE_VIDEO, counts_of
from postgres import is_installed, postgres
from prefect_studio import AUTOMATIONS, Held, Studio, automations_within, open_studio

pytestmark = pytest.mark.skipif(not is_installed(), reason="PostgreSQL is not installed")

PROMISED_S = 120 + 5 + 10
"""Two minutes, the server looks every five seconds, and it has to be asked and told."""


SHORT_S = 45
"""What the other tests wait instead of the two and ten minutes of the shipped file.

On a busy machine a flow takes over 15 s to begin.
"""


@pytest.fixture
def studio(tmp_path: Path, film: Path) -> Iterator[Studio]:
    """Prefect on PostgreSQL, with a worker that is named `first`."""
    with postgres("prefect") as address:
        studio = open_studio(tmp_path, film, database=f"postgresql+asyncpg://{address}")
        try:
            studio.prefect.start_worker("first")
            yield studio
        finally:
            studio.close()


@pytest.fixture
def shipped(studio: Studio) -> Iterator[None]:
    """The automations of the package, at their own pace."""
    with studio.prefect.automations(AUTOMATIONS):
        yield


@pytest.fixture
def automations(studio: Studio, tmp_path: Path) -> Iterator[None]:
    """Those of the package, but for how long they wait."""
    with studio.prefect.automations(automations_within(SHORT_S, tmp_path)):
        yield


def test_only_what_is_lost_is_crashed(
    studio: Studio, shipped: None, wait_until: Callable[..., object]
) -> None:
    """Flow and worker killed: Crashed within the time. Suspended, or at work for long: neither."""
    prefect = studio.prefect
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


def test_lost_runs_are_crashed(
    studio: Studio, automations: None, wait_until: Callable[..., object]
) -> None:
    """Killed with their worker, at work and before they began: Crashed, and Retry makes them."""
    prefect = studio.prefect
    held = Held(studio, MOMENTS[1], "lost")
    wait_until(held.has_come, "the message of the run to be lost", 240)
    barely = studio.start(studio.parameters("barely begun"))
    prefect.wait(barely, "PENDING", "RUNNING")
    prefect.kill_worker("first", with_flows=True)
    ended = {run: prefect.wait(run) for run in (held.flow_run, barely)}
    prefect.start_worker("first")
    assert {state["type"] for state in ended.values()} == {"CRASHED"}
    assert ended[held.flow_run]["name"] == "Lost"
    assert ended[barely]["name"] in ("Never began", "Lost")
    held.let_go()
    for run in ended:
        prefect.retry(run)
        assert prefect.wait(run)["type"] == "COMPLETED"
    assert held.sent == ONE_VIDEO


def test_a_deployment_that_fails_is_paused(
    studio: Studio, automations: None, wait_until: Callable[..., object]
) -> None:
    """After three failures that are not a user's mistake; runs that are started by hand go on."""
    prefect = studio.prefect
    for _ in range(3):
        run = studio.start({"images": []})
        assert prefect.wait(run)["type"] == "FAILED"
    studio.service.add_fault("export", 1, "code:402", arg=402, times=0)
    for number in range(3):
        assert not prefect.get(f"/deployments/{studio.deployment}")["paused"]
        run = studio.start(studio.parameters(f"no plan {number}"))
        assert prefect.wait(run)["type"] == "FAILED"
    studio.service.ask("faults", {"action": "clear"})
    wait_until(lambda: prefect.get(f"/deployments/{studio.deployment}")["paused"], "the pause", 60)
    try:
        deployments = prefect.post("/deployments/filter")
        assert [one["name"] for one in deployments if one["paused"]] == ["image-to-video"]
        by_hand = studio.start(studio.parameters("by hand"))
        assert prefect.wait(by_hand)["type"] == "COMPLETED"
    finally:
        prefect.post(f"/deployments/{studio.deployment}/resume_deployment")
