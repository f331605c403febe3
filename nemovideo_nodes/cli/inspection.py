"""The commands that only look: show, runs, credits."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from nemovideo_nodes.cli.ages import parse_age
from nemovideo_nodes.cli.completing import complete_run
from nemovideo_nodes.cli.ending import Screen, command
from nemovideo_nodes.cli.group import (
    json_option,
    loudness,
    open_reader,
    open_workspace,
    print_json,
    store_option,
    verbose_option,
)
from nemovideo_nodes.cli.labels import labels_for
from nemovideo_nodes.cli.listing import table
from nemovideo_nodes.cli.showing import show_lines
from nemovideo_nodes.cli.terminal import width
from nemovideo_nodes.cli.wording import CLI_WORDING
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.language.counting import amount, counted

if TYPE_CHECKING:
    from nemovideo_nodes.engine.summaries import Summary
    from nemovideo_nodes.workspace import Workspace

__all__ = ["credits", "runs", "show"]

_MOST = 20
"""How many runs are listed where nobody says how many."""
_NO_TIME = timedelta()


@click.command()
@click.option("--local", is_flag=True, help="Ask the emulator on this machine.")
@store_option
@json_option
def credits(local: bool, store: str | None, as_json: bool) -> None:
    """Say how many credits the account has."""
    answer = asyncio.run(open_workspace(store, local=local).credits())
    if as_json:
        print_json(answer.model_dump())
        return
    known = {name: number for name, number in answer.model_dump().items() if number is not None}
    told = ", ".join(f"{amount(number)} {name}" for name, number in known.items())
    click.echo(told or "The service does not say how many credits there are.")


@click.command(short_help="Show the status of RUN, and what it cost.")
@click.argument("run", shell_complete=complete_run)
@click.option("--link", is_flag=True, help="Ask for the link that hands the session to a person.")
@verbose_option
@store_option
@json_option
def show(run: str, link: bool, store: str | None, as_json: bool) -> None:
    """Show the status of RUN: what was said, the timeline, the video, what it cost; -v: each step.

    On a terminal the claim link is shown too; it is a secret, so elsewhere it takes --link.
    """
    from nemovideo_nodes.ledger.conversation import language_of_run
    from nemovideo_nodes.workspace.local_service import LOCAL

    reader = open_reader(store)
    known = reader.load(reader.named(run))
    result = reader.result_of(known)
    result = result.model_copy(update={"error": result.message(CLI_WORDING, source="NEMO_TOKEN")})
    if as_json:
        print_json(result.model_dump())
        return
    problems = reader.platform_violations(result, known)
    verbose = loudness() == "verbose"
    for line in show_lines(known, result, width(), problems=problems, verbose=verbose):
        click.echo(line)
    has_site = known.session is not None and known.service != LOCAL
    if link and known.service == LOCAL:
        raise BadInput("A run of the local emulator has no link: nobody else can open its session")
    if link or (sys.stdout.isatty() and has_site):
        labels = labels_for(language_of_run(known))
        shown = asyncio.run(open_workspace(store).claim_link(known))
        click.echo(f"{labels.claim_link}{labels.colon}{shown}")


@click.command()
@click.option(
    "--status", type=click.Choice(["done", "stuck", "waiting"]), help="Only runs with this status."
)
@click.option(
    "--state",
    type=click.Choice(
        [
            *("queued", "running", "resumable", "held", "needs_approval", "needs_answer"),
            *("rejected", "done", "failed"),
        ]
    ),
    help="Only runs in this state.",
)
@click.option("--contains", metavar="TEXT", help="Only runs with this in an instruction.")
@click.option("--older-than", metavar="AGE", help="Only runs untouched for so long: 30d, 12h, 2w.")
@click.option(
    "--delete",
    is_flag=True,
    help="Delete those older than AGE, with what only they need; manifests stay.",
)
@click.option("--with-manifests", is_flag=True, help="With --delete: the manifests, too.")
@click.option(
    "-n",
    "most",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"At most so many runs: {_MOST} by default, all with --json.",
)
@store_option
@json_option
def runs(
    status: str | None,
    state: str | None,
    contains: str | None,
    older_than: str | None,
    delete: bool,
    with_manifests: bool,
    most: int | None,
    store: str | None,
    as_json: bool,
) -> None:
    """List the runs in the store, the newest first, or delete the old ones.

    An unfinished run is deleted only with --status waiting, and none that a worker has.
    """
    from nemovideo_nodes.clock import SystemClock

    age = _age(older_than) if older_than is not None else None
    if delete and age is None:
        raise BadInput("Say with --older-than which runs to delete, for example --older-than 30d")
    if with_manifests and not delete:
        raise BadInput("--with-manifests goes with --delete")

    def chosen(run: Summary) -> bool:
        said = contains is None or any(contains.casefold() in one.casefold() for one in run.said)
        is_state = state in (None, run.result.state)
        return said and is_state and status in (None, run.result.status)

    if delete and age is not None:
        _delete(
            open_workspace(store),
            age,
            lambda run: chosen(run) and _ended(run, status),
            with_manifests,
            as_json,
        )
        return
    reader, now = open_reader(store), SystemClock().now()
    with _no_search_for_cycles():
        found = [run for run in reader.list() if chosen(run) and run.at <= now - (age or _NO_TIME)]
    if most is not None or not as_json:  # all of them as JSON stay in the order of their ids
        found.sort(key=lambda run: run.at, reverse=True)
    shown = [_worded(run) for run in found[: most or (None if as_json else _MOST)]]
    if as_json:
        print_json([run.result.model_dump() for run in shown])
        return
    if not found:
        filtered = contains is not None or (status or state) is not None or age is not None
        click.echo(f"There are no {'such runs' if filtered else 'runs'} in {reader.store.url}.")
        return
    heads, *rows = table(shown, width(), now, whole=not sys.stdout.isatty())
    click.echo(click.style(heads, dim=True))
    for row in rows:
        click.echo(row)
    if len(found) > len(shown):
        everything = command("runs", f"-n {len(found)}", Screen(width(), store=store or ""))
        click.echo(f"{len(found) - len(shown)} more: {everything}", err=True)


@contextlib.contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Keep Python from searching ten thousand summaries for cycles again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _worded(run: Summary) -> Summary:
    """The summary, with its error in the words of the command line."""
    if run.result.error is None:
        return run
    error = run.result.message(CLI_WORDING, source="NEMO_TOKEN")
    return run.model_copy(update={"result": run.result.model_copy(update={"error": error})})


def _ended(run: Summary, status: str | None) -> bool:
    return run.result.status != "waiting" or status == "waiting"


def _delete(
    workspace: Workspace,
    age: timedelta,
    chosen: Callable[[Summary], bool],
    with_manifests: bool,
    as_json: bool,
) -> None:
    cleaned = asyncio.run(workspace.delete(age, chosen=chosen, manifests=with_manifests))
    if as_json:
        print_json(asdict(cleaned))
        return
    for run_id in cleaned.busy:
        click.echo(f"{run_id}  a worker has it: not deleted")
    if cleaned.artifacts_kept:
        click.echo("Pictures and videos were not cleaned up: a journal cannot be read as a whole.")
    freed = f"{cleaned.bytes / 1024 / 1024:.1f} MB"
    told = f"{counted(len(cleaned.runs), 'run')}, {counted(cleaned.files, 'file')}"
    click.echo(f"Deleted: {told}, {freed}.")


def _age(text: str) -> timedelta:
    """An age of an hour or more; raises `BadInput`."""
    age = parse_age(text, "--older-than")
    if not age:
        raise BadInput("--older-than takes an age of an hour or more: a run may be at work")
    return age
