"""The commands about a content calendar: check, plan, run."""

from __future__ import annotations

import sys

import click

from nemovideo_nodes.cli.group import json_option, print_json, settings_of

__all__ = ["calendar"]

timezone_option = click.option(
    "--timezone",
    default="UTC",
    show_default=True,
    metavar="ZONE",
    help="The zone of times that name none, such as Europe/Berlin.",
)


@click.group()
def calendar() -> None:
    """Check, plan and run a content calendar: CSV, XLSX, YAML, JSON, a feed, or a URL of one."""


@calendar.command(short_help="Read SOURCE whole, and say what is wrong in it.")
@click.argument("source")
@timezone_option
@json_option
def check(source: str, timezone: str, as_json: bool) -> None:
    """Read SOURCE whole, look at its pictures and URLs, and say what is wrong, row by row.

    Exit code 0: no problems; 1: some rows have problems; 2: the source cannot be read.
    """
    from nemovideo_nodes.workspace.calendar_check import check_calendar

    checked = check_calendar(source, timezone, settings_of(None).media_access)
    if as_json:
        print_json(checked.as_json())
    else:
        reading = checked.reading
        for problem in reading.problems:
            click.echo(str(problem)[:1].upper() + str(problem)[1:])
        for note in reading.notes:
            click.echo(f"Note: {note}")
        posts, problems = len(reading.posts), len(reading.problems)
        click.echo(f"{_number(posts, 'post')} can be made; {_number(problems, 'problem')}.")
    sys.exit(checked.exit_code)


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
