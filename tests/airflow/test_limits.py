"""What an operator is told of time, of deferring and of accounts, and what it makes of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.bases.operator import ExecutorSafeguard
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    TaskDeferred,
)
from hypothesis import given
from hypothesis import strategies as st
from stage import Stage

from nemovideo_nodes.airflow import aliases
from nemovideo_nodes.airflow.deadlines import absolute_deadline, earliest
from nemovideo_nodes.airflow.operators import NodeOperator, StepOperator
from nemovideo_nodes.airflow.segments import Segment, next_segment
from nemovideo_nodes.airflow.sensors import RenderSensor
from nemovideo_nodes.airflow.video import ImageToVideoOperator
from nemovideo_nodes.errors import BadInput, RunStopped

RunDag = Callable[..., Any]
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What an operator is called with, outside of Airflow's task runner."""
    monkeypatch.setattr(ExecutorSafeguard, "test_mode", True)
    instance = SimpleNamespace(
        dag_id="dag",
        run_id="manual__1",
        task_id="video",
        map_index=-1,
        try_number=1,
        max_tries=3,
        xcom_push=lambda key, value: None,
        get_first_reschedule_date=lambda context: None,
    )
    return {"ti": instance, "outlet_events": {}}


@given(st.one_of(st.timedeltas(timedelta(0), timedelta(days=999)), st.floats(0, 1e7)))
def test_a_length_of_time_counts_from_a_start(length: timedelta | float) -> None:
    """As a `timedelta`, as seconds, and as seconds in a text."""
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    expected = NOW + timedelta(seconds=seconds)
    for limit in (length, seconds, str(seconds)):
        found = datetime.fromisoformat(absolute_deadline(limit, NOW))
        assert abs(found - expected) < timedelta(milliseconds=1)


def test_the_execution_timeout_is_a_deadline_if_it_comes_first() -> None:
    """Then the task is tried again, as Airflow does it."""
    assert earliest("", None) == ("", False)
    assert earliest("2999-01-05T09:00:00+00:00", timedelta(hours=1))[1]
    past = "2026-01-05T09:00:00+00:00"
    assert earliest(past, timedelta(hours=1)) == (past, False)


def test_the_execution_timeout_holds_while_deferred(studio: Stage, context: Any) -> None:
    """The trigger gets it as a deadline, and the task is retried when it has passed."""
    task = ImageToVideoOperator(
        task_id="video",
        images=studio.pictures,
        prompt="A 2 second video",
        execution_timeout=timedelta(hours=1),
    )
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(context)
    _, arguments = deferred.value.trigger.serialize()
    assert arguments["deadline"]
    assert arguments["deadline_retryable"]
    event = {**arguments, "status": "deadline", "resumable": True, "error": "It took too long"}
    with pytest.raises(RunStopped, match="It took too long"):
        task.execute_complete(context, event)


def test_messages_stay_on_the_worker_unless_asked(studio: Stage, context: Any) -> None:
    """Only what can be repeated is deferred."""
    arguments: dict[str, Any] = {
        "task_id": "video",
        "images": studio.pictures,
        "prompt": "A 2 second video",
    }
    with pytest.raises(TaskDeferred) as deferred:
        ImageToVideoOperator(**arguments, defer_messages=True).execute(context)
    assert studio.sent == (0, 0, 2)
    assert deferred.value.trigger.through == "await/0"
    with pytest.raises(TaskDeferred) as deferred:
        ImageToVideoOperator(**arguments).execute(context)
    assert studio.sent == (1, 0, 2)
    assert deferred.value.trigger.through == "await/0"


def test_segments_follow_each_other(studio: Stage) -> None:
    """Worker, triggerer, worker; no further than the goal."""
    run = studio.workspace().load(_submitted(studio))
    assert next_segment(run) == Segment("state/0", deferred=False)
    assert next_segment(run, "session/0") == Segment("session/0", deferred=False)
    assert next_segment(run, defer_messages=True) == Segment("upload/1", deferred=False)


def _submitted(studio: Stage) -> str:
    import asyncio

    return asyncio.run(studio.workspace().submit_prepared(studio.order()))


@pytest.mark.parametrize(("told", "deferrable"), [(None, True), ("False", False), ("True", True)])
def test_deferring_is_as_airflow_is_configured(
    monkeypatch: pytest.MonkeyPatch, told: str | None, deferrable: bool
) -> None:
    """Where it is configured at all; the operator's own word goes before it."""
    monkeypatch.delenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", raising=False)
    if told is not None:
        monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", told)
    assert ImageToVideoOperator(task_id="x").deferrable is deferrable
    assert ImageToVideoOperator(task_id="x", deferrable=not deferrable).deferrable is not deferrable
    assert RenderSensor(task_id="x", mode="poke").deferrable is False


@pytest.mark.parametrize("event", [None, {}, {"status": "paused", "run_id": "x"}, "done"])
def test_an_unknown_event_is_refused_with_a_sentence(context: Any, event: Any) -> None:
    """As one of a version to come."""
    with pytest.raises(AirflowFailException, match="clear the task to resume"):
        ImageToVideoOperator(task_id="video").execute_complete(context, event)


def test_a_deferred_failure_says_once_what_to_do(context: Any) -> None:
    """The trigger sends the remedy, and the task words it."""
    event = {"run_id": "abc", "deadline": "", "status": "stopped", "error": "The answer was lost"}
    task = ImageToVideoOperator(task_id="video")
    with pytest.raises(RunStopped) as stopped:
        task.execute_complete(context, event | {"resumable": True, "remedy": "retry"})
    assert str(stopped.value) == (
        "The answer was lost. Nothing is lost: the next try of the task, or Clear, resumes the run"
    )
    with pytest.raises(AirflowFailException, match="video_resume for run abc with `resend`"):
        task.execute_complete(context, event | {"resumable": False, "remedy": "resend"})
    assert "/nemovideo/runs/abc?" in task.run_page


@pytest.mark.parametrize("deferrable", [False, True])
def test_soft_fail_hides_no_failure(studio: Stage, context: Any, deferrable: bool) -> None:
    """A timeout skips the task; a run that needs a person fails it."""
    arguments: dict[str, Any] = {"task_id": "wait", "soft_fail": True, "mode": "poke"}
    sensor = RenderSensor(**arguments, run_id="r", deferrable=deferrable, poke_interval=0.01)
    sensor.nemovideo_conn_id = "not-there"
    with pytest.raises(AirflowFailException, match="There is no connection"):
        sensor.execute(context)
    event = {"run_id": "r", "deadline": "", "resumable": False, "error": "The render failed"}
    with pytest.raises(AirflowFailException, match="The render failed"):
        sensor.resume_execution(
            "execute_complete", {"event": event | {"status": "stopped"}}, context
        )
    with pytest.raises(AirflowSkipException):
        sensor.resume_execution(
            "execute_complete", {"event": event | {"status": "deadline"}}, context
        )


def test_a_sensor_in_poke_mode_times_out(studio: Stage, context: Any) -> None:
    """By its deadline, which counts from the first poke and not from each."""
    run = _submitted(studio)
    studio.emulator.add_fault("credits", 1, "code:503", times=1000)
    sensor = RenderSensor(
        task_id="wait",
        run_id=run,
        mode="poke",
        poke_interval=0.01,
        deadline=timedelta(seconds=0.5),
    )
    with pytest.raises(AirflowSensorTimeout, match="The deadline of the task"):
        sensor.execute(context)


def test_a_new_token_of_the_account_is_taken_on_a_persons_word(
    studio: Stage, context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it the run is another account's, and nothing is sent."""
    import json
    import os

    arguments: dict[str, Any] = {
        "task_id": "video",
        "images": studio.pictures,
        "prompt": "A 2 second video",
    }
    with pytest.raises(TaskDeferred):
        ImageToVideoOperator(**arguments).execute(context)
    connection = json.loads(os.environ["AIRFLOW_CONN_NEMOVIDEO_DEFAULT"])
    connection["extra"]["client_id"] = "another"
    monkeypatch.setenv("AIRFLOW_CONN_NEMOVIDEO_DEFAULT", json.dumps(connection))
    resumed = ImageToVideoOperator(**arguments, deferrable=False)
    with pytest.raises(AirflowFailException, match="another account"):
        resumed.execute(context)
    assert studio.sent == (1, 0, 2)
    resumed.same_account = "True"
    resumed._permit(resumed._driver(context, resumed._workspace(), _only_run(studio), ""))
    notes = [fact for fact in studio.facts(_only_run(studio)) if fact.fact == "noted"]
    assert [note for note in notes if note.topic == "account"]


def _only_run(studio: Stage) -> str:
    (run_id,) = studio.workspace().run_ids()
    return run_id


def test_old_names_keep_working() -> None:
    """All of them, as one module lists them."""
    assert aliases.CLASSES == {"nemovideo_nodes.airflow.operators.NodeOperator": "StepOperator"}
    assert NodeOperator is StepOperator
    assert aliases.ARGUMENTS == {"deadline": "timeout"}
    with DAG("old_names", schedule=None):
        task = ImageToVideoOperator(task_id="x", deadline=timedelta(hours=1))
    assert task._deadline_of({})[0]


def test_a_wrong_timeout_is_refused() -> None:
    """In one sentence."""
    with pytest.raises(BadInput, match="is not a time"):
        absolute_deadline("tomorrow")
