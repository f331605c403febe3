"""docs/prefect.md does what it says: its blocks, its flows and its commands are executed.

Its deployments are made in `e2e/test_deployments.py`, and `make types` checks its flows.
"""

from __future__ import annotations

import asyncio
import inspect
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pages import ROOT, block_having
from prefect import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.testing.cli import invoke_and_assert

from nemovideo_nodes import prefect as package
from nemovideo_nodes.emulator.local import ensure_local, stop_local
from nemovideo_nodes.prefect import NemoVideoCredentials, VideoStore
from prefect_flows.image_to_video import image_to_video

pytestmark = pytest.mark.xdist_group("prefect")

LIMITED = ("nemovideo-prompt", "nemovideo-render")


def code(language: str, having: str) -> str:
    """The block of the page in that language that has these words."""
    return block_having("docs/prefect.md", language, having)


def run(text: str, name: str = "") -> Callable[..., Any]:
    names: dict[str, Any] = {"__name__": "page"}
    exec(compile(text, "docs/prefect.md", "exec"), names)
    made: Callable[..., Any] = names.get(name, lambda: None)
    return made


def test_the_blocks_are_saved_and_found(prefect_home: Path) -> None:
    """By the names that the page gives them."""
    run(code("python", "VideoStore("))
    trial: Any = NemoVideoCredentials.load("trial")
    assert trial.emulator
    videos: Any = VideoStore.load("videos")
    assert videos.url == "/srv/nemovideo"


@pytest.mark.parametrize(("name", "times"), [("product_video", 2), ("step_by_step", 1)])
def test_the_flows_of_the_page_make_their_video_once(studio: Any, name: str, times: int) -> None:
    """The async one and the sync one; the second time nothing is sent."""
    flow = run(code("python", f"def {name}("), name)
    for _ in range(times):
        made = flow(studio.images)
        path = asyncio.run(made) if inspect.iscoroutine(made) else made
        assert Path(path).is_file()
    assert studio.sent == {"messages": 1, "renders": 1, "uploads": 2, "sessions": 1}


async def test_the_limits_of_the_page_are_kept_to(
    studio: Any, wait_until: Callable[..., Any]
) -> None:
    """Under the names that the tasks look for: only what a limit is for asks for a slot of it."""
    commands = [shlex.split(line)[1:] for line in code("bash", "gcl create").splitlines()]
    await asyncio.to_thread(lambda: [invoke_and_assert(one) for one in commands])
    async with get_client() as client:
        limits = {one.name for one in await client.read_global_concurrency_limits()}
        assert limits >= {f"tag:{tag}" for tag in LIMITED} | {"nemovideo-messages"}
        try:
            state = await image_to_video(studio.images, "a short film", return_state=True)
        finally:
            for name in limits:
                await client.delete_global_concurrency_limit_by_name(name)
    flow_run = state.state_details.flow_run_id
    assert flow_run is not None
    mine = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run]))

    def ended() -> set[tuple[str, ...]]:
        with get_client(sync_client=True) as client:
            runs = client.read_task_runs(flow_run_filter=mine)
        done = any(run.name == "result" for run in runs)
        return {(run.name.split(":")[0], *run.tags) for run in runs if run.tags} if done else set()

    tags = await asyncio.to_thread(wait_until, ended, "the task runs", 60)
    assert tags == {
        ("Send prompt", "nemovideo-prompt"),
        ("Submit render", "nemovideo-render"),
        ("Await render", "nemovideo-render"),
    }


def test_the_page_names_what_there_is() -> None:
    """Each flow of the package, and each block."""
    page = (ROOT / "docs" / "prefect.md").read_text("utf-8")
    flows = {path.stem for path in (ROOT / "prefect_flows").glob("*.py")} - {"__init__"}
    assert set(re.findall(r"^\| `(\w+)` \| [a-z]", page, re.MULTILINE)) >= flows
    for block in ("NemoVideoCredentials", "VideoStore", "VideoJob"):
        assert f"| `{block}` |" in page
        assert block in package.__all__


def test_the_flow_of_the_tutorial_makes_its_video(studio: Any) -> None:
    """That of docs/tutorials/prefect.md, at the emulator of its store."""
    text = block_having("docs/tutorials/prefect.md", "python", "def morning_video(")
    world = Path(studio.store) / "emulator"
    ensure_local(world, quick=True, silent=0.0)
    try:
        path = asyncio.run(run(text, "morning_video")(studio.images, "Good morning"))
    finally:
        stop_local(world)
    assert Path(path).is_file()
