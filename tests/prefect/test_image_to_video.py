"""The flow `image_to_video` at the emulator: done once, gone on after a failure, no secrets."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from flow_studio import Studio, open_studio
from prefect import flow, get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterId,
)
from prefect.client.schemas.objects import Artifact, FlowRun, State, TaskRun
from prefect.context import FlowRunContext
from prefect.settings import PREFECT_RESULTS_PERSIST_BY_DEFAULT, temporary_settings
from prefect.states import aget_state_exception

from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.errors import BadInput, NemoVideoError, RunStopped
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.prefect import (
    acquire_token,
    begin_run,
    check_credits,
    create_session,
    execute_run,
    send_prompt,
    upload,
)
from nemovideo_nodes.prefect.deduplication import deduplication_key
from nemovideo_nodes.testing import copying_renderer
from nemovideo_nodes.workspace import VideoOptions, Workspace
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
    "Send prompt: Make a 3-second vertical video. The frame is v…",
    "Read state",
    "Submit render",
    "Await render",
    "Download",
    "Check credits 2",
    "Claim link",
    "Publish",
    "result",
]
STEP_ID = r"\b(?:token|credits|session|upload|prompt|state|render|await|download|claim|publish)/\d"
CLASS = r"RunStopped|BadInput|Unreachable|[Ee]xception|Error\b"
ONE_OF_EACH = {"messages": 1, "renders": 1, "uploads": 2, "sessions": 1}


@dataclass(frozen=True)
class Story:
    """One video that was made without a fault and asked for twice, and one that stopped once."""

    studio: Studio
    made: State[Any]
    again: RunResult
    sent: dict[str, int]
    """By the first two flow runs."""
    stopped: State[Any]
    error: NemoVideoError
    lines: list[logging.LogRecord]
    """What the stopped flow run logged."""
    resumed: RunResult

    @property
    def result(self) -> RunResult:
        """Of the first flow run, as whoever started it gets it from the server."""
        with get_client(sync_client=True) as client:
            kept = client.read_flow_run(flow_run_of(self.made)).state
        assert kept is not None
        result = kept.result()
        assert isinstance(result, RunResult)
        return result


class Kept(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record)


def flow_run_of(state: State[Any]) -> UUID:
    assert state.state_details.flow_run_id is not None
    return state.state_details.flow_run_id


def artifacts_of(state: State[Any]) -> list[Artifact]:
    mine = ArtifactFilterFlowRunId(any_=[flow_run_of(state)])
    with get_client(sync_client=True) as client:
        return client.read_artifacts(artifact_filter=ArtifactFilter(flow_run_id=mine))


@pytest.fixture(scope="module")
def story(
    prefect_home: Path, film: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    """Told once, since each flow run takes seconds; results are kept, as a user may want it."""
    options = Options(pace=0.0, quick=True, renderer=copying_renderer(film))
    with (
        open_studio(tmp_path_factory.mktemp("story"), options) as studio,
        temporary_settings({PREFECT_RESULTS_PERSIST_BY_DEFAULT: True}),
    ):
        Path(studio.images[0]).with_name("notes.txt").write_text("no picture")
        yield asyncio.run(tell(studio))


async def tell(studio: Studio) -> Story:
    made = await image_to_video(studio.images, PROMPT, "universal", slug="Story", return_state=True)
    again = await image_to_video(studio.images, PROMPT, "universal", slug="Story")
    sent = studio.sent
    studio.emulator.add_fault("export", 1, "code:402", arg=402)
    handler = Kept()
    loggers = [logging.getLogger(name) for name in ("prefect.flow_runs", "prefect.task_runs")]
    for logger in loggers:
        logger.addHandler(handler)
    folder = [str(Path(studio.images[0]).parent)]
    stopped = await image_to_video(folder, "Another video", return_state=True)
    for logger in loggers:
        logger.removeHandler(handler)
    error = await aget_state_exception(stopped)
    assert isinstance(error, NemoVideoError)
    resumed = await image_to_video(folder, "Another video")
    return Story(studio, made, again, sent, stopped, error, handler.lines, resumed)


def test_the_flow_makes_one_video_and_repeats_nothing(story: Story) -> None:
    """Run again with the same parameters, it returns the same run, and nothing is sent."""
    assert story.result.status == "done"
    assert story.again == story.result
    assert story.sent == ONE_OF_EACH
    assert RunResult.model_validate_json(story.result.model_dump_json()) == story.result


def test_every_step_is_a_task_run_named_by_what_it_does(
    story: Story, wait_until: Callable[..., Any]
) -> None:
    """Each waits for the one before: the graph is a chain."""
    mine = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_of(story.made)]))

    def ended() -> list[TaskRun]:
        """All of them; Prefect's server learns of task runs from events, and so a little later."""
        with get_client(sync_client=True) as client:
            runs = client.read_task_runs(flow_run_filter=mine)
        done = [run for run in runs if run.state and run.state.is_completed()]
        return done if len(done) >= len(NAMES) else []

    runs = sorted(wait_until(ended, "the task runs", 60), key=lambda run: run.start_time)
    assert [run.name for run in runs] == NAMES
    for before, run in pairwise(runs):
        waited = {one.id for inputs in run.task_inputs.values() for one in inputs}
        assert waited == {before.id}, run.name


def test_the_artifacts_show_what_was_made(story: Story) -> None:
    """Timeline, conversation, poster, path, and what it is made of; under slug and platform."""
    shown = {str(one.key): str(one.data) for one in artifacts_of(story.made)}
    summary, table = (shown[f"nemovideo-story-universal{end}"] for end in ("", "-manifest"))
    result = story.result
    assert result.videos[0].path in summary
    assert f"**You:** {PROMPT}" in summary.replace("\\", "")
    assert summary.count("## Timeline") == 1
    assert "data:image/jpeg;base64," in summary
    assert "red.png" in table
    assert result.videos[0].sha256[:12] in table
    assert "file:" not in summary  # no browser opens it


def test_a_published_video_is_an_asset_with_what_it_is_like(
    story: Story, wait_until: Callable[..., Any]
) -> None:
    """Under slug and platform, so that a weekly video is one asset, materialised each week."""
    body = {
        "filter": {
            "event": {"name": ["prefect.asset.materialization.succeeded"]},
            "resource": {"id": ["nemovideo://videos/story-universal"]},
        }
    }

    def told() -> list[dict[str, Any]]:
        with get_client(sync_client=True) as client:
            answer = client.request("POST", "/events/filter", json=body)
        found: list[dict[str, Any]] = answer.json()["events"]
        return found

    (event,) = wait_until(told, "the asset", 60)
    assert event["payload"]["run_id"] == story.result.run_id
    assert event["payload"]["videos"][0]["sha256"] == story.result.videos[0].sha256


def test_a_failed_step_fails_the_flow_with_its_sentence(story: Story) -> None:
    """The message says what is wrong and the run; started again, the flow continues."""
    assert isinstance(story.error, RunStopped)
    assert story.stopped.message == str(story.error)
    assert not re.search(STEP_ID, str(story.error))
    assert story.error.run_id in story.error.sentence
    assert (story.resumed.run_id, story.resumed.status) == (story.error.run_id, "done")
    assert story.studio.sent == {kind: 2 * count for kind, count in ONE_OF_EACH.items()}


def test_a_failed_run_explains_itself(story: Story) -> None:
    """No traceback and no class in the log, and a summary with its pictures and what was spent."""
    assert story.lines
    assert not any(one.exc_info for one in story.lines)
    assert not re.search(CLASS, "\n".join(one.getMessage() for one in story.lines))
    (summary,) = [str(one.data) for one in artifacts_of(story.stopped) if one.type == "markdown"]
    assert summary.splitlines()[0] == f"# {Path(story.studio.images[0]).parent.name}: stopped"
    assert summary.count("data:image/jpeg;base64,") == 2
    assert "Export is blocked" in summary
    assert "notes.txt: " in summary.partition("## Left out")[2]
    assert "- Credits spent: not known of this run alone" in summary
    assert "- Estimate: " in summary


def test_no_id_of_a_step_is_shown(story: Story) -> None:
    """Neither in the log nor in an artifact."""
    shown = [one.getMessage() for one in story.lines]
    for state in (story.made, story.stopped):
        for one in artifacts_of(state):
            shown += [str(one.data), str(one.description)]
    for text in shown:
        assert not re.search(STEP_ID, re.sub(r"data:image/jpeg;base64,[\w+/=]+", "", text)), text


def test_no_byte_of_prefect_or_the_store_holds_the_token(story: Story, prefect_home: Path) -> None:
    """Parameters, results, artifacts and logs are all in Prefect's folder or its database."""
    prefect, store = _bytes_in(prefect_home), _bytes_in(story.studio.store)
    assert PROMPT.encode() in prefect
    assert story.studio.token.encode() not in prefect
    assert story.studio.token.encode() not in store


def _bytes_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def made_before(studio: Studio) -> RunResult:
    """The run of the same request, made without a flow: every door has the same run."""
    workspace = Workspace.open()
    prepared = workspace.prepare(VideoOptions(media=studio.images, prompts=[PROMPT]))
    return await workspace.run(prepared)


async def test_again_makes_another_video(studio: Any) -> None:
    """`again` is an occasion of its own; a run id alone takes a run up."""
    first = await made_before(studio)
    assert await image_to_video([], run_id=first.run_id) == first
    other = await image_to_video(studio.images, PROMPT, again=True)
    assert other.run_id != first.run_id
    assert studio.sent == {key: 2 * count for key, count in ONE_OF_EACH.items()}


async def test_a_retry_is_the_same_run_though_a_picture_has_changed(studio: Any) -> None:
    """Prefect runs every task of a retried flow again; the journal knows what is done."""
    studio.emulator.add_fault("export", 1, "code:402", arg=402)

    @flow(retries=1)
    async def retried() -> RunResult:
        run = await begin_run(studio.images, PROMPT)
        assert (await begin_run(studio.images, PROMPT, slug="once more")).run_id == run.run_id
        for image in studio.images:
            Path(image).unlink(missing_ok=True)  # noqa: ASYNC240
        return await execute_run(run)

    assert (await retried()).status == "done"
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
    """`resend` sends once more."""
    studio.emulator.add_fault("run_sse", 1, "reset")
    with pytest.raises(RunStopped, match="`resend` switched on"):
        await image_to_video(studio.images, PROMPT)
    assert studio.sent["messages"] == 0
    assert (await image_to_video(studio.images, PROMPT, resend=True)).status == "done"
    assert studio.sent == ONE_OF_EACH


async def test_bad_input_is_one_sentence_before_anything_is_sent(
    studio: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The same sentences as on the command line, and nothing but sentences in the log."""
    with pytest.raises(BadInput, match=r"no file .*nothing\.png"):
        await image_to_video(["nothing.png"], PROMPT)
    assert "no file" in caplog.text
    assert not re.search(CLASS, caplog.text)
    assert studio.emulator.counts().requests.get("session", 0) == 0


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
