"""Cancel in the UI: the run's journal tells of it, and the same request goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from moments import MOMENTS, ONE_VIDEO
from prefect_studio import Held, Studio

from nemovideo_nodes.ledger.facts import Noted

pytestmark = pytest.mark.slow


def test_cancelled_and_taken_up_again(studio: Studio, wait_until: Callable[..., object]) -> None:
    """Cancelled while the render is submitted: nothing is made twice by the run that goes on."""
    held = Held(studio, MOMENTS[-1], "cancelled")
    wait_until(held.has_come, held.parameters["slug"], 240)
    studio.prefect.set_state(held.flow_run, "CANCELLING")
    assert studio.prefect.wait(held.flow_run)["type"] == "CANCELLED"
    held.let_go()
    noted = [
        fact.topic
        for folder in (studio.store / "runs").iterdir()
        for fact in studio.facts(folder.name)
        if isinstance(fact, Noted)
    ]
    assert "cancelled" in noted
    again = studio.start(held.parameters)
    assert studio.prefect.wait(again)["type"] == "COMPLETED"
    assert held.sent == ONE_VIDEO
