"""The commands of the webhook receiver: check, try, serve, dispatch, list, show and so on."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from nemovideo_nodes.cli.group import json_option, print_json
from nemovideo_nodes.cli.webhook_page import page_of, row_of, utc
from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.language.counting import counted

if TYPE_CHECKING:
    from nemovideo_nodes.request.approval import Verdict
    from nemovideo_nodes.webhook.config import Config
    from nemovideo_nodes.webhook.outbox import Outbox

__all__ = ["webhook"]

STATES = (
    *("new", "known", "unchanged", "stale", "recorded", "withdrawn", "ignored", "refused", "job"),
    *("waiting", "held", "started", "done", "failed", "replaced", "dead"),
)
"""Of deliveries, and of the jobs that they made."""
DECISIONS = {
    "start": "A video would be started",
    "ignored": "No video",
    "withdrawn": "A video that waits for it would be called off",
    "refused": "It cannot become a video",
}
_config_option = click.option(
    "--config",
    "config",
    default="webhooks.toml",
    show_default=True,
    metavar="FILE",
    help="Sources, target and outbox.",
)


@click.group()
def webhook() -> None:
    """Receive webhooks of content systems, and start a run for each change that matters."""
    missing = [
        name
        for name in ("starlette", "sqlalchemy", "jmespath")
        if not importlib.util.find_spec(name)
    ]
    if missing:
        raise BadInput(
            f"The webhook receiver needs {', '.join(missing)}: "
            'pip install "nemovideo-nodes[webhook]"'
        )


@webhook.command()
@_config_option
@json_option
def check(config: str, as_json: bool) -> None:
    """Check the configuration: its mappings, secrets, target and outbox. Nothing is sent."""
    from nemovideo_nodes.webhook.serve import check as checked

    read, notes = checked(config)
    found = [
        {"source": name, "system": source.system, "path": f"/hooks/{name}"}
        for name, source in read.sources.items()
    ]
    if as_json:
        print_json({"sources": found, "target": read.target.kind, "notes": notes})
        return
    for one in found:
        click.echo(f"{one['source']}: {one['system']}, at {one['path']}")
    click.echo(f"Target: {read.target.kind}")
    for note in notes:
        click.echo(f"Note: {note}")
    click.echo("The configuration is fine")


@webhook.command("try")
@click.argument("payload", type=click.Path(allow_dash=True))
@_config_option
@click.option("--source", required=True, metavar="NAME", help="The source that would send it.")
@click.option(
    "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="One of its headers."
)
@click.option("--resolve", is_flag=True, help="Ask the system's API for what it does not hold.")
@json_option
def try_(
    payload: str,
    config: str,
    source: str,
    headers: tuple[str, ...],
    resolve: bool,
    as_json: bool,
) -> None:
    """Show what would come of PAYLOAD, a JSON file (- for standard input).

    No signature is needed; nothing is written, and nothing is sent.
    """
    from nemovideo_nodes.webhook.config import read_config
    from nemovideo_nodes.webhook.preview import preview

    read = read_config(config)
    if source not in read.sources:
        raise BadInput(f"There is no source {source!r} in {config}: give {', '.join(read.sources)}")
    found = asyncio.run(
        preview(
            read, read.sources[source], _payload(payload), _header_pairs(headers), resolve=resolve
        )
    )
    if as_json:
        print_json(found.as_json())
        return
    click.echo(f"{DECISIONS[found.decision]}{f': {found.reason}' if found.reason else ''}")
    version = utc(found.version) if found.version is not None else ""
    for name, value in (
        ("About", found.subject),
        ("Changed", version),
        ("Run", found.run_id),
        ("Title", found.title),
        ("Prompt", found.prompt),
        *(("Picture", url) for url in found.images),
    ):
        if value:
            click.echo(f"{name}: {value}")


@webhook.command()
@_config_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Where it listens.")
@click.option("--port", default=8400, show_default=True, type=click.IntRange(0, 65535))
@click.option("--no-dispatch", is_flag=True, help="Only receive; dispatch in another process.")
def serve(config: str, host: str, port: int, no_dispatch: bool) -> None:
    """Receive deliveries, and start the runs that they ask for, until Ctrl-C."""
    from nemovideo_nodes.webhook.serve import serve as serve_until_told

    def ready(url: str, read: Config) -> None:
        for name, source in read.sources.items():
            click.echo(f"{source.system}: {url}/hooks/{name}")
        click.echo(f"Counters: {url}/counters")

    serve_until_told(config, host=host, port=port, dispatches=not no_dispatch, on_ready=ready)


@webhook.command()
@_config_option
def dispatch(config: str) -> None:
    """Only start runs, beside a receiver with --no-dispatch, until Ctrl-C."""
    from nemovideo_nodes.webhook.serve import dispatch as dispatch_until_told

    dispatch_until_told(config)


@webhook.command("list")
@_config_option
@click.option(
    "--state",
    type=click.Choice(STATES),
    metavar="STATE",
    help="Only those in this state, such as dead, job or refused.",
)
@click.option("--source", metavar="NAME", help="Only deliveries of this source.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@json_option
def list_(config: str, state: str | None, source: str | None, limit: int, as_json: bool) -> None:
    """List the newest deliveries, and what became of them."""
    with _outbox(config) as outbox:
        rows = outbox.listed(state=state, source=source, limit=limit)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(row_of(row))


@webhook.command()
@click.argument("delivery", type=int)
@_config_option
@json_option
def show(delivery: int, config: str, as_json: bool) -> None:
    """Show DELIVERY: its payload, what became of it, and of the run that it asked for."""
    with _outbox(config) as outbox:
        found = outbox.shown(delivery)
    if found is None:
        raise BadInput(f"There is no delivery {delivery}: `nemovideo webhook list` lists them")
    found["delivery"]["body"] = found["delivery"]["body"].decode("utf-8", "replace")
    if as_json:
        print_json(found)
        return
    click.echo(page_of(found))


@webhook.command()
@click.argument("deliveries", type=int, nargs=-1)
@_config_option
@click.option("--dead", is_flag=True, help="All whose run could not be started.")
@click.option("--again", is_flag=True, help="Make another video of what was made; it is paid.")
@click.option("--remap", is_flag=True, help="Map the payload again, as the configuration is now.")
def replay(deliveries: tuple[int, ...], config: str, dead: bool, again: bool, remap: bool) -> None:
    """Map DELIVERIES again, or try their runs again; what was made is not made twice."""
    now = SystemClock().now().timestamp()
    if again and remap:
        raise BadInput("Give --again or --remap, not both")
    with _outbox(config) as outbox:
        found = [row["id"] for row in outbox.listed(state="dead", limit=10_000)] if dead else []
        if not deliveries and not found:
            raise BadInput("Nothing is to be replayed: give the numbers of deliveries, or --dead")
        for number in (*deliveries, *found):
            click.echo(outbox.replay(number, now, again=again, remap=remap))


@webhook.command()
@click.argument("deliveries", type=int, nargs=-1)
@_config_option
@click.option("--all", "everything", is_flag=True, help="All that are held.")
def release(deliveries: tuple[int, ...], config: str, everything: bool) -> None:
    """Start the runs of DELIVERIES that a limit holds (`list --state held`)."""
    if bool(deliveries) == everything:
        raise BadInput("Give the numbers of deliveries that are held, or --all")
    now = SystemClock().now().timestamp()
    with _outbox(config) as outbox:
        for sentence in outbox.release(deliveries, now) or ["Nothing is held"]:
            click.echo(sentence)


@webhook.command(short_help="Approve what the run of DELIVERY shows.")
@click.argument("delivery", type=int)
@_config_option
@click.option("--reject", is_flag=True, help="Reject it: the run ends.")
@click.option("--change", metavar="TEXT", help="Have it changed: one more instruction.")
@click.option("--why", metavar="TEXT", default="", help="With --reject: the reason.")
@click.option("--as", "who", metavar="NAME", help="Who says so.  [default: the user's name]")
def approve(
    delivery: int, config: str, reject: bool, change: str | None, why: str, who: str | None
) -> None:
    """Approve what the run of DELIVERY shows, have it changed, or reject it, and go on with it.

    The run is made in the dispatcher's process; where Prefect or Airflow makes it, its form asks.
    """
    from nemovideo_nodes.webhook.approving import approve_run
    from nemovideo_nodes.webhook.config import read_config

    if reject and change is not None:
        raise BadInput("--reject and --change exclude each other")
    read, now = read_config(config), SystemClock().now().timestamp()
    with _outbox(config) as outbox:
        decision: Verdict = "reject" if reject else "approve" if change is None else "change"
        word = approve_run(read, outbox, delivery, decision, who=who, change=change or "", why=why)
        for sentence in (word, *outbox.release([delivery], now)):
            click.echo(sentence)


@webhook.command()
@_config_option
@click.option(
    "--older-than",
    "days",
    required=True,
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="Keep what is newer.",
)
def purge(config: str, days: float) -> None:
    """Forget old deliveries with their payloads, and runs that were started long ago."""
    before = SystemClock().now().timestamp() - days * 86_400
    with _outbox(config) as outbox:
        forgotten, ended = outbox.purge(before)
    deliveries = counted(forgotten, "delivery", "deliveries")
    click.echo(f"{deliveries} and {counted(ended, 'run')} are forgotten")


@contextlib.contextmanager
def _outbox(config: str) -> Iterator[Outbox]:
    from nemovideo_nodes.webhook.config import read_config
    from nemovideo_nodes.webhook.outbox import Outbox

    with contextlib.closing(Outbox.open(read_config(config))) as outbox:
        yield outbox


def _payload(path: str) -> object:
    try:
        with click.open_file(path, "rb") as file:
            body = file.read()
    except OSError as error:
        raise BadInput(f"The payload {path!r} cannot be read: {error.strerror}") from None
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else "it is not text"
        raise BadInput(f"The payload {path!r} is not JSON: {reason}") from None


def _header_pairs(given: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for one in given:
        name, colon, value = one.partition(":")
        if not colon or not name.strip():
            raise BadInput(f"The header {one!r} has no colon: give it as 'Name: value'")
        found[name.strip().lower()] = value.strip()
    return found
