"""A calendar as its flow makes it, as far as no server of Prefect is needed."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from channels import write_channels
from flow_studio import Studio, open_studio
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.errors import BadInput, NemoVideoError
from nemovideo_nodes.prefect import begin_run, budget_of, posts_due, shared_budgets_of
from nemovideo_nodes.prefect.calendar import CalendarVideo, DuePosts, planned_of, post_data_of
from nemovideo_nodes.prefect.calendar_artifact import PostOutcome, rows_of
from nemovideo_nodes.prefect.posts import make_posts
from nemovideo_nodes.prefect.resolve import open_run, resolve_store
from nemovideo_nodes.workspace import DriveOptions
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
    assert list(rows[0]) == ["due", "post", "platform", "status", "note", "text", "video"]
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


PROMPT = "A 2 second video"
ASKED = ("notify", "approval", "budget")
"""What `posts_due` is asked for."""
NOW = datetime.now(UTC)  # noqa: TID251 - outside a flow run, due times are seen from now


class Calendar:
    """A calendar whose posts are made by the flow's own tasks, without their server."""

    def __init__(self, studio: Studio, folder: Path) -> None:
        self.studio = studio
        self.file = folder / "calendar.csv"
        self.begun: list[str] = []
        self.refused: set[str] = set()
        """Posts for which Prefect's server is too busy to begin a flow run."""

    def write(self, head: str, *lines: str) -> None:
        self.file.write_text("\n".join([head, *lines]), "utf-8")

    async def run(self, **options: Any) -> dict[tuple[str, str], PostOutcome]:
        """Make what is due; the rows by slug and language."""
        asked = {name: options.pop(name) for name in ASKED if name in options}
        posts = await posts_due.fn(str(self.file), **asked)
        base = await resolve_store(str(self.studio.store))
        rows, _ = await make_posts(self.make, posts, base, **{"at_once": 2} | options)
        return {(row.slug, row.language): row for row in rows}

    async def make(self, post: Post) -> State[Any]:
        """What the subflow of a post does."""
        if post.slug in self.refused:
            request = httpx.Request("POST", "http://127.0.0.1/api/task_runs/")
            busy = httpx.Response(503, request=request)
            raise httpx.HTTPStatusError("busy", request=request, response=busy)
        self.begun.append(post.slug)
        try:
            run = await begin_run.fn(
                post.images,
                post.prompt,
                platform=post.platform,
                run_id=post.run_id,
                as_begun=True,
                language=post.language,
                account=post.account,
                post=post_data_of(post),
                budget=budget_of(post),
                notify=post.notify,
                approval=post.approval,
                budgets=shared_budgets_of(post),
            )
            opened = await open_run(run)
            drive = DriveOptions(budgets=run.budgets)
            return Completed(data=await opened.workspace.advance(run.run_id, drive=drive))
        except NemoVideoError as error:
            return Failed(message=str(error), data=error)


@pytest.fixture
def calendar(home: Path, tmp_path: Path, options: Options) -> Iterator[Calendar]:
    with open_studio(tmp_path, options) as studio:
        yield Calendar(studio, tmp_path)


def line(slug: str, hours: float, picture: str, *, prompt: str = PROMPT) -> str:
    return f"{slug},{(NOW + timedelta(hours=hours)).isoformat()},{picture},{prompt},tiktok"


HEAD = "slug,due,images,prompt,platform"


async def test_a_row_at_fault_is_not_tried_again_until_it_changes(
    calendar: Calendar, tmp_path: Path
) -> None:
    """A missing picture and a row that cannot be read; the posts beside them are made."""
    picture, other = calendar.studio.images
    missing = tmp_path / "missing.png"
    odd = f"odd,someday,{picture},{PROMPT},tiktok"
    calendar.write(HEAD, line("good", -1, picture), line("bad", -2, str(missing)), odd)
    first = await calendar.run()
    assert first["good", ""].status == "done"
    assert first["bad", ""].status == "failed"
    assert "A Retry does not help" in first["bad", ""].note
    assert first["row 4", ""].note.startswith("Row 4, due: ")
    assert (await calendar.run())["bad", ""].status == "held"
    Path(other).rename(missing)  # noqa: ASYNC240
    assert (await calendar.run())["bad", ""].status == "done"
    assert calendar.studio.sent["messages"] == 2
    assert len(calendar.begun) == 3


async def test_a_channel_that_is_not_known_is_refused_before_anything_is_paid(
    calendar: Calendar, tmp_path: Path
) -> None:
    """A row's fails it alone, until the channel is there; the calendar's own fails it all."""
    picture = calendar.studio.images[0]
    calendar.write(
        f"{HEAD},notify", f"{line('one', -1, picture)},desk", f"{line('two', -1, picture)},none"
    )
    rows = await calendar.run()
    assert (rows["one", ""].status, rows["two", ""].status) == ("failed", "done")
    assert "The channel 'desk' is not known: add [channels.desk]" in rows["one", ""].note
    assert (await calendar.run())["one", ""].status == "held"
    assert calendar.studio.sent["messages"] == 1
    with pytest.raises(BadInput, match="The channel 'tema' is not known"):
        await calendar.run(notify=["tema"])
    write_channels(
        tmp_path / "home" / ".config" / "nemovideo",
        'default = []\n[channels.desk]\nkind = "command"\nargv = ["true"]\n',
    )
    assert (await calendar.run())["one", ""].status == "done"


async def test_a_calendar_has_a_budget_and_an_approval_for_its_rows(calendar: Calendar) -> None:
    """What does not fit is held until the budget is larger; a row's own approval goes first.

    One at a time: of two at once either may take what the budget has.
    """
    picture = calendar.studio.images[0]
    calendar.write(
        f"{HEAD},approval",
        f"{line('one', -3, picture)},none",
        f"{line('two', -2, picture)},none",
        f"{line('three', -1, picture)},",
    )
    asked = {"approval": "before_paying", "budget": 150.0, "at_once": 1}
    rows = await calendar.run(**asked)
    two = rows["two", ""]
    assert (rows["one", ""].status, two.status) == ("done", "held")
    assert "Over budget: 200 of 150 credits of the calendar Calendar" in two.note
    assert "nemovideo release two-" in two.note
    assert (rows["three", ""].status, calendar.studio.sent["messages"]) == ("held", 1)
    assert "nemovideo approve three-" in rows["three", ""].note
    rows = await calendar.run(**asked | {"budget": 250.0})
    assert [rows[slug, ""].status for slug in ("one", "two", "three")] == ["done", "done", "held"]
    assert calendar.studio.sent["messages"] == 2
    with pytest.raises(BadInput, match="before_sunset"):
        await calendar.run(approval="before_sunset")


async def test_a_server_of_prefect_that_is_too_busy_for_a_row_stops_no_other(
    calendar: Calendar,
) -> None:
    """SQLite answers 503 where many flow runs begin at once; the next run makes the row."""
    picture = calendar.studio.images[0]
    calendar.write(HEAD, line("one", -2, picture), line("two", -1, picture))
    calendar.refused.add("one")
    rows = await calendar.run()
    assert (rows["one", ""].status, rows["two", ""].status) == ("failed", "done")
    assert "(503 Service Unavailable)" in rows["one", ""].note
    calendar.refused.clear()
    assert (await calendar.run())["one", ""].status == "done"
    assert calendar.studio.sent["messages"] == 2


async def test_a_row_that_was_edited_is_made_again_only_where_that_is_wanted(
    calendar: Calendar,
) -> None:
    """What is made starts nothing; `most` bounds what a run makes."""
    picture = calendar.studio.images[0]
    calendar.write(HEAD, line("one", -2, picture), line("two", -1, picture))
    rows = await calendar.run(most=1)
    assert (rows["one", ""].status, rows["two", ""].status) == ("done", "later")
    edited = line("one", -2, picture, prompt="A 2 second square video")
    calendar.write(HEAD, edited, line("two", -1, picture))
    rows = await calendar.run(most=1)
    assert (rows["one", ""].status, rows["two", ""].status) == ("done", "done")
    assert "`again` switched on" in rows["one", ""].note
    for _ in range(2):
        assert (await calendar.run(again=True))["one", ""].status == "done"
    assert calendar.begun == ["one", "two", "one"]
    assert calendar.studio.sent["messages"] == 3


async def test_a_row_names_languages_an_account_platforms_and_what_to_post(
    calendar: Calendar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on the command line; a video that several platforms take alike is made once."""
    studio, results = calendar.studio, tmp_path / "results.csv"
    entries = tmp_path / "home" / ".config" / "nemovideo" / "accounts.toml"
    entries.parent.mkdir(parents=True)
    entries.write_text('["acme.de"]\ntoken_env = "ACME_TOKEN"\n')
    entries.chmod(0o600)
    monkeypatch.setenv("ACME_TOKEN", studio.token)
    due, picture = (NOW - timedelta(hours=1)).isoformat(), studio.images[0]
    calendar.write(
        "slug,due,images,prompt,prompt.de,platforms,languages,account,caption,caption.de,owner",
        f'sale,{due},{picture},{PROMPT},Ein 2-Sekunden-Video,"tiktok, IG reels","en, de",acme.de,'
        "Sale now,Jetzt zugreifen,Ann",
        f"other,{due},{picture},{PROMPT},,tiktok,,Nobody,,,Ben",
    )
    posts = tmp_path / "posts"
    rows = await calendar.run(results=str(results), destination=str(posts))
    begun = list(calendar.begun)
    await calendar.run(results=str(results), destination=str(posts))
    assert calendar.begun == begun  # what is posted as its row says starts nothing
    names = [f"_sale_{one}_{tag}" for one in ("tiktok", "instagram-reels") for tag in ("en", "de")]
    assert sorted(path.stem[10:] for path in posts.glob("*.mp4")) == sorted(names)
    (german_text,) = posts.glob("*_tiktok_de.txt")
    assert german_text.read_text() == "Jetzt zugreifen\n"
    assert studio.sent == {"messages": 2, "renders": 2, "uploads": 2, "sessions": 2}
    assert len(list(studio.store.glob("accounts/acme.de/runs/*/video.mp4"))) == 2
    german = rows["sale", "de"]
    assert (german.platform, german.account) == ("tiktok, instagram-reels", "acme.de")
    assert (german.status, german.text) == ("done", "Jetzt zugreifen")
    assert rows["other", ""].status == "failed"
    assert "make a NemoVideo Credentials block" in rows["other", ""].note
    table = list(csv.DictReader(results.read_text("utf-8-sig").splitlines()))
    assert [(one["slug"], one["status"], one["post_caption"]) for one in table] == [
        ("other", "stuck", ""),
        ("sale", "done", "Sale now"),
        ("sale", "done", "Jetzt zugreifen"),
    ]
    assert all(Path(one["video"]).is_file() for one in table[1:])  # noqa: ASYNC240
    assert [one["owner"] for one in table] == ["Ben", "Ann", "Ann"]


async def test_rows_without_a_time_are_made_only_as_many_as_wanted(calendar: Calendar) -> None:
    """A feed of products would else be made at once."""
    calendar.file = calendar.file.with_suffix(".xml")
    items = "".join(
        f"<item><title>Chair {n}</title><guid>c{n}</guid><description>A 2 second video"
        f"</description></item>"
        for n in range(3)
    )
    calendar.file.write_text(
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>Shop</title>{items}'
        "</channel></rss>",
        "utf-8",
    )
    none = await calendar.run()
    assert {row.status for row in none.values()} == {"skipped"}
    assert calendar.begun == []


async def test_what_came_of_a_calendar_is_told_in_one_message(
    calendar: Calendar, tmp_path: Path
) -> None:
    """Its videos, a row that cannot be read and a picture that is not there; once."""
    out, picture = tmp_path / "told.jsonl", calendar.studio.images[0]
    keep = f"import sys; open({str(out)!r}, 'ab').write(sys.stdin.buffer.read() + b'\\n')"
    argv = json.dumps([sys.executable, "-c", keep])
    write_channels(
        tmp_path / "home" / ".config" / "nemovideo",
        f'default = []\n[channels.desk]\nkind = "command"\nargv = {argv}\n',
    )
    odd = f"odd,someday,{picture},{PROMPT},tiktok"
    missing = line("bad", -2, str(tmp_path / "missing.png"))
    calendar.write(HEAD, line("one", -1, picture), line("two", -1, picture), missing, odd)
    for _ in range(2):
        await calendar.run(notify=["desk"])
    (tick,) = map(json.loads, out.read_text().splitlines())
    assert tick["data"]["counts"] == {"done": 2, "calendar": 1}
    assert tick["subject"] == "Calendar Calendar: 2 done, problems in rows"
