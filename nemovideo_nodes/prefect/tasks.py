"""One Prefect task a step kind, each bringing the run through one of its steps.

Those that begin a run are in `beginning`, and importable from here as well.

A task takes a run (a `RunHandle`, or a run id) and returns the step's result; everything else is
in the run's journal. A task whose step is done already returns at once, and one whose run cannot
continue raises `RunStopped`. `number` distinguishes a second use of a step kind in one run from
the first. `resend` permits the step that the run stopped at to be repeated, and paid for again.
"""

from __future__ import annotations

import asyncio
from typing import Final

from nemovideo_nodes.errors import BadInput, ErrorCode, RunStopped
from nemovideo_nodes.ledger.results import (
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
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.prefect.advancing import advance_step
from nemovideo_nodes.prefect.artifacts import declare_asset, publish_artifacts
from nemovideo_nodes.prefect.beginning import begin_delivery, begin_run, refine_run
from nemovideo_nodes.prefect.handle import RunHandle, to_handle
from nemovideo_nodes.prefect.limits import MESSAGES, wait_for_rate_limit
from nemovideo_nodes.prefect.location import check_files
from nemovideo_nodes.prefect.resolve import kept_run, open_run
from nemovideo_nodes.prefect.step_task import step_task
from nemovideo_nodes.prefect.wording import in_form_words
from nemovideo_nodes.request.steps import (
    AcquireToken,
    AwaitRender,
    CheckCredits,
    ClaimLink,
    CreateSession,
    Download,
    HandOver,
    Prompt,
    Publish,
    ReadState,
    StepName,
    SubmitRender,
    Upload,
)

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

_SHORT_S: Final = 600.0
_LONG_S: Final = 7_200.0


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
    return await advance_step(
        run, StepName.TOKEN, number, TokenResult, AcquireToken(), resend=resend
    )


@step_task("Check credits", run_name="credits/{number}", timeout_s=_SHORT_S)
async def check_credits(
    run: RunHandle | str, *, number: int = 0, resend: bool = False
) -> CreditsResult:
    """Reads the balance; a run that needs credits and has none stops before it spends any."""
    args = CheckCredits(stop_when_empty=False)
    return await advance_step(run, StepName.CREDITS, number, CreditsResult, args, resend=resend)


@step_task("Create session", run_name="session/{number}", timeout_s=_SHORT_S)
async def create_session(
    run: RunHandle | str, *, number: int = 0, resend: bool = False
) -> SessionResult:
    """Opens the session that holds the timeline and the uploads."""
    return await advance_step(
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
    return await advance_step(handle, StepName.UPLOAD, number, UploadResult, args, resend=resend)


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
    kept = kept_run(run)
    await wait_for_rate_limit(MESSAGES, kept.limits if kept is not None else None)
    args = Prompt(text=text) if text else None
    return await advance_step(run, StepName.PROMPT, number, PromptResult, args, resend=resend)


@step_task("Read state", run_name="state/{number}", timeout_s=_LONG_S)
async def read_state(run: RunHandle | str, *, number: int = 0, resend: bool = False) -> StateResult:
    """Waits until the service has finished its edit, and reads the timeline."""
    return await advance_step(run, StepName.STATE, number, StateResult, ReadState(), resend=resend)


@step_task(
    "Submit render", run_name="render/{number}", timeout_s=_LONG_S, tags=("nemovideo-render",)
)
async def submit_render(
    run: RunHandle | str, *, number: int = 0, resend: bool = False
) -> RenderResult:
    """Starts the export, under an id that is written down first."""
    return await advance_step(
        run, StepName.RENDER, number, RenderResult, SubmitRender(), resend=resend
    )


@step_task("Await render", run_name="await/{number}", timeout_s=_LONG_S, tags=("nemovideo-render",))
async def await_render(
    run: RunHandle | str, *, number: int = 0, resend: bool = False
) -> RenderEnded:
    """Polls the render until it has ended."""
    args = AwaitRender(render=f"render/{number}")
    return await advance_step(run, StepName.AWAIT, number, RenderEnded, args, resend=resend)


@step_task("Download", run_name="download/{number}", timeout_s=_LONG_S)
async def download(
    run: RunHandle | str, *, number: int = 0, resend: bool = False
) -> DownloadResult:
    """Downloads the video and checks that the file is complete."""
    args = Download(render=f"render/{number}")
    return await advance_step(run, StepName.DOWNLOAD, number, DownloadResult, args, resend=resend)


@step_task("Claim link", run_name="claim/{number}", timeout_s=_SHORT_S)
async def claim_link(run: RunHandle | str, *, number: int = 0, resend: bool = False) -> ClaimResult:
    """Checks that a person can take over the session; Prefect never sees the link."""
    return await advance_step(run, StepName.CLAIM, number, ClaimResult, ClaimLink(), resend=resend)


@step_task("Publish", run_name="publish/{number}", timeout_s=_LONG_S, asset="nemovideo://videos")
async def publish(run: RunHandle | str, *, number: int = 0, resend: bool = False) -> PublishResult:
    """Puts the video and its posters into the run's folder, and writes the manifest last."""
    published: PublishResult = await advance_step(
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
        return await advance_step(
            run, StepName.APPROVE, number, ApprovalResult, None, resend=resend
        )
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
    return await advance_step(run, StepName.HAND_OVER, number, HandOverResult, args, resend=resend)


@step_task("Show result", run_name="result", timeout_s=_SHORT_S)
async def show_result(run: RunHandle | str) -> RunResult:
    """Publishes the artifacts of the run, and returns its result."""
    handle = to_handle(run)
    with in_form_words():
        return await publish_artifacts(handle, await open_run(handle))
