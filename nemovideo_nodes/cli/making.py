"""The commands that make videos: make, resume, refine."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import click

from nemovideo_nodes.cli.group import (
    BAD_INPUT,
    EXIT,
    STOPPED,
    complete_run,
    json_option,
    loudness,
    open_workspace,
    print_json,
    quiet_option,
    resend_option,
    store_option,
    verbose_option,
)
from nemovideo_nodes.cli.wording import CLI_WORDING
from nemovideo_nodes.errors import BadInput, ErrorCode, NemoVideoError, Remedy
from nemovideo_nodes.profiles import DEFAULT_PROFILE

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from nemovideo_nodes.ledger.manifest import RunResult
    from nemovideo_nodes.workspace import DriveOptions, DryRun, PreparedRun, Workspace

__all__ = ["make", "refine", "resume"]


@click.command(
    short_help="Make a video of pictures.",
    epilog="For example: nemovideo make --local photos/ -p 'a 10-second video, calm music'",
)
@click.argument("media", nargs=-1, metavar="[MEDIA...]")
@click.option(
    "-p", "--prompt", "prompts", multiple=True, metavar="TEXT", help="What the video should be."
)
@click.option(
    "--script",
    "script_file",
    metavar="FILE",
    help="Instructions in a YAML or JSON file: batch and iterative work.",
)
@click.option(
    "--profile",
    metavar="NAME|SKILL.md",
    help=f"The skill to use: its name, or a skill document.  [default: {DEFAULT_PROFILE}]",
)
@click.option("--platform", metavar="NAME", help="Where the video goes; it decides the frame.")
@click.option("--aspect", metavar="W:H", help="The frame, such as 9:16, 1:1 or 16:9.")
@click.option("--run-id", metavar="ID", help="A name of your own for the run.")
@click.option("--again", is_flag=True, help="Make a new video of a request that is done.")
@click.option("--local", is_flag=True, help="Use the emulator on this machine; no account needed.")
@click.option(
    "--dry-run",
    is_flag=True,
    help="Show what would be sent, what would be left out, and the estimate; send nothing.",
)
@click.option("-o", "--output", metavar="FILE", help="Put a copy of the video there.")
@resend_option
@quiet_option
@verbose_option
@store_option
@json_option
def make(
    media: tuple[str, ...],
    prompts: tuple[str, ...],
    script_file: str | None,
    profile: str | None,
    platform: str | None,
    aspect: str | None,
    run_id: str | None,
    again: bool,
    local: bool,
    dry_run: bool,
    output: str | None,
    resend: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Make a video of MEDIA: pictures, folders of pictures, https:// or s3:// URLs.

    Without --prompt the profile's own instruction is used. Typing the same again takes an
    unfinished run up, and repeats nothing of a finished one.
    """
    from nemovideo_nodes.workspace import VideoOptions
    from nemovideo_nodes.workspace.script_file import read_script

    if run_id is not None and again:
        raise BadInput("--again and --run-id exclude each other: give another --run-id instead")
    if script_file is not None and prompts:
        raise BadInput("--script and --prompt exclude each other: write the prompt in the script")
    if script_file is not None and (platform or aspect):
        raise BadInput(
            "--script says the frame in its own words: leave out --platform and --aspect"
        )
    file = read_script(script_file) if script_file is not None else None
    workspace = open_workspace(store, local=local)
    options = VideoOptions(
        media=media,
        prompts=prompts,
        script=file,
        profile=profile or (file.profile if file else None) or DEFAULT_PROFILE,
        platform=platform or "",
        aspect=aspect or "",
        run_id=run_id or "",
        again=again,
    )
    if dry_run:
        show_preview(workspace.preview(options), as_json=as_json)
    prepared = workspace.prepare(options)
    for one in prepared.order.skipped or ():
        click.echo(f"Left out: {one.name}: {one.reason}", err=True)
    end_if_finished(workspace, prepared, as_json=as_json, output=output)
    advise_on(workspace, prepared)
    run_prepared(workspace, prepared, resend=resend, as_json=as_json, output=output)


@click.command()
@click.argument("run", shell_complete=complete_run)
@resend_option
@click.option(
    "--same-account",
    is_flag=True,
    help="The token is a new one of the account that began RUN.",
)
@quiet_option
@verbose_option
@store_option
@json_option
def resume(run: str, resend: bool, same_account: bool, store: str | None, as_json: bool) -> None:
    """Go on with RUN, with the arguments that it was begun with."""
    workspace = open_workspace(store)
    if same_account:
        asyncio.run(workspace.confirm_account(run))
    ordered = workspace.ordered(run)
    end_if_finished(workspace, ordered, as_json=as_json)
    run_prepared(workspace, ordered, resend=resend, as_json=as_json)


@click.command(
    short_help="Change the video of RUN, and export it again.",
    epilog="For example: nemovideo refine RUN -p 'make the music quieter'",
)
@click.argument("run", shell_complete=complete_run)
@click.argument("media", nargs=-1, metavar="[MEDIA...]")
@click.option(
    "-p",
    "--prompt",
    "prompts",
    multiple=True,
    required=True,
    metavar="TEXT",
    help="What to change.",
)
@click.option("--again", is_flag=True, help="Send it again, though it was sent before.")
@resend_option
@quiet_option
@verbose_option
@store_option
@json_option
def refine(
    run: str,
    media: tuple[str, ...],
    prompts: tuple[str, ...],
    again: bool,
    resend: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Change the video of RUN in the session that made it, and export it again.

    Typing the same again takes an unfinished refinement up, and repeats nothing.
    """
    workspace = open_workspace(store)
    workspace.load(run)

    async def work(drive: DriveOptions) -> RunResult:
        await workspace.refine(run, prompts, media, each=False, again=again)
        return await workspace.resume(run, drive=drive)

    do_work(workspace, run, work, resend=resend, as_json=as_json, refining=True)


def show_preview(dry_run: DryRun, *, as_json: bool) -> NoReturn:
    """Show what a request would send, and end."""
    if as_json:
        print_json(dry_run.as_json(CLI_WORDING))
    else:
        for medium in dry_run.media:
            size = "by URL" if medium.url else f"{medium.size} bytes"
            click.echo(f"Would upload: {medium.name} ({medium.kind}, {size})")
        for one in dry_run.skipped:
            click.echo(f"Left out: {one.name}: {one.reason}" if one.name else one.reason)
        for text in dry_run.instructions:
            click.echo(f"Would say: {text}")
        if dry_run.estimate is not None:
            estimate = dry_run.estimate
            click.echo(f"Estimate: {estimate.credits:g} credits ({estimate.basis})")
        if dry_run.run_id is not None:
            click.echo(f"Run: {dry_run.run_id}")
    if dry_run.error is not None:
        click.echo(f"nemovideo: {dry_run.error.told(CLI_WORDING)}", err=True)
    sys.exit(BAD_INPUT if dry_run.error is not None else 0)


def advise_on(workspace: Workspace, prepared: PreparedRun) -> None:
    """What the skill would say before anything is paid; on standard error."""
    for line in workspace.advice(prepared):
        click.echo(f"Tip: {line}", err=True)


def end_if_finished(
    workspace: Workspace, prepared: PreparedRun, *, as_json: bool, output: str | None = None
) -> None:
    """End here, without asking anybody, where the run is done already."""
    result = workspace.finished(prepared)
    if result is None:
        return
    quiet = loudness() == "quiet"
    if not as_json and not quiet and result.status == "done":
        click.echo("This is done already, and nothing was repeated; --again makes a new one.")
    if output is not None and result.status == "done":
        result = workspace.copy_video(result, output)
    _end(result, as_json=as_json)


def run_prepared(
    workspace: Workspace,
    prepared: PreparedRun,
    *,
    resend: bool,
    as_json: bool,
    output: str | None = None,
) -> None:
    """Bring a prepared run to its end."""
    do_work(
        workspace,
        prepared.run_id,
        lambda drive: workspace.run(prepared, drive=drive),
        resend=resend,
        as_json=as_json,
        output=output,
    )


def do_work(
    workspace: Workspace,
    run_id: str,
    work: Callable[[DriveOptions], Coroutine[Any, Any, RunResult]],
    *,
    resend: bool,
    as_json: bool,
    refining: bool = False,
    output: str | None = None,
) -> None:
    """Do the work of a run under the eyes of whoever watches, and end with its result.

    `refining`: a person is told only what came of the refinement that was asked for last.
    """
    from nemovideo_nodes.ledger.manifest import result_of
    from nemovideo_nodes.workspace import DriveOptions
    from nemovideo_nodes.workspace.display import (
        Display,
        LiveDisplay,
        PlainDisplay,
        SilentDisplay,
    )

    # A worker that is told to end lets go of the run, as one does that is interrupted.
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    live = sys.stderr.isatty() and sys.stdout.isatty() and not as_json
    told = loudness()
    display: Display
    if told == "quiet":
        display = SilentDisplay()
    elif live and told is None:
        display = LiveDisplay()
    else:
        display = PlainDisplay(to_stderr=as_json, verbose=told == "verbose")
    with display:
        try:
            result = asyncio.run(work(DriveOptions(resend=resend, on_event=display.show)))
        except KeyboardInterrupt:
            run = workspace.journal(run_id).refresh()
            result = result_of(
                run,
                workspace.store,
                "waiting",
                STOPPED,
                error_code=ErrorCode.CANCELLED,
                remedy=Remedy.RETRY,
            )
    link = _claim_link(workspace, run_id) if live and result.status == "done" else None
    known = None
    if refining:
        before = workspace.journal(run_id).refresh().unrefined()
        known = result_of(before, workspace.store, "waiting")
    if output is not None and result.status == "done":
        result = workspace.copy_video(result, output)
    _end(result, as_json=as_json, known=known, link=link)


def _as_ctrl_c(number: int, frame: FrameType | None) -> None:
    """A running loop cancels its work then; an exception would cut it in the middle of anything."""
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):  # ignored, as in a shell's background
        handler = signal.default_int_handler
    handler(number, frame)


def _claim_link(workspace: Workspace, run_id: str) -> str | None:
    """The link for the person at this terminal; it is a secret, so nothing else is shown it."""
    with contextlib.suppress(NemoVideoError):  # a convenience, never worth a video
        return asyncio.run(workspace.claim_link(workspace.load(run_id)))
    return None


def _end(
    result: RunResult,
    *,
    as_json: bool,
    known: RunResult | None = None,
    link: str | None = None,
) -> NoReturn:
    """Say the result and end; a person is not told again what was `known` before."""
    from nemovideo_nodes.workspace.display import result_lines

    quiet = loudness() == "quiet"
    result = result.model_copy(update={"error": result.told(CLI_WORDING, source="NEMO_TOKEN")})
    if as_json:
        print_json(result.model_dump())
    else:
        new = result
        if known is not None:
            new = result.model_copy(
                update={
                    "replies": result.replies[len(known.replies) :],
                    "videos": result.videos[len(known.videos) :],
                }
            )
        # A refinement that changed nothing made no video: the last one stands.
        paths = [video.path for video in new.videos or result.videos[-1:]]
        for line in paths if quiet else result_lines(new):
            click.echo(line)
    if link is not None and not quiet:
        click.echo(f"To take the session over, as its owner: {link}")
    if result.error:
        click.echo(f"nemovideo: {result.error}", err=True)
    sys.exit(EXIT[result.status])
