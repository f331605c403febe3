"""`nemovideo approve`, and the question that a command asks on a terminal."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nemovideo_nodes.cli.completing import complete_run
from nemovideo_nodes.cli.ending import Screen, command, short_id
from nemovideo_nodes.cli.group import json_option, open_workspace, print_json, store_option
from nemovideo_nodes.cli.terminal import hyperlink, say, shown_path, takes_links, width, wrapped
from nemovideo_nodes.errors import BadInput

if TYPE_CHECKING:
    from nemovideo_nodes.ledger.run_result import ApprovalAsked, RunResult
    from nemovideo_nodes.request.approval import Verdict
    from nemovideo_nodes.workspace import Workspace

__all__ = ["approval_lines", "approve", "ask_on_terminal", "can_ask"]

_SAID = {
    "approve": "Approved. Go on with: {}",
    "reject": "Rejected: the run {} ends here.",
    "change": "Noted. Have it changed with: {}",
}


@click.command(
    short_help="Approve what RUN shows, have it changed, or reject it.",
    epilog="For example: nemovideo approve RUN --change 'make the title larger'",
)
@click.argument("run", shell_complete=complete_run)
@click.option("--reject", is_flag=True, help="Reject it: the run ends, and nothing more is paid.")
@click.option(
    "--change",
    metavar="TEXT",
    help="Have it changed: one more instruction, which costs credits. You are asked again then.",
)
@click.option("--why", metavar="TEXT", default="", help="With --reject: the reason.")
@click.option("--as", "who", metavar="NAME", help="Who says so.  [default: the user's name]")
@click.option(
    "--seen", metavar="DIGEST", default="", help="Only if this is what RUN shows, as --json has it."
)
@click.option(
    "--anyway", is_flag=True, help="Although it was rejected before, or nobody answered in time."
)
@click.option(
    "--link",
    is_flag=True,
    help="Decide nothing: print a link with which somebody decides it in a browser.",
)
@click.option(
    "--for", "recipient", metavar="NAME", default="", help="With --link: who is to decide it."
)
@click.option(
    "--days",
    type=click.FloatRange(min=0.01, max=31),
    default=3.0,
    show_default=True,
    help="With --link: how long it opens.",
)
@store_option
@json_option
def approve(
    run: str,
    reject: bool,
    change: str | None,
    why: str,
    who: str | None,
    seen: str,
    anyway: bool,
    link: bool,
    recipient: str,
    days: float,
    store: str | None,
    as_json: bool,
) -> None:
    """Approve what RUN shows, have it changed, or reject it. Nothing is sent yet.

    `nemovideo runs --state needs_approval` lists the runs that wait for that, `show` what a run
    shows. Whoever drives the run goes on: a flow, a DAG, or nemovideo resume.
    """
    from nemovideo_nodes.workspace.approving import this_user

    if reject and change is not None:
        raise BadInput("--reject and --change exclude each other")
    if why and not reject:
        raise BadInput("--why goes with --reject")
    if link and (reject or change is not None):
        raise BadInput("--link decides nothing: leave out --reject and --change")
    if link:
        _print_link(open_workspace(store), run, recipient, days, as_json=as_json)
        return
    decision: Verdict = "reject" if reject else "approve" if change is None else "change"
    workspace = open_workspace(store)
    run = workspace.named(run)
    noted = asyncio.run(
        workspace.approve(
            run,
            decision,
            who=who or this_user(),
            change=change or "",
            why=why,
            seen=seen,
            anyway=anyway,
        )
    )
    if as_json:
        print_json({"run_id": run, "decision": decision, "noted": noted})
    elif not noted:
        click.echo(f"The same was said about run {run} before: nothing was changed.")
    else:
        resume = command("resume", short_id(run), Screen(width(), store=store or ""))
        click.echo(_SAID[decision].format(run if reject else resume))


def _print_link(
    workspace: Workspace, run: str, recipient: str, days: float, *, as_json: bool
) -> None:
    from datetime import timedelta

    from nemovideo_nodes.clock import SystemClock
    from nemovideo_nodes.workspace.approval_links import approval_link

    run = workspace.named(run)
    if workspace.result(run).approval is None:
        raise BadInput(f"Run {run} does not wait for approval now", run_id=run)
    life = timedelta(days=days)
    url = approval_link(workspace.settings, run, SystemClock().now(), who=recipient, life=life)
    if not url:
        raise BadInput(
            "Set NEMOVIDEO_APPROVAL_URL to where people open the pages of "
            "`nemovideo approval-pages`, such as https://approve.example.com"
        )
    if as_json:
        print_json({"run_id": run, "link": url})
    else:
        click.echo(url)


def approval_lines(asked: ApprovalAsked, columns: int) -> list[str]:
    """What a person reads and looks at before the answer."""
    lines = [line for text in asked.lines for line in wrapped(text, columns - 2, "  ")]
    for label, path in (("Storyboard", asked.storyboard), ("Preview", asked.preview)):
        if path is not None:
            name = shown_path(path)
            if takes_links() and "://" not in path:
                name = hyperlink(name, Path(path).absolute().as_uri())
            lines.append(f"  {label}: {name}")
    if asked.until is not None:
        means = "it is rejected" if asked.otherwise == "reject" else "the run goes on"
        at = asked.until.astimezone()
        lines.append(f"  Without an answer by {at:%Y-%m-%d %H:%M}, {means}.")
    return [asked.question, *lines]


def can_ask() -> bool:
    """Whether a person is at the terminal who can answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask_on_terminal(workspace: Workspace, result: RunResult) -> bool:
    """Ask the person at the terminal, and note the answer; False where it is left for later."""
    from nemovideo_nodes.workspace.approving import this_user

    asked = result.approval
    assert asked is not None
    for line in approval_lines(asked, width()):
        click.echo(line, err=True)
    for video in result.videos:
        click.echo(f"  Video: {shown_path(video.path)}", err=True)
    while True:
        try:
            answer = click.prompt(
                "[y]es, [n]o, [c]hange, or [l]ater",
                type=click.Choice(["y", "n", "c", "l", "yes", "no", "change", "later"]),
                show_choices=False,
                err=True,
            )
            change = click.prompt("What to change", err=True) if answer[0] == "c" else ""
        except click.Abort:
            return False
        if answer[0] == "l":
            return False
        decision: Verdict = {"y": "approve", "n": "reject", "c": "change"}[answer[0]]  # type: ignore[assignment]
        try:
            asyncio.run(
                workspace.approve(
                    result.run_id, decision, who=this_user(), change=change, seen=asked.seen
                )
            )
        except BadInput as error:  # somebody else has answered meanwhile, or it was no instruction
            say(f"nemovideo: {error.sentence}")
            if not change:
                return True
            continue
        return True
