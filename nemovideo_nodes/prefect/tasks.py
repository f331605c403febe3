"""One Prefect task a node, each a thin face of the engine's `advance` through one step.

A task takes a run (a `RunHandle`, or a run id) and returns what its node achieved; the rest is in
the run's journal. A task whose step was achieved before ends at once, and one whose run cannot go
on raises `RunStopped`. `number` tells a second use of a unit in one run from the first; `resend` is
a person's word that what the run is stopped at may be done, and paid for, once more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from prefect import get_client
from prefect.concurrency.asyncio import rate_limit
from prefect.exceptions import ObjectNotFound
from pydantic import BaseModel

from nemovideo_nodes.engine.loop import Event
from nemovideo_nodes.errors import BadInput, RunStopped
from nemovideo_nodes.ledger.facts import (
    ClaimResult,
    CreditsResult,
    DownloadResult,
    PromptResult,
    PublishResult,
    RenderEnded,
    RenderResult,
    SessionResult,
    StateResult,
    TokenResult,
    UploadResult,
)
from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.prefect.artifacts import declare_asset, show
from nemovideo_nodes.prefect.driving import run_log
from nemovideo_nodes.prefect.forms import chosen
from nemovideo_nodes.prefect.handle import RunHandle, handle_of, open_place
from nemovideo_nodes.prefect.naming import name_of
from nemovideo_nodes.prefect.occasion import occasion as own_occasion
from nemovideo_nodes.prefect.occasion import permission
from nemovideo_nodes.prefect.progress import ProgressBar
from nemovideo_nodes.prefect.unit import unit
from nemovideo_nodes.prefect.wording import in_form_words
from nemovideo_nodes.request.script import Mode
from nemovideo_nodes.request.steps import (
    AcquireToken,
    Arguments,
    AwaitRender,
    CheckCredits,
    ClaimLink,
    CreateSession,
    Download,
    NodeName,
    Prompt,
    Publish,
    ReadState,
    Step,
    SubmitRender,
    Upload,
)
from nemovideo_nodes.workspace import DriveOptions, VideoOptions

__all__ = [
    "acquire_token",
    "await_render",
    "begin_delivery",
    "begin_run",
    "check_credits",
    "claim_link",
    "create_session",
    "download",
    "publish",
    "read_state",
    "refine_run",
    "send_prompt",
    "show_result",
    "submit_render",
    "upload",
]

_R = TypeVar("_R", bound=BaseModel)

MESSAGES: Final = "nemovideo-messages"
"""The rate limit that each message takes a slot of, where Prefect has one of that name."""
_SHORT_S: Final = 600.0
_LONG_S: Final = 7_200.0


@unit("Begin the run", run_name="begin", timeout_s=_LONG_S)
async def begin_run(
    images: Sequence[str],
    prompt: str | Sequence[str] = "",
    profile: str = "",
    *,
    changes: Sequence[str] = (),
    work: Mode = "quick",
    platform: str = "",
    aspect: str = "",
    slug: str = "",
    store: str = "",
    credentials: str = "",
    local: bool = False,
    run_id: str = "",
    as_begun: bool = False,
    occasion: str = "",
    again: bool = False,
) -> RunHandle:
    """Checks the pictures and the prompt, and writes the order down; nothing is sent yet.

    `changes` are what is said after the prompt; of a run that is named by its id alone, they are
    a refinement.
    """
    prompts = [prompt] if isinstance(prompt, str) else prompt
    with in_form_words():
        place = await open_place(store, credentials, local=local)
        begun = await place.workspace.submit(
            VideoOptions(
                media=images,
                prompts=[text for text in prompts if text],
                changes=[text for text in changes if text.strip()],
                profile=chosen(profile) or place.profile,
                mode=work,
                platform=chosen(platform),
                aspect=chosen(aspect),
                run_id=run_id,
                keep_existing=as_begun,
                deduplication_key=occasion or own_occasion(again=again),
            )
        )
    name = name_of(slug, chosen(platform))
    return RunHandle(run_id=begun, store=store, credentials=credentials, name=name)


@unit("Begin the delivery", run_name="begin", timeout_s=_LONG_S)
async def begin_delivery(
    run_id: str,
    images: Sequence[str],
    prompt: str = "",
    profile: str = "",
    *,
    language: str = "",
    media_hosts: Sequence[str] = (),
    store: str = "",
    credentials: str = "",
    local: bool = False,
) -> RunHandle:
    """Fetches the pictures of a webhook's delivery once, and writes its order down."""
    with in_form_words():
        place = await open_place(store, credentials, local=local)
        await place.workspace.submit(
            VideoOptions(
                run_id=run_id,
                media=images,
                prompts=[prompt] if prompt else [],
                profile=profile or place.profile,
                language=language,
                web_only=True,
                media_hosts=media_hosts,
                keep_existing=True,
            )
        )
    return RunHandle(run_id=run_id, store=store, credentials=credentials)


@unit("Refine the run", run_name="refine", timeout_s=_LONG_S)
async def refine_run(
    run: RunHandle | str,
    changes: str | Sequence[str],
    images: Sequence[str] = (),
    *,
    occasion: str = "",
    again: bool = False,
) -> RunHandle:
    """Asks for changes in the session of a finished run, with a new video after each.

    Asked for again under the same occasion, or with the words that were said last, nothing new is
    asked for.
    """
    handle = handle_of(run)
    said = [changes] if isinstance(changes, str) else changes
    with in_form_words():
        place = await open_place(handle.store, handle.credentials)
        await place.workspace.refine(
            handle.run_id, said, images, deduplication_key=occasion or own_occasion(again=again)
        )
    return handle


@unit("Acquire token", run_name="token/{number}", timeout_s=_SHORT_S)
async def acquire_token(
    run: RunHandle | str, *, number: int = 0, resend: bool = False
) -> TokenResult:
    """Signs in, and makes sure that it is the run's account; the token stays out of Prefect."""
    return await _through(run, NodeName.TOKEN, number, TokenResult, AcquireToken(), resend=resend)


@unit("Check credits", run_name="credits/{number}", timeout_s=_SHORT_S)
async def check_credits(
    run: RunHandle | str, *, number: int = 0, resend: bool = False
) -> CreditsResult:
    """Reads the balance; a ready-made run with nothing left stops before it spends."""
    args = CheckCredits(stop_when_empty=False)
    return await _through(run, NodeName.CREDITS, number, CreditsResult, args, resend=resend)


@unit("Create session", run_name="session/{number}", timeout_s=_SHORT_S)
async def create_session(
    run: RunHandle | str, *, number: int = 0, resend: bool = False
) -> SessionResult:
    """Opens the session that holds the timeline and the uploads."""
    return await _through(
        run, NodeName.SESSION, number, SessionResult, CreateSession(), resend=resend
    )


@unit("Upload", run_name="upload/{number}", timeout_s=_LONG_S, tags=("nemovideo-upload",))
async def upload(
    run: RunHandle | str, picture: str = "", *, number: int = 0, resend: bool = False
) -> UploadResult:
    """Uploads one file; one that the service has already is not sent again.

    `picture` is a path or a URL; empty for the file that the run was begun with.
    """
    handle = handle_of(run)
    args = None
    if picture:
        with in_form_words():
            place = await open_place(handle.store, handle.credentials)
            media = await asyncio.to_thread(place.workspace.ingest, [picture])
            if len(media) > 1:
                raise BadInput(f"{picture!r} is a folder: upload one file by one task")
        args = Upload(media=media[0])
    return await _through(handle, NodeName.UPLOAD, number, UploadResult, args, resend=resend)


@unit(
    "Send prompt",
    run_name="prompt/{number}",
    timeout_s=_LONG_S,
    repeats=False,
    tags=("nemovideo-prompt",),
)
async def send_prompt(
    run: RunHandle | str, text: str = "", *, number: int = 0, resend: bool = False
) -> PromptResult:
    """Sends the message that costs money: once, and a second time only with `resend`.

    `text` is empty for the instruction that the run was begun with.
    """
    await _slot(MESSAGES)
    args = Prompt(text=text) if text else None
    return await _through(run, NodeName.PROMPT, number, PromptResult, args, resend=resend)


@unit("Read state", run_name="state/{number}", timeout_s=_LONG_S)
async def read_state(run: RunHandle | str, *, number: int = 0, resend: bool = False) -> StateResult:
    """Waits until the timeline has settled, and reads it."""
    return await _through(run, NodeName.STATE, number, StateResult, ReadState(), resend=resend)


@unit("Submit render", run_name="render/{number}", timeout_s=_LONG_S, tags=("nemovideo-render",))
async def submit_render(
    run: RunHandle | str, *, number: int = 0, resend: bool = False
) -> RenderResult:
    """Orders the export, under an id that is written down before."""
    return await _through(run, NodeName.RENDER, number, RenderResult, SubmitRender(), resend=resend)


@unit("Await render", run_name="await/{number}", timeout_s=_LONG_S, tags=("nemovideo-render",))
async def await_render(
    run: RunHandle | str, *, number: int = 0, resend: bool = False
) -> RenderEnded:
    """Polls until the render has ended."""
    args = AwaitRender(render=f"render/{number}")
    return await _through(run, NodeName.AWAIT, number, RenderEnded, args, resend=resend)


@unit("Download", run_name="download/{number}", timeout_s=_LONG_S)
async def download(
    run: RunHandle | str, *, number: int = 0, resend: bool = False
) -> DownloadResult:
    """Fetches the video, and checks that it is whole."""
    args = Download(render=f"render/{number}")
    return await _through(run, NodeName.DOWNLOAD, number, DownloadResult, args, resend=resend)


@unit("Claim link", run_name="claim/{number}", timeout_s=_SHORT_S)
async def claim_link(run: RunHandle | str, *, number: int = 0, resend: bool = False) -> ClaimResult:
    """Makes sure that a person can take the session over; the link stays out of Prefect."""
    return await _through(run, NodeName.CLAIM, number, ClaimResult, ClaimLink(), resend=resend)


@unit("Publish", run_name="publish/{number}", timeout_s=_LONG_S, asset="nemovideo://videos")
async def publish(run: RunHandle | str, *, number: int = 0, resend: bool = False) -> PublishResult:
    """Puts the video and its posters into the run's folder, and the manifest last."""
    published = await _through(
        run, NodeName.PUBLISH, number, PublishResult, Publish(), resend=resend
    )
    handle = handle_of(run)
    place = await open_place(handle.store, handle.credentials)
    declare_asset(handle, place, await asyncio.to_thread(place.workspace.result, handle.run_id))
    return published


@unit("Show result", run_name="result", timeout_s=_SHORT_S)
async def show_result(run: RunHandle | str) -> RunResult:
    """Makes the artifacts of what the run came to, and returns that."""
    handle = handle_of(run)
    with in_form_words():
        place = await open_place(handle.store, handle.credentials)
        return await show(handle, place)


async def _slot(name: str) -> None:
    """Wait for a slot of the rate limit, if there is one of that name."""
    async with get_client() as client:
        try:
            await client.read_global_concurrency_limit_by_name(name)
        except ObjectNotFound:
            return
    await rate_limit(name)


async def _through(
    run: RunHandle | str,
    node: NodeName,
    number: int,
    kind: type[_R],
    args: Arguments | None,
    *,
    resend: bool = False,
) -> _R:
    """Bring the run through one step, and give back what that achieved.

    A step that the run was begun with keeps its own arguments, unless it is a message or an
    upload that says something else; one that is not there yet is asked for.
    """
    handle = handle_of(run)
    with in_form_words():
        place = await open_place(handle.store, handle.credentials)
        journal = place.workspace.journal(handle.run_id)
        steps = list((await journal.refreshed()).steps)
        step = f"{node}/{number}"
        new = args is not None and (step not in steps or isinstance(args, Prompt | Upload))
        if not new and step not in steps:
            raise BadInput(
                f"Run {handle.run_id} was not begun with a step {step}: give the task what to do"
            )
        async with ProgressBar(f"nemovideo-{handle.key}-progress", [*steps, step]) as bar:
            with run_log() as log:
                await place.workspace.advance(
                    handle.run_id,
                    step,
                    [Step(id=step, args=args)] if args and new else [],
                    drive=DriveOptions(
                        resend=permission(resend=resend),
                        profile=place.profile,
                        on_event=_both(log.show, bar.show),
                    ),
                    journal=journal,
                )
        achieved = journal.run.steps[step].result
        if not isinstance(achieved, kind):
            raise RunStopped(f"{step}: this has not come to an end", run_id=handle.run_id)
        return achieved


def _both(one: Callable[[Event], None], other: Callable[[Event], None]) -> Callable[[Event], None]:
    def tell(event: Event) -> None:
        one(event)
        other(event)

    return tell
