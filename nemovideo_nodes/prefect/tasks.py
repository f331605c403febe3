"""One Prefect task a step kind, each bringing the run through one of its steps.

A task takes a run (a `RunHandle`, or a run id) and returns the step's result; everything else is
in the run's journal. A task whose step is done already returns at once, and one whose run cannot
continue raises `RunStopped`. `number` distinguishes a second use of a step kind in one run from
the first. `resend` permits the step that the run stopped at to be repeated, and paid for again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final, TypeVar

from prefect import get_client
from prefect.concurrency.asyncio import rate_limit
from prefect.exceptions import ObjectNotFound
from pydantic import BaseModel

from nemovideo_nodes.engine.loop import Event
from nemovideo_nodes.errors import BadInput, ErrorCode, RunStopped
from nemovideo_nodes.ledger.facts import (
    ApprovalResult,
    ClaimResult,
    CreditsResult,
    DownloadResult,
    HandOverResult,
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
from nemovideo_nodes.prefect.artifacts import declare_asset, publish_artifacts
from nemovideo_nodes.prefect.blocks import NemoVideoCredentials, VideoStore
from nemovideo_nodes.prefect.deduplication import deduplication_key, resend_permission
from nemovideo_nodes.prefect.forms import form_value
from nemovideo_nodes.prefect.handle import RunHandle, to_handle
from nemovideo_nodes.prefect.location import check_files
from nemovideo_nodes.prefect.logs import RunLog
from nemovideo_nodes.prefect.naming import display_name
from nemovideo_nodes.prefect.notifying import PREFECT_CHANNELS, flow_run_link
from nemovideo_nodes.prefect.progress import ProgressBar
from nemovideo_nodes.prefect.resolve import open_run, resolve_store
from nemovideo_nodes.prefect.retry import begun_before, record_name, remember
from nemovideo_nodes.prefect.step_task import step_task
from nemovideo_nodes.prefect.tracing import in_flow_trace
from nemovideo_nodes.prefect.wording import in_form_words
from nemovideo_nodes.request.budget import daily_budget
from nemovideo_nodes.request.notify import Notify, notify_of
from nemovideo_nodes.request.post_text import post_texts
from nemovideo_nodes.request.script import Mode
from nemovideo_nodes.request.steps import (
    AcquireToken,
    Arguments,
    AwaitRender,
    CheckCredits,
    ClaimLink,
    CreateSession,
    Download,
    HandOver,
    Prompt,
    Publish,
    ReadState,
    Step,
    StepName,
    SubmitRender,
    Upload,
)
from nemovideo_nodes.workspace import DriveOptions, VideoOptions
from nemovideo_nodes.workspace.post_data import with_post
from nemovideo_nodes.workspace.posting import due_at

__all__ = [
    "acquire_token",
    "approve",
    "await_render",
    "begin_delivery",
    "begin_run",
    "check_credits",
    "claim_link",
    "create_session",
    "download",
    "hand_over",
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
"""The name of the rate limit that each message takes a slot of, where the server has one."""
_SHORT_S: Final = 600.0
_LONG_S: Final = 7_200.0


@step_task("Begin the run", run_name="begin", timeout_s=_LONG_S)
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
    store: str | VideoStore = "",
    credentials: str | NemoVideoCredentials = "",
    local: bool = False,
    run_id: str = "",
    as_begun: bool = False,
    occasion: str = "",
    again: bool = False,
    language: str = "",
    account: str = "",
    handover: str = "",
    due: str = "",
    synthetic_media: bool = True,
    budget: float = 0.0,
    post: Mapping[str, Any] | None = None,
    notify: Notify | None = None,
    approval: str = "",
) -> RunHandle:
    """Checks the pictures and the prompt, and writes the request down; nothing is sent yet.

    `changes` are instructions that follow the prompt; for a run that is named by its id alone,
    they refine it. `work` is the mode of work, `as_begun` continues a run of that id whatever is
    asked for now, `occasion` is the deduplication key, `language` that of the session. `account`
    is one that a calendar's row names: a credentials block, or an entry of accounts.toml.
    `handover` names a publisher of the worker's handover.toml, `due` is when it is to be published
    there; `post` has all of that, and the texts, from a calendar's plan. `budget` is the most
    credits of the run; 0 for as many as it needs.
    `notify` says who is told what becomes of the run, beside those that the worker tells anyway;
    `approval` is what a person has to approve, such as `before_export within 3d`.
    """
    prompts = [prompt] if isinstance(prompt, str) else prompt
    options = VideoOptions(
        media=images,
        prompts=[text for text in prompts if text],
        changes=[text for text in changes if text.strip()],
        mode=work,
        platform=form_value(platform),
        aspect=form_value(aspect),
        language=language,
        approval=approval,
        run_id=run_id,
        keep_existing=as_begun,
        deduplication_key=occasion or deduplication_key(again=again),
        handover=handover.strip(),
        synthetic_media=synthetic_media,
        budget=budget or None,
    )
    asked = {**asdict(options), "profile": profile}
    record = "" if run_id else record_name(asked)
    with in_form_words():
        options = with_post(replace(options, due=due_at(due)), post or {})
        resolved = await resolve_store(store, credentials, local=local, account=account)
        begun = await begun_before(resolved.workspace, record)
        if not begun:
            check_files(images)
            profile = form_value(profile) or resolved.profile
            with in_flow_trace():
                begun = await resolved.workspace.submit(
                    replace(options, profile=profile, notify=notify)
                )
            await remember(resolved.workspace.store, record, begun)
    return RunHandle(
        run_id=begun,
        store=resolved.store,
        credentials=resolved.credentials,
        name=display_name(slug, form_value(platform)),
        account=account,
    )


@step_task("Begin the delivery", run_name="begin", timeout_s=_LONG_S)
async def begin_delivery(
    run_id: str,
    images: Sequence[str],
    prompt: str = "",
    profile: str = "",
    *,
    language: str = "",
    media_hosts: Sequence[str] = (),
    store: str | VideoStore = "",
    credentials: str | NemoVideoCredentials = "",
    local: bool = False,
    notify: Notify | Mapping[str, Any] | None = None,
    handover: str = "",
    synthetic_media: bool = True,
    budget_per_day: float = 0.0,
    source: str = "",
    platforms: Sequence[str] = (),
    texts: Mapping[str, Any] | None = None,
    approval: str = "",
) -> RunHandle:
    """Downloads the pictures of a webhook delivery once, and writes its request down."""
    budgets = [daily_budget("source", source, budget_per_day)] if budget_per_day else []
    with in_form_words():
        resolved = await resolve_store(store, credentials, local=local)
        options = VideoOptions(
            run_id=run_id,
            media=images,
            prompts=[prompt] if prompt else [],
            profile=profile or resolved.profile,
            language=language,
            web_only=True,
            media_hosts=media_hosts,
            platforms=platforms,
            texts=post_texts(texts or {}),
            keep_existing=True,
            notify=notify_of(notify),
            approval=approval,
            handover=handover,
            synthetic_media=synthetic_media,
            budgets=budgets,
        )
        with in_flow_trace():
            await resolved.workspace.submit(options)
    return RunHandle(run_id=run_id, store=resolved.store, credentials=resolved.credentials)


@step_task("Refine the run", run_name="refine", timeout_s=_LONG_S)
async def refine_run(
    run: RunHandle | str,
    changes: str | Sequence[str],
    images: Sequence[str] = (),
    *,
    occasion: str = "",
    again: bool = False,
) -> RunHandle:
    """Asks for changes in the session of a finished run, with a new video after each change.

    The same changes under the same deduplication key (`occasion`), or repeated right after they
    were made, are not asked for twice.
    """
    handle = to_handle(run)
    texts = [changes] if isinstance(changes, str) else changes
    with in_form_words():
        check_files(images)
        opened = await open_run(handle)
        await opened.workspace.refine(
            handle.run_id,
            texts,
            images,
            deduplication_key=occasion or deduplication_key(again=again),
        )
    return handle


@step_task("Acquire token", run_name="token/{number}", timeout_s=_SHORT_S)
async def acquire_token(
    run: RunHandle | str, *, number: int = 0, resend: bool = False, same_account: bool = False
) -> TokenResult:
    """Signs in and checks that the account is the run's; Prefect never sees the token.

    `same_account` is a person's word that the token is a new one of the account that began the run.
    """
    if same_account:
        with in_form_words():
            handle = to_handle(run)
            await (await open_run(handle)).workspace.confirm_account(handle.run_id)
    return await _advance(run, StepName.TOKEN, number, TokenResult, AcquireToken(), resend=resend)


@step_task("Check credits", run_name="credits/{number}", timeout_s=_SHORT_S)
async def check_credits(
    run: RunHandle | str, *, number: int = 0, resend: bool = False
) -> CreditsResult:
    """Reads the balance; a run that needs credits and has none stops before it spends any."""
    args = CheckCredits(stop_when_empty=False)
    return await _advance(run, StepName.CREDITS, number, CreditsResult, args, resend=resend)


@step_task("Create session", run_name="session/{number}", timeout_s=_SHORT_S)
async def create_session(
    run: RunHandle | str, *, number: int = 0, resend: bool = False
) -> SessionResult:
    """Opens the session that holds the timeline and the uploads."""
    return await _advance(
        run, StepName.SESSION, number, SessionResult, CreateSession(), resend=resend
    )


@step_task("Upload", run_name="upload/{number}", timeout_s=_LONG_S, tags=("nemovideo-upload",))
async def upload(
    run: RunHandle | str, picture: str = "", *, number: int = 0, resend: bool = False
) -> UploadResult:
    """Uploads one file, unless the service has it already.

    `picture` is a path or a URL; empty for the file that the run was started with.
    """
    handle = to_handle(run)
    args = None
    if picture:
        with in_form_words():
            check_files([picture])
            opened = await open_run(handle)
            media = await asyncio.to_thread(opened.workspace.ingest, [picture])
            if len(media) > 1:
                raise BadInput(f"{picture!r} is a folder: upload one file with each task")
        args = Upload(media=media[0])
    return await _advance(handle, StepName.UPLOAD, number, UploadResult, args, resend=resend)


@step_task(
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

    `text` is empty for the instruction that the run was started with.
    """
    await _wait_for_rate_limit(MESSAGES)
    args = Prompt(text=text) if text else None
    return await _advance(run, StepName.PROMPT, number, PromptResult, args, resend=resend)


@step_task("Read state", run_name="state/{number}", timeout_s=_LONG_S)
async def read_state(run: RunHandle | str, *, number: int = 0, resend: bool = False) -> StateResult:
    """Waits until the service has finished its edit, and reads the timeline."""
    return await _advance(run, StepName.STATE, number, StateResult, ReadState(), resend=resend)


@step_task(
    "Submit render", run_name="render/{number}", timeout_s=_LONG_S, tags=("nemovideo-render",)
)
async def submit_render(
    run: RunHandle | str, *, number: int = 0, resend: bool = False
) -> RenderResult:
    """Starts the export, under an id that is written down first."""
    return await _advance(run, StepName.RENDER, number, RenderResult, SubmitRender(), resend=resend)


@step_task("Await render", run_name="await/{number}", timeout_s=_LONG_S, tags=("nemovideo-render",))
async def await_render(
    run: RunHandle | str, *, number: int = 0, resend: bool = False
) -> RenderEnded:
    """Polls the render until it has ended."""
    args = AwaitRender(render=f"render/{number}")
    return await _advance(run, StepName.AWAIT, number, RenderEnded, args, resend=resend)


@step_task("Download", run_name="download/{number}", timeout_s=_LONG_S)
async def download(
    run: RunHandle | str, *, number: int = 0, resend: bool = False
) -> DownloadResult:
    """Downloads the video and checks that the file is complete."""
    args = Download(render=f"render/{number}")
    return await _advance(run, StepName.DOWNLOAD, number, DownloadResult, args, resend=resend)


@step_task("Claim link", run_name="claim/{number}", timeout_s=_SHORT_S)
async def claim_link(run: RunHandle | str, *, number: int = 0, resend: bool = False) -> ClaimResult:
    """Checks that a person can take over the session; Prefect never sees the link."""
    return await _advance(run, StepName.CLAIM, number, ClaimResult, ClaimLink(), resend=resend)


@step_task("Publish", run_name="publish/{number}", timeout_s=_LONG_S, asset="nemovideo://videos")
async def publish(run: RunHandle | str, *, number: int = 0, resend: bool = False) -> PublishResult:
    """Puts the video and its posters into the run's folder, and writes the manifest last."""
    published: PublishResult = await _advance(
        run, StepName.PUBLISH, number, PublishResult, Publish(), resend=resend
    )
    handle = to_handle(run)
    await declare_asset(handle, await open_run(handle))
    return published


@step_task("Approve", run_name="approve/{number}", timeout_s=_LONG_S)
async def approve(
    run: RunHandle | str, *, number: int = 0, resend: bool = False, may_wait: bool = False
) -> ApprovalResult | None:
    """Goes on where a person has approved it; elsewhere it makes what is to be shown, and stops.

    With `may_wait` it returns None then, for a flow that asks a person next.
    """
    try:
        return await _advance(run, StepName.APPROVE, number, ApprovalResult, None, resend=resend)
    except RunStopped as stopped:
        if may_wait and stopped.code is ErrorCode.NEEDS_APPROVAL:
            return None
        raise


@step_task("Hand over", run_name="hand-over/{number}", timeout_s=_LONG_S)
async def hand_over(
    run: RunHandle | str,
    target: str = "",
    *,
    platform: str = "",
    number: int = 0,
    resend: bool = False,
) -> HandOverResult:
    """Gives the video to a publisher of the worker's handover.toml: once, unless `resend` is given.

    `target` is empty for the one that the run was started with.
    """
    args = HandOver(target=target, platform=platform) if target else None
    return await _advance(run, StepName.HAND_OVER, number, HandOverResult, args, resend=resend)


@step_task("Show result", run_name="result", timeout_s=_SHORT_S)
async def show_result(run: RunHandle | str) -> RunResult:
    """Publishes the artifacts of the run, and returns its result."""
    handle = to_handle(run)
    with in_form_words():
        return await publish_artifacts(handle, await open_run(handle))


async def _wait_for_rate_limit(name: str) -> None:
    """Wait for a slot of the rate limit, where the server has one of that name."""
    async with get_client() as client:
        try:
            await client.read_global_concurrency_limit_by_name(name)
        except ObjectNotFound:
            return
    await rate_limit(name)


async def _advance(
    run: RunHandle | str,
    node: StepName,
    number: int,
    kind: type[_R],
    args: Arguments | None,
    *,
    resend: bool = False,
) -> _R:
    """Bring the run through one step and return the step's result.

    A step that the run was started with keeps its own arguments, unless it is a message or an
    upload with other ones; a step that is not there yet is added.
    """
    handle, step = to_handle(run), f"{node}/{number}"
    with in_form_words():
        opened = await open_run(handle)
        steps = list((await opened.journal.recently()).steps)
        new = args is not None and (step not in steps or isinstance(args, Prompt | Upload))
        if not new and step not in steps:
            raise BadInput(
                f"Run {handle.run_id} was not started with a step {step}: give the task what to do"
            )
        async with contextlib.AsyncExitStack() as stack:
            bar = opened.bar
            if bar is None:
                bar = ProgressBar(f"nemovideo-{handle.key}-progress", [*steps, step])
                await stack.enter_async_context(bar)
            log = stack.enter_context(RunLog())
            await opened.workspace.advance(
                handle.run_id,
                step,
                [Step(id=step, args=args)] if args and new else [],
                drive=DriveOptions(
                    resend=resend_permission(resend=resend),
                    profile=opened.store.profile,
                    link=flow_run_link(),
                    channels=PREFECT_CHANNELS,
                    on_event=_both(log.show, bar.show),
                ),
                journal=opened.journal,
            )
        result = opened.journal.run.steps[step].result
        if not isinstance(result, kind):
            raise RunStopped(f"The step {step} has not finished", run_id=handle.run_id)
        return result


def _both(one: Callable[[Event], None], other: Callable[[Event], None]) -> Callable[[Event], None]:
    def show(event: Event) -> None:
        one(event)
        other(event)

    return show
