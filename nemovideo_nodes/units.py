"""The task units by themselves, for a person's own flow: the run id is all that travels.

Each asks the run for one step and brings the run through it; called again with the same arguments
it repeats nothing and returns what was achieved. `number` tells a second use of a unit in one run
from the first: `prompt(run, "add a title", number=1)`.

Every unit raises `RunStopped` where the run does not get there, `resumable` where starting it again
later goes on, with the sentence that says what to do; and `StepConflict` where the same number was
used with other arguments.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel

from nemovideo_nodes.clock import Clock
from nemovideo_nodes.emulator.local import ensure_local
from nemovideo_nodes.engine.events import Event
from nemovideo_nodes.errors import RunStopped
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
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.profiles import DEFAULT_PROFILE, Profile
from nemovideo_nodes.request.approval import ApprovalStage
from nemovideo_nodes.request.steps import (
    AcquireToken,
    Approve,
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
    SubmitRender,
    Upload,
)
from nemovideo_nodes.settings import Settings
from nemovideo_nodes.workspace import DriveOptions, Workspace, require_done

__all__ = [
    "Bench",
    "StepContext",
    "acquire_token",
    "approve",
    "await_render",
    "check_credits",
    "claim_link",
    "create_session",
    "download",
    "hand_over",
    "prompt",
    "publish",
    "read_state",
    "submit_render",
    "upload",
]

_R = TypeVar("_R", bound=BaseModel)


@dataclass(frozen=True)
class StepContext:
    """How the units work; everything is optional and comes from the environment otherwise."""

    settings: Settings | None = None
    profile: str | os.PathLike[str] | Profile = DEFAULT_PROFILE
    clock: Clock | None = None
    on_event: Callable[[Event], None] | None = None

    def workspace(self) -> Workspace:
        """The runs of the settings that were given, or of the environment's; it blocks."""
        settings = self.settings or Settings.from_environment()
        return Workspace(settings, Store(settings.store), ensure_local)


Bench = StepContext
"""The name of before 1.0."""


async def acquire_token(run: str, *, number: int = 0, bench: Bench | None = None) -> TokenResult:
    """Sign in; the result knows the account by fingerprints, never the token."""
    return await _through(run, AcquireToken(), number, TokenResult, bench)


async def create_session(
    run: str, *, language: str | None = None, number: int = 0, bench: Bench | None = None
) -> SessionResult:
    """Open the run's session: one timeline and its uploads."""
    return await _through(run, CreateSession(language=language), number, SessionResult, bench)


async def upload(
    run: str,
    path: str | os.PathLike[str],
    *,
    number: int = 0,
    bench: Bench | None = None,
) -> UploadResult:
    """Upload a file, or what is behind a URL; raises `BadInput` for what cannot be taken."""
    bench = bench or StepContext()
    workspace = await asyncio.to_thread(bench.workspace)
    (media,) = await asyncio.to_thread(workspace.ingest, [os.fspath(path)])
    return await _through(run, Upload(media=media), number, UploadResult, bench)


async def prompt(
    run: str, text: str, *, number: int = 0, bench: Bench | None = None
) -> PromptResult:
    """Say one instruction to the agent. This is what costs money, and it costs it once."""
    return await _through(run, Prompt(text=text), number, PromptResult, bench)


async def read_state(run: str, *, number: int = 0, bench: Bench | None = None) -> StateResult:
    """What is on the timeline, once nothing changes there any more."""
    return await _through(run, ReadState(), number, StateResult, bench)


async def check_credits(
    run: str, *, stop_when_empty: bool = False, number: int = 0, bench: Bench | None = None
) -> CreditsResult:
    """The account's balance at this point of the run."""
    args = CheckCredits(stop_when_empty=stop_when_empty)
    return await _through(run, args, number, CreditsResult, bench)


async def claim_link(run: str, *, number: int = 0, bench: Bench | None = None) -> ClaimResult:
    """Make sure that a person can take the session over; the link itself is never kept."""
    return await _through(run, ClaimLink(), number, ClaimResult, bench)


async def submit_render(run: str, *, number: int = 0, bench: Bench | None = None) -> RenderResult:
    """Export what is on the timeline, under an id that is written down first."""
    return await _through(run, SubmitRender(), number, RenderResult, bench)


async def await_render(
    run: str,
    *,
    render: int = 0,
    limit_s: float = 3600.0,
    number: int = 0,
    bench: Bench | None = None,
) -> RenderEnded:
    """Poll the render with the number `render` until it has ended, at most `limit_s` seconds."""
    args = AwaitRender(render=f"render/{render}", limit_s=limit_s)
    return await _through(run, args, number, RenderEnded, bench)


async def download(
    run: str, *, render: int = 0, number: int = 0, bench: Bench | None = None
) -> DownloadResult:
    """Fetch and check the video of the render with the number `render`."""
    return await _through(run, Download(render=f"render/{render}"), number, DownloadResult, bench)


async def publish(run: str, *, number: int = 0, bench: Bench | None = None) -> PublishResult:
    """Name the videos in the run's folder, with posters, and write the manifest last."""
    return await _through(run, Publish(), number, PublishResult, bench)


async def approve(
    run: str, stage: ApprovalStage, *, number: int = 0, bench: Bench | None = None
) -> ApprovalResult:
    """Ask a person for approval: before the prompt, the render or the hand-over, as `stage` says.

    Raises `RunStopped` until somebody has said so, as with `nemovideo approve RUN`. What is shown
    before an export is what `read_state` found.
    """
    return await _through(run, Approve(stage=stage), number, ApprovalResult, bench)


async def hand_over(
    run: str,
    target: str,
    *,
    platform: str = "",
    number: int = 0,
    bench: Bench | None = None,
) -> HandOverResult:
    """Give the last video to a publisher of handover.toml, once; call `publish` before."""
    args = HandOver(target=target, platform=platform)
    return await _through(run, args, number, HandOverResult, bench)


async def _through(
    run: str, args: Arguments, number: int, kind: type[_R], bench: Bench | None
) -> _R:
    bench = bench or StepContext()
    workspace = await asyncio.to_thread(bench.workspace)
    step = Step(id=f"{args.node}/{number}", args=args)
    journal = workspace.journal(run)
    drive = DriveOptions(profile=bench.profile, clock=bench.clock, on_event=bench.on_event)
    result = await workspace.resume(run, step.id, [step], drive=drive, journal=journal)
    achieved = journal.run.steps[step.id].result
    if isinstance(achieved, kind):
        return achieved
    require_done(result)
    raise RunStopped(f"{step.phrase}: this step of run {run} has not finished", run_id=run)
