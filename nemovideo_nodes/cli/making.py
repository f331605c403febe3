"""The commands that make videos: make, resume, refine."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import click

from nemovideo_nodes.cli.group import (
    EXIT,
    STOPPED,
    complete_run,
    json_option,
    loudness,
    print_json,
    quiet_option,
    resend_option,
    settings_of,
    store_option,
    verbose_option,
)
from nemovideo_nodes.errors import BadInput, NemoVideoError
from nemovideo_nodes.profiles import DEFAULT_PROFILE
from nemovideo_nodes.settings import Settings, find_profile

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from nemovideo_nodes.engine.loop import Event
    from nemovideo_nodes.ledger.manifest import RunResult
    from nemovideo_nodes.ledger.store import Store
    from nemovideo_nodes.workspace.runs import Ordered

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
    help=f"The skill that speaks: its name, or a skill document.  [default: {DEFAULT_PROFILE}]",
)
@click.option("--run-id", metavar="ID", help="A name of your own for the run.")
@click.option("--again", is_flag=True, help="Make a new video of a request that is done.")
@click.option("--local", is_flag=True, help="Use the emulator on this machine; no account needed.")
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
    run_id: str | None,
    again: bool,
    local: bool,
    resend: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Make a video of MEDIA: pictures, folders of pictures, https:// or s3:// URLs.

    Without --prompt the profile's own instruction is used. Typing the same again takes an
    unfinished run up, and repeats nothing of a finished one.
    """
    from nemovideo_nodes.ledger.store import Store
    from nemovideo_nodes.workspace.ingest import take_in
    from nemovideo_nodes.workspace.local_service import LOCAL, local_settings
    from nemovideo_nodes.workspace.runs import order_script, order_video, script_in
    from nemovideo_nodes.workspace.script_file import read_script

    settings = settings_of(store)
    if run_id is not None and again:
        raise BadInput("--again and --run-id exclude each other: give another --run-id instead")
    if script_file is not None and prompts:
        raise BadInput("--script and --prompt exclude each other: write the prompt in the script")
    file = read_script(script_file) if script_file is not None else None
    named = profile or (file.profile if file else None) or DEFAULT_PROFILE
    chosen = find_profile(named, settings.platform)
    opened = Store(settings.store)
    if local:
        settings = settings.model_copy(update={"service_name": LOCAL})
    if file is None:
        ordered = order_video(settings, opened, media, prompts, chosen, run_id=run_id, again=again)
    else:
        ordered = order_script(
            settings,
            opened,
            script_in(settings, opened, file, chosen),
            take_in(opened, [*media, *file.media], settings.media_access),
            chosen,
            run_id=run_id,
            again=again,
        )
    say_if_finished(opened, ordered, as_json=as_json)
    advise_on(ordered, opened)
    if local:
        settings = local_settings(settings, opened)
    do_ordered(settings, opened, ordered, resend=resend, as_json=as_json)


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
    from nemovideo_nodes.ledger.store import Store
    from nemovideo_nodes.workspace.local_service import settings_where
    from nemovideo_nodes.workspace.runs import Ordered, load_run, trust_account

    settings = settings_of(store)
    opened = Store(settings.store)
    order = load_run(opened, run).order
    if same_account:
        service = order.service if order else settings.service
        asyncio.run(trust_account(settings_where(settings, opened, run, service), opened, run))
    if order is None:
        raise BadInput(f"Run {run} was begun step by step, by a flow: let the flow go on")
    say_if_finished(opened, Ordered(run, order), as_json=as_json)
    settings = settings_where(settings, opened, run, order.service)
    do_ordered(settings, opened, Ordered(run, order), resend=resend, as_json=as_json)


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
@click.option("--again", is_flag=True, help="Say it once more, though it was said before.")
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
    from nemovideo_nodes.ledger.store import Store
    from nemovideo_nodes.workspace.ingest import instructions, take_in
    from nemovideo_nodes.workspace.local_service import settings_where
    from nemovideo_nodes.workspace.runs import load_run
    from nemovideo_nodes.workspace.runs import refine as refine_run

    settings = settings_of(store)
    opened = Store(settings.store)
    order = load_run(opened, run).order
    chosen = order.profile if order else find_profile(DEFAULT_PROFILE, settings.platform)
    script = instructions(prompts, chosen)
    first = script[0].model_copy(update={"media": take_in(opened, media, settings.media_access)})
    if order is not None:
        settings = settings_where(settings, opened, run, order.service)

    def work(show: Callable[[Event], None]) -> Coroutine[Any, Any, RunResult]:
        return refine_run(
            settings, opened, run, (first, *script[1:]), again=again, resend=resend, on_event=show
        )

    do_work(settings, opened, run, work, as_json=as_json, refining=True)


def advise_on(ordered: Ordered, store: Store) -> None:
    """What the skill would say before anything is paid; on standard error."""
    from nemovideo_nodes.language.advice import advise

    order = ordered.order
    sizes = []
    if importlib.util.find_spec("PIL") is not None:
        from nemovideo_nodes.media.probe import image_size

        for medium in order.request.media:
            if medium.kind == "image" and medium.url is None:
                with (
                    store.local(medium.artifact) as path,
                    contextlib.suppress(NemoVideoError, OSError),
                ):
                    sizes.append(image_size(path))
    said = [instruction.text for instruction in order.request.script]
    for line in advise(said, sizes, order.profile):
        click.echo(f"Tip: {line}", err=True)


def say_if_finished(store: Store, ordered: Ordered, *, as_json: bool) -> None:
    """End here, without asking anybody, where the run is done already."""
    from nemovideo_nodes.workspace.runs import finished

    result = finished(store, ordered)
    if result is None:
        return
    quiet = loudness() == "quiet"
    if not as_json and not quiet and result.status == "done":
        click.echo("This is done already, and nothing was repeated; --again makes a new one.")
    _end(result, as_json=as_json)


def do_ordered(
    settings: Settings, store: Store, ordered: Ordered, *, resend: bool, as_json: bool
) -> None:
    from nemovideo_nodes.workspace.runs import work_on

    do_work(
        settings,
        store,
        ordered.run_id,
        lambda show: work_on(settings, store, ordered, resend=resend, on_event=show),
        as_json=as_json,
    )


def do_work(
    settings: Settings,
    store: Store,
    run_id: str,
    work: Callable[[Callable[[Event], None]], Coroutine[Any, Any, RunResult]],
    *,
    as_json: bool,
    refining: bool = False,
) -> None:
    """Do the work of a run under the eyes of whoever watches, and end with its result.

    `refining`: a person is told only what came of the refinement that was asked for last.
    """
    from nemovideo_nodes.ledger.journal import Journal
    from nemovideo_nodes.ledger.manifest import result_of
    from nemovideo_nodes.workspace.display import Display, LiveDisplay, PlainDisplay, SilentDisplay

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
            result = asyncio.run(work(display.show))
        except KeyboardInterrupt:
            result = result_of(Journal(store, run_id).refresh(), store, "waiting", STOPPED)
    link = _claim_link(settings, store, run_id) if live and result.status == "done" else None
    known = None
    if refining:
        known = result_of(Journal(store, run_id).refresh().unrefined(), store, "waiting")
    _end(result, as_json=as_json, known=known, link=link)


def _as_ctrl_c(number: int, frame: FrameType | None) -> None:
    """A running loop cancels its work then; an exception would cut it in the middle of anything."""
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):  # ignored, as in a shell's background
        handler = signal.default_int_handler
    handler(number, frame)


def _claim_link(settings: Settings, store: Store, run_id: str) -> str | None:
    """The link for the person at this terminal; it is a secret, so nothing else is shown it."""
    from nemovideo_nodes.workspace.runs import claim_link, load_run

    with contextlib.suppress(NemoVideoError):  # a convenience, never worth a video
        return asyncio.run(claim_link(settings, load_run(store, run_id)))
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
