"""The commands that only look: show, runs, credits."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import click

from nemovideo_nodes.cli.group import (
    complete_run,
    json_option,
    print_json,
    settings_of,
    store_option,
)

if TYPE_CHECKING:
    from nemovideo_nodes.ledger.run import Run
    from nemovideo_nodes.wire.models import CreditsAnswer

__all__ = ["credits", "runs", "show"]


@click.command()
@click.option("--local", is_flag=True, help="Ask the emulator on this machine.")
@store_option
@json_option
def credits(local: bool, store: str | None, as_json: bool) -> None:
    """Say how many credits the account has."""
    from nemovideo_nodes.client import NemoVideoClient
    from nemovideo_nodes.ledger.store import Store
    from nemovideo_nodes.local import local_settings

    settings = settings_of(store)
    if local:
        settings = local_settings(settings, Store(settings.store))

    async def ask() -> CreditsAnswer:
        async with NemoVideoClient(settings=settings) as client:
            return await client.credits()

    answer = asyncio.run(ask())
    if as_json:
        print_json(answer.model_dump())
        return
    known = {name: number for name, number in answer.model_dump().items() if number is not None}
    told = ", ".join(f"{number:g} {name}" for name, number in known.items())
    click.echo(told or "The service does not say how many credits there are.")


@click.command()
@click.argument("run", shell_complete=complete_run)
@click.option("--link", is_flag=True, help="Ask for the link that hands the session to a person.")
@store_option
@json_option
def show(run: str, link: bool, store: str | None, as_json: bool) -> None:
    """Show how RUN stands: what was said, its timeline, steps and videos, what it cost.

    On a terminal the claim link is shown too; it is a secret, so elsewhere it takes --link.
    """
    from nemovideo_nodes.display import result_lines, run_lines
    from nemovideo_nodes.ledger.store import Store
    from nemovideo_nodes.local import settings_where
    from nemovideo_nodes.runs import claim_link, load_run, standing

    settings = settings_of(store)
    opened = Store(settings.store)
    known = load_run(opened, run)
    result = standing(known, opened)
    if as_json:
        print_json(result.model_dump())
        return
    for line in run_lines(known):
        click.echo(line)
    for line in result_lines(result.model_copy(update={"replies": []})):
        click.echo(line)
    if result.error:
        click.echo(result.error)
    if (link or sys.stdout.isatty()) and known.session is not None:
        if known.order is not None:
            settings = settings_where(settings, opened, run, known.order.service)
        click.echo(f"Claim link: {asyncio.run(claim_link(settings, known))}")


@click.command()
@click.option(
    "--status", type=click.Choice(["done", "stuck", "waiting"]), help="Only runs that stand so."
)
@click.option("--contains", metavar="TEXT", help="Only runs with this in an instruction.")
@store_option
@json_option
def runs(status: str | None, contains: str | None, store: str | None, as_json: bool) -> None:
    """List the runs in the store."""
    from nemovideo_nodes.ledger.store import Store
    from nemovideo_nodes.runs import load_runs, standing

    opened = Store(settings_of(store).store)
    chosen = [run for run in load_runs(opened) if not contains or _said(run, contains)]
    found = [
        result
        for result in (standing(run, opened) for run in chosen)
        if status in (None, result.status)
    ]
    if as_json:
        print_json([run.model_dump() for run in found])
        return
    if not found:
        click.echo(f"There are no runs in {opened.url} yet.")
    for run in found:
        told = run.videos[0].path if run.videos else run.error or ""
        click.echo(f"{run.run_id}  {run.status:8} {told}")


def _said(run: Run, text: str) -> bool:
    script = run.order.request.script if run.order else ()
    return any(text.casefold() in instruction.text.casefold() for instruction in script)
