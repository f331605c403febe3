"""Two hundred mapped videos on PostgreSQL, and what they cost in slots: LocalExecutor, and Celery.

Run by hand, in the environment of Airflow; NEMOVIDEO_SCALE_VIDEOS takes another number, and
NEMOVIDEO_SCALE_PACE slower agents. Celery is tried where its provider is installed beside Airflow,
and Redis on the machine.

.venv-airflow/bin/python -m pytest -s -o faulthandler_timeout=0 tests/long/test_airflow_scale.py
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

pytest.importorskip("airflow", reason="for the environment of Airflow")

from airflow_studio import ONE_VIDEO, Studio, open_studio
from celery_airflow import CeleryAirflow, celery_is_installed, redis_broker
from moments import counts_of
from postgres import is_installed, postgres
from standalone import Standalone

VIDEOS = int(os.environ.get("NEMOVIDEO_SCALE_VIDEOS", "200"))
SLOTS = 4
PACE = float(os.environ.get("NEMOVIDEO_SCALE_PACE", "0.1"))
"""A tenth of the real agent's time: all of it would take hours on four slots. With 4 a message
takes half a minute, and the two ways differ as they do in real life."""
PATIENT = {
    "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "300",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "1800",
}
"""A busy machine is no failure: nothing is killed here."""
LOOK_S = 2.0
MOST_S = 300.0 + 20.0 * VIDEOS
"""A limit against hanging: it is several times what is needed."""


@pytest.fixture(scope="module", params=["local", "celery"])
def studio(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, film: Path
) -> Iterator[Studio]:
    """Airflow on PostgreSQL, with each executor."""
    if not is_installed():
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    kind: type[Standalone] = Standalone
    with ExitStack() as stack:
        address = stack.enter_context(postgres("airflow"))
        database = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{address}"}
        env = PATIENT | database
        if request.param == "celery":
            if not celery_is_installed():
                pytest.skip("Celery's provider and Redis are not installed")
            kind = CeleryAirflow
            env |= {
                "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
                "AIRFLOW__CELERY__BROKER_URL": stack.enter_context(redis_broker()),
                "AIRFLOW__CELERY__RESULT_BACKEND": f"db+postgresql://{address}",
            }
        folder = tmp_path_factory.mktemp("studio")
        studio = open_studio(folder, film, slots=SLOTS, pace=PACE, env=env, kind=kind)
        stack.callback(studio.close)
        yield studio


@pytest.mark.parametrize("dag_id", ["many", "many_with_messages"])
def test_each_video_is_made_once(studio: Studio, dag_id: str) -> None:
    """Every message, render and upload once for each video; the slots are told."""
    api, service = studio.airflow.api, studio.service
    api.wait_for_dag(dag_id)
    before, began = counts_of(service), time.monotonic()
    conf = {"images": studio.pictures, "count": VIDEOS}
    dag_run = api.trigger(dag_id, conf)
    slot_seconds, last = 0.0, began
    while (state := api.run(dag_id, dag_run)["state"]) not in ("success", "failed"):
        assert time.monotonic() - began < MOST_S, Counter(
            task["state"] for task in api.tasks(dag_id, dag_run)
        )
        time.sleep(LOOK_S)
        now = time.monotonic()
        slot_seconds += (now - last) * len(studio.airflow.workers())
        last = now
    seconds, after = time.monotonic() - began, counts_of(service)
    made = {kind: after[kind] - before[kind] for kind in after}
    print(
        f"\n{dag_id}: {VIDEOS} videos in {seconds:.0f} s on {SLOTS} slots, "
        f"{slot_seconds / VIDEOS:.1f} s of a slot for each; {made}"
    )
    assert state == "success"
    assert made == {kind: VIDEOS * count for kind, count in ONE_VIDEO.items()}
