"""The other flows at the emulator: batch, iterate, calendar, webhook; and tasks in sync flows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from prefect import flow, get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterKey,
    ArtifactFilterType,
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterName,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.sorting import ArtifactSort
from prefect.context import FlowRunContext
from prefect.flow_engine import run_flow_async
from prefect.flow_runs import resume_flow_run
from prefect.states import Completed

from nemovideo_nodes.errors import BadInput, RunStopped
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.prefect import (
    NemoVideoCredentials,
    RunHandle,
    VideoJob,
    VideoStore,
    begin_run,
    create_session,
    execute_run,
    run_each_post,
    send_prompt,
    show_result,
    steps_of,
    submit_render,
    upload,
)
from nemovideo_nodes.prefect.calendar_artifact import PROBLEMS
from nemovideo_nodes.workspace.calendar_file import Post
from prefect_flows.batch_images_to_video import batch_images_to_video
from prefect_flows.image_to_video import image_to_video
from prefect_flows.iterate_video import iterate_video
from prefect_flows.parallel_images_to_video import parallel_images_to_video
from prefect_flows.scheduled_social_content import scheduled_social_content
from prefect_flows.video_from_webhook import video_from_webhook

pytestmark = pytest.mark.xdist_group("prefect")

PROMPT = "A 2 second video"


async def test_batch_work_makes_a_video_of_each_picture(studio: Any) -> None:
    """One run, one session; as often as it is started."""
    for _ in range(2):
        result = await batch_images_to_video(studio.images, [PROMPT], platform="tiktok")
        assert (result.status, len(result.videos)) == ("done", 2)
        assert studio.sent == {"messages": 2, "renders": 2, "uploads": 2, "sessions": 1}


@pytest.mark.parametrize("flow", [image_to_video, iterate_video, batch_images_to_video])
async def test_a_held_run_is_released_and_handed_over(
    studio: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flow: Any
) -> None:
    """The form says how; then the video is made once, and its publisher has it."""
    publishers, posts = tmp_path / "handover.toml", tmp_path / "posts"
    publishers.write_text(f'[team]\nkind = "folder"\nplace = "{posts}"\n', "utf-8")
    monkeypatch.setenv("NEMOVIDEO_HANDOVER", str(publishers))
    asked: dict[str, Any] = {
        "run_id": "spring",
        "budget": 50.0,
        "handover": "team",
        "due": "2035-03-02 09:00",
    }
    prompt = [PROMPT] if flow is batch_images_to_video else PROMPT
    with pytest.raises(RunStopped, match="100 of 50 credits of the run") as held:
        await flow(studio.images[:1], prompt, **asked)
    assert "`run_id` spring and `over_budget` switched on" in str(held.value)
    assert studio.sent["messages"] == 0
    result = await flow([], prompt[:0], run_id="spring", over_budget=True)
    assert (result.status, result.handed_over[0].target) == ("done", "team")
    assert [path.name for path in posts.glob("*.mp4")] == ["spring.mp4"]
    assert studio.sent["messages"] == 1


async def test_a_parallel_batch_makes_each_video_in_a_run_of_its_own(
    studio: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """In the order in which people count. One that fails stops no other; started again, only that
    is made."""
    folder = tmp_path / "folder"
    folder.mkdir()
    for image in studio.images:
        Path(image).rename(folder / Path(image).name)  # noqa: ASYNC240
    (folder / "notes.txt").write_text("no picture")
    for image, name in zip(sorted(folder.glob("*.png")), ("2.png", "10.png"), strict=True):
        image.rename(folder / name)
    studio.emulator.add_fault("export", 1, "code:402", arg=402)
    with pytest.raises(RunStopped, match=r"1 of 2 pictures has no video\. 2: ") as caught:
        await parallel_images_to_video([str(folder)], [PROMPT], at_once=1)
    assert not caught.value.resumable  # the plan needs a person
    results = await parallel_images_to_video([str(folder)], [PROMPT])
    assert "Left out: notes.txt: " in caplog.text
    assert [one.status for one in results] == ["done", "done"]
    assert len({one.run_id for one in results}) == 2
    assert studio.sent == {"messages": 2, "renders": 2, "uploads": 2, "sessions": 2}
    with pytest.raises(BadInput, match="3 prompts for 2 pictures"):
        await parallel_images_to_video([str(folder)], ["one", "two", "three"])


async def test_iterative_work_goes_on_with_a_finished_run(studio: Any) -> None:
    """A video after each change; later changes are made in the same session, each once."""
    first = await iterate_video(studio.images, PROMPT, "make it square\nadd calm music")
    assert len(first.videos) == 3
    for _ in range(2):
        again = await iterate_video([], changes="make it landscape", run_id=first.run_id)
        assert len(again.videos) == 4
    assert studio.sent == {"messages": 4, "renders": 4, "uploads": 2, "sessions": 1}


Answers = Callable[..., None]


@pytest.fixture
def answer(wait_until: Callable[..., Any]) -> Answers:
    """Answers the question of the one flow run that waits for a person."""
    paused = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.PAUSED]))
    )

    def answer(**given: object) -> None:
        with get_client(sync_client=True) as client:

            def waiting() -> list[FlowRun]:
                return client.read_flow_runs(flow_run_filter=paused)

            (asked,) = wait_until(waiting, "the question", 120)
            resume_flow_run(asked.id, run_input=given)
            wait_until(lambda: not waiting(), "going on", 120)

    return answer


async def test_a_run_that_needs_approval_is_asked_about_in_a_form(
    studio: Any, answer: Answers
) -> None:
    """Any flow stops there; a change is one more message, and is asked about again."""
    making = asyncio.ensure_future(
        image_to_video(studio.images, PROMPT, approval="before_export", return_state=True)
    )
    await asyncio.to_thread(answer, decision="change", change="make it square", who="Ann")
    assert studio.sent["renders"] == 0
    await asyncio.to_thread(answer, decision="approve", who="Ann")
    state = cast("State[Any]", await making)
    result = await state.aresult()
    assert [(one.decision, one.who) for one in result.approvals] == [
        ("change", "Ann"),
        ("approve", "Ann"),
    ]
    assert studio.sent == {"messages": 2, "renders": 1, "uploads": 2, "sessions": 1}


async def test_a_person_reviews_and_has_it_changed(
    studio: Any, answer: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The flow waits with the summary, makes the change, and ends when the video is approved.

    A change without words is asked for once more. Who answers a week later may have a new token,
    and says so. What was made before is not shown again as tasks.
    """
    making = asyncio.ensure_future(iterate_video(studio.images, PROMPT, look=3, return_state=True))
    await asyncio.to_thread(answer, decision="change")
    monkeypatch.setenv("NEMO_TOKEN", studio.new_token())
    words = {"decision": "change", "change": "make it square", "same_account": True}
    await asyncio.to_thread(answer, **words)
    await asyncio.to_thread(answer, decision="approve")
    state = await making
    assert len((await state.aresult()).videos) == 2
    assert studio.sent["messages"] == studio.sent["renders"] == 2
    assert state.state_details.flow_run_id is not None
    mine = FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))
    async with get_client() as client:
        runs = await client.read_task_runs(flow_run_filter=mine)
        artifacts = await client.read_artifacts(flow_run_filter=mine)
    assert len([run for run in runs if run.name.startswith("Upload")]) == 2
    assert {one.data for one in artifacts if one.type == "progress"} <= {100.0}


async def test_a_person_rejects_the_video(studio: Any, answer: Answers) -> None:
    """Then the flow run fails with their words, and nothing more is paid for."""
    making = asyncio.ensure_future(iterate_video(studio.images, PROMPT, look=2, return_state=True))
    await asyncio.to_thread(answer, decision="reject", change="wrong product")
    state = await making
    assert state.is_failed()
    assert state.message == "The video was rejected: wrong product"
    assert studio.sent["messages"] == 1


def calendar_of(folder: Path, images: list[str]) -> str:
    now = datetime.now(UTC)  # noqa: TID251 - due times are seen from the flow run's own
    path = folder / "calendar.csv"
    rows = [("first", now - timedelta(hours=2)), ("春天", now - timedelta(hours=1))]
    rows += [("later", now + timedelta(days=1)), ("long ago", now - timedelta(days=9))]
    lines = [f"{slug},{due.isoformat()},{images[0]},{PROMPT},tiktok" for slug, due in rows]
    path.write_text("\n".join(["slug,due,images,prompt,platform", *lines]), encoding="utf-8")
    return str(path)


async def test_a_question_fails_the_flow_and_the_form_takes_the_answer(studio: Any) -> None:
    """Without a person to stop for, the failed flow run says where the answer goes."""
    studio.emulator.add_fault("run_sse", 1, "asks")
    state = await image_to_video(studio.images, PROMPT, return_state=True)
    assert state.is_failed()
    run = cast("RunStopped", await state.aresult(raise_on_failure=False)).run_id
    assert "Which frame should the video have? (Vertical 9:16 / Square 1:1" in (state.message or "")
    assert f"Start iterate-video with `run_id` {run} and your answer in `changes`" in str(
        state.message
    )
    assert (studio.sent["messages"], studio.sent["renders"]) == (1, 0)
    async with get_client() as client:
        kind = ArtifactFilterType(any_=["markdown"])
        told = await client.read_artifacts(
            artifact_filter=ArtifactFilter(type=kind), sort=ArtifactSort.CREATED_DESC, limit=1
        )
    summary = str(told[0].data)
    assert summary.splitlines()[0].endswith(": waits for an answer")
    assert "> Which frame should the video have?  \n> - Vertical 9:16  \n> - Square" in summary
    done = await iterate_video([], changes="Square 1:1", run_id=run)
    assert (done.status, len(done.videos)) == ("done", 1)
    again = await image_to_video(studio.images, PROMPT)
    assert again.videos == done.videos
    assert (studio.sent["messages"], studio.sent["renders"]) == (2, 1)


async def test_a_person_answers_the_service_in_the_flow(studio: Any, answer: Answers) -> None:
    """The flow stops with the question and its options, and exports behind the answer."""
    studio.emulator.add_fault("run_sse", 1, "asks")
    making = asyncio.ensure_future(iterate_video(studio.images, PROMPT, look=1, return_state=True))
    await asyncio.to_thread(answer, answer="Square 1:1")
    await asyncio.to_thread(answer, decision="approve")
    result = await (await making).aresult()
    assert len(result.videos) == 1
    assert (studio.sent["messages"], studio.sent["renders"]) == (2, 1)


async def calendar_artifact() -> list[dict[str, str]]:
    """The rows of the calendar's latest artifact."""
    key = ArtifactFilterKey(any_=["nemovideo-calendar"])
    async with get_client() as client:
        found = await client.read_artifacts(
            artifact_filter=ArtifactFilter(key=key), sort=ArtifactSort.CREATED_DESC, limit=1
        )
    rows: list[dict[str, str]] = json.loads(str(found[0].data))
    return rows


async def test_a_calendar_makes_what_is_due_each_once(studio: Any, tmp_path: Path) -> None:
    """A subflow a post, in the order of their times. A post that fails stops neither the others
    nor the flow: the next run of the calendar makes only that; a corrected row makes no second
    video."""
    studio.emulator.add_fault("export", 1, "code:402", arg=402)
    calendar = calendar_of(tmp_path, studio.images)
    async with get_client() as client:  # a deployment's run has its tags
        flow_run = await client.create_flow_run(scheduled_social_content, tags=["nemovideo"])
    parameters = {"calendar": calendar, "at_once": 1}
    first: Any = await run_flow_async(scheduled_social_content, flow_run, parameters)
    assert [one.status for one in first] == ["done"]
    rows = {row["post"]: row for row in await calendar_artifact()}
    assert rows["first"]["status"] == "failed"
    assert "plan" in rows["first"]["note"]
    assert rows["春天"]["status"] == "done"
    assert rows["春天"]["video"].endswith(".mp4")
    assert rows["later"]["status"] == "coming"
    assert rows["long ago"]["status"] == "skipped"
    corrected = tmp_path / "corrected.csv"
    text = Path(calendar).read_text("utf-8").replace(PROMPT, "Other words")  # noqa: ASYNC240
    corrected.write_text(text, encoding="utf-8")
    again = await scheduled_social_content(str(corrected))
    assert [one.status for one in again] == ["done", "done"]
    assert studio.sent == {"messages": 2, "renders": 2, "uploads": 2, "sessions": 2}
    name = FlowRunFilterName(any_=["first-tiktok", "春天-tiktok"])
    async with get_client() as client:
        runs = await client.read_flow_runs(flow_run_filter=FlowRunFilter(name=name))
    tags = sorted((run.name, run.tags) for run in runs)
    assert tags == [  # what is made starts no flow run
        ("first-tiktok", []),
        ("first-tiktok", ["nemovideo"]),
        ("春天-tiktok", ["nemovideo"]),
    ]


async def test_a_calendar_goes_on_where_its_budget_is_larger(studio: Any, tmp_path: Path) -> None:
    """A post that was held for it, with the budget as the flow has it now."""
    calendar = tmp_path / "spring.csv"
    due = datetime.now(UTC) - timedelta(hours=1)  # noqa: TID251 - seen from the flow run's time
    calendar.write_text(
        f"slug,due,images,prompt\ncup,{due.isoformat()},{studio.images[0]},{PROMPT}\n", "utf-8"
    )
    assert await scheduled_social_content(str(calendar), budget=50.0) == []
    (row,) = await calendar_artifact()
    assert row["status"] == "held"
    assert "Over budget: 100 of 50 credits of the calendar Spring" in row["note"]
    (made,) = await scheduled_social_content(str(calendar), budget=100.0)
    assert (made.status, studio.sent["messages"]) == ("done", 1)


async def test_a_schedule_without_a_calendar_says_so_once(
    studio: Any, tmp_path: Path, wait_until: Callable[..., Any]
) -> None:
    """By its event, and again where a calendar went away; a person who starts it is always told."""
    calendar = tmp_path / "calendar.csv"
    with pytest.raises(BadInput, match="There is no calendar"):
        await scheduled_social_content(str(calendar))
    runs = []

    @flow
    async def by_schedule() -> None:
        context = FlowRunContext.get()
        assert context is not None
        assert context.flow_run is not None
        context.flow_run.auto_scheduled = True
        runs.append(f"prefect.flow-run.{context.flow_run.id}")
        assert await scheduled_social_content.fn(str(calendar)) == []

    for found in (False, False, True, False):
        if found:
            calendar.write_text("slug,due,images\ncup,2020-01-01,cup.png\n", "utf-8")
        await by_schedule()
        calendar.unlink(missing_ok=True)
    body = {"filter": {"event": {"name": [PROBLEMS]}, "resource": {"id": runs}}}

    def told() -> list[str]:
        with get_client(sync_client=True) as client:
            events = client.request("POST", "/events/filter", json=body).json()["events"]
        return sorted(one["resource"]["prefect.resource.id"] for one in events)

    wait_until(lambda: runs[3] in told(), "the event of the last run", 60)
    assert told() == sorted([runs[0], runs[3]])


async def test_an_empty_calendar_is_no_failure(studio: Any) -> None:
    """Nothing is due, so nothing is made."""

    async def make(post: Post) -> State[RunResult]:
        return Completed(message=post.slug)

    assert await run_each_post(make, [], at_once=4) == []


async def test_a_delivery_is_one_run_and_takes_pictures_from_the_web_alone(studio: Any) -> None:
    """A path would let a stranger name any file of the worker."""
    with pytest.raises(BadInput, match="is not a URL that pictures can be fetched from"):
        await video_from_webhook("delivery-1", studio.images, PROMPT)
    texts = {"youtube-shorts": {"caption": "New: Cup", "hashtags": ["#cups"]}}
    for _ in range(2):
        result = await video_from_webhook(
            "delivery-2", [], PROMPT, platforms=["youtube-shorts"], texts=texts
        )
        assert (result.run_id, result.status) == ("delivery-2", "done")
        (delivery,) = result.deliveries
        assert (delivery.platform, delivery.caption) == ("youtube-shorts", "New: Cup\n\n#cups")
    assert studio.sent == {"messages": 1, "renders": 1, "uploads": 0, "sessions": 1}


def test_a_run_is_executed_in_a_sync_flow(studio: Any) -> None:
    """As a whole, and as a job, which shows the same tasks; both are one run."""

    @flow
    def by_hand(pictures: list[str]) -> list[RunResult]:
        job = VideoJob(
            images=pictures,
            prompt=PROMPT,
            credentials=NemoVideoCredentials(token=studio.token, api_url=studio.emulator.url),
            store=VideoStore(url=str(studio.store)),
        )
        run = job.trigger()
        run.wait_for_completion()
        return [run.fetch_result(), execute_run(begin_run(pictures, PROMPT))]

    first, second = by_hand(studio.images)
    assert first == second
    assert first.status == "done"
    assert studio.sent == {"messages": 1, "renders": 1, "uploads": 2, "sessions": 1}


def test_the_tasks_work_in_a_sync_flow(studio: Any) -> None:
    """Called like any function; each gives what its node achieved."""

    @flow
    def by_hand(pictures: list[str]) -> tuple[list[str], str]:
        run = begin_run(pictures, PROMPT, slug="By Hand!")
        create_session(run)
        names = [upload(run, number=number).name for number in range(len(pictures))]
        reply = send_prompt(run)
        submit_render.with_options(retries=0)(run)
        assert show_result(run).status == "waiting"
        return names, reply.kind

    names, kind = by_hand(studio.images)
    assert [name.rsplit("-", 1)[-1] for name in names] == ["red.png", "blue.png"]
    assert kind == "prompt"
    assert studio.sent == {"messages": 1, "renders": 1, "uploads": 2, "sessions": 1}


async def test_a_run_may_be_put_together_from_single_tasks(studio: Any) -> None:
    """Without an order: the run id is all that travels, and the second time nothing is sent."""

    @flow
    async def free() -> list[str]:
        run = RunHandle(run_id="free", name="free-tiktok")
        await create_session(run)
        await upload(run, studio.images[0])
        await send_prompt(run, PROMPT)
        await submit_render(run)
        with pytest.raises(BadInput, match=r"prompt/7: give the task what to do"):
            await send_prompt(run, number=7)
        return await steps_of(run)

    for _ in range(2):
        assert await free() == ["session/0", "upload/0", "prompt/0", "render/0"]
    assert studio.sent == {"messages": 1, "renders": 1, "uploads": 1, "sessions": 1}


async def test_artifacts_are_kept_under_the_name_of_the_run(studio: Any) -> None:
    """So those of a weekly video are versions of one; what does not fit the platform is said."""

    @flow
    async def weekly() -> RunResult:
        run = await begin_run(
            studio.images, PROMPT, slug="Weekly", platform="tiktok", aspect="1:1", again=True
        )
        return await execute_run(run)

    results = [await weekly(), await weekly()]
    assert results[0].run_id != results[1].run_id
    key = ArtifactFilterKey(any_=["nemovideo-weekly-tiktok"])
    async with get_client() as client:
        found = await client.read_artifacts(artifact_filter=ArtifactFilter(key=key))
    assert len(found) == 2
    assert "## Does not fit the platform" in str(found[0].data)
    assert "TikTok requires at least 3 s" in str(found[0].data)
