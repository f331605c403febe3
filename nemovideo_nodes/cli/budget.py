"""`nemovideo budget` and `release`: what is charged to budgets, and a person's word to go over."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from nemovideo_nodes.cli.completing import complete_run
from nemovideo_nodes.cli.group import (
    json_option,
    open_workspace,
    print_json,
    store_option,
)
from nemovideo_nodes.language.counting import amount

if TYPE_CHECKING:
    from nemovideo_nodes.workspace.budgets import BudgetState

__all__ = ["budget", "release"]


@click.command()
@click.option(
    "--by",
    type=click.Choice(["day", "account", "calendar", "source"]),
    help="Add up what was charged: of each day, account, calendar or webhook source.",
)
@store_option
@json_option
def budget(by: str | None, store: str | None, as_json: bool) -> None:
    """Show the budgets of the store: limits, what is reserved, and what was spent.

    Credits are counted by estimates: the service tells what an account has, not what a run cost.
    What was spent while no budget was set is not charged to one: nemovideo report adds up all runs.
    """
    from nemovideo_nodes.workspace.budgets import totals

    states = open_workspace(store).budgets()
    if by is not None:
        states = totals(states, by)
    if as_json:
        print_json({"budgets": [asdict(one) for one in states]})
        return
    if not states:
        click.echo("No budget is set, and nothing was charged to one: see NEMOVIDEO_DAY_BUDGET.")
        click.echo("What all runs cost, by day and account: nemovideo report -o report.html")
        return
    names = [_named(one) for one in states]
    width = max(map(len, ("budget", *names)))
    click.echo(f"{'budget':{width}}  {'limit':>8}  {'reserved':>8}  {'spent':>8}")
    for one, name in zip(states, names, strict=True):
        limit = "" if one.limit is None else amount(one.limit)
        click.echo(f"{name:{width}}  {limit:>8}  {amount(one.reserved):>8}  {amount(one.spent):>8}")


def _named(one: BudgetState) -> str:
    """`2026-03-02, account vendor-client-1a2b`, `calendar Spring`, `run spring-x`."""
    kind = "account" if one.kind == "day" else one.kind
    told = f"{kind} {one.name}" if one.name else ""
    return ", ".join(filter(None, (one.day, told))) or one.scope


@click.command(short_help="Permit that RUN goes over its budget.")
@click.argument("run", shell_complete=complete_run)
@store_option
@json_option
def release(run: str, store: str | None, as_json: bool) -> None:
    """Permit that RUN, which is held for its budget, goes over it. Nothing is sent yet."""
    workspace = open_workspace(store)
    run = workspace.named(run)
    workspace.load(run)
    released = asyncio.run(workspace.release(run))
    if as_json:
        print_json({"run_id": run, "released": released})
    elif released:
        click.echo(f"Released. Go on with: nemovideo resume {run}")
    else:
        click.echo(f"The run {run} is not held for a budget: nothing was changed.")
