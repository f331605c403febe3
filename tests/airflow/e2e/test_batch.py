"""More videos than slots: waiting holds no slot. Two hundred are in tests/long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from airflow_studio import ONE_VIDEO, Studio
from moments import counts_of

VIDEOS = 8


@pytest.mark.slow
def test_more_videos_wait_at_once_than_there_are_slots(
    studio: Studio, wait_until: Callable[..., object]
) -> None:
    """All are deferred, with their renders accepted, before a single one has ended."""
    api, service = studio.airflow.api, studio.services["after_render"]
    api.wait_for_dag("eight")
    before = counts_of(service)

    def sent() -> dict[str, int]:
        now = counts_of(service)
        return {kind: now[kind] - before[kind] for kind in now}

    service.add_fault("render_status", 1, "hold", times=0)
    dag_run = api.trigger("eight", {"conn": "after_render", "images": studio.pictures})
    wait_until(lambda: sent()["renders"] == VIDEOS, "the renders", 300)
    states = Counter(task["state"] for task in api.tasks("eight", dag_run))
    assert states == {"deferred": VIDEOS}
    service.ask("faults", {"action": "clear"})
    assert api.wait_for_run("eight", dag_run, seconds=300)["state"] == "success"
    assert sent() == {kind: VIDEOS * one for kind, one in ONE_VIDEO.items()}
