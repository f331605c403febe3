"""`ImageToVideoOperator` in a DAG, with and without a trigger: one video, paid for once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from stage import Stage

from nemovideo_nodes.airflow.video import ImageToVideoOperator

RunDag = Callable[..., Any]


def video_dag(name: str, **arguments: Any) -> DAG:
    with DAG(name, schedule=None) as dag:
        ImageToVideoOperator(task_id="video", **arguments)
    return dag


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_task_makes_one_video(studio: Stage, run_dag: RunDag, deferrable: bool) -> None:
    """The XCom is the run's result as small JSON, with the digest of a video that is there."""
    dag = video_dag(
        f"video_{deferrable}",
        images=studio.pictures,
        prompt="A 2 second video",
        deferrable=deferrable,
    )
    ran = run_dag(dag, run_triggerer=True)
    assert ran.success
    assert studio.sent == (1, 1, 2)
    result = ran.xcoms["video"]
    assert result["status"] == "done"
    assert Path(result["videos"][0]["path"]).is_file()
    assert json.loads(json.dumps(result)) == result
