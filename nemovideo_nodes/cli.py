"""The command line: make, resume, show, runs, emulator.

Exit codes: 0 done, 1 stuck, 2 bad input, 75 not finished but resumable.
"""

from __future__ import annotations

import asyncio
import io
import json
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from nemovideo_nodes.errors import BadInput, NemoVideoError, StoreError, redact
from nemovideo_nodes.profiles import DEFAULT_PROFILE
from nemovideo_nodes.settings import Settings, find_profile

if TYPE_CHECKING:
    from nemovideo_nodes.ledger.manifest import RunResult

__all__ = ["main"]

STUCK: Final = 1
BAD_INPUT: Final = 2
RESUMABLE: Final = 75
_STOPPED: Final = "Stopped. Run the same command again to go on"
_JSON: Final = "nemovideo.json"
_EXIT: Final = {"done": 0, "stuck": STUCK, "waiting": RESUMABLE}


class _Group(click.Group):
    """Says every error of ours in one sentence, and nothing else."""

    def invoke(self, ctx: click.Context) -> Any:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a terminal that is not UTF-8
        try:
            return super().invoke(ctx)
        except BadInput as error:
            code, sentence = BAD_INPUT, error.sentence
        except StoreError as error:
            code, sentence = RESUMABLE, f"{error.sentence}. Run the same command again to go on"
        except NemoVideoError as error:
            code, sentence = STUCK, error.sentence
        except KeyboardInterrupt:
            code, sentence = RESUMABLE, _STOPPED
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:  # ours to mend: no reason to show a user its insides
            where = traceback.extract_tb(error.__traceback__)[-1]
            code = RESUMABLE
            sentence = redact(
                f"An error of the program itself ({type(error).__name__}: {error}; "
                f"{Path(where.filename).name}:{where.lineno}). Please report it; nothing is lost: "
                "run the same command again to go on"
            )
        click.echo(f"nemovideo: {sentence}", err=True)
        if ctx.meta.get(_JSON):
            _print_json(_failed(sentence, code))
        ctx.exit(code)


def _print_json(value: object) -> None:
    """One line, in characters that standard output can hold."""
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "")
    click.echo(json.dumps(value, ensure_ascii=encoding != "utf8"))


def _wants_json(ctx: click.Context, param: click.Parameter, value: bool) -> bool:
    ctx.meta[_JSON] = value
    return value


def _failed(sentence: str, code: int) -> dict[str, object]:
    """The JSON object of a command that came to no run."""
    return {
        "run_id": None,
        "status": "waiting" if code == RESUMABLE else "stuck",
        "videos": [],
        "replies": [],
        "timeline": None,
        "credits": None,
        "manifest": None,
        "error": sentence,
    }


_store = click.option(
    "--store", metavar="URL", help="Where runs and videos are kept: a folder. [NEMOVIDEO_STORE]"
)
_json = click.option(
    "--json",
    "as_json",
    is_flag=True,
    is_eager=True,
    callback=_wants_json,
    help="Print one JSON object at the end.",
)
_resend = click.option(
    "--resend",
    is_flag=True,
    help="Send a message of unknown outcome again; it may be paid for twice.",
)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="nemovideo-nodes")
def main() -> None:
    """Turn pictures and a sentence into a finished, checked video.

    A run that was stopped at any moment goes on when its command is typed again.
    """


@main.command()
@click.argument("media", nargs=-1, metavar="MEDIA...")
@click.option(
    "-p", "--prompt", "prompts", multiple=True, metavar="TEXT", help="What the video should be."
)
@click.option(
    "--profile",
    default=DEFAULT_PROFILE,
    show_default=True,
    metavar="NAME|SKILL.md",
    help="The skill that speaks: its name, or a skill document.",
)
@click.option("--run-id", metavar="ID", help="A name of your own for the run.")
@click.option("--again", is_flag=True, help="Make a new video of a request that is done.")
@click.option("--local", is_flag=True, help="Use the emulator on this machine; no account needed.")
@_resend
@_store
@_json
def make(
    media: tuple[str, ...],
    prompts: tuple[str, ...],
    profile: str,
    run_id: str | None,
    again: bool,
    local: bool,
    resend: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Make a video of MEDIA: pictures, or folders of pictures.

    Without --prompt the profile's own instruction is used. Typing the same again takes an
    unfinished run up, and repeats nothing of a finished one.
    """
    from nemovideo_nodes.ledger.store import Store
    from nemovideo_nodes.local import LOCAL, local_settings
    from nemovideo_nodes.runs import order_video

    settings = _settings(store)
    chosen = find_profile(profile, settings.platform)
    if run_id is not None and again:
        raise BadInput("--again and --run-id exclude each other: give another --run-id instead")
    opened = Store(settings.store)
    if local:
        settings = settings.model_copy(update={"service_name": LOCAL})
    ordered = order_video(settings, opened, media, prompts, chosen, run_id=run_id, again=again)
    _say_if_finished(opened, ordered, as_json=as_json)
    if local:
        settings = local_settings(settings, opened)
    _work(settings, opened, ordered, resend=resend, as_json=as_json)


@main.command()
@click.argument("run")
@_resend
@_store
@_json
def resume(run: str, resend: bool, store: str | None, as_json: bool) -> None:
    """Go on with RUN, with the arguments that it was begun with."""
    from nemovideo_nodes.ledger.store import Store
    from nemovideo_nodes.local import settings_where
    from nemovideo_nodes.runs import Ordered, load_run

    settings = _settings(store)
    opened = Store(settings.store)
    order = load_run(opened, run).order
    if order is None:
        raise BadInput(f"Run {run} was begun step by step, by a flow: let the flow go on")
    _say_if_finished(opened, Ordered(run, order), as_json=as_json)
    settings = settings_where(settings, opened, run, order.service)
    _work(settings, opened, Ordered(run, order), resend=resend, as_json=as_json)


@main.command()
@click.argument("run")
@_store
@_json
def show(run: str, store: str | None, as_json: bool) -> None:
    """Show how RUN stands: its steps, its videos, what it cost."""
    from nemovideo_nodes.display import result_lines
    from nemovideo_nodes.ledger.store import Store
    from nemovideo_nodes.runs import load_run, standing

    opened = Store(_settings(store).store)
    known = load_run(opened, run)
    result = standing(known, opened)
    if as_json:
        _print_json(result.model_dump())
        return
    if known.order is not None:
        for instruction in known.order.request.script:
            click.echo(f"> {instruction.text}")
    for line in result_lines(result):
        click.echo(line)
    if result.error:
        click.echo(result.error)
    for record in known.steps.values():
        when = f"{record.achieved.at:%Y-%m-%d %H:%M:%S}" if record.achieved else "-"
        click.echo(f"  {record.step.id:12} {when}")


@main.command()
@_store
@_json
def runs(store: str | None, as_json: bool) -> None:
    """List the runs in the store."""
    from nemovideo_nodes.ledger.store import Store
    from nemovideo_nodes.runs import load_runs, standing

    opened = Store(_settings(store).store)
    found = [standing(run, opened) for run in load_runs(opened)]
    if as_json:
        _print_json([run.model_dump() for run in found])
        return
    if not found:
        click.echo(f"There are no runs in {opened.url} yet.")
    for run in found:
        told = run.videos[0].path if run.videos else run.error or ""
        click.echo(f"{run.run_id}  {run.status:8} {told}")


@main.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def emulator(options: tuple[str, ...]) -> None:
    """Run the local stand-in for the service; --help lists its options."""
    from nemovideo_nodes.emulator.__main__ import main as serve

    raise SystemExit(serve(list(options)))


def _settings(store: str | None) -> Settings:
    settings = Settings.from_environment()
    return settings.model_copy(update={"store": store}) if store else settings


def _say_if_finished(store: Any, ordered: Any, *, as_json: bool) -> None:
    """End here, without asking anybody, where the run is done already."""
    from nemovideo_nodes.runs import finished

    result = finished(store, ordered)
    if result is None:
        return
    if not as_json and result.status == "done":
        click.echo("This is done already, and nothing was repeated; --again makes a new one.")
    _end(result, as_json=as_json)


def _work(settings: Settings, store: Any, ordered: Any, *, resend: bool, as_json: bool) -> None:
    from nemovideo_nodes.display import Display, LiveDisplay, PlainDisplay
    from nemovideo_nodes.ledger.journal import Journal
    from nemovideo_nodes.ledger.manifest import result_of
    from nemovideo_nodes.runs import work_on

    # A worker that is told to end lets go of the run, as one does that is interrupted.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    live = sys.stderr.isatty() and sys.stdout.isatty() and not as_json
    display: Display = LiveDisplay() if live else PlainDisplay(to_stderr=as_json)
    with display:
        try:
            result = asyncio.run(
                work_on(settings, store, ordered, resend=resend, on_event=display.show)
            )
        except KeyboardInterrupt:
            run = Journal(store, ordered.run_id).refresh()
            result = result_of(run, store, "waiting", _STOPPED)
    _end(result, as_json=as_json)


def _end(result: RunResult, *, as_json: bool) -> NoReturn:
    from nemovideo_nodes.display import result_lines

    if as_json:
        _print_json(result.model_dump())
    else:
        for line in result_lines(result):
            click.echo(line)
    if result.error:
        click.echo(f"nemovideo: {result.error}", err=True)
    sys.exit(_EXIT[result.status])
