"""What starts runs besides a person: a schedule, and programs that all ask at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from moments import counts_of
from prefect_studio import Studio

pytestmark = pytest.mark.slow

AT_ONCE = 20


def test_a_schedule_fires(studio: Studio, wait_until: Callable[..., object]) -> None:
    """Two times of one schedule are two videos, and a Retry of the first makes no third."""
    prefect = studio.prefect
    before = counts_of(studio.service)
    known = prefect.get(f"/deployments/{studio.deployment}")
    first = datetime.now(UTC) + timedelta(seconds=20)  # noqa: TID251 - the server asks its own
    rule = f"DTSTART:{first:%Y%m%dT%H%M%S}\nFREQ=SECONDLY;INTERVAL=5;COUNT=2"
    body = {
        "name": "twice",
        "flow_id": known["flow_id"],
        "entrypoint": known["entrypoint"],
        "work_pool_name": known["work_pool_name"],
        "parameters": studio.parameters("on time"),
        "schedules": [{"schedule": {"rrule": rule, "timezone": "UTC"}, "active": True}],
    }
    chosen = {"deployments": {"id": {"any_": [prefect.post("/deployments/", body)["id"]]}}}

    def completed() -> list[str]:
        runs = prefect.post("/flow_runs/filter", chosen)
        return [run["id"] for run in runs if run["state_type"] == "COMPLETED"]

    wait_until(lambda: len(completed()) == 2, "two runs of the schedule", 240)
    one = completed()[0]
    assert prefect.get(f"/flow_runs/{one}")["auto_scheduled"]
    prefect.set_state(one, "SCHEDULED", "AwaitingRetry")
    assert prefect.wait(one)["type"] == "COMPLETED"
    made = counts_of(studio.service)
    assert made["messages"] - before["messages"] == 2
    assert made["renders"] - before["renders"] == 2


def test_one_key_is_one_run(studio: Studio) -> None:
    """A webhook-style start, 20 times at once under one idempotency key: one run, one message.

    The name that it was given stays.
    """
    before = counts_of(studio.service)
    parameters = studio.parameters("one key")

    def start(_: int) -> str:
        return studio.start(parameters, idempotency_key="delivery-1", name="Monday's video")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        started = set(pool.map(start, range(AT_ONCE)))
    assert len(started) == 1
    (flow_run,) = started
    assert studio.prefect.wait(flow_run)["type"] == "COMPLETED"
    assert studio.prefect.get(f"/flow_runs/{flow_run}")["name"] == "Monday's video"
    assert studio.start(parameters, idempotency_key="delivery-1") == flow_run
    assert counts_of(studio.service)["messages"] - before["messages"] == 1
