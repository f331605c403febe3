"""The command line: make, refine, resume, show, runs, credits, calendar, webhook and others.

Exit codes: 0 done, 1 stuck, 2 bad input, 70 a fault of the program, 75 not finished but resumable.
"""

from __future__ import annotations

import click

from nemovideo_nodes.cli.approval_pages import approval_pages
from nemovideo_nodes.cli.approving import approve
from nemovideo_nodes.cli.budget import budget, release
from nemovideo_nodes.cli.calendar import calendar
from nemovideo_nodes.cli.copying import airflow_dags, prefect_flows
from nemovideo_nodes.cli.group import SentenceGroup
from nemovideo_nodes.cli.inspection import credits, runs, show
from nemovideo_nodes.cli.making import cancel, make, refine, resume
from nemovideo_nodes.cli.notify import notify
from nemovideo_nodes.cli.report import report
from nemovideo_nodes.cli.samples import samples
from nemovideo_nodes.cli.webhook import webhook

__all__ = ["main"]


def _say_version(context: click.Context, option: click.Parameter, asked: bool) -> None:
    if not asked or context.resilient_parsing:
        return
    from importlib import metadata  # which takes as long as all commands together

    try:
        version = metadata.version("nemovideo-nodes")
    except metadata.PackageNotFoundError:  # a checkout that is not installed
        version = "unknown: the package is not installed"
    click.echo(f"{context.find_root().info_name}, version {version}")
    context.exit()


@click.group(cls=SentenceGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_say_version,
    help="Show the version and exit.",
)
def main() -> None:
    """Turn pictures and a sentence into a finished, checked video.

    A run that was stopped at any moment goes on when its command is typed again.
    """


for _command in (
    *(
        make,
        refine,
        resume,
        cancel,
        approve,
        approval_pages,
        show,
        runs,
        credits,
        budget,
        release,
        report,
        notify,
        samples,
        calendar,
        webhook,
    ),
    *(prefect_flows, airflow_dags),
):
    main.add_command(_command)


@main.command(
    short_help="Run the local stand-in for the service.",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def emulator(options: tuple[str, ...]) -> None:
    """Run the local stand-in for the service; --help lists its options."""
    from nemovideo_nodes.emulator.__main__ import main as serve

    raise SystemExit(serve(list(options)))


@main.command(short_help="Print what makes SHELL complete the commands.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes SHELL complete the commands: eval "$(nemovideo completion bash)"."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(main, {}, "nemovideo", "_NEMOVIDEO_COMPLETE").source())
