"""`nemovideo notify`: send what waits to be told, list it, or try a channel."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import click

from nemovideo_nodes.cli.group import json_option, print_json, read_settings, store_option
from nemovideo_nodes.errors import BadInput, NemoVideoError
from nemovideo_nodes.telemetry import observe_queue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nemovideo_nodes.clock import Clock
    from nemovideo_nodes.settings import Settings
    from nemovideo_nodes.workspace.notifications import DeliveryState, MakeChannel, SendReport

__all__ = ["notify"]

_GIVEN_UP, _UNFINISHED = 1, 75
_MOST_LISTED = 50


@click.command(short_help="Send what waits to be told about runs.")
@click.option("--watch", is_flag=True, help="Go on sending until it is stopped.")
@click.option(
    "--every",
    "every_s",
    default=60.0,
    show_default=True,
    type=click.FloatRange(min=1, max=86_400),
    metavar="SECONDS",
    help="With --watch: how long to wait between two passes.",
)
@click.option("--list", "lists", is_flag=True, help="Only list the messages and how they stand.")
@click.option(
    "--test", "sample", metavar="CHANNEL", help="Only send a sample through CHANNEL (or all)."
)
@store_option
@json_option
def notify(
    watch: bool,
    every_s: float,
    lists: bool,
    sample: str | None,
    store: str | None,
    as_json: bool,
) -> None:
    """Send what waits to be told about the runs of the store, and what was missed.

    Whoever drives a run sends its messages; this sends what was not sent then. The channels are in
    ~/.config/nemovideo/notifications.toml, or the file that NEMOVIDEO_NOTIFICATIONS names. Exit
    code 0: nothing failed; 1: something was given up; 75: something is tried again later.
    """
    if sum((watch, lists, sample is not None)) > 1:
        raise BadInput("Give one of --watch, --list and --test")
    settings = read_settings(store)
    if lists:
        _list(settings, as_json=as_json)
    elif sample is not None:
        _try(settings, sample, as_json=as_json)
    elif watch:
        _watch(settings, every_s, as_json=as_json)
    else:
        _check(settings)
        report = asyncio.run(_pass(settings))
        _say(report, as_json=as_json)
        if report.given_up:
            sys.exit(_GIVEN_UP)
        sys.exit(_UNFINISHED if report.failed else 0)


def _check(settings: Settings) -> None:
    from nemovideo_nodes.workspace.notifications.config import read_notifications

    if not read_notifications(settings).channels:
        path = settings.notifications_file or settings.config_dir / "notifications.toml"
        raise BadInput(f"There is no channel to tell anything through: add one to {path}")


def _stores(settings: Settings) -> list[Settings]:
    """The store, and those of the accounts that calendars name, where they are there."""
    from pathlib import Path

    from nemovideo_nodes.ledger.store import REMOTE
    from nemovideo_nodes.workspace.accounts import account_settings, read_accounts

    found = {settings.store: settings}
    for name in read_accounts(settings.config_dir / "accounts.toml"):
        try:
            one = account_settings(name, settings)
        except BadInput:  # told where the account is used
            continue
        if one.store.startswith(REMOTE) or Path(one.store).expanduser().is_dir():
            found.setdefault(one.store, one)
    return list(found.values())


def _channels(settings: Settings) -> Mapping[str, MakeChannel]:
    """The kinds of channels that orchestrators bring, where the file has one of them."""
    from importlib.util import find_spec

    from nemovideo_nodes.workspace.notifications.config import read_notifications

    kinds = {one.kind for one in read_notifications(settings).channels.values()}
    found: dict[str, MakeChannel] = {}
    if "prefect" in kinds and find_spec("prefect") is not None:
        from nemovideo_nodes.prefect.notifying import PREFECT_CHANNELS

        found |= PREFECT_CHANNELS
    if "airflow" in kinds and find_spec("airflow") is not None:
        from nemovideo_nodes.airflow.notifiers import AIRFLOW_CHANNELS

        found |= AIRFLOW_CHANNELS
    return found


async def _pass(settings: Settings) -> SendReport:
    from nemovideo_nodes.ledger.store import Store
    from nemovideo_nodes.workspace.notifications import Notifier, SendReport

    whole, channels = SendReport(), _channels(settings)
    for one in _stores(settings):
        notifier = Notifier(one, Store(one.store), channels=channels)
        await asyncio.to_thread(notifier.catch_up)
        whole.add(await notifier.send())
    return whole


def _watch(settings: Settings, every_s: float, *, as_json: bool) -> None:
    from nemovideo_nodes.cli.driving import run_until_stopped
    from nemovideo_nodes.clock import SystemClock

    _check(settings)
    try:
        run_until_stopped(pass_again(settings, every_s, SystemClock(), as_json=as_json))
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)


async def pass_again(settings: Settings, every_s: float, clock: Clock, *, as_json: bool) -> None:
    """One pass after the other. A meter sees what the last one left to be sent."""
    left = {"waiting": 0, "failed": 0}
    observe_queue("notifications", lambda: left)
    while True:
        try:
            report = await _pass(settings)
        except NemoVideoError as error:  # it may be mended while this goes on
            click.echo(f"nemovideo: {error.sentence}", err=True)
        else:
            left.update(waiting=report.waiting, failed=report.failed)
            if report.sent or report.failed or report.given_up:
                _say(report, as_json=as_json)
        await clock.sleep(every_s)


def _try(settings: Settings, sample: str, *, as_json: bool) -> None:
    from nemovideo_nodes.ledger.store import Store
    from nemovideo_nodes.workspace.notifications import Notifier, NotSent

    _check(settings)
    notifier = Notifier(settings, Store(settings.store), channels=_channels(settings))
    names = list(notifier.config.channels) if sample == "all" else [sample]
    ends: dict[str, str] = {}
    for name in names:
        try:
            asyncio.run(notifier.sample(name))
            ends[name] = ""
        except NotSent as error:
            ends[name] = str(error)
        except BadInput as error:
            if len(names) == 1:
                raise
            ends[name] = error.sentence
    if as_json:
        print_json({"channels": {name: why or None for name, why in ends.items()}})
    else:
        for name, why in ends.items():
            text = f"{name}: not sent: {why}" if why else f"{name}: a sample was sent."
            click.echo(text, err=bool(why))
    sys.exit(1 if any(ends.values()) else 0)


def _list(settings: Settings, *, as_json: bool) -> None:
    from nemovideo_nodes.ledger.store import Store
    from nemovideo_nodes.workspace.notifications import Notifier

    states = [
        state
        for one in _stores(settings)
        for state in Notifier(one, Store(one.store)).states(_MOST_LISTED)
    ]
    if as_json:
        print_json({"messages": [_state_json(state) for state in states]})
        return
    if not states:
        click.echo("Nothing was told yet, and nothing waits.")
    for state in states:
        click.echo(_line(state))


def _say(report: SendReport, *, as_json: bool) -> None:
    if as_json:
        counts = {"sent": report.sent, "failed": report.failed, "given_up": report.given_up}
        print_json({**counts, "waiting": report.waiting, "errors": report.errors})
        return
    parts = [f"{report.sent} sent"]
    parts += [f"{report.failed} failed, to be tried again"] if report.failed else []
    parts += [f"{report.given_up} given up"] if report.given_up else []
    parts += [f"{report.waiting} waiting"] if report.waiting else []
    click.echo(f"Messages: {', '.join(parts)}.")
    for error in report.errors:
        click.echo(f"nemovideo: {error}", err=True)


def _line(state: DeliveryState) -> str:
    from nemovideo_nodes.workspace.notifications.words import subject_of

    what = state.state.replace("_", " ")
    parts = [
        f"{state.message.at.astimezone():%Y-%m-%d %H:%M}",
        state.channel,
        what,
        subject_of(state.message),
    ]
    if state.error:
        parts.append(state.error)
    if state.retry_at is not None:
        parts.append(f"again at {state.retry_at.astimezone():%H:%M}")
    return "  ".join(parts)


def _state_json(state: DeliveryState) -> dict[str, Any]:
    from nemovideo_nodes.workspace.notifications.words import subject_of

    message = state.message
    return {
        "id": message.id,
        "channel": state.channel,
        "state": state.state,
        "tries": state.tries,
        "error": state.error or None,
        "retry_at": state.retry_at.isoformat() if state.retry_at else None,
        "at": message.at.isoformat(),
        "subject": subject_of(message),
        "events": [notice.event for notice in message.notices],
        "run_ids": [notice.run_id for notice in message.notices if notice.run_id],
    }
