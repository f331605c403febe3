"""A calendar's artifact and its posts, as far as no server is needed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.prefect import posts_due
from nemovideo_nodes.prefect.calendar import CalendarVideo, DuePosts, planned_of
from nemovideo_nodes.prefect.calendar_artifact import PostOutcome, rows_of
from nemovideo_nodes.workspace.calendar_file import Post, posts_of
from nemovideo_nodes.workspace.calendar_source import open_calendar

DUE = datetime(2026, 1, 5, 9, tzinfo=UTC)


def test_what_needs_a_person_comes_first() -> None:
    """Columns that no row fills are left out, long texts are cut."""
    outcomes = [
        PostOutcome("done", status="done", path="/srv/v/video.mp4", link="https://v.example/x"),
        PostOutcome("bad", status="failed", note="x" * 1000),
        PostOutcome("soon", status="coming", text="Come\nin"),
    ]
    rows = rows_of(outcomes)
    assert [row["post"] for row in rows] == ["bad", "done", "soon"]
    assert list(rows[0]) == ["due", "post", "platform", "status", "video", "text", "note"]
    assert rows[1]["video"] == "[video.mp4](https://v.example/x)"
    assert rows[2]["text"] == "Come in"
    assert len(rows[0]["note"]) == 300


def test_a_post_of_ones_own_is_planned_like_a_row() -> None:
    """It makes the same run."""
    post = Post(slug="sale", due=DUE, prompt="A video", platform="tiktok", language="de")
    planned = planned_of(post)
    assert planned.run_id == post.run_id
    assert (planned.prompt, planned.serves) == ("A video", ("tiktok",))


async def test_the_posts_of_a_calendar_are_its_videos(tmp_path: Path) -> None:
    """The run ids are those of before, and one video serves platforms of one frame."""
    calendar = tmp_path / "calendar.csv"
    calendar.write_text(
        "slug,due,images,prompt,platforms\n"
        f'sale,{datetime.now(UTC).isoformat()},a.png,A video,"tiktok, IG reels"\n'  # noqa: TID251
        "old,2020-01-05T09:00Z,a.png,A video,tiktok\n"
        "bad,someday,a.png,A video,tiktok\n",
        "utf-8",
    )
    due = await posts_due.fn(str(calendar))
    assert isinstance(due, DuePosts)
    (post,) = due
    assert isinstance(post, CalendarVideo)
    assert post.images == (str(tmp_path / "a.png"),)
    assert post.planned.serves == ("tiktok", "instagram-reels")
    source = open_calendar(str(calendar))
    before = [one for row in source.read().posts for one in posts_of(row, source)]
    assert post.run_id == before[0].run_id
    assert [(one.slug, one.status) for one in due.others] == [
        ("row 4", "failed"),
        ("old", "skipped"),
    ]
    with pytest.raises(BadInput, match="There is no calendar"):
        await posts_due.fn(str(tmp_path / "none.csv"))
