"""The other flows at the emulator: batch, iterate, calendar, webhook; and tasks in sync flows."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prefect import flow, get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterKey,
    FlowRunFilter,
    FlowRunFilterName,
    FlowRunFilterState,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.flow_engine import run_flow_async
from prefect.flow_runs import resume_flow_run
from prefect.states import Completed

from nemovideo_nodes.errors import BadInput, RunStopped
from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.prefect import (
    RunHandle,
    begin_run,
    carry_out,
    create_session,
    make_each,
    send_prompt,
    show_result,
    steps_of,
    submit_render,
    upload,
)
from nemovideo_nodes.workspace.calendar_file import Post
from prefect_flows.batch_images_to_video import batch_images_to_video
from prefect_flows.iterate_video import iterate_video
from prefect_flows.scheduled_social_content import scheduled_social_content
from prefect_flows.video_from_webhook import video_from_webhook

pytestmark = pytest.mark.xdist_group("prefect")

PROMPT = "A 2 second video"


async def test_batch_work_makes_a_video_of_each_picture(studio) -> None:
    """One run, one session; as often as it is started."""
    for _ in range(2):
        result = await batch_images_to_video(studio.images, [PROMPT], platform="tiktok")
        assert (result.status, len(result.videos)) == ("done", 2)
        assert studio.sent == {"messages": 2, "renders": 2, "uploads": 2, "sessions": 1}


async def test_iterative_work_goes_on_with_a_finished_run(studio) -> None:
    """A video after each change; later changes are made in the same session, each once."""
    first = await iterate_video(studio.images, PROMPT, "make it square\nadd calm music")
    assert len(first.videos) == 3
    for _ in range(2):
        again = await iterate_video([], changes="make it landscape", run_id=first.run_id)
        assert len(again.videos) == 4
    assert studio.sent == {"messages": 4, "renders": 4, "uploads": 2, "sessions": 1}


async def test_a_person_looks_and_says_what_to_change(studio, wait_until) -> None:
    """The flow waits with the summary in hand, does what was said, and ends with an empty word."""
    paused = FlowRunFilter(state=FlowRunFilterState(type={"any_": [StateType.PAUSED]}))

    def answer(change: str) -> None:
        with get_client(sync_client=True) as client:

            def waiting() -> list[FlowRun]:
                return client.read_flow_runs(flow_run_filter=paused)

            (asked,) = wait_until(waiting, "the question", 120)
            resume_flow_run(asked.id, run_input={"change": change})
            wait_until(lambda: not waiting(), "going on", 120)

    making = asyncio.create_task(iterate_video(studio.images, PROMPT, look=3))
    await asyncio.to_thread(answer, "make it square")
    await asyncio.to_thread(answer, "")
    result = await making
    assert len(result.videos) == 2
    assert studio.sent["messages"] == studio.sent["renders"] == 2


def calendar_of(folder: Path, images: list[str]) -> str:
    now = datetime.now(UTC)  # noqa: TID251 - due times are seen from the flow run's own
    path = folder / "calendar.csv"
    rows = [("first", now - timedelta(hours=2)), ("春天", now - timedelta(hours=1))]
    rows += [("later", now + timedelta(days=1)), ("long ago", now - timedelta(days=9))]
    lines = [f"{slug},{due.isoformat()},{images[0]},{PROMPT},tiktok" for slug, due in rows]
    path.write_text("\n".join(["slug,due,images,prompt,platform", *lines]), encoding="utf-8")
    return str(path)


async def test_a_calendar_makes_what_is_due_each_once(studio, tmp_path: Path) -> None:
    """A subflow a post, in the order of their times; a corrected row makes no second video."""
    calendar = calendar_of(tmp_path, studio.images)
    async with get_client() as client:  # a deployment's run has its tags
        flow_run = await client.create_flow_run(scheduled_social_content, tags=["nemovideo"])
    first = await run_flow_async(scheduled_social_content, flow_run, {"calendar": calendar})
    assert [one.status for one in first] == ["done", "done"]
    assert studio.sent == {"messages": 2, "renders": 2, "uploads": 2, "sessions": 2}
    corrected = tmp_path / "corrected.csv"
    text = Path(calendar).read_text("utf-8").replace(PROMPT, "Other words")  # noqa: ASYNC240
    corrected.write_text(text, encoding="utf-8")
    assert await scheduled_social_content(str(corrected)) == first
    assert studio.sent["messages"] == 2
    name = FlowRunFilterName(any_=["first-tiktok", "春天-tiktok"])
    async with get_client() as client:
        runs = await client.read_flow_runs(flow_run_filter=FlowRunFilter(name=name))
    assert sorted(run.tags for run in runs) == [[], [], ["nemovideo"], ["nemovideo"]]


async def test_a_post_that_fails_keeps_no_other_from_being_made(studio, tmp_path: Path) -> None:
    """The flow run says which failed and why, and started again makes only that."""
    studio.emulator.add_fault("export", 1, "code:402", arg=402)
    calendar = calendar_of(tmp_path, studio.images)
    with pytest.raises(RunStopped, match="1 of 2 posts did not come to a video") as caught:
        await scheduled_social_content(calendar, at_once=1)
    assert "first: " in caught.value.sentence
    assert [one.status for one in await scheduled_social_content(calendar)] == ["done", "done"]
    assert studio.sent["messages"] == studio.sent["renders"] == 2


async def test_an_empty_calendar_is_no_failure(studio) -> None:
    """Nothing is due, so nothing is made."""

    async def make(post: Post) -> State[RunResult]:
        return Completed(message=post.slug)

    assert await make_each(make, [], at_once=4) == []


async def test_a_delivery_is_one_run_and_takes_pictures_from_the_web_alone(studio) -> None:
    """A path would let a stranger name any file of the worker."""
    with pytest.raises(BadInput, match="is not a URL that pictures can be fetched from"):
        await video_from_webhook("delivery-1", studio.images, PROMPT)
    for _ in range(2):
        result = await video_from_webhook("delivery-2", [], PROMPT)
        assert (result.run_id, result.status) == ("delivery-2", "done")
    assert studio.sent == {"messages": 1, "renders": 1, "uploads": 0, "sessions": 1}


def test_the_tasks_work_in_a_sync_flow(studio) -> None:
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


async def test_a_run_may_be_put_together_from_single_tasks(studio) -> None:
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


async def test_artifacts_are_kept_under_the_name_of_the_run(studio) -> None:
    """So those of a weekly video are versions of one; what does not fit the platform is said."""

    @flow
    async def weekly() -> RunResult:
        run = await begin_run(
            studio.images, PROMPT, slug="Weekly", platform="tiktok", aspect="1:1", again=True
        )
        return await carry_out(run)

    results = [await weekly(), await weekly()]
    assert results[0].run_id != results[1].run_id
    key = ArtifactFilterKey(any_=["nemovideo-weekly-tiktok"])
    async with get_client() as client:
        found = await client.read_artifacts(artifact_filter=ArtifactFilter(key=key))
    assert len(found) == 2
    assert "Does not fit: TikTok wants 9:16" in str(found[0].data)
