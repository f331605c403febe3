"""Content calendars for the doors: the same run ids as ever, bad rows aside, due in a window."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.model import is_run_id
from nemovideo_nodes.workspace.calendar_file import Post, due_posts, read_calendar

CSV = """slug,due,images,prompt,platform,aspect,profile,_owner
spring,2026-03-01 09:00,red.png|https://example.com/blue.png,A calm video,tiktok,,,me
春天,2026-03-02T09:00+08:00,photos,,instagram-feed,1:1,image-to-video-canva,
"""
YAML = """
- slug: spring
  due: 2026-03-01 09:00
  images: [red.png, "https://example.com/blue.png"]
  prompt: A calm video
  platform: tiktok
  _owner: me
- slug: 春天
  due: 2026-03-02T09:00+08:00
  images: photos
  platform: instagram-feed
  aspect: "1:1"
  profile: image-to-video-canva
"""
BERLIN = ZoneInfo("Europe/Berlin")


def written(folder: Path, text: str, name: str = "calendar.csv") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("calendar.csv", CSV),
        ("calendar.csv", "\ufeff" + CSV.replace(",", ";")),
        ("calendar.yaml", YAML),
    ],
)
def test_both_forms_say_the_same(tmp_path: Path, name: str, text: str) -> None:
    """Images are seen from the calendar's folder, and a time without a zone is of the given one."""
    spring, later = read_calendar(written(tmp_path, text, name), "Europe/Berlin")
    assert spring == Post(
        slug="spring",
        due=datetime(2026, 3, 1, 9, tzinfo=BERLIN),
        images=(str(tmp_path / "red.png"), "https://example.com/blue.png"),
        prompt="A calm video",
        platform="tiktok",
    )
    assert later.slug == "春天"
    assert later.due.astimezone(UTC) == datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert (later.aspect, later.profile) == ("1:1", "image-to-video-canva")
    assert later.images == (str(tmp_path / "photos"),)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("spring,2026-03-01 09:00,tiktok", "spring-20260301T0800Z-tiktok-f3330a14"),
        ("春天,2026-03-02T09:00+08:00,instagram-feed", "20260302T0100Z-instagram-feed-66860664"),
        ("Spring Sale!,2026-10-25 02:30,", "Spring-Sale-20261025T0030Z-7b7c95cc"),
        ("x" * 60 + ",2026-03-01T00:00Z,x", f"{'x' * 40}-20260301T0000Z-x-df96cd8f"),
    ],
)
def test_old_calendars_keep_their_run_ids(tmp_path: Path, row: str, expected: str) -> None:
    """As version 0.1.0 gave them: another id would be a second video, and paid again."""
    text = f"slug,due,platform\n{row}\n"
    (post,) = read_calendar(written(tmp_path, text), "Europe/Berlin")
    assert post.run_id == expected


def test_two_platforms_in_a_cell_are_a_post_each(tmp_path: Path) -> None:
    """With the run ids that they would have in rows of their own."""
    one = read_calendar(
        written(tmp_path, 'slug,due,platform\ns,2026-03-02 09:00,"TikTok, IG Reels"\n')
    )
    two = read_calendar(
        written(
            tmp_path,
            "slug,due,platform\ns,2026-03-02 09:00,tiktok\ns,2026-03-02 09:00,instagram-reels\n",
        )
    )
    assert [post.platform for post in one] == ["tiktok", "instagram-reels"]
    assert [post.run_id for post in one] == [post.run_id for post in two]


def test_a_bad_row_is_set_aside_and_told_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The good rows are made all the same."""
    text = "slug,due,platform\na,2026-03-01,tiktokk\nb,31.12.2026,\nc,2026-03-01 09:00,x\n"
    with caplog.at_level(logging.WARNING):
        posts = read_calendar(written(tmp_path, text))
    assert [post.slug for post in posts] == ["c"]
    first, second = caplog.messages
    assert "wrong at row 2, column platform: the platform 'tiktokk' is not known" in first
    assert "wrong at row 3, column due: day and month cannot be told apart" in second


HEAD = "slug,due,images,platform\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HEAD + "a,soon,x.png,\n", "at row 2, column due: it is not a time"),
        (HEAD + ",2026-03-01,x.png,\n", "at row 2, column slug: it has no slug"),
        (HEAD + "a,,x.png,\n", "at row 2, column due: it has no time"),
        (HEAD + "a,2026-03-01,x.png,myspace\n", "the platform 'myspace' is not known"),
        (HEAD + "a,2026-03-01,x.png,x,y\n", "at row 2: it has 5 cells, and the header names 4"),
        (HEAD + 'a,2026-03-01,"x.png,\n', "at row 2: a quotation mark in it is never closed"),
        ("a,b\n1,2\n", "at row 1: the first line does not name the columns"),
        ("", "it is empty"),
    ],
)
def test_where_nothing_is_good_it_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    """With the file, the row, and what to do."""
    with pytest.raises(BadInput, match=sentence):
        read_calendar(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("- slug: [", "is not valid YAML at line 1"),
        ("slug: a", "must be a list of posts"),
        ("- [a, b]", "at row 1: it is not a mapping"),
        ("- slug: {a: b}\n  due: 2026-03-01", "column slug: it holds a list or a mapping"),
        ("- slug: a\n  due: 2026-03-01\n  images: [[x]]", "column images: its list holds lists"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_yaml_is_told_as_well(tmp_path: Path, text: str, sentence: str) -> None:
    """By the number of the post."""
    with pytest.raises(BadInput, match=sentence):
        read_calendar(written(tmp_path, text, "calendar.yml"))


def test_a_file_that_is_not_there_and_a_zone_that_is_none(tmp_path: Path) -> None:
    """Both say what to do."""
    with pytest.raises(BadInput, match=r"There is no calendar .*: check the path"):
        read_calendar(str(tmp_path / "none.csv"))
    with pytest.raises(BadInput, match="is a folder"):
        read_calendar(str(tmp_path))
    with pytest.raises(BadInput, match="'Mars' is not known: give one like Europe/Berlin"):
        read_calendar(written(tmp_path, CSV), "Mars")


START = datetime(2026, 1, 1, tzinfo=UTC)
TIMES = st.integers(0, 365 * 24 * 60).map(lambda minute: START + timedelta(minutes=minute))


@given(st.lists(TIMES, unique=True), TIMES, st.timedeltas(timedelta(0), timedelta(days=90)))
def test_a_post_is_due_in_its_window_alone(
    times: list[datetime], now: datetime, within: timedelta
) -> None:
    """Never before its time, and not when its time is long gone; the earliest first."""
    posts = [Post(slug=f"post {number}", due=time) for number, time in enumerate(times)]
    due = due_posts(posts, now, within)
    assert [post.due for post in due] == sorted(t for t in times if now - within <= t <= now)


@given(
    st.text(min_size=1),
    TIMES,
    st.sampled_from(["", "tiktok", "instagram-stories"]),
    st.sampled_from(["", "de", "zh-Hans"]),
)
def test_the_run_of_a_post_is_known_by_slug_time_and_platform(
    slug: str, due: datetime, platform: str, language: str
) -> None:
    """Whatever else of the row is corrected, and in whatever zone its time is written."""
    post = Post(slug=slug, due=due, platform=platform, language=language)
    assert is_run_id(post.run_id)
    there = due.astimezone(ZoneInfo("Asia/Shanghai"))
    corrected = post.model_copy(update={"prompt": "other words", "due": there, "account": "b"})
    assert corrected.run_id == post.run_id
    later = post.model_copy(update={"due": due + timedelta(minutes=1)})
    again = post.model_copy(update={"revision": "2"})
    others = {later.run_id, again.run_id, post.model_copy(update={"slug": slug + "!"}).run_id}
    assert post.run_id not in others
