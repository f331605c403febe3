"""Many videos on few slots: waiting holds no slot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from airflow_studio import ONE_VIDEO, Studio
from moments import counts_of

VIDEOS = 20


@pytest.mark.slow
def test_twenty_videos_wait_at_once_on_four_slots(
    studio: Studio, wait_until: Callable[..., object]
) -> None:
    """All are deferred, with their renders accepted, before a single one has ended."""
    api, service = studio.airflow.api, studio.services["after_render"]
    api.wait_for_dag("twenty")
    before = counts_of(service)

    def sent() -> dict[str, int]:
        now = counts_of(service)
        return {kind: now[kind] - before[kind] for kind in now}

    service.add_fault("render_status", 1, "hold", times=0)
    dag_run = api.trigger("twenty", {"conn": "after_render", "images": studio.pictures})
    wait_until(lambda: sent()["renders"] == VIDEOS, "twenty renders", 900)
    states = Counter(task["state"] for task in api.tasks("twenty", dag_run))
    assert states == {"deferred": VIDEOS}
    service.ask("faults", {"action": "clear"})
    assert api.wait_for_run("twenty", dag_run, seconds=900)["state"] == "success"
    assert sent() == {kind: VIDEOS * one for kind, one in ONE_VIDEO.items()}
