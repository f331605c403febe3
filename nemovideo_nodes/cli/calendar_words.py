"""What the commands about a calendar say, in sentences and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from nemovideo_nodes.language.counting import amount, counted

if TYPE_CHECKING:
    from nemovideo_nodes.request.calendar_model import Reading
    from nemovideo_nodes.request.calendar_plan import CalendarPlan, PlannedVideo
    from nemovideo_nodes.workspace.calendar_run import Made

__all__ = ["plan_json", "run_json", "say_made", "say_plan", "say_reading"]


def say_reading(reading: Reading, *, err: bool) -> None:
    """The problems and notes of a calendar, a line each."""
    for problem in reading.problems:
        said = str(problem)
        click.echo(said[:1].upper() + said[1:], err=err)
    for note in reading.notes:
        click.echo(f"Note: {note}", err=err)


def say_plan(planned: CalendarPlan, timezone: str) -> None:
    """What comes, by its days, and what it is expected to cost."""
    from nemovideo_nodes.request.calendar_time import zone_named
    from nemovideo_nodes.request.platforms import PRESETS

    zone = zone_named(timezone)
    day = ""
    for video in planned.videos:
        due = video.post.due.astimezone(zone) if video.post.due is not None else None
        if (new := f"{due:%a %Y-%m-%d}" if due else "Without a time") != day:
            day = new
            click.echo(f"\n{day}")
        stand = planned.stand(video)
        parts = (
            f"{due:%H:%M}" if due else "     ",
            video.title(),
            f"[{video.post.account}]" if video.post.account else "",
            f"about {amount(video.credits)} credits" if stand == "planned" else stand,
        )
        click.echo("  " + "  ".join(filter(None, parts)))
        for name, frame in video.renditions.items():
            click.echo(f"           {PRESETS[name].title} gets a rendition in {frame}, made here")
    click.echo()
    for sentence in (*planned.clashes, *planned.gaps):
        click.echo(f"Worth a look: {sentence}")
    count = counted(len(planned.videos), "video")
    click.echo(
        f"{count}; what is still to be made costs about {amount(planned.estimate)} credits"
        f" ({planned.basis})."
        if planned.estimate
        else f"{count}; nothing is still to be made."
    )


def say_made(made: Made) -> None:
    """What came of one video."""
    title = made.video.title()
    match made.outcome:
        case "made" | "known":
            was = "was made before" if made.outcome == "known" else "is made"
            path = made.result.videos[0].path if made.result and made.result.videos else ""
            click.echo(f"{title} {was}{': ' + path if path else ''}")
        case "updated":
            click.echo(f"{title} was made before; what goes out with it is updated")
        case "later":
            click.echo(f"{title} is left for the next time (--most)")
        case "held":
            run_id, asked = made.video.run_id, made.result is not None and made.result.approval
            how = f"nemovideo {'approve' if asked else 'release'} {run_id} permits it"
            click.echo(f"{title} is held: {made.error}; {how}", err=True)
        case _:
            click.echo(f"{title}: {made.error} (run {made.video.run_id})", err=True)


def plan_json(planned: CalendarPlan, reading: Reading) -> dict[str, Any]:
    """What `calendar plan --json` prints."""
    from nemovideo_nodes.request.estimate import BASIS

    return {
        "videos": [
            {
                **_video_json(video),
                "estimate": video.credits,
                "basis": video.estimate.basis if video.estimate is not None else BASIS,
                "status": planned.stand(video),
            }
            for video in planned.videos
        ],
        "estimate": planned.estimate,
        "clashes": list(planned.clashes),
        "gaps": list(planned.gaps),
        **_reading_json(reading),
    }


def run_json(made: Sequence[Made], reading: Reading) -> dict[str, Any]:
    """What `calendar run --json` prints."""
    return {
        "videos": [
            {
                **_video_json(one.video),
                "outcome": one.outcome,
                "error": one.error or None,
                "result": one.result.model_dump() if one.result is not None else None,
            }
            for one in made
        ],
        **_reading_json(reading),
    }


def _video_json(video: PlannedVideo) -> dict[str, Any]:
    post = video.post
    return {
        "row": post.row,
        "slug": post.slug,
        "due": post.due.isoformat() if post.due is not None else None,
        "platform": video.platform,
        "platforms": list(video.serves),
        "renditions": dict(video.renditions),
        "language": video.language,
        "account": post.account,
        "run_id": video.run_id,
    }


def _reading_json(reading: Reading) -> dict[str, Any]:
    return {
        "problems": [problem.model_dump() for problem in reading.problems],
        "notes": list(reading.notes),
    }
