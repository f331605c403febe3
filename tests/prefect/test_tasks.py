"""The tasks as Prefect sees them: named, bounded, repeated only where it may be, and told of."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest
from prefect import Task, flow, get_client
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.objects import Artifact
from prefect.states import Failed

from nemovideo_nodes.engine.kinds.kind import Progress
from nemovideo_nodes.engine.loop import Event
from nemovideo_nodes.errors import BadInput, RunStopped, StoreError, Unreachable
from nemovideo_nodes.prefect import posts_due, send_prompt, tasks
from nemovideo_nodes.prefect.progress import ProgressBar
from prefect_flows.image_to_video import image_to_video

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
    state = Failed(data=error, message="failed")
    condition: Any = tasks.upload.retry_condition_fn
    assert await condition(tasks.upload, None, state) is expected


async def test_the_bar_shows_the_share_of_the_run_that_is_done(prefect_home, wait_until) -> None:
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


async def test_a_published_video_is_an_asset_with_what_it_is_like(studio, wait_until) -> None:
    """Under slug and platform, so that a weekly video is one asset, materialised each week."""
    result = await image_to_video(
        studio.images, "A 2 second video", slug="Asset", platform="universal"
    )
    body = {
        "filter": {
            "event": {"name": ["prefect.asset.materialization.succeeded"]},
            "resource": {"id": ["nemovideo://videos/asset-universal"]},
        }
    }

    def told() -> list[dict[str, Any]]:
        with get_client(sync_client=True) as client:
            answer = client.request("POST", "/events/filter", json=body)
        found: list[dict[str, Any]] = answer.json()["events"]
        return found

    (event,) = await asyncio.to_thread(wait_until, told, "the asset", 60)
    assert event["payload"]["run_id"] == result.run_id
    assert event["payload"]["videos"][0]["sha256"] == result.videos[0].sha256
