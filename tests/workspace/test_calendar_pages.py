"""A plan for people: clashes and gaps, events for their calendars, a page that shows the months."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar

from nemovideo_nodes.ledger.costs import COSTS
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.profiles import DEFAULT_PROFILE
from nemovideo_nodes.request.calendar_model import CalendarPost, Problem
from nemovideo_nodes.request.calendar_plan import plan_calendar, videos_of
from nemovideo_nodes.settings import Settings
from nemovideo_nodes.workspace.calendar_pages import month_page, plan_events
from nemovideo_nodes.workspace.calendar_planning import plan_posts

BERLIN = ZoneInfo("Europe/Berlin")
NINE = datetime(2026, 3, 2, 9, tzinfo=BERLIN)
CASES = Path(__file__).parent / "calendars"


def post(row: int, slug: str, **more: object) -> CalendarPost:
    return CalendarPost.model_validate(
        {"row": row, "slug": slug, "due": NINE, "prompt": "x", **more}
    )


POSTS = [
    post(2, "spring <sale>", platforms=("tiktok", "instagram-feed"), images=("a.jpg",)),
    post(3, "b", platforms=("tiktok",), due=NINE + timedelta(minutes=20)),
    post(4, "c", platforms=("x",), account="acme"),
    post(5, "d", platforms=("tiktok",), account="acme", due=NINE + timedelta(days=6)),
    post(6, "feed", due=None),
]


def test_clashes_and_gaps_are_told() -> None:
    """Of one account on one platform; days without any post."""
    plan = plan_calendar(POSTS, {}, BERLIN)
    assert plan.clashes == (
        "spring <sale> (row 2) and b (row 3) are 20 minutes apart on TikTok, from 2026-03-02 09:00",
    )
    assert plan.gaps == ("nothing for 5 days, from 2026-03-03 to 2026-03-07",)
    assert [video.post.slug for video in plan.videos][-1] == "feed"


def test_what_is_made_is_not_in_the_estimate() -> None:
    """Another frame is no generation; what is done or stuck is not paid for again."""
    videos = videos_of(POSTS)
    assert plan_calendar(POSTS, {}, BERLIN).estimate == 500
    stands = {videos[0].run_id: "done", videos[1].run_id: "stuck", videos[2].run_id: "waiting"}
    plan = plan_calendar(POSTS, stands, BERLIN)  # type: ignore[arg-type]
    assert plan.estimate == 300
    assert [plan.stand(video) for video in videos[:4]] == ["done", "stuck", "waiting", "planned"]


def test_the_plan_estimates_by_what_videos_like_them_cost(tmp_path: Path) -> None:
    """Of the same profile and length, in the store of the account; else by documented costs."""
    store = Store(str(tmp_path))
    for number in range(3):
        at = f"2026010{number + 1}T0900"
        key = f"{DEFAULT_PROFILE}_8s_1m_1v"
        store.create(f"{COSTS}/{key}_{at}00Z_{at}59Z_{40 + number}_run{number}", b"{}")
    posts = [
        post(2, "known", prompt="An 8 second video", platforms=("tiktok", "x")),
        post(3, "other", prompt="A 9 second video", platforms=("tiktok",)),
    ]
    settings = Settings.from_environment({}).model_copy(update={"store": str(tmp_path)})
    plan = plan_posts(posts, settings, BERLIN)
    assert [video.credits for video in plan.videos] == [41, 100]
    assert plan.estimate == 141
    assert plan.basis == "1 by the median of past runs like them; 1 by documented costs"


def test_events_are_read_by_a_calendar() -> None:
    """One a post, in UTC, known again by the same id; what names no time is left out."""
    plan = plan_calendar(POSTS, {}, BERLIN)
    data = plan_events(plan, NINE)
    events = icalendar.Calendar.from_ical(data).walk("VEVENT")
    assert [str(event["summary"]) for event in events] == [
        "c (X)",
        "spring <sale> (TikTok, Instagram Feed)",
        "b (TikTok)",
        "d (TikTok)",
    ]
    starts: Any = events[0]["dtstart"]
    assert starts.dt == NINE.astimezone(UTC)
    again = icalendar.Calendar.from_ical(plan_events(plan, NINE + timedelta(days=1)))
    assert [e["uid"] for e in again.walk("VEVENT")] == [e["uid"] for e in events]


def test_the_page_shows_the_months_and_what_is_wrong(tmp_path: Path) -> None:
    """With small pictures inside it, and nothing of the calendar taken for HTML."""
    shutil.copy(CASES / "a.jpg", tmp_path / "a.jpg")
    problem = Problem(row=9, column="due", value="<b>", message="it is <not> a time")
    page = month_page(
        plan_calendar(POSTS, {}, BERLIN),
        BERLIN,
        NINE,
        name="March",
        problems=[problem],
        picture=lambda name: str(tmp_path / name),
    )
    assert "<h2>March 2026</h2>" in page
    assert "spring &lt;sale&gt;" in page
    assert "spring <sale>" not in page
    assert "it is &lt;not&gt; a time" in page
    assert page.count("data:image/jpeg;base64,") == 1
    assert 'class="today' in page.replace(" today", "today")
    assert "http" not in page.partition("<body>")[0]
    assert "Without a time" in page
