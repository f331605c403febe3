"""The flow `image_to_video` at the emulator: done once, gone on after a failure, no secrets."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prefect import flow, get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterKey,
    FlowRunFilter,
    FlowRunFilterId,
)
from prefect.client.schemas.objects import FlowRun, TaskRun
from prefect.context import FlowRunContext
from prefect.states import aget_state_exception

from nemovideo_nodes.errors import BadInput, NemoVideoError, RunStopped
from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.prefect import (
    acquire_token,
    begin_run,
    check_credits,
    create_session,
    send_prompt,
    upload,
)
from nemovideo_nodes.prefect.deduplication import deduplication_key
from prefect_flows.image_to_video import image_to_video

# Prefect's server takes a quarter of a minute to start: one worker runs all tests that need it.
pytestmark = pytest.mark.xdist_group("prefect")

PROMPT = "Make a 3-second vertical video"
NAMES = [
    "begin",
    "Acquire token",
    "Check credits",
    "Create session",
    "Upload red.png",
    "Upload blue.png",
    "Send prompt: Make a 3-second vertical video",
    "Read state",
    "Submit render",
    "Await render",
    "Download",
    "Check credits 2",
    "Claim link",
    "Publish",
    "result",
]
ONE_OF_EACH = {"messages": 1, "renders": 1, "uploads": 2, "sessions": 1}


async def test_the_flow_makes_one_video_and_repeats_nothing(studio: Any) -> None:
    """Run again with the same parameters, it returns the same run, and nothing is sent."""
    first = await image_to_video(studio.images, PROMPT)
    assert first.status == "done"
    assert [path.name for path in studio.store.glob("runs/*/video.mp4")] == ["video.mp4"]
    assert studio.sent == ONE_OF_EACH
    again = await image_to_video(studio.images, PROMPT)
    assert again == first
    assert studio.sent == ONE_OF_EACH
    assert RunResult.model_validate_json(first.model_dump_json()) == first


async def test_again_makes_another_video(studio: Any) -> None:
    """`again` is an occasion of its own; a run id alone takes a run up."""
    first = await image_to_video(studio.images, PROMPT)
    other = await image_to_video(studio.images, PROMPT, again=True)
    assert other.run_id != first.run_id
    assert studio.sent == {key: 2 * count for key, count in ONE_OF_EACH.items()}
    assert await image_to_video([], run_id=first.run_id) == first


async def test_a_failed_step_fails_the_flow_with_its_sentence(studio: Any) -> None:
    """The message says what is wrong and the run; started again, the flow continues."""
    studio.emulator.add_fault("export", 1, "code:402", arg=402)
    state = await image_to_video(studio.images, PROMPT, return_state=True)
    error = await aget_state_exception(state)
    assert isinstance(error, RunStopped)
    assert not re.search(r"\b[a-z]+/\d", str(error))  # no step id
    assert error.run_id in error.sentence
    assert str(error) in (state.message or "").splitlines()[0]
    assert studio.sent == ONE_OF_EACH | {"renders": 0}
    result = await image_to_video(studio.images, PROMPT)
    assert (result.run_id, result.status) == (error.run_id, "done")
    assert studio.sent == ONE_OF_EACH


async def test_a_retry_goes_on_from_the_journal(studio: Any) -> None:
    """Prefect runs every task of a retried flow again; the journal knows what is done."""
    studio.emulator.add_fault("upload", 2, "code:4001")
    result = await image_to_video.with_options(retries=1)(studio.images, PROMPT, again=True)
    assert result.status == "done"
    assert studio.sent == ONE_OF_EACH


async def test_a_crash_between_two_tasks_loses_nothing(studio: Any) -> None:
    """A flow of the same tasks breaks right after the paid message; the ready-made one goes on."""

    @flow
    async def breaks_off() -> None:
        run = await begin_run(studio.images, PROMPT)
        await acquire_token(run)
        await check_credits(run)
        await create_session(run)
        for number in range(len(studio.images)):
            await upload(run, number=number)
        await send_prompt(run)
        raise MemoryError("the worker is gone")

    with pytest.raises(MemoryError):
        await breaks_off()
    assert studio.sent == ONE_OF_EACH | {"renders": 0}
    assert (await image_to_video(studio.images, PROMPT)).status == "done"
    assert studio.sent == ONE_OF_EACH


async def test_a_message_of_unknown_outcome_waits_for_a_person(studio: Any) -> None:
    """A plain new run sends nothing; `resend` sends once more."""
    studio.emulator.add_fault("run_sse", 1, "reset")
    for _ in range(2):
        with pytest.raises(RunStopped, match="`resend` switched on"):
            await image_to_video(studio.images, PROMPT)
    assert studio.sent["messages"] == 0
    assert (await image_to_video(studio.images, PROMPT, resend=True)).status == "done"
    assert studio.sent == ONE_OF_EACH


async def test_bad_input_is_one_sentence_before_anything_is_sent(studio: Any) -> None:
    """The same sentences as on the command line."""
    with pytest.raises(BadInput, match=r"no file .*nothing\.png"):
        await image_to_video(["nothing.png"], PROMPT)
    assert studio.emulator.counts().requests.get("session", 0) == 0


async def test_the_artifact_shows_what_was_made(studio: Any) -> None:
    """Timeline, conversation, poster, path, and what it is made of."""
    result = await image_to_video(studio.images, PROMPT)
    names = [f"nemovideo-{result.run_id}{end}" for end in ("", "-manifest")]
    key = ArtifactFilterKey(any_=names)
    async with get_client() as client:
        artifacts = await client.read_artifacts(artifact_filter=ArtifactFilter(key=key))
    shown = {str(one.key): str(one.data) for one in artifacts}
    summary, table = (shown[name] for name in names)
    assert result.videos[0].path in summary
    assert f"**You:** {PROMPT}" in summary.replace("\\", "")
    assert "## Timeline" in summary
    assert "data:image/jpeg;base64," in summary
    assert "red.png" in table
    assert result.videos[0].sha256[:12] in table
    assert "file:" not in summary  # no browser opens it


async def test_no_byte_of_prefect_or_the_store_holds_the_token(
    studio: Any, prefect_home: Path
) -> None:
    """Parameters, results, artifacts and logs are all in Prefect's folder or its database."""
    studio.emulator.add_fault("export", 1, "code:402", arg=402)
    with pytest.raises(NemoVideoError):
        await image_to_video(studio.images, PROMPT)
    await image_to_video.with_options(persist_result=True)(studio.images, PROMPT)
    prefect, store = _bytes_in(prefect_home), _bytes_in(studio.store)
    assert PROMPT.encode() in prefect
    assert studio.token.encode() not in prefect
    assert studio.token.encode() not in store


def _bytes_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_every_step_is_a_task_run_named_by_what_it_does(
    studio: Any, wait_until: Callable[..., Any]
) -> None:
    """Run again, the finished steps are not shown again."""
    state = await image_to_video(studio.images, PROMPT, return_state=True)
    assert state.state_details.flow_run_id is not None
    mine = FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))

    def ended() -> list[TaskRun]:
        """All of them; Prefect's server learns of task runs from events, and so a little later."""
        with get_client(sync_client=True) as client:
            runs = client.read_task_runs(flow_run_filter=mine)
        done = [run for run in runs if run.state and run.state.is_completed()]
        return done if len(done) >= len(NAMES) else []

    runs = await asyncio.to_thread(wait_until, ended, "the task runs", 60)
    runs = sorted(runs, key=lambda run: run.start_time)
    assert [run.name for run in runs] == NAMES
    # Each waits for the one before: the graph is a chain.
    for before, run in pairwise(runs[:-1]):
        waited = {one.id for inputs in run.task_inputs.values() for one in inputs}
        assert waited == {before.id}, run.name


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({}, ""),
        ({"idempotency_key": "delivery-7"}, "delivery-7"),
        (
            {"auto_scheduled": True, "idempotency_key": "scheduled x"},
            "scheduled 2026-01-05T09:00:00+00:00",
        ),
    ],
)
def test_the_occasion_is_the_schedules_time_or_the_idempotency_key(
    details: dict[str, Any], expected: str
) -> None:
    """By hand it is empty, though Prefect expects a time for those runs, too."""
    due: Any = datetime(2026, 1, 5, 9, tzinfo=UTC)
    run = FlowRun(flow_id=uuid4(), expected_start_time=due, **details)
    with FlowRunContext.model_construct(flow_run=run):
        assert deduplication_key() == expected
        assert deduplication_key(again=True) == f"again {run.id}"
    assert deduplication_key() == ""
