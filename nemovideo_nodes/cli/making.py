"""The commands that make videos: make, resume, refine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from nemovideo_nodes.cli.completing import (
    complete_approval,
    complete_aspect,
    complete_files,
    complete_handover,
    complete_platform,
    complete_profile,
    complete_run,
)
from nemovideo_nodes.cli.driving import Delivery, Outcome, drive_run, end, finished_before
from nemovideo_nodes.cli.group import (
    json_option,
    loudness,
    open_workspace,
    print_json,
    quiet_option,
    resend_option,
    store_option,
    verbose_option,
)
from nemovideo_nodes.cli.previewing import show_preview
from nemovideo_nodes.cli.progress import Progress, progress_for
from nemovideo_nodes.cli.wording import CLI_WORDING
from nemovideo_nodes.errors import BadInput

if TYPE_CHECKING:
    from nemovideo_nodes.ledger.run_result import RunResult
    from nemovideo_nodes.request.renditions import Fit
    from nemovideo_nodes.workspace import DriveOptions, PreparedRun, VideoOptions, Workspace

__all__ = ["cancel", "make", "refine", "resume"]

output_option = click.option(
    "-o",
    "--output",
    metavar="FILE",
    shell_complete=complete_files,
    help="Put a copy of the video there.",
)
open_option = click.option(
    "--open", "opens", is_flag=True, help="Open the video when it is finished."
)


@click.command(
    short_help="Make a video of pictures.",
    epilog="For example: nemovideo make --local photos/ -p 'a 10-second video, calm music'",
)
@click.argument("media", nargs=-1, metavar="[MEDIA...]", shell_complete=complete_files)
@click.option(
    "-p", "--prompt", "prompts", multiple=True, metavar="TEXT", help="What the video should be."
)
@click.option(
    "--script",
    "script_file",
    metavar="FILE",
    shell_complete=complete_files,
    help="Instructions in a YAML or JSON file: batch and iterative work.",
)
@click.option(
    "--profile",
    metavar="NAME|SKILL.md",
    shell_complete=complete_profile,
    help="The skill to use: its name, or a skill document.  [default: image-to-video-canva]",
)
@click.option(
    "--platform",
    metavar="NAME[,NAME…]",
    shell_complete=complete_platform,
    help="Where the video goes; it decides the frame. Others get renditions of the same video.",
)
@click.option(
    "--fit",
    type=click.Choice(["auto", "blur", "plain", "crop"]),
    default="auto",
    show_default=True,
    help="What a rendition has around the picture.",
)
@click.option("--title", default="", metavar="TEXT", help="The title that goes out with it.")
@click.option(
    "--caption", default="", metavar="TEXT", help="The caption; it may hold {{ platform }}."
)
@click.option("--hashtags", default="", metavar="TAGS", help="Such as '#spring #sale'.")
@click.option("--alt-text", default="", metavar="TEXT", help="What is to be seen in it.")
@click.option("--link", default="", metavar="URL", help="The link that goes out with it.")
@click.option("--utm", multiple=True, metavar="NAME=VALUE", help="Added to the link.")
@click.option(
    "--handover",
    default="",
    metavar="NAME",
    shell_complete=complete_handover,
    help="Hand the video over to this publisher of handover.toml, once.",
)
@click.option(
    "--due",
    default="",
    metavar="TIME",
    help="When it is to be published, such as 2026-03-02T09:00+01:00; publishers are told.",
)
@click.option(
    "--synthetic-media/--no-synthetic-media",
    default=True,
    help="Whether it is to be labelled as made or changed by AI.  [default: yes]",
)
@click.option(
    "--budget",
    type=click.FloatRange(min=0, min_open=True),
    metavar="CREDITS",
    help="The most credits of this run; what does not fit is held.",
)
@click.option(
    "--aspect",
    metavar="W:H",
    shell_complete=complete_aspect,
    help="The frame, such as 9:16, 1:1 or 16:9.",
)
@click.option(
    "--approval",
    metavar="WHEN",
    default="",
    shell_complete=complete_approval,
    help="Stop for a person: before_paying, before_export or before_handover; also "
    "'before_export within 3d else go on'.  [NEMOVIDEO_APPROVAL]",
)
@click.option("--run-id", metavar="ID", help="A name of your own for the run.")
@click.option("--again", is_flag=True, help="Make a new video of a request that is done.")
@click.option("--local", is_flag=True, help="Use the emulator on this machine; no account needed.")
@click.option(
    "--dry-run",
    is_flag=True,
    help="Show what would be sent, what would be left out, and the estimate; send nothing.",
)
@output_option
@open_option
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
    fit: Fit,
    title: str,
    caption: str,
    hashtags: str,
    alt_text: str,
    link: str,
    utm: tuple[str, ...],
    handover: str,
    due: str,
    synthetic_media: bool,
    budget: float | None,
    aspect: str | None,
    approval: str,
    run_id: str | None,
    again: bool,
    local: bool,
    dry_run: bool,
    output: str | None,
    opens: bool,
    resend: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Make a video of MEDIA: pictures, folders of pictures, https:// or s3:// URLs.

    Without --prompt the profile's own instruction is used. Typing the same again takes an
    unfinished run up, and repeats nothing of a finished one.
    """
    if run_id is not None and again:
        raise BadInput("--again and --run-id exclude each other: give another --run-id instead")
    if script_file is not None and prompts:
        raise BadInput("--script and --prompt exclude each other: write the prompt in the script")
    if script_file is not None and (platform or aspect):
        raise BadInput(
            "--script says the frame in its own words: leave out --platform and --aspect"
        )
    delivery = Delivery(as_json, output, opens, store or "")
    with progress_for(loudness(), as_json=as_json) as progress:
        progress.begin("Looking at what you gave")
        from nemovideo_nodes.profiles import DEFAULT_PROFILE
        from nemovideo_nodes.workspace import VideoOptions
        from nemovideo_nodes.workspace.posting import due_at
        from nemovideo_nodes.workspace.script_file import read_script

        file = read_script(script_file) if script_file is not None else None
        options = VideoOptions(
            media=media,
            prompts=prompts,
            script=file,
            profile=profile or (file.profile if file else None) or DEFAULT_PROFILE,
            platform=platform or "",
            fit=fit,
            title=title,
            caption=caption,
            hashtags=hashtags,
            alt_text=alt_text,
            link=link,
            utm=_utm(utm),
            handover=handover,
            due=due_at(due),
            synthetic_media=synthetic_media,
            budget=budget,
            aspect=aspect or "",
            run_id=run_id or "",
            again=again,
            approval=approval,
        )
        workspace = open_workspace(store, local=local)
        named = file.sources if file is not None else []
        delivery.check(workspace, [*media, *named])
        ended = (
            workspace.preview(options)
            if dry_run
            else _made(workspace, options, progress, resend=resend, asks=delivery.is_asked)
        )
    if isinstance(ended, Outcome):
        end(ended, delivery)
    show_preview(ended, as_json=as_json)


def _made(
    workspace: Workspace, options: VideoOptions, progress: Progress, *, resend: bool, asks: bool
) -> Outcome:
    from nemovideo_nodes.workspace.local_service import LOCAL

    prepared = workspace.prepare(options)
    for one in prepared.order.skipped or ():
        progress.say(f"Left out: {one.name}: {one.reason}")
    if (outcome := finished_before(workspace, prepared)) is not None:
        return outcome
    for line in workspace.advice(prepared):
        progress.say(f"Tip: {line}")
    if workspace.settings.service == LOCAL:  # an emulator is started, perhaps
        progress.set_up()
    return _driven(workspace, prepared, progress, resend=resend, asks=asks)


def _driven(
    workspace: Workspace, prepared: PreparedRun, progress: Progress, *, resend: bool, asks: bool
) -> Outcome:
    return drive_run(
        workspace,
        prepared.run_id,
        lambda drive: workspace.run(prepared, drive=drive),
        progress,
        resend=resend,
        asks=asks,
    )


@click.command()
@click.argument("run", shell_complete=complete_run)
@output_option
@open_option
@resend_option
@click.option(
    "--same-account",
    is_flag=True,
    help="The token is a new one of the account that began RUN.",
)
@click.option(
    "--handed-over",
    is_flag=True,
    help="The publisher has the post of RUN, which was in doubt.",
)
@quiet_option
@verbose_option
@store_option
@json_option
def resume(
    run: str,
    output: str | None,
    opens: bool,
    resend: bool,
    same_account: bool,
    handed_over: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Go on with RUN, with the arguments that it was begun with."""
    delivery = Delivery(as_json, output, opens, store or "")
    with progress_for(loudness(), as_json=as_json) as progress:
        progress.begin("Looking at the run")
        workspace = open_workspace(store)
        delivery.check(workspace)
        run_id = workspace.named(run)
        if same_account:
            asyncio.run(workspace.confirm_account(run_id))
        if handed_over:
            asyncio.run(workspace.confirm_handed_over(run_id))
        ordered = workspace.ordered(run_id)
        outcome = finished_before(workspace, ordered) or _driven(
            workspace, ordered, progress, resend=resend, asks=delivery.is_asked
        )
    end(outcome, delivery)


@click.command(
    short_help="Change the video of RUN, and export it again.",
    epilog="For example: nemovideo refine RUN -p 'make the music quieter'",
)
@click.argument("run", shell_complete=complete_run)
@click.argument("media", nargs=-1, metavar="[MEDIA...]", shell_complete=complete_files)
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
@output_option
@open_option
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
    output: str | None,
    opens: bool,
    resend: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Change the video of RUN in the session that made it, and export it again.

    Typing the same again takes an unfinished refinement up, and repeats nothing.
    """
    delivery = Delivery(as_json, output, opens, store or "")
    with progress_for(loudness(), as_json=as_json) as progress:
        progress.begin("Looking at the run")
        workspace = open_workspace(store)
        delivery.check(workspace, media)
        run_id = workspace.named(run)
        workspace.load(run_id)

        async def work(drive: DriveOptions) -> RunResult:
            await workspace.refine(run_id, prompts, media, each=False, again=again)
            return await workspace.resume(run_id, drive=drive)

        outcome = drive_run(
            workspace, run_id, work, progress, resend=resend, refining=True, asks=delivery.is_asked
        )
    end(outcome, delivery)


@click.command(short_help="End RUN, and ask the service to stop its render.")
@click.argument("run", shell_complete=complete_run)
@store_option
@json_option
def cancel(run: str, store: str | None, as_json: bool) -> None:
    """End RUN for good: nothing more of it is sent.

    The service is asked once to stop a render that is under way, and may charge it all the same.
    """
    result = asyncio.run(open_workspace(store).cancel(run))
    result = result.model_copy(update={"error": result.message(CLI_WORDING, source="NEMO_TOKEN")})
    if as_json:
        print_json(result.model_dump())
    else:
        click.echo(result.error or f"Run {run} is cancelled.")


def _utm(pairs: tuple[str, ...]) -> dict[str, str]:
    """`source=newsletter` or `utm_source=newsletter`."""
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise BadInput(
                f"--utm takes NAME=VALUE, such as source=newsletter, and {pair[:60]!r} is not that"
            )
        name = name.strip().lower()
        found[name if name.startswith("utm_") else f"utm_{name}"] = value.strip()
    return found
