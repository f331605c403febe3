"""`nemovideo report`: the page of one run, or of many, written to a file."""

from __future__ import annotations

import os
from pathlib import Path

import click

from nemovideo_nodes.cli.ages import parse_age
from nemovideo_nodes.cli.completing import complete_run
from nemovideo_nodes.cli.group import json_option, open_reader, print_json, store_option
from nemovideo_nodes.cli.terminal import shown_path
from nemovideo_nodes.cli.wording import CLI_WORDING
from nemovideo_nodes.errors import BadInput

__all__ = ["report"]


@click.command(short_help="Write a page about RUN, or about all runs.")
@click.argument("run", required=False, shell_complete=complete_run)
@click.option("-o", "--output", required=True, metavar="FILE", help="Where the page goes.")
@click.option("--since", metavar="AGE", help="Only runs touched since then: 30d, 12h, 2w.")
@click.option(
    "--language",
    type=click.Choice(["en", "zh"]),
    help="The page's language; that of the instructions by default.",
)
@click.option("--open", "opens", is_flag=True, help="Open the page.")
@store_option
@json_option
def report(
    run: str | None,
    output: str,
    since: str | None,
    language: str | None,
    opens: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Write a page about RUN: video, timeline, conversation, steps, credits, checks, texts.

    Without RUN: all runs of the store, with what they cost by day, account, profile and calendar,
    how long they took, why they failed, and what needs a person. The page is one file that works
    without a network. Each run has one beside its video already: report.html.
    """
    age = parse_age(since, "--since") if since is not None else None
    if run is not None and age is not None:
        raise BadInput("--since is for many runs: leave it out, or leave out the run")
    target = _target(output)
    reader = open_reader(store)
    if run is not None:
        text = reader.report(
            reader.named(run), target, wording=CLI_WORDING, language=language or ""
        )
    else:
        text = reader.overview(target, since=age, wording=CLI_WORDING, language=language or "")
    _write(target, text)
    if as_json:
        print_json({"report": str(target)})
    else:
        click.echo(shown_path(str(target)))
    if opens:
        click.launch(target.as_uri())


def _target(output: str) -> Path:
    """The file, checked before anything is read; raises `BadInput`."""
    target = Path(output).expanduser().absolute()
    if output.endswith(("/", os.sep)) or target.is_dir():
        target = target / "report.html"
    if not target.parent.is_dir():
        raise BadInput(f"There is no folder {target.parent} for {output}: make it first")
    return target


def _write(target: Path, text: str) -> None:
    """Write the file as a whole; raises `BadInput`."""
    spare = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        spare.write_text(text, encoding="utf-8", errors="replace")
        spare.replace(target)
    except OSError as error:
        spare.unlink(missing_ok=True)
        raise BadInput(f"{target} cannot be written: {error.strerror or error}") from None
