"""The commands about a content calendar: check, plan, run."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from nemovideo_nodes.cli.calendar_words import (
    plan_json,
    run_json,
    say_made,
    say_plan,
    say_reading,
)
from nemovideo_nodes.cli.completing import complete_handover
from nemovideo_nodes.cli.group import json_option, print_json, read_settings, store_option
from nemovideo_nodes.errors import BadInput, NemoVideoError
from nemovideo_nodes.language.counting import counted

if TYPE_CHECKING:
    from nemovideo_nodes.workspace.calendar_run import Made

__all__ = ["calendar"]

_FAILED, _UNREADABLE, _UNFINISHED = 1, 2, 75

timezone_option = click.option(
    "--timezone",
    default="UTC",
    show_default=True,
    metavar="ZONE",
    help="The zone of times that name none, such as Europe/Berlin.",
)
local_option = click.option(
    "--local", is_flag=True, help="Use the emulator on this machine; no account needed."
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

    checked = check_calendar(source, timezone, settings=read_settings(None))
    if as_json:
        print_json(checked.as_json())
    else:
        say_reading(checked.reading, err=False)
        posts, problems = len(checked.reading.posts), len(checked.reading.problems)
        click.echo(f"{counted(posts, 'post')} can be made; {counted(problems, 'problem')}.")
    sys.exit(checked.exit_code)


@calendar.command(short_help="Show what SOURCE comes to: videos, times, credits.")
@click.argument("source")
@timezone_option
@click.option("--ics", metavar="FILE", help="Write the posts as events for people's calendars.")
@click.option("--html", metavar="FILE", help="Write a page that shows the months.")
@store_option
@json_option
def plan(
    source: str, timezone: str, ics: str | None, html: str | None, store: str | None, as_json: bool
) -> None:
    """Show what SOURCE comes to: which videos, when, for which platforms, at what estimate.

    Nothing is made. Exit codes are those of `calendar check`.
    """
    from nemovideo_nodes.clock import SystemClock
    from nemovideo_nodes.request.calendar_time import zone_named
    from nemovideo_nodes.workspace.calendar_check import check_calendar
    from nemovideo_nodes.workspace.calendar_places import write_place
    from nemovideo_nodes.workspace.calendar_planning import plan_posts
    from nemovideo_nodes.workspace.calendar_source import calendar_name

    zone = zone_named(timezone)
    settings = read_settings(store)
    checked = check_calendar(source, timezone, settings=settings)
    reading = checked.reading
    planned = plan_posts(reading.posts, settings, zone)
    now = SystemClock().now()
    if ics is not None:
        from nemovideo_nodes.workspace.calendar_pages import plan_events

        write_place(ics, plan_events(planned, now))
    if html is not None:
        from nemovideo_nodes.workspace.calendar_pages import month_page

        page = month_page(
            planned,
            zone,
            now,
            name=calendar_name(source),
            problems=reading.problems,
            picture=checked.source.picture if checked.source is not None else str,
        )
        write_place(html, page.encode())
    if as_json:
        print_json(plan_json(planned, reading))
    else:
        say_reading(reading, err=False)
        say_plan(planned, timezone)
        for place in filter(None, (ics, html)):
            click.echo(f"Written: {place}")
    sys.exit(checked.exit_code)


@calendar.command(short_help="Make what SOURCE has due, each post at most once.")
@click.argument("source")
@timezone_option
@click.option(
    "--at-once",
    default=2,
    show_default=True,
    type=click.IntRange(1, 50),
    metavar="N",
    help="How many videos are made at the same time.",
)
@click.option(
    "--most",
    type=click.IntRange(1),
    metavar="N",
    help="Make at most so many videos now; the others stay for the next time.",
)
@click.option(
    "--catch-up",
    "catch_up_hours",
    default=24.0,
    show_default=True,
    metavar="HOURS",
    type=click.FloatRange(min=0, max=1_000_000),
    help="How long after its time a post is still made.",
)
@click.option(
    "--ahead",
    "ahead_hours",
    default=0.0,
    show_default=True,
    metavar="HOURS",
    type=click.FloatRange(min=0, max=100_000),
    help="How long before its time a post is made, so that a publisher can schedule it.",
)
@click.option(
    "--results",
    metavar="FILE|URL",
    help="Write a CSV with the sheet's own columns and what came of each video.",
)
@click.option(
    "--to",
    "destination",
    metavar="FOLDER|URL",
    help="Put the videos there, with their texts beside them: DATE_SLUG_PLATFORM_LANGUAGE.mp4.",
)
@click.option(
    "--again",
    is_flag=True,
    help="Make those again whose row was edited since.",
)
@click.option(
    "--approval",
    metavar="WHEN",
    default="",
    help="What a person has to approve of rows that say nothing of it, as in make.",
)
@click.option(
    "--budget",
    type=click.FloatRange(min=0),
    metavar="CREDITS",
    help="The most credits of all that is made from SOURCE; what does not fit is held.",
)
@click.option(
    "--notify",
    "channels",
    multiple=True,
    metavar="CHANNEL",
    help="Who is told what came of it, in one message; by default the channels of all runs.",
)
@click.option(
    "--handover",
    default="",
    metavar="NAME",
    shell_complete=complete_handover,
    help="Hand each video over to this publisher; a row's own `handover` goes first.",
)
@local_option
@store_option
@json_option
def run(
    source: str,
    timezone: str,
    at_once: int,
    most: int | None,
    catch_up_hours: float,
    ahead_hours: float,
    results: str | None,
    destination: str | None,
    again: bool,
    approval: str,
    budget: float | None,
    channels: tuple[str, ...],
    handover: str,
    local: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Make the posts of SOURCE that are due and not made, each at most once.

    Run it as often as you like: what is made stays as it is, what is unfinished goes on, and rows
    with problems are set aside. Exit code 0: nothing is left to do now; 1: something failed;
    2: SOURCE cannot be read; 75: something is unfinished, so run it again.
    """
    from nemovideo_nodes.cli.driving import run_until_stopped
    from nemovideo_nodes.clock import SystemClock
    from nemovideo_nodes.emulator.local import ensure_local
    from nemovideo_nodes.request.approval import approval_rule
    from nemovideo_nodes.request.budget import named_budget
    from nemovideo_nodes.request.calendar_plan import due_videos, videos_of, with_handover
    from nemovideo_nodes.request.notify import Notify, checked_channels
    from nemovideo_nodes.workspace.calendar_maker import CalendarMaker, tell_calendar
    from nemovideo_nodes.workspace.calendar_places import Places
    from nemovideo_nodes.workspace.calendar_results import ResultsFile, posters_of
    from nemovideo_nodes.workspace.calendar_run import run_videos
    from nemovideo_nodes.workspace.calendar_source import calendar_name, read_calendar_from
    from nemovideo_nodes.workspace.destination import Destination
    from nemovideo_nodes.workspace.handover_config import check_target_name
    from nemovideo_nodes.workspace.notifications.config import check_channels

    approval_rule(approval)
    settings = read_settings(store)
    notify = Notify(channels=checked_channels(channels) or None, calendar=calendar_name(source))
    check_channels(notify, settings)
    if handover:
        check_target_name(handover, settings)
    places = Places()
    target = Destination(destination) if destination is not None else None
    file = ResultsFile(results, places) if results is not None else None
    calendar_source, reading = read_calendar_from(source, timezone, settings.media_access, places)
    say_reading(reading, err=True)
    problems = [f"{str(one)[:1].upper()}{str(one)[1:]}" for one in reading.problems]
    if calendar_source is None or (reading.problems and not reading.posts):
        if reading.problems:
            asyncio.run(tell_calendar(settings, notify, problems))
        if as_json:
            print_json(run_json([], reading))
        sys.exit(_UNREADABLE)
    videos = videos_of(with_handover(reading.posts, handover))
    within, ahead = timedelta(hours=catch_up_hours), timedelta(hours=ahead_hours)
    due = due_videos(videos, SystemClock().now(), within, ahead=ahead)
    undated = sum(video.post.due is None for video in due)
    if undated and most is None:
        raise BadInput(
            f"{counted(undated, 'video')} of {source} would be made at once, since it names no "
            "time for them: say with --most how many to make now"
        )
    maker = CalendarMaker(
        settings,
        calendar_source,
        local=local,
        start_local=ensure_local,
        budget=named_budget("calendar", notify.calendar, budget) if budget is not None else None,
        approval=approval,
        notify=notify,
    )
    made: list[Made] = []

    def on_made(one: Made) -> None:
        made.append(one)
        if not as_json:
            say_made(one)

    interrupted = False

    async def tick() -> list[Made]:
        found = await run_videos(
            due,
            maker,
            maker.store_of,
            at_once=at_once,
            most=most,
            again=again,
            on_made=on_made,
        )
        await maker.tell(problems, found)
        return found

    try:
        made = run_until_stopped(tick())
    except KeyboardInterrupt:
        interrupted = True
    files: dict[str, list[str]] = {}
    failed: NemoVideoError | None = None
    try:
        files = maker.put(made, target) if target is not None else {}
    except NemoVideoError as error:  # what was made is told all the same
        failed = error
    if file is not None:
        file.write(videos, made, posters_of(made, maker.store_of), files)
    if failed is not None:
        raise failed
    if interrupted:
        click.echo("Stopped before the end: run it again, and it goes on.", err=True)
    if as_json:
        print_json(run_json(made, reading))
    elif not due:
        click.echo("Nothing is due now.")
    sys.exit(_UNFINISHED if interrupted else _run_code(made))


def _run_code(made: Sequence[Made]) -> int:
    outcomes = {one.outcome for one in made}
    if "stuck" in outcomes:
        return _FAILED
    return _UNFINISHED if outcomes & {"waiting", "held"} else 0
