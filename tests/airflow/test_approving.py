"""A task that makes a video asks a person among Airflow's required actions, from within itself."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred
from airflow.sdk.bases.operator import ExecutorSafeguard
from approvals import order
from stage import Stage

from nemovideo_nodes.airflow.approving import note_answer
from nemovideo_nodes.airflow.run_driver import RunDriver
from nemovideo_nodes.airflow.video import ImageToVideoOperator
from nemovideo_nodes.errors import BadInput

ANN = {"id": "1", "name": "Ann"}


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What an operator is called with, outside of Airflow's task runner."""
    monkeypatch.setattr(ExecutorSafeguard, "test_mode", True)
    instance = SimpleNamespace(
        id=uuid.UUID(int=1),
        dag_id="dag",
        run_id="manual__1",
        task_id="video",
        map_index=-1,
        try_number=1,
        max_tries=3,
        xcom_push=lambda key, value: None,
        get_first_reschedule_date=lambda context: None,
    )
    return {"ti": instance, "task_instance": instance, "outlet_events": {}}


def answered(studio: Stage, run_id: str, event: Mapping[str, Any]) -> bool:
    """Note an answer to what the run shows; whether there was one."""
    driver = RunDriver(studio.workspace(), run_id, print)
    asked = studio.workspace().result(run_id).approval
    noting = note_answer(driver, asked.seen if asked else "", event)
    if noting is not None:
        asyncio.run(noting)
    return noting is not None


def test_an_answer_of_the_form_is_the_persons_word(studio: Stage) -> None:
    """Its option, its text, and who gave it; a timeout is no word."""
    ordered = order(studio, "before_paying")
    asyncio.run(studio.work(ordered))
    run_id = ordered.run_id
    assert not answered(studio, run_id, {"error": "late", "error_type": "timeout"})
    change = {"chosen_options": ["Change"], "responded_by_user": ANN}
    with pytest.raises(BadInput, match="and not which"):
        answered(studio, run_id, {**change, "params_input": {"change": " "}})
    assert answered(studio, run_id, {**change, "params_input": {"change": "add a title"}})
    asyncio.run(studio.work(ordered))
    assert answered(
        studio,
        run_id,
        {"chosen_options": ["Reject"], "params_input": None, "responded_by_user": ANN},
    )
    words = studio.workspace().result(run_id).approvals
    assert [(one.decision, one.who) for one in words] == [("change", "Ann"), ("reject", "Ann")]


class Impatient(ImageToVideoOperator):
    """Leaves its worker for what another one would wait for."""

    longest_on_worker = timedelta(seconds=0.2)


def test_a_rate_limit_is_waited_for_without_a_worker(studio: Stage, context: Any) -> None:
    """A trigger waits as long as the service asks; then a worker sends the message, once."""
    studio.emulator.add_fault("run_sse", 1, "http:429", arg=1)
    task = Impatient(task_id="video", images=studio.pictures, prompt="A 2 second video")
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(context)
    assert studio.sent == (0, 0, 2)
    trigger = deferred.value.trigger
    assert trigger.serialize()[1]["wait_until"]

    async def events() -> list[Any]:
        return [event.payload async for event in trigger.run()]

    (event,) = asyncio.run(events())
    assert event["status"] == "done"
    with pytest.raises(TaskDeferred) as rendering:
        task.execute_complete(context, event)
    assert studio.sent == (1, 0, 2)
    assert not rendering.value.trigger.serialize()[1]["wait_until"]


def test_the_task_waits_for_a_person_and_goes_on(
    studio: Stage, context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question is put, no worker is held, and the answer carries the task on."""
    hitl = pytest.importorskip("airflow.sdk.execution_time.hitl")
    exceptions = pytest.importorskip("airflow.sdk.exceptions")
    if not hasattr(exceptions, "TaskAwaitingInput"):
        pytest.skip("Airflow before 3.3 waits with a trigger")
    sent: list[Any] = []
    runner = pytest.importorskip("airflow.sdk.execution_time.task_runner")
    supervisor = type("Supervisor", (), {"send": lambda self, msg: sent.append(msg)})()
    monkeypatch.setattr(runner, "SUPERVISOR_COMMS", supervisor, raising=False)
    assert hitl is not None
    task = ImageToVideoOperator(
        task_id="video",
        images=studio.pictures,
        prompt="A 2 second video",
        approval="before_paying within 3d",
        deferrable=False,
    )
    with pytest.raises(exceptions.TaskAwaitingInput) as waiting:
        task.execute(context)
    (question,) = (one for one in sent if hasattr(one, "subject"))
    assert question.subject == "Make this video?"
    assert question.options == ["Approve", "Change", "Reject"]
    assert "Says: A 2 second video" in question.body
    assert 0 < waiting.value.timeout.total_seconds() <= 3 * 86_400
    assert studio.sent == (0, 0, 0)
    event = {"chosen_options": ["Approve"], "params_input": {}, "responded_by_user": ANN}
    assert waiting.value.method_name == "execute_answered"
    result = task.execute_answered(context, event=event, **waiting.value.kwargs)
    assert result["status"] == "done"
    assert result["approvals"][0]["who"] == "Ann"
