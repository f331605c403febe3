"""A plan for people: events for their calendars (ICS), and a page that shows the months (HTML).

Both need the extra `calendar`.
"""

from __future__ import annotations

import base64
import calendar
import contextlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.calendar_model import CalendarPost, Problem, post_run_id
from nemovideo_nodes.request.calendar_plan import CalendarPlan, PlannedVideo
from nemovideo_nodes.request.platforms import PRESETS

__all__ = ["month_page", "plan_events"]

_EVENT: Final = timedelta(minutes=15)
_MAX_THUMBNAILS: Final = 400
_THUMBNAIL: Final = (240, 240)
_MAX_PICTURE_BYTES: Final = 50 * 1024 * 1024
_COLOURS: Final = {
    "tiktok": "#111318",
    "instagram-reels": "#c13584",
    "instagram-stories": "#e1306c",
    "instagram-feed": "#833ab4",
    "youtube-shorts": "#d7261e",
    "facebook-reels": "#1769d2",
    "linkedin": "#0a5ea8",
    "x": "#3a4149",
    "pinterest": "#b3071d",
    "universal": "#4b5563",
}


def plan_events(plan: CalendarPlan, now: datetime) -> bytes:
    """The plan as an iCalendar file: an event a post, known again by its slug and time."""
    try:
        from icalendar import Calendar, Event
    except ImportError:
        raise BadInput('events need icalendar: pip install "nemovideo-nodes[calendar]"') from None
    file = Calendar()
    file.add("prodid", "-//nemovideo-nodes//content calendar//EN")
    file.add("version", "2.0")
    file.add("x-wr-calname", "Content calendar")
    for post in _posts(plan):
        if post.due is None:
            continue
        event = Event()
        event.add("uid", f"{post_run_id(post.slug, post.due)}@nemovideo-nodes")
        event.add("dtstamp", now)
        # In UTC: a time of a zone would need the zone's rules beside it.
        event.add("dtstart", post.due.astimezone(UTC))
        event.add("dtend", post.due.astimezone(UTC) + _EVENT)
        event.add("summary", _summary(post))
        event.add("description", _description(post))
        if post.link:
            with contextlib.suppress(BadInput):
                event.add("url", post.text(*post.platforms[:1]).link)
        event.add("categories", [PRESETS[name].title for name in post.platforms])
        file.add_component(event)
    data: bytes = file.to_ical()
    return data


def _summary(post: CalendarPost) -> str:
    names = ", ".join(PRESETS[name].title for name in post.platforms)
    return f"{post.slug} ({names})" if names else post.slug


def _description(post: CalendarPost) -> str:
    parts = [post.prompt_in(*post.languages[:1])]
    with contextlib.suppress(BadInput):
        parts.append(post.text(*post.platforms[:1]).whole_caption(*post.platforms[:1]))
    if post.account:
        parts.append(f"Account: {post.account}")
    return "\n\n".join(filter(None, parts))


@dataclass
class _Day:
    day: date
    in_month: bool
    cards: list[dict[str, Any]] = field(default_factory=list)

    @property
    def weekday(self) -> str:
        """Its name, which a narrow page shows beside the day."""
        return calendar.day_name[self.day.weekday()]


def month_page(
    plan: CalendarPlan,
    zone: ZoneInfo,
    now: datetime,
    *,
    name: str,
    problems: Sequence[Problem] = (),
    picture: Callable[[str], str] = lambda name: name,
) -> str:
    """The months of the plan as one HTML page that needs nothing else; times are of `zone`.

    `picture` gives the path of a picture that the calendar names, for the small pictures.
    """
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("nemovideo_nodes.workspace", "pages"), autoescape=True
    )
    thumbnails = _Thumbnails(picture)
    cards: dict[date, list[dict[str, Any]]] = {}
    by_post: dict[tuple[int, str], list[PlannedVideo]] = {}
    for video in plan.videos:
        by_post.setdefault((video.post.row, video.post.slug), []).append(video)
    undated = []
    for post in _posts(plan):
        card = _card(post, plan, by_post, zone, thumbnails)
        if post.due is None:
            undated.append(card)
        else:
            cards.setdefault(post.due.astimezone(zone).date(), []).append(card)
    today = now.astimezone(zone).date()
    return environment.get_template("months.html.jinja").render(
        name=name,
        zone=zone.key,
        months=list(_months(cards)),
        undated=undated,
        today=today,
        plan=plan,
        posts=sum(map(len, cards.values())) + len(undated),
        problems=problems,
        legend=[
            (PRESETS[one].title, _COLOURS.get(one, "#4b5563"))
            for one in dict.fromkeys(p for video in plan.videos for p in video.serves)
        ],
        accounts=sorted({video.post.account for video in plan.videos if video.post.account}),
    )


def _posts(plan: CalendarPlan) -> list[CalendarPost]:
    return list({(video.post.row, video.post.slug): video.post for video in plan.videos}.values())


def _months(cards: dict[date, list[dict[str, Any]]]) -> Iterator[tuple[str, list[list[_Day]]]]:
    for year, month in sorted({(day.year, day.month) for day in cards}):
        weeks = [
            [
                _Day(day, day.month == month, cards.get(day, []) if day.month == month else [])
                for day in week
            ]
            for week in calendar.Calendar().monthdatescalendar(year, month)
        ]
        yield f"{calendar.month_name[month]} {year}", weeks


def _card(
    post: CalendarPost,
    plan: CalendarPlan,
    by_post: Mapping[tuple[int, str], list[PlannedVideo]],
    zone: ZoneInfo,
    thumbnails: _Thumbnails,
) -> dict[str, Any]:
    videos: list[PlannedVideo] = by_post[post.row, post.slug]
    stands = [plan.stand(one) for one in videos]
    order = ("stuck", "edited", "waiting", "planned", "done")
    return {
        "slug": post.slug,
        "row": post.row,
        "time": post.due.astimezone(zone).strftime("%H:%M") if post.due else "",
        "prompt": post.prompt_in(*post.languages[:1]),
        "account": post.account,
        "languages": post.languages,
        "platforms": [(PRESETS[one].title, _COLOURS.get(one, "#4b5563")) for one in post.platforms],
        "videos": len(videos),
        "stand": next(one for one in order if one in stands),
        "thumbnail": thumbnails.of(post),
    }


class _Thumbnails:
    """Small pictures of what lies on this machine, as data URIs; needs Pillow."""

    def __init__(self, picture: Callable[[str], str]) -> None:
        self._picture = picture
        self._known: dict[str, str] = {}

    def of(self, post: CalendarPost) -> str:
        """The first picture of a post; empty where there is none that can be shown."""
        for name in post.images[:1]:
            path = self._picture(name)
            if path not in self._known and len(self._known) < _MAX_THUMBNAILS:
                self._known[path] = _thumbnail(path)
            return self._known.get(path, "")
        return ""


def _thumbnail(path: str) -> str:
    try:
        from PIL import Image, ImageOps
    except ImportError:
        return ""
    try:
        file = Path(path)
        if "://" in path or not file.is_file() or file.stat().st_size > _MAX_PICTURE_BYTES:
            return ""
        with Image.open(file, formats=("JPEG", "PNG", "WEBP", "GIF")) as image:
            if image.width * image.height > 50_000_000:
                return ""
            image.draft("RGB", _THUMBNAIL)
            small = ImageOps.fit(ImageOps.exif_transpose(image).convert("RGB"), _THUMBNAIL)
        out = io.BytesIO()
        small.save(out, "JPEG", quality=78)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()
