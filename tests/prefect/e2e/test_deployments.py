"""What the commands of docs/prefect.md have deployed."""

from __future__ import annotations

import pytest
from prefect_studio import Studio

pytestmark = pytest.mark.slow

OURS = {
    "image-to-video",
    "weekly-video",
    "batch-images-to-video",
    "parallel-images-to-video",
    "iterate-video",
    "scheduled-social-content",
    "video-from-webhook",
}


def test_each_flow_has_a_deployment(studio: Studio) -> None:
    """Schedules are there and switched off, the form has its choices, essentials come first."""
    made = {one["name"]: one for one in studio.prefect.post("/deployments/filter")}
    assert set(made) == OURS
    for one in made.values():
        assert one["work_pool_name"] == "nemovideo"
        assert one["pull_steps"] == []
        assert one["description"]
        assert "Args:" not in one["description"]
        assert not any(schedule["active"] for schedule in one["schedules"])
    assert "FREQ=WEEKLY" in str(made["weekly-video"]["schedules"][0]["schedule"])
    assert "Europe/Berlin" in str(made["scheduled-social-content"]["schedules"][0]["schedule"])
    fields = made["image-to-video"]["parameter_openapi_schema"]["properties"]
    assert "instagram-reels" in fields["platform"]["enum"]
    shown = sorted(fields, key=lambda name: int(fields[name]["position"]))
    assert shown[:4] == ["images", "prompt", "platform", "local"]


def test_the_automations_are_made(studio: Studio) -> None:
    """A run that waits for a person is not taken for lost."""
    kinds = sorted(one["actions"][0]["type"] for one in studio.automations)
    assert kinds == ["change-flow-run-state", "change-flow-run-state", "pause-deployment"]
    triggers = [one["trigger"] for one in studio.automations]
    (lost,) = [one for one in triggers if "prefect.flow-run.heartbeat" in one["after"]]
    assert {"prefect.flow-run.Suspended", "prefect.flow-run.Paused"} <= set(lost["expect"])
