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
from prefect.testing.cli import invoke_and_assert

from nemovideo_nodes import prefect as package
from nemovideo_nodes.emulator.local import ensure_local, stop_local
from nemovideo_nodes.prefect import NemoVideoCredentials, VideoStore

pytestmark = pytest.mark.xdist_group("prefect")


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


async def test_the_limits_of_the_page_can_be_made(prefect_home: Path) -> None:
    """Under the names that the tasks look for."""
    commands = [shlex.split(line)[1:] for line in code("bash", "gcl create").splitlines()]
    await asyncio.to_thread(lambda: [invoke_and_assert(one) for one in commands])
    async with get_client() as client:
        limits = {one.name for one in await client.read_global_concurrency_limits()}
        assert {"tag:nemovideo-prompt", "tag:nemovideo-render", "nemovideo-messages"} <= limits
        for name in limits:
            await client.delete_global_concurrency_limit_by_name(name)


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
