"""A video of each picture in a run of its own, several at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from prefect import tags
from prefect.client.schemas.objects import State
from prefect.states import aget_state_exception

from nemovideo_nodes.errors import BadInput, RunStopped, is_retryable
from nemovideo_nodes.language.counting import counted
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.prefect.deduplication import current_flow_run
from nemovideo_nodes.prefect.location import check_files
from nemovideo_nodes.prefect.logs import run_logger
from nemovideo_nodes.prefect.wording import in_form_words
from nemovideo_nodes.workspace.ingest import list_pictures

__all__ = ["PictureRequest", "run_each_picture"]

MAX_PICTURES: Final = 500
_TOLD: Final = 10


@dataclass(frozen=True)
class PictureRequest:
    """One picture, and what its video should be."""

    image: str
    prompt: str
    slug: str


async def run_each_picture(
    make: Callable[[PictureRequest], Awaitable[State[Any]]],
    images: Sequence[str],
    prompts: Sequence[str],
    *,
    slug: str = "",
    at_once: int = 4,
) -> list[RunResult]:
    """Make a video of each picture in a subflow of its own, `at_once` at the same time.

    Returns the results in the order of the pictures. One that fails does not stop the others;
    afterwards `RunStopped` names those that failed, and a Retry makes only them. Files of folders
    that cannot be used are left out, and named in the log. The subflows have the flow run's tags,
    so that automations apply to them, too.
    """
    with in_form_words():
        check_files(images)
        listed = await asyncio.to_thread(list_pictures, images)
        requests = requests_for(listed.pictures, prompts, slug)
    for one in listed.skipped:
        run_logger().warning("Left out: %s: %s", one.name, one.reason)
    slots = asyncio.Semaphore(max(at_once, 1))

    async def made(request: PictureRequest) -> State[Any]:
        async with slots:
            return await make(request)

    flow_run = current_flow_run()
    with tags(*(flow_run.tags if flow_run is not None else ())):
        states = await asyncio.gather(*(made(request) for request in requests))
    failed, retryable = [], True
    for request, state in zip(requests, states, strict=True):
        if not state.is_completed():
            failed.append(f"{request.slug}: {(state.message or state.name or '').splitlines()[0]}")
            error = await aget_state_exception(state) if state.is_failed() else None
            retryable &= error is None or is_retryable(error)
    if failed:
        raise RunStopped(
            f"{len(failed)} of {counted(len(requests), 'picture')} "
            f"{'has' if len(failed) == 1 else 'have'} no video. {'; '.join(failed[:_TOLD])}",
            resumable=retryable,
        )
    return [await state.aresult() for state in states]


def requests_for(
    pictures: Sequence[str], prompts: Sequence[str], slug: str
) -> list[PictureRequest]:
    """A request for each picture; raises `BadInput`."""
    if not pictures:
        raise BadInput("There are no pictures: give at least one in `images`")
    if len(pictures) > MAX_PICTURES:
        raise BadInput(f"{len(pictures)} pictures are too many: give at most {MAX_PICTURES}")
    if len(prompts) not in (0, 1, len(pictures)):
        raise BadInput(
            f"There are {len(prompts)} prompts for {counted(len(pictures), 'picture')}: "
            "give one for each, one for all, or none"
        )
    texts = list(prompts) if len(prompts) == len(pictures) else [*prompts, ""][:1] * len(pictures)
    names = [picture.rstrip("/").rsplit("/", 1)[-1].partition("?")[0] for picture in pictures]
    return [
        PictureRequest(picture, prompt, " ".join(filter(None, [slug, name.rsplit(".", 1)[0]])))
        for picture, prompt, name in zip(pictures, texts, names, strict=True)
    ]
