"""Content calendars: read with sentences for what is wrong, due within a window, once each."""

from __future__ import annotations

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
        due=datetime(2026, 3, 1, 9, tzinfo=ZoneInfo("Europe/Berlin")),
        images=(str(tmp_path / "red.png"), "https://example.com/blue.png"),
        prompt="A calm video",
        platform="tiktok",
    )
    assert later.slug == "春天"
    assert later.due.astimezone(UTC) == datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert (later.aspect, later.profile) == ("1:1", "image-to-video-canva")
    assert later.images == (str(tmp_path / "photos"),)


HEAD = "slug,due,images,platform\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            HEAD + "a,soon,x.png,\n",
            r"at line 2: due wants a time like .*, not 'soon'",
        ),
        (HEAD + ",2026-03-01,x.png,\n", "at line 2: it has no slug"),
        (HEAD + "a,,x.png,\n", "at line 2: it has no due"),
        (HEAD + "a,2026-03-01,x.png,myspace\n", "line 2: The platform 'myspace' is not known"),
        (HEAD + "a,2026-03-01,x.png\n", "at line 2: it has fewer cells than the first line"),
        (HEAD + "a,2026-03-01,x.png,,\n", "at line 2: it has more cells than the first line"),
        (HEAD.replace("platform", "platfrom") + "a,2026-03-01,x.png,tiktok\n", "'platfrom' means"),
        (HEAD + "a,2026-03-01,x.png,\na,2026-03-01,y.png,\n", "has 'a' twice .* at line 3"),
        (HEAD + 'a,2026-03-01,"x.png,\n', "is no valid CSV"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    """With the file, the line, and what to do."""
    with pytest.raises(BadInput, match=sentence):
        read_calendar(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("- slug: [", "is no valid YAML at line 1"),
        ("slug: a", "must be a list of posts"),
        ("- [a, b]", "must be a list of posts"),
        ("- slug: {a: b}\n  due: 2026-03-01", "at post 1: a post holds plain text"),
        ("- slug: a\n  due: 2026-03-01\n  images: [[x]]", "at post 1: a post holds plain text"),
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
    with pytest.raises(BadInput, match="'Mars' is not known: give one like Europe/Berlin"):
        read_calendar(written(tmp_path, CSV), "Mars")
    (tmp_path / "latin.csv").write_bytes(b"slug,due\n\xe4,2026-03-01\n")
    with pytest.raises(BadInput, match="save it as UTF-8"):
        read_calendar(str(tmp_path / "latin.csv"))


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


@given(st.text(min_size=1), TIMES, st.sampled_from(["", "tiktok", "instagram-stories"]))
def test_the_run_of_a_post_is_known_by_slug_time_and_platform(
    slug: str, due: datetime, platform: str
) -> None:
    """Whatever else of the row is corrected, and in whatever zone its time is written."""
    post = Post(slug=slug, due=due, platform=platform)
    assert is_run_id(post.run_id)
    there = due.astimezone(ZoneInfo("Asia/Shanghai"))
    corrected = post.model_copy(update={"prompt": "other words", "due": there})
    assert corrected.run_id == post.run_id
    later = post.model_copy(update={"due": due + timedelta(minutes=1)})
    others = {later.run_id, post.model_copy(update={"slug": slug + "!"}).run_id}
    assert post.run_id not in others
