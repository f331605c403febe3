"""What clearing a task does with `on_clear="auto"`: it resumes, or makes a new video."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import AssetAlias
from airflow.sdk.bases.operator import ExecutorSafeguard
from airflow.sdk.exceptions import AirflowFailException
from stage import Stage

from nemovideo_nodes.airflow.operators import (
    AcquireTokenOperator,
    CreateSessionOperator,
    UploadMediaOperator,
)
from nemovideo_nodes.airflow.run_operator import RunOperator
from nemovideo_nodes.airflow.video import ImageToVideoOperator, RefineVideoOperator
from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.errors import RunStopped


@pytest.fixture(autouse=True)
def outside_of_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow lets only its task runner execute an operator."""
    monkeypatch.setattr(ExecutorSafeguard, "test_mode", True)


class Events(dict[Any, Any]):
    """What a task says of its assets, by the asset or alias."""

    def __missing__(self, outlet: Any) -> Any:
        added: list[Any] = []
        self[outlet] = SimpleNamespace(
            extra={}, added=added, add=lambda asset, extra: added.append((asset.uri, extra))
        )
        return self[outlet]


class Instance:
    """A task instance, which is retried and cleared as Airflow does it."""

    def __init__(self, operator: RunOperator, map_index: int = -1) -> None:
        self.dag_id, self.run_id, self.task_id = "dag", "manual__1", operator.task_id
        self.map_index, self.try_number, self.max_tries = map_index, 1, 3
        self.operator = operator
        self.started = SystemClock().now()
        self.events = Events()

    def xcom_push(self, key: str, value: Any) -> None:
        """Airflow keeps it."""

    def work(self) -> Any:
        """One try."""
        self.events = Events()
        dag_run = SimpleNamespace(start_date=self.started)
        context: Any = {"ti": self, "outlet_events": self.events, "dag_run": dag_run}
        return self.operator.execute(context)

    def retry(self) -> Any:
        self.try_number += 1
        return self.work()

    def clear(self) -> Any:
        self.max_tries = self.try_number + 3
        self.started = SystemClock().now()
        return self.retry()

    def told(self) -> list[tuple[str, str]]:
        """URI of the asset, and digest of the video, of each event of an alias."""
        return [(uri, extra["sha256"]) for one in self.events.values() for uri, extra in one.added]


def video(studio: Stage, **more: Any) -> Instance:
    arguments = {"images": studio.pictures, "prompt": "A 2 second video", **more}
    return Instance(
        ImageToVideoOperator(
            task_id="video", deferrable=False, outlets=[AssetAlias("made")], **arguments
        )
    )


@contextmanager
def failing(studio: Stage, endpoint: str, kind: str) -> Iterator[None]:
    studio.emulator.add_fault(endpoint, 1, kind, times=50)
    yield
    studio.emulator.faults.clear()


def test_cleared_after_a_failure_it_resumes_the_run(studio: Stage) -> None:
    """What was paid for before the failure is not paid for again; also in the tries after."""
    task = video(studio)
    with failing(studio, "export", "code:402"), pytest.raises(AirflowFailException):
        task.work()
    with failing(studio, "export", "code:402"), pytest.raises(AirflowFailException):
        task.clear()
    result = task.clear()
    assert studio.sent == (1, 1, 2)
    assert result["run_id"] == task.retry()["run_id"]
    assert studio.sent == (1, 1, 2)


def test_cleared_after_a_success_it_makes_a_new_video(studio: Stage) -> None:
    """Once: a retry behind that Clear is still the same new video."""
    task = video(studio)
    first = task.work()
    assert task.retry()["run_id"] == first["run_id"]
    second = task.clear()
    assert second["run_id"] != first["run_id"]
    assert task.retry()["run_id"] == second["run_id"]
    assert studio.sent[:2] == (2, 2)


def test_a_resumed_run_that_succeeded_is_not_resumed_for_ever(studio: Stage) -> None:
    """Failed, cleared, done, cleared: the last Clear makes a new video."""
    task = video(studio)
    with failing(studio, "export", "code:402"), pytest.raises(AirflowFailException):
        task.work()
    resumed = task.clear()
    again = task.clear()
    assert again["run_id"] != resumed["run_id"]
    assert studio.sent[:2] == (2, 2)


def test_a_video_that_was_made_but_not_copied_is_not_made_again(studio: Stage) -> None:
    """The task had not succeeded, though its run had."""
    (studio.folder / "file").touch()
    task = video(studio, destination=str(studio.folder / "file"))
    with pytest.raises(RunStopped, match="cannot be copied"):
        task.work()
    task.operator.destination = str(studio.folder / "copies")
    task.clear()
    assert studio.sent == (1, 1, 2)
    assert task.told()[0][0] == f"file://{studio.folder}/copies"


@pytest.mark.parametrize(("on_clear", "videos"), [("new", 2), ("resume", 1)])
def test_told_so_it_always_makes_or_resumes(studio: Stage, on_clear: str, videos: int) -> None:
    """Whatever became of the task."""
    task = video(studio, on_clear=on_clear)
    task.work()
    task.clear()
    assert studio.sent[1] == videos


def test_changes_are_resumed_or_sent_again(studio: Stage) -> None:
    """As with a first video: cleared after a failure they are not sent twice."""
    first = video(studio).work()
    task = Instance(
        RefineVideoOperator(
            task_id="changes",
            run_id=first["run_id"],
            prompt="make it square",
            deferrable=False,
            outlets=[AssetAlias("made")],
        )
    )
    with failing(studio, "export", "code:402"), pytest.raises(AirflowFailException):
        task.work()
    result = task.clear()
    assert studio.sent == (2, 2, 2)
    assert [digest for _, digest in task.told()] == [result["videos"][1]["sha256"]]
    task.clear()
    assert studio.sent[0] == 3


def test_an_event_comes_once_for_a_video_that_the_task_made(studio: Stage) -> None:
    """None from a task that finds the run done; one asset for all videos of a DAG."""
    task = video(studio)
    result = task.work()
    assert task.told() == [("nemovideo://dag/", result["videos"][0]["sha256"])]
    found = Instance(
        ImageToVideoOperator(task_id="other", run_id=result["run_id"], outlets=[AssetAlias("made")])
    )
    found.started += timedelta(seconds=1)
    assert found.work()["run_id"] == result["run_id"]
    assert found.told() == []
    assert studio.sent == (1, 1, 2)


def test_several_pictures_are_uploaded_in_their_order(studio: Stage) -> None:
    """By one task; a later try takes what an earlier one asked for, though the files are gone."""
    for kind in (AcquireTokenOperator, CreateSessionOperator):
        Instance(kind(task_id=kind.__name__, run_id="by-hand")).work()
    pictures = [*reversed(studio.pictures)]
    task = Instance(UploadMediaOperator(task_id="upload", run_id="by-hand", media=pictures))
    task.work()
    names = [
        record.step.args.media.name  # type: ignore[union-attr]
        for record in studio.workspace().load("by-hand").steps.values()
        if record.step.node == "upload"
    ]
    assert names == ["picture-1.png", "picture-0.png"]
    task.operator.media = ["gone.png"]
    task.retry()
    assert studio.sent[2] == 2
