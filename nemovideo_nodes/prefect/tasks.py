"""One Prefect task a node, each a thin face of the engine's `advance` through one step.

A task takes the run's id and returns it; the rest is in the run's journal. That journal decides
what is repeated, so nothing here is cached, persisted or retried by Prefect. A task whose step
was achieved before ends at once, and one whose run cannot go on raises `RunStopped`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE

from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.prefect.artifacts import show
from nemovideo_nodes.prefect.driving import advance, opened
from nemovideo_nodes.prefect.occasion import occasion
from nemovideo_nodes.profiles import DEFAULT_PROFILE
from nemovideo_nodes.steps import NodeName

__all__ = [
    "acquire_token",
    "await_render",
    "begin_run",
    "check_credits",
    "claim_link",
    "create_session",
    "download",
    "publish",
    "read_state",
    "send_prompt",
    "show_result",
    "submit_render",
    "upload",
    "upload_steps",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")
_Async = Coroutine[Any, Any, _R]


def _unit(
    name: str, run_name: str = "{step}"
) -> Callable[[Callable[_P, _Async[_R]]], Task[_P, _Async[_R]]]:
    """The decorator of every task here; its docstring becomes the task's description."""
    return task(
        name=name,
        task_run_name=run_name,
        tags=["nemovideo"],
        retries=0,
        cache_policy=NO_CACHE,
        persist_result=False,
    )


@_unit("Begin the run", "begin")
async def begin_run(
    images: list[str],
    prompt: str = "",
    profile: str = DEFAULT_PROFILE,
    *,
    store: str = "",
    local: bool = False,
    run_id: str = "",
    again: bool = False,
) -> str:
    """Checks the pictures and the prompt, and writes the order down; nothing is sent yet."""
    door = await opened(store, local=local)
    return await door.begin(
        images,
        [prompt] if prompt else [],
        profile,
        run_id=run_id,
        occasion=occasion(again=again),
    )


@_unit("Acquire token")
async def acquire_token(run_id: str, step: str = "token/0", *, store: str = "") -> str:
    """Signs in, and makes sure that it is the run's account; the token stays out of Prefect."""
    return await advance(run_id, step, store)


@_unit("Check credits")
async def check_credits(run_id: str, step: str = "credits/0", *, store: str = "") -> str:
    """Reads the balance; with nothing left, the run stops before it spends."""
    return await advance(run_id, step, store)


@_unit("Create session")
async def create_session(run_id: str, step: str = "session/0", *, store: str = "") -> str:
    """Opens the session that holds the timeline and the uploads."""
    return await advance(run_id, step, store)


@_unit("Upload")
async def upload(run_id: str, step: str = "upload/0", *, store: str = "") -> str:
    """Uploads one picture; one that the service has already is not sent again."""
    return await advance(run_id, step, store)


@_unit("Send prompt")
async def send_prompt(
    run_id: str, step: str = "prompt/0", *, store: str = "", resend: bool = False
) -> str:
    """Sends the message that costs money: once, and a second time only with `resend`."""
    return await advance(run_id, step, store, resend=resend)


@_unit("Read state")
async def read_state(run_id: str, step: str = "state/0", *, store: str = "") -> str:
    """Waits until the timeline has settled, and reads it."""
    return await advance(run_id, step, store)


@_unit("Submit render")
async def submit_render(run_id: str, step: str = "render/0", *, store: str = "") -> str:
    """Orders the export, under an id that is written down before."""
    return await advance(run_id, step, store)


@_unit("Await render")
async def await_render(run_id: str, step: str = "await/0", *, store: str = "") -> str:
    """Polls until the render has ended."""
    return await advance(run_id, step, store)


@_unit("Download")
async def download(run_id: str, step: str = "download/0", *, store: str = "") -> str:
    """Fetches the video, and checks that it is whole."""
    return await advance(run_id, step, store)


@_unit("Claim link")
async def claim_link(run_id: str, step: str = "claim/0", *, store: str = "") -> str:
    """Makes sure that a person can take the session over; the link stays out of Prefect."""
    return await advance(run_id, step, store)


@_unit("Publish")
async def publish(run_id: str, step: str = "publish/0", *, store: str = "") -> str:
    """Puts the video and its posters into the run's folder, and the manifest last."""
    return await advance(run_id, step, store)


@_unit("Show result", "result")
async def show_result(run_id: str, *, store: str = "") -> RunResult:
    """Makes an artifact of what the run came to, and returns that."""
    door = await opened(store)
    result = await asyncio.to_thread(door.result, run_id)
    await show(result, await asyncio.to_thread(door.poster, run_id))
    return result


async def upload_steps(run_id: str, *, store: str = "") -> list[str]:
    """The ids of the run's upload steps, one a picture; not a task, it only reads the journal."""
    door = await opened(store)
    return await asyncio.to_thread(door.steps, run_id, NodeName.UPLOAD)
