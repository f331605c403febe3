"""The tasks as Prefect sees them: named, bounded, repeated only where it may be, and told of."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from prefect import Task, flow, get_client
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.objects import Artifact, State
from prefect.server.events.schemas.events import Resource, ResourceSpecification
from prefect.states import Failed

import prefect_flows
from nemovideo_nodes import prefect as package
from nemovideo_nodes.engine.kinds.kind import Progress
from nemovideo_nodes.engine.loop import Event
from nemovideo_nodes.errors import BadInput, NemoVideoError, RunStopped, StoreError, Unreachable
from nemovideo_nodes.ledger.run import StepRecord
from nemovideo_nodes.prefect import posts_due, send_prompt, tasks
from nemovideo_nodes.prefect.ephemeral import ephemeral_server
from nemovideo_nodes.prefect.failure import explain_failure, message_of
from nemovideo_nodes.prefect.logs import RunLog
from nemovideo_nodes.prefect.progress import ProgressBar
from nemovideo_nodes.prefect.step_task import step_task
from nemovideo_nodes.request.steps import AwaitRender, Step

pytestmark = pytest.mark.xdist_group("prefect")

TASKS: list[Task[Any, Any]] = [getattr(tasks, name) for name in tasks.__all__]


@pytest.mark.parametrize("unit", [*TASKS, posts_due], ids=lambda unit: unit.name)
def test_every_task_is_named_described_and_bounded(unit: Task[Any, Any]) -> None:
    """The journal decides what is done again: nothing is cached or persisted."""
    assert unit.description
    assert unit.name[0].isupper()
    assert unit.timeout_seconds
    assert unit.persist_result is False
    assert unit.cache_policy is NO_CACHE
    assert unit.with_options(retries=1).isasync


def test_the_message_that_costs_money_is_never_repeated_by_prefect() -> None:
    """All others are, and then only where waiting can help: Prefect wants that said async."""
    assert send_prompt.retries == 0
    for unit in TASKS:
        if unit is not send_prompt:
            assert unit.retries == 2
            assert inspect.iscoroutinefunction(unit.retry_condition_fn)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RunStopped("the service is away", resumable=True), True),
        (RunStopped("no credits"), False),
        (StoreError("the disk is full"), True),
        (Unreachable("the pictures' host is away"), True),
        (BadInput("no such file"), False),
        (MemoryError(), False),
    ],
)
async def test_a_task_is_repeated_where_waiting_can_help(error: Exception, expected: bool) -> None:
    """Not where a person has to do something first."""
    state: State[Any] = Failed(data=error, message="failed")
    condition: Any = tasks.upload.retry_condition_fn
    assert await condition(tasks.upload, None, state) is expected


async def test_the_log_of_a_task_names_no_class(
    prefect_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither where it is retried nor at its end; whoever calls it gets the error raised."""

    @step_task("Try", run_name="try", timeout_s=60)
    async def failing() -> None:
        raise Unreachable("No connection")

    @flow
    @explain_failure
    async def fails() -> None:
        await failing.with_options(retries=1, retry_delay_seconds=0)()

    with pytest.raises(Unreachable):
        await fails()
    lines = [one.getMessage() for one in caplog.records if one.name == "prefect.task_runs"]
    assert any("No connection" in line and "Retry 1/1" in line for line in lines)
    assert "No connection" in lines[-1]
    assert not [line for line in lines if "Unreachable" in line]
    with pytest.raises(Unreachable):
        await failing.fn()


async def test_the_bar_shows_the_share_of_the_run_that_is_done(
    prefect_home: Path, wait_until: Callable[..., Any]
) -> None:
    """With the part of the step at work, and its words; what is secret in them is not shown."""
    steps = ["upload/0", "prompt/0", "render/0", "await/0"]
    text = "thinking about token=nmv_usr_canary0123456789"

    def shown(percent: float = 37.5) -> list[Artifact]:
        key = ArtifactFilterKey(any_=["bar-progress"])
        with get_client(sync_client=True) as client:
            found = client.read_artifacts(artifact_filter=ArtifactFilter(key=key))
        return [one for one in found if one.data == percent]

    @flow
    async def watched() -> list[Artifact]:
        async with ProgressBar("bar-progress", steps, every_s=0.05) as bar:
            bar.show(Event("begin", "prompt/0"))
            half = Progress("prompt/0", "fraction", done=1, total=2)
            bar.show(Event("progress", "prompt/0", progress=half))
            bar.show(Event("progress", "prompt/0", progress=Progress("prompt/0", "text", text)))
            seen = list(await asyncio.to_thread(wait_until, shown, "the bar", 60))
            bar.show(Event("end", "prompt/0"))
        return seen

    (artifact,) = await watched()
    assert await asyncio.to_thread(shown, 50.0)  # the step as a whole, once it is done
    assert artifact.type == "progress"
    assert "thinking" in str(artifact.description)
    assert "canary" not in str(artifact.description)


def test_a_long_step_says_so_every_minute(caplog: pytest.LogCaptureFixture) -> None:
    """While a render is waited for, the log never stands still; a new quarter is told at once."""
    now = 0.0
    with caplog.at_level(logging.INFO, logger="prefect.nemovideo"):
        log = RunLog(clock=lambda: now)
        log.show(Event("begin", "await/0", record=awaited()))
        for _ in range(30):
            now += 10
            half = Progress("await/0", "fraction", done=1, total=2)
            log.show(Event("progress", "await/0", progress=half))
    lines = [one.getMessage() for one in caplog.records]
    assert lines[:2] == ["Rendering…", "Rendering: 50%…"]
    assert lines[2:] == [f"Rendering: {minute} min so far, 50%" for minute in range(1, 5)]


def awaited() -> StepRecord:
    """A render that is waited for."""
    args = AwaitRender(render="render/0")
    return StepRecord(step=Step(id="await/0", args=args), asked_at=datetime(2026, 1, 5, tzinfo=UTC))


def test_a_pausing_automation_does_not_count_a_users_mistake() -> None:
    """Its pattern knows the end of the message of a flow run that was given unusable input."""
    file = Path(prefect_flows.__file__).with_name("automations.yaml")
    automations = yaml.safe_load(file.read_text("utf-8"))["automations"]
    (pausing,) = [one for one in automations if one["actions"][0]["type"] == "pause-deployment"]
    pattern = ResourceSpecification(pausing["trigger"]["match"])

    def counts(error: NemoVideoError) -> bool:
        labels = {
            "prefect.resource.id": f"prefect.flow-run.{uuid4()}",
            "prefect.state-message": message_of(error),
        }
        return pattern.matches(Resource(labels))

    assert not counts(BadInput("There is no file 'x.png': check the path"))
    assert counts(RunStopped("There are no credits left"))


def test_the_old_names_are_aliases() -> None:
    """Flows of before import them, and a module that is called otherwise now."""
    assert package.carry_out is package.execute_run
    assert package.make_each is package.run_each_post
    assert package.look_and_refine is package.review_and_refine
    assert package.Look is package.Review
    old = importlib.import_module("nemovideo_nodes.prefect.by_hand")
    assert old.by_hand is ephemeral_server
