"""What became of a calendar, for people: an artifact with a row a post, and an event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from prefect.artifacts import acreate_table_artifact
from prefect.events import emit_event

from nemovideo_nodes.prefect.deduplication import current_flow_run
from nemovideo_nodes.prefect.logs import run_logger

__all__ = ["PROBLEMS", "PostOutcome", "Status", "emit_problems", "publish_calendar"]

PROBLEMS: Final = "nemovideo.calendar.problems"
"""The event of a calendar whose rows or posts failed, for a notification."""
_MOST_ROWS: Final = 300
_MOST_TEXT: Final = 300
_MOST_POST_TEXT: Final = 80

Status = Literal["done", "failed", "held", "skipped", "later", "coming"]
_ORDER: Final[Sequence[Status]] = ("failed", "held", "done", "later", "coming", "skipped")
"""What needs a person comes first."""


@dataclass(frozen=True)
class PostOutcome:
    """What became of one video of the calendar, or of a row that cannot be read."""

    slug: str
    due: str = ""
    platform: str = ""
    """All that the video is for."""
    status: Status = "coming"
    note: str = ""
    link: str = ""
    path: str = ""
    language: str = ""
    account: str = ""
    text: str = ""
    """What is to be posted with the video."""


async def publish_calendar(outcomes: Sequence[PostOutcome]) -> None:
    """Publish the calendar's artifact; a failure to do so never stops the posts."""
    if not outcomes:
        return
    try:
        await acreate_table_artifact(
            key="nemovideo-calendar", table=rows_of(outcomes), description=_counts(outcomes)
        )
    except Exception:
        run_logger().warning("The calendar's artifact cannot be shown now", exc_info=True)


def rows_of(outcomes: Sequence[PostOutcome]) -> list[dict[str, str]]:
    """The table: what needs a person first; columns that no row fills are left out."""
    ordered = sorted(outcomes, key=lambda one: _ORDER.index(one.status))
    rows = [
        {
            "due": one.due,
            "post": one.slug,
            "platform": one.platform,
            "language": one.language,
            "account": one.account,
            "status": one.status,
            "note": _cut(one.note, _MOST_TEXT),
            "text": _cut(one.text, _MOST_POST_TEXT),
            # A path may be long, and the table shows what comes first.
            "video": f"[{one.path.rsplit('/', 1)[-1]}]({one.link})" if one.link else one.path,
        }
        for one in ordered[:_MOST_ROWS]
    ]
    optional = ("language", "account", "note", "text")
    empty = {name for name in optional if not any(row[name] for row in rows)}
    return [{name: value for name, value in row.items() if name not in empty} for row in rows]


def emit_problems(problems: Sequence[str]) -> None:
    """Emit the event that names what failed, for an automation that tells a person."""
    flow_run = current_flow_run()
    if flow_run is not None:
        emit_event(
            PROBLEMS,
            resource={
                "prefect.resource.id": f"prefect.flow-run.{flow_run.id}",
                "prefect.resource.name": str(flow_run.name),
            },
            payload={"problems": [problem[:_MOST_TEXT] for problem in problems[:_MOST_ROWS]]},
        )


def _counts(outcomes: Sequence[PostOutcome]) -> str:
    statuses = [one.status for one in outcomes]
    return ", ".join(f"{statuses.count(one)} {one}" for one in _ORDER if one in statuses)


def _cut(text: str, most: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"
