"""How often the operator asks a bucket: worker, trigger and worker again are a process each."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk import DAG
from stage import Stage

from nemovideo_nodes.airflow.video import ImageToVideoOperator


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_task_of_two_pictures_costs_few_requests(
    studio: Stage,
    bucket: str,
    asked: list[str],
    run_dag: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    deferrable: bool,
) -> None:
    """At most 100, from the pictures to the link on the video's page."""
    connection = {
        "conn_type": "nemovideo",
        "host": studio.emulator.url,
        "extra": {"store": bucket, "client_id": studio.client_id},
    }
    monkeypatch.setenv("AIRFLOW_CONN_NEMOVIDEO_DEFAULT", json.dumps(connection))
    with DAG(f"bucket_{deferrable}", schedule=None) as dag:
        ImageToVideoOperator(
            task_id="video",
            images=studio.pictures,
            prompt="A 2 second video",
            deferrable=deferrable,
        )
    assert run_dag(dag, run_triggerer=True).success
    assert studio.sent == (1, 1, 2)
    assert len(asked) <= 100, asked
