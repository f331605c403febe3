"""A video of each picture in a run of its own, several at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from prefect import tags
from prefect.client.schemas.objects import State
from prefect.states import aget_state_exception

from nemovideo_nodes.errors import BadInput, RunStopped, is_retryable
from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.media.sniff import HEAD_BYTES, sniff
from nemovideo_nodes.prefect.deduplication import current_flow_run
from nemovideo_nodes.prefect.location import check_files
from nemovideo_nodes.prefect.wording import in_form_words

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
    afterwards `RunStopped` names those that failed, and a Retry makes only them. The subflows
    have the flow run's tags, so that automations apply to them, too.
    """
    with in_form_words():
        check_files(images)
        requests = await asyncio.to_thread(requests_for, images, prompts, slug)
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
            f"{len(failed)} of {len(requests)} pictures have no video. {'; '.join(failed[:_TOLD])}",
            resumable=retryable,
        )
    return [await state.aresult() for state in states]


def requests_for(images: Sequence[str], prompts: Sequence[str], slug: str) -> list[PictureRequest]:
    """A request for each picture, folders of pictures included; raises `BadInput`."""
    pictures = [picture for source in images for picture in _pictures(source)]
    if not pictures:
        raise BadInput("There are no pictures: give at least one in `images`")
    if len(pictures) > MAX_PICTURES:
        raise BadInput(f"{len(pictures)} pictures are too many: give at most {MAX_PICTURES}")
    if len(prompts) not in (0, 1, len(pictures)):
        raise BadInput(
            f"There are {len(prompts)} prompts for {len(pictures)} pictures: give one for each, "
            "one for all, or none"
        )
    texts = list(prompts) if len(prompts) == len(pictures) else [*prompts, ""][:1] * len(pictures)
    names = [picture.rstrip("/").rsplit("/", 1)[-1].partition("?")[0] for picture in pictures]
    return [
        PictureRequest(picture, prompt, " ".join(filter(None, [slug, name.rsplit(".", 1)[0]])))
        for picture, prompt, name in zip(pictures, texts, names, strict=True)
    ]


def _pictures(source: str) -> Iterator[str]:
    path = Path(source).expanduser()
    if "://" in source or not path.is_dir():
        yield source
        return
    for file in sorted(path.iterdir()):
        if file.is_file() and not file.name.startswith("."):
            with file.open("rb") as opened:
                kind = sniff(opened.read(HEAD_BYTES))
            if kind is not None and kind.kind == "image":
                yield str(file)
