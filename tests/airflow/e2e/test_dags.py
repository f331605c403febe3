"""Each of our DAGs, started through the REST API of a real Airflow: the videos are there."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from airflow_studio import Studio

from nemovideo_nodes.ledger.facts import Intended

DagRuns = dict[str, str]
"""DAG id → DAG run id."""


def results_of(
    studio: Studio, begun: DagRuns, dag_id: str, task_id: str, mapped: int = 0
) -> list[Any]:
    """What the task returned (each of its mapped ones), once the DAG run has ended well."""
    api = studio.airflow.api
    assert api.wait_for_run(dag_id, begun[dag_id], seconds=600)["state"] == "success"
    indices = range(mapped) if mapped else [-1]
    return [api.xcom(dag_id, begun[dag_id], task_id, map_index=index) for index in indices]


def assert_videos(results: list[Any], each: int = 1) -> None:
    """Each of them has that many videos, whole, where it says that they are."""
    for result in results:
        assert result["status"] == "done"
        assert len(result["videos"]) == each
        for video in result["videos"]:
            data = Path(video["path"]).read_bytes()
            assert hashlib.sha256(data).hexdigest() == video["sha256"]


def test_all_are_imported(studio: Studio, begun: DagRuns) -> None:
    """The DAG processor and the command find nothing wrong with them."""
    assert studio.airflow.api.import_errors() == []
    listed = studio.airflow.run("dags", "list-import-errors", "--output", "json")
    assert listed.splitlines()[-1] == "[]"


def test_quick_edit_and_its_link(studio: Studio, begun: DagRuns) -> None:
    """A video of two pictures; the extra link opens the run's page, which shows it."""
    (result,) = results = results_of(studio, begun, "image_to_video", "video")
    assert_videos(results)
    links = studio.airflow.api.links("image_to_video", begun["image_to_video"], "video")
    page = studio.airflow.api.ask("GET", links["NemoVideo run"])
    assert result["run_id"] in page.text
    assert "video.mp4" in page.text


def test_without_a_triggerer(studio: Studio, begun: DagRuns) -> None:
    """A task that is not deferrable does all of it in the worker."""
    assert_videos(results_of(studio, begun, "held_by_a_worker", "video"))


def test_batch(studio: Studio, begun: DagRuns) -> None:
    """A video of each picture, each a run of its own."""
    results = results_of(studio, begun, "video_batch", "video", mapped=2)
    assert_videos(results)
    assert len({result["run_id"] for result in results}) == 2


def test_social_content(studio: Studio, begun: DagRuns) -> None:
    """A video of each post that is due."""
    assert_videos(results_of(studio, begun, "social_content", "video", mapped=2))


def test_iterate(studio: Studio, begun: DagRuns) -> None:
    """A first video, and one after a change, in one run."""
    assert_videos(results_of(studio, begun, "video_iterate", "changes"), each=2)


def test_from_a_webhook(studio: Studio, begun: DagRuns) -> None:
    """The delivery's run id is the run's."""
    (result,) = results = results_of(studio, begun, "video_from_webhook", "video")
    assert_videos(results)
    assert result["run_id"] == "delivery-1"


def see_another_through(studio: Studio, folder: Path) -> None:
    """Wait until the scheduler has heard that the worker let go of the tasks before.

    Until then an answer can fail a task that asks a person (Airflow 3.3); it has once it has seen a
    later task through.
    """
    go = folder / "go"
    go.touch()
    later = studio.airflow.api.trigger("held", {"file": str(go)})
    assert studio.airflow.api.wait_for_run("held", later)["state"] == "success"


def test_approval_before_the_export(studio: Studio, begun: DagRuns, tmp_path: Path) -> None:
    """Single operators, and nothing is exported before a person says yes."""
    api, dag_id = studio.airflow.api, "video_with_approval"
    dag_run = begun[dag_id]
    api.wait_for_task(dag_id, dag_run, "approve", "deferred", "awaiting_input", seconds=600)
    run_id = api.xcom(dag_id, dag_run, "prompt")["run_id"]
    assert not any(
        isinstance(fact, Intended) and fact.step == "render/0" for fact in studio.facts(run_id)
    )
    assert "Timeline (" in api.question(dag_id, dag_run, "approve")["body"]
    see_another_through(studio, tmp_path)
    api.approve(dag_id, dag_run, "approve")
    (result,) = results = results_of(studio, begun, dag_id, "download")
    assert_videos(results)
    assert result["run_id"] == run_id


def test_a_task_asks_a_person_from_within(studio: Studio, begun: DagRuns, tmp_path: Path) -> None:
    """The task that makes the video waits among the required actions, and goes on at a yes."""
    api, dag_id = studio.airflow.api, "image_to_video"
    results_of(studio, begun, dag_id, "video")  # SQLite takes no new run while all begin at once
    conf = {"images": studio.pictures, "prompt": "Approved", "approval": "before_export within 1d"}
    dag_run = api.trigger(dag_id, conf)
    api.wait_for_task(dag_id, dag_run, "video", "deferred", "awaiting_input", seconds=600)
    question = api.question(dag_id, dag_run, "video")
    assert question["subject"] == "Export this video?"
    assert "Timeline (" in question["body"]
    see_another_through(studio, tmp_path)
    api.approve(dag_id, dag_run, "video")
    (result,) = results = results_of(studio, {dag_id: dag_run}, dag_id, "video")
    assert_videos(results)
    (given,) = result["approvals"]
    assert (given["stage"], given["decision"]) == ("before_export", "approve")
    assert given["who"]


def test_going_on_and_making_again(studio: Studio, begun: DagRuns) -> None:
    """A finished run is found done, and nothing is sent; told to make it again, it is another."""
    api = studio.airflow.api
    (first,) = results_of(studio, begun, "image_to_video", "video")
    told = {}
    for again in (False, True):
        conf = {"run_id": first["run_id"], "again": again}
        dag_run = api.trigger("video_resume", conf)
        (told[again],) = results_of(studio, {"video_resume": dag_run}, "video_resume", "video")
    assert told[False] == first
    assert told[True]["run_id"] != first["run_id"]
    assert_videos([told[True]])
