"""docs/prefect.md does what it says: its blocks, its flows and its commands are executed."""

from __future__ import annotations

import asyncio
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prefect import get_client
from prefect.settings import PREFECT_API_URL

from nemovideo_nodes import prefect as package
from nemovideo_nodes.prefect import NemoVideoCredentials, VideoStore

pytestmark = pytest.mark.xdist_group("prefect")

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def code(language: str, begins: str) -> str:
    """The block of the page in that language that has these words."""
    page = (ROOT / "docs" / "prefect.md").read_text("utf-8")
    (found,) = [text for kind, text in _BLOCK.findall(page) if kind == language and begins in text]
    return str(found)


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


@pytest.mark.parametrize("name", ["product_video", "step_by_step"])
def test_the_flows_of_the_page_make_their_video_once(studio: Any, name: str) -> None:
    """The async one and the sync one; the second time nothing is sent."""
    flow = run(code("python", f"def {name}("), name)
    for _ in range(2):
        made = flow(studio.images)
        path = asyncio.run(made) if inspect.iscoroutine(made) else made
        assert Path(path).is_file()
    assert studio.sent == {"messages": 1, "renders": 1, "uploads": 2, "sessions": 1}


@pytest.mark.parametrize("name", ["product_video", "step_by_step"])
def test_the_flows_of_the_page_are_typed(name: str, tmp_path: Path) -> None:
    """They pass mypy strict, as a user's own would."""
    file = tmp_path / f"{name}.py"
    file.write_text(code("python", f"def {name}("), "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout


def shell(text: str, folder: Path) -> None:
    """Run commands as a reader would, against the server of the tests."""
    tools = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{tools}:{os.environ['PATH']}",
        "PREFECT_API_URL": str(PREFECT_API_URL.value()),
        "PREFECT_HOME": str(folder / "home"),
    }
    done = subprocess.run(
        ["bash", "-euc", text],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr


async def test_the_deployments_and_automations_of_the_page(
    prefect_home: Path, tmp_path: Path
) -> None:
    """Each flow has one, schedules are there and switched off, and the form has its choices."""
    await asyncio.to_thread(shell, code("bash", "deploy --all"), tmp_path)
    async with get_client() as client:
        made = {one.name: one for one in await client.read_deployments()}
        automations = await client.read_automations()
    ours = {
        "image-to-video",
        "weekly-video",
        "batch-images-to-video",
        "parallel-images-to-video",
        "iterate-video",
        "scheduled-social-content",
        "video-from-webhook",
    }
    assert set(made) >= ours  # the server has those of other tests, too
    for deployment in (made[name] for name in sorted(ours)):
        assert deployment.work_pool_name == "nemovideo"
        assert deployment.pull_steps == []
        assert deployment.description
        assert "Args:" not in deployment.description
        assert all(not schedule.active for schedule in deployment.schedules)
    assert "FREQ=WEEKLY" in str(made["weekly-video"].schedules[0].schedule)
    assert "Europe/Berlin" in str(made["scheduled-social-content"].schedules[0].schedule)
    form = made["image-to-video"].parameter_openapi_schema or {}
    assert "instagram-reels" in form["properties"]["platform"]["enum"]
    kinds = sorted(one.actions[0].type for one in automations)
    assert kinds == ["change-flow-run-state", "change-flow-run-state", "pause-deployment"]
    triggers: list[Any] = [one.trigger for one in automations]
    (zombies,) = [one for one in triggers if "prefect.flow-run.heartbeat" in one.after]
    assert {"prefect.flow-run.Suspended", "prefect.flow-run.Paused"} <= set(zombies.expect)


async def test_the_limits_of_the_page_can_be_made(prefect_home: Path, tmp_path: Path) -> None:
    """Under the names that the tasks look for."""
    await asyncio.to_thread(shell, code("bash", "gcl create"), tmp_path)
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
