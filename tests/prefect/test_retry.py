"""Which run a flow run leads to, without Prefect's server: a Retry, and a new token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from flow_studio import Studio, open_studio
from PIL import Image
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext

from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.errors import BadInput, RunStopped
from nemovideo_nodes.prefect import RunHandle, acquire_token, await_render, begin_run
from nemovideo_nodes.prefect.resolve import open_run

PROMPT = "A 2 second video"


@pytest.fixture
def studio(home: Path, tmp_path: Path, options: Options) -> Iterator[Studio]:
    with open_studio(tmp_path, options) as studio:
        yield studio


async def begun(flow_run: UUID, attempt: int, studio: Studio, calls: int = 1) -> list[str]:
    """The ids of the runs that an attempt of a flow run begins."""
    context = FlowRun(id=flow_run, flow_id=uuid4(), run_count=attempt)
    with FlowRunContext.model_construct(flow_run=context):
        runs: list[RunHandle] = [await begin_run.fn(studio.images, PROMPT) for _ in range(calls)]
    return [run.run_id for run in runs]


async def test_a_retry_is_the_same_run_though_its_pictures_have_changed(studio: Studio) -> None:
    """Or have gone; another flow run takes them as they are now."""
    flow_run = uuid4()
    first = await begun(flow_run, 1, studio)
    Image.new("RGB", (64, 64), "green").save(studio.images[0])
    assert await begun(flow_run, 2, studio) == first
    assert await begun(uuid4(), 1, studio) != first
    Path(studio.images[1]).unlink()  # noqa: ASYNC240
    assert await begun(flow_run, 3, studio) == first
    with pytest.raises(BadInput, match=r"no file .*blue\.png"):
        await begun(uuid4(), 2, studio)


async def test_a_loop_that_changes_a_picture_begins_two_runs(studio: Studio) -> None:
    """The second equal request of an attempt is another one, and a Retry leads to it, too."""
    flow_run = uuid4()
    context = FlowRun(id=flow_run, flow_id=uuid4(), run_count=1)
    with FlowRunContext.model_construct(flow_run=context):
        one = await begin_run.fn(studio.images, PROMPT)
        Image.new("RGB", (64, 64), "green").save(studio.images[0])
        two = await begin_run.fn(studio.images, PROMPT)
    assert one.run_id != two.run_id
    assert await begun(flow_run, 2, studio, calls=2) == [one.run_id, two.run_id]


async def test_a_new_token_of_the_account_is_taken_on_a_persons_word(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it nothing is sent, and both ways on are named."""
    run: RunHandle = await begin_run.fn(studio.images, PROMPT)
    opened = await open_run(run)
    await opened.workspace.advance(run.run_id, "render/0")
    monkeypatch.setenv("NEMO_TOKEN", studio.new_token())
    with pytest.raises(RunStopped, match="another account") as caught:
        await await_render.fn(run)
    assert "`same_account` switched on" in str(caught.value)
    assert "`again` switched on" in str(caught.value)
    await acquire_token.fn(run, same_account=True)
    assert (await await_render.fn(run)).kind == "await"
    assert studio.sent["messages"] == 1
