"""The automations that come with the deployments: who is lost is Crashed, what fails is paused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moments import MOMENTS, ONE_VIDEO
from prefect_studio import Held, Studio, automations_within

pytestmark = pytest.mark.slow

SHORT_S = 15
"""Instead of the two and ten minutes of the shipped file, which tests/long waits for."""


@pytest.fixture
def automations(studio: Studio, tmp_path: Path) -> Iterator[None]:
    """Those of the package, but for how long they wait."""
    with studio.prefect.automations(automations_within(SHORT_S, tmp_path)):
        yield


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
    """After three failures, and it alone; what is started by hand is made all the same."""
    prefect = studio.prefect
    for _ in range(3):
        run = studio.start({"images": []})
        assert prefect.wait(run)["type"] == "FAILED"
    wait_until(lambda: prefect.get(f"/deployments/{studio.deployment}")["paused"], "the pause", 60)
    try:
        deployments = prefect.post("/deployments/filter")
        assert [one["name"] for one in deployments if one["paused"]] == ["image-to-video"]
        by_hand = studio.start(studio.parameters("by hand"))
        assert prefect.wait(by_hand)["type"] == "COMPLETED"
    finally:
        prefect.post(f"/deployments/{studio.deployment}/resume_deployment")
