"""`calendar check`: inputs that once failed, sources of all kinds, pictures that are looked at."""

from __future__ import annotations

import datetime as dt
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from bucket import BucketServer
from channels import write_channels
from click.testing import CliRunner
from photo_site import Site

from nemovideo_nodes.cli import main
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.settings import MediaAccess
from nemovideo_nodes.workspace.calendar_check import check_calendar
from nemovideo_nodes.workspace.calendar_source import open_calendar

CASES = Path(__file__).parent / "calendars"
NETWORKS = MediaAccess(networks=("127.0.0.0/8",))


def check(source: str | Path, *more: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the JSON of the command."""
    done = CliRunner().invoke(
        main, ["calendar", "check", str(source), "--timezone", "Europe/Berlin", "--json", *more]
    )
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, json.loads(done.stdout)


def post(
    row: int, slug: str, due: str, images: list[str], prompt: str, platforms: list[str]
) -> Any:
    keys = ("row", "slug", "due", "images", "prompt", "platforms", "languages", "account")
    return dict(zip(keys, (row, slug, due, images, prompt, platforms, [], ""), strict=True))


def essentials(told: dict[str, Any]) -> list[dict[str, Any]]:
    keys = ("row", "slug", "due", "images", "prompt", "platforms", "languages", "account")
    return [{key: one[key] for key in keys} for one in told["posts"]]


MARCH = "2026-03-02T09:00:00+01:00"


@pytest.mark.parametrize(
    ("name", "posts"),
    [
        (
            "excel-semicolon.csv",
            [
                post(2, "spring", MARCH, ["a.jpg", "b.jpg"], "Frühling", ["tiktok"]),
                post(3, "autumn", "2026-09-02T09:00:00+02:00", ["c.jpg"], "", []),
            ],
        ),
        (
            "two-platforms.csv",
            [post(2, "s", MARCH, ["a.jpg"], "x", ["tiktok", "instagram-reels"])],
        ),
        ("date-and-time.csv", [post(2, "s", MARCH, ["a.jpg"], "x", [])]),
        (
            "merge.yaml",
            [post(1, "a", MARCH, [], "hi", ["tiktok"]), post(2, "b", MARCH, [], "hi", ["tiktok"])],
        ),
    ],
)
def test_calendars_that_once_failed_are_read(name: str, posts: list[Any]) -> None:
    """Each gives exactly its posts, without a problem."""
    code, told = check(CASES / name)
    assert (code, essentials(told), told["problems"]) == (0, posts, [])
    notes = ["These columns are passed over: Owner, one without a name"]
    assert told["notes"] == (notes if name == "excel-semicolon.csv" else [])


def test_bad_rows_are_told_and_the_good_one_is_read() -> None:
    """Each problem has its row, column, value, and what would be right."""
    code, told = check(CASES / "one-bad-row.csv")
    assert (code, essentials(told)) == (1, [post(2, "today", MARCH, ["a.jpg"], "x", ["tiktok"])])
    assert told["problems"] == [
        {
            "row": 3,
            "column": "platform",
            "value": "tiktokk",
            "message": "the platform 'tiktokk' is not known: did you mean tiktok?",
        },
        {
            "row": 4,
            "column": "due",
            "value": "31.12.2026 10:00",
            "message": "day and month cannot be told apart in general: write 2026-12-31 10:00",
        },
    ]


def test_null_is_empty_and_a_double_key_is_a_problem_of_its_row() -> None:
    """And what has neither picture nor prompt is noted."""
    code, told = check(CASES / "null-and-double.yaml")
    assert (code, essentials(told)) == (1, [post(1, "a", MARCH, [], "", [])])
    (problem,) = told["problems"]
    assert (problem["row"], problem["column"], problem["value"]) == (2, "prompt", "two")
    assert told["notes"] == [
        "Neither a picture nor a prompt, so nothing can be made yet: row 1",
    ]


def test_a_calendar_without_a_header_is_a_problem() -> None:
    """Not zero posts; what it looks like is told."""
    code, told = check(CASES / "no-header.csv")
    assert (code, told["posts"]) == (1, [])
    assert told["problems"][0]["row"] == 1
    assert "looks like JSON" in told["problems"][0]["message"]


def test_a_share_link_is_a_page() -> None:
    """That is seen by its form: nobody is asked."""
    code, told = check(CASES / "share-link.csv")
    assert (code, told["posts"]) == (1, [])
    (problem,) = told["problems"]
    assert (problem["row"], problem["column"]) == (2, "images")
    assert problem["value"].startswith("https://drive.example.com/file/d/1AbC/view")
    assert "is a page, not a picture" in problem["message"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "none.csv", "There is no calendar"),
        (lambda folder: folder, "is a folder"),
        (lambda folder: "s3://bucket", "names no object"),
        (lambda folder: "http://example.com/a.csv", "must be https"),
        (lambda folder: "https://127.0.0.1:1/a.csv", "cannot be fetched"),
        (lambda folder: written(folder / "a.csv", b"\x80\x81\x90"), "save it as UTF-8"),
        (lambda folder: written(folder / "a.xlsx", b"PK\x03\x04x"), "cut off"),
        (lambda folder: written(folder / "a.xls", b"\xd0\xcf\x11\xe0"), "save it as XLSX"),
        (lambda folder: written(folder / "a.ods", b"PK\x03\x04x"), "OpenDocument"),
        (lambda folder: written(folder / "a.numbers", b"PK\x03\x04x"), "a sheet of Numbers"),
        (lambda folder: written(folder / "a.csv", "due;Frühling".encode("mac_roman")), "UTF-8"),
        (lambda folder: written(folder / "a.csv", b"x" * 5_300_000), "larger than 5 MB"),
        (lambda folder: written(folder / "a.yaml", b"a: ["), "not valid YAML"),
    ],
)
def test_what_cannot_be_read_is_one_problem_without_a_row(
    tmp_path: Path, make: Callable[[Path], str | Path], message: str
) -> None:
    """Exit code 2, in the same shape."""
    code, told = check(make(tmp_path))
    assert (code, told["posts"], len(told["problems"])) == (2, [], 1)
    assert told["problems"][0]["row"] is None
    assert message in told["problems"][0]["message"]
    assert set(told) == {"posts", "problems", "notes"}


def test_a_time_zone_that_is_none_is_told_in_the_same_shape() -> None:
    """The source is not read with another one."""
    code, told = check(CASES / "merge.yaml", "--timezone", "Mars")
    assert (code, told["posts"]) == (2, [])
    assert "'Mars' is not known" in told["problems"][0]["message"]


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def workbook(*rows: list[object]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    return book


def test_a_merged_cell_counts_for_each_of_its_rows(tmp_path: Path) -> None:
    """A day over three posts is the day of each; the banner above the header is none."""
    shutil.copy(CASES / "a.jpg", tmp_path / "a.jpg")
    book = workbook(
        ["March", None, None, None],
        [],
        ["Slug", "Date", "Time", "Images"],
        ["a", dt.date(2026, 3, 2), dt.time(9), "a.jpg"],
        ["b", None, dt.time(10), "a.jpg"],
        ["c", None, dt.time(11), "a.jpg"],
    )
    assert book.active is not None
    book.active.merge_cells("A1:D2")
    book.active.merge_cells("B4:B6")
    book.save(tmp_path / "calendar.xlsx")
    code, told = check(tmp_path / "calendar.xlsx")
    assert (code, [one["due"][8:16] for one in told["posts"]]) == (
        0,
        ["02T09:00", "02T10:00", "02T11:00"],
    )
    assert "A cell that is merged over several rows counts for each of them" in told["notes"]


def test_a_sheet_with_chinese_heads_is_read(tmp_path: Path) -> None:
    """A time beside the day or with it, and the name of a file in other letters is told."""
    shutil.copy(CASES / "a.jpg", tmp_path / "a.jpg")
    text = (
        "编号,时间,图片,提示词,文案,平台\n"
        "春,2026年3月2日 下午3点半,a.jpg,做一个视频,你好,抖音\n"
        "夏,2026-03-03 9:00,A.JPG,做,再见,抖音\n"
        "秋,2026-03-04 9:00,www.example.com/a.jpg,做,再见,抖音\n"
    )
    code, told = check(written(tmp_path / "calendar.csv", text.encode("gb18030")))
    (one,) = told["posts"]
    assert (code, one["due"], one["platforms"]) == (1, "2026-03-02T15:30:00+01:00", ["tiktok"])
    assert (one["prompt"], one["caption"]) == ("做一个视频", "你好")
    first, second = (problem["message"] for problem in told["problems"])
    assert first.endswith("did you mean a.jpg?")
    assert "write https:// before it" in second


def test_a_workbook_is_read_like_the_sheet_that_people_see(tmp_path: Path) -> None:
    """Typed dates, the first sheet with a header, a formula without a value is told."""
    shutil.copy(CASES / "a.jpg", tmp_path / "a.jpg")
    book = workbook(["Content of March"], [])
    sheet = book.create_sheet("Posts")
    sheet.append(["Slug", "Date", "Time", "Images", "Prompt", "Frame"])
    sheet.append(["s", dt.date(2026, 3, 2), dt.time(9), "a.jpg", "x", dt.time(9, 16)])
    sheet.append([])
    sheet.append(["f", dt.date(2026, 3, 2), dt.time(9), "a.jpg", '="x"', None])
    book.save(tmp_path / "calendar.xlsx")
    code, told = check(tmp_path / "calendar.xlsx")
    assert essentials(told) == [post(2, "s", MARCH, ["a.jpg"], "x", [])]
    assert told["posts"][0]["aspect"] == "9:16"
    assert code == 1
    (problem,) = told["problems"]
    assert (problem["row"], problem["column"], problem["value"]) == (4, "Prompt", "#VALUE!")
    assert told["notes"] == ["Only the sheet Posts is read, not Sheet"]


def test_dates_of_a_workbook_that_counts_from_1904_are_not_four_years_off(tmp_path: Path) -> None:
    """A plain number of days is refused there."""
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    book = workbook(
        ["slug", "due", "prompt"], ["a", dt.datetime.fromisoformat("2026-03-02 09:00"), "x"]
    )
    book.epoch = CALENDAR_MAC_1904
    assert book.active is not None
    book.active.append(["b", 44_621.375, "x"])
    book.save(tmp_path / "mac.xlsx")
    _, told = check(tmp_path / "mac.xlsx")
    assert [one["due"] for one in told["posts"]] == [MARCH]
    assert [one["row"] for one in told["problems"]] == [3]


def test_a_workbook_that_unpacks_to_far_too_much_is_refused(tmp_path: Path) -> None:
    """Before it is unpacked."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 110_000_000)
    code, told = check(written(tmp_path / "bomb.xlsx", out.getvalue()))
    assert code == 2
    assert "more than 100 MB" in told["problems"][0]["message"]


MERCHANT = """<?xml version="1.0"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>
<item><g:id>sku-1</g:id><g:title>Red "Tulips"</g:title><g:link>https://shop.example/1</g:link>
<g:image_link>{site}/coffee.png</g:image_link>
<g:additional_image_link>{site}/moved.png</g:additional_image_link>
<g:price>9.50 EUR</g:price></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Blog</title>
<entry><id>tag:1</id><title>One &amp; two</title><published>2026-03-02T09:00:00+01:00</published>
<link rel="alternate" href="https://blog.example/1"/>
<link rel="enclosure" type="image/png" href="{site}/coffee.png"/></entry></feed>"""
RSS = """<rss version="2.0"><channel><item><title>Post</title><guid>g-1</guid>
<link>https://blog.example/2</link><pubDate>Mon, 02 Mar 2026 09:00:00 +0100</pubDate>
<description>&lt;p&gt;&lt;img src="{site}/coffee.png"&gt; hello&lt;/p&gt;</description>
</item></channel></rss>"""


@pytest.mark.parametrize(
    ("feed", "expected"),
    [
        (
            MERCHANT,
            ("sku-1", None, ["coffee.png", "moved.png"], "with the price 9.50 EUR at the end."),
        ),
        (ATOM, ("tag:1", MARCH, ["coffee.png"], 'titled "One & two".')),
        (RSS, ("g-1", MARCH, ["coffee.png"], 'titled "Post".')),
    ],
)
def test_feeds_are_calendars_that_are_only_read(
    tmp_path: Path, photo_site: Site, feed: str, expected: tuple[Any, ...]
) -> None:
    """An item is a post with its pictures, title, price and link; a product is due at no time."""
    path = written(tmp_path / "feed.xml", feed.replace("{site}", photo_site.url).encode())
    checked = check_calendar(str(path), "Europe/Berlin", NETWORKS)
    assert checked.exit_code == 0, checked.reading.problems
    (told,) = checked.as_json()["posts"]
    slug, due, images, ending = expected
    assert (told["slug"], told["due"]) == (slug, due)
    assert [url.rpartition("/")[2] for url in told["images"]] == images
    assert told["prompt"].endswith(ending)
    assert told["link"].startswith("https://")


def test_urls_are_looked_at(tmp_path: Path, photo_site: Site) -> None:
    """A page, a text, what is not there; what does not answer now is noted, and no problem."""
    photo_site.pages["/page.jpg"] = b"<!doctype html><html>"
    names = ("coffee.png", "moved.png", "page.jpg", "text.png", "none.png", "broken")
    lines = [f"{name},2026-03-02 09:00,{photo_site.url}/{name}" for name in names]
    path = written(tmp_path / "a.csv", "\n".join(["slug,due,images", *lines]).encode())
    checked = check_calendar(str(path), "Europe/Berlin", NETWORKS)
    assert [one.slug for one in checked.reading.posts] == ["coffee.png", "moved.png", "broken"]
    page, text, none = checked.reading.problems
    assert "is a page, not a picture" in page.message
    assert "holds no picture" in text.message
    assert "404" in none.message
    assert checked.reading.notes == (
        f"Not looked at, since nothing answers there now: {photo_site.url}/broken",
    )


def test_files_are_looked_at(tmp_path: Path) -> None:
    """What is missing, empty, HEIC or no picture is a problem of its row; a folder may be one."""
    shutil.copy(CASES / "a.jpg", tmp_path / "a.jpg")
    (tmp_path / "photos").mkdir()
    shutil.copy(CASES / "a.jpg", tmp_path / "photos" / "1.jpg")
    (tmp_path / "nothing").mkdir()
    written(tmp_path / "empty.jpg", b"")
    written(tmp_path / "text.jpg", b"no picture")
    written(tmp_path / "phone.heic", b"\x00\x00\x00\x18ftypheic" + b"\x00" * 20)
    shutil.copy(CASES / "a.jpg", tmp_path / "one, two.jpg")
    names = (
        *("a.jpg", "photos", "nothing", "empty.jpg", "text.jpg", "phone.heic", "none.jpg"),
        *("photos\\1.jpg", '"one, two.jpg"'),
    )
    lines = [f"s{number},2026-03-02 09:00,{name}" for number, name in enumerate(names)]
    code, told = check(written(tmp_path / "a.csv", "\n".join(["slug,due,images", *lines]).encode()))
    assert code == 1
    assert [one["images"] for one in told["posts"]] == [["a.jpg"], ["photos"], ["one, two.jpg"]]
    messages = [one["message"] for one in told["problems"]]
    for message, part in zip(
        messages,
        (
            "holds no image",
            "is empty",
            "holds no picture",
            "HEIC",
            "there is no file",
            "mean photos/1.jpg?",
        ),
        strict=True,
    ):
        assert part in message


def test_a_profile_that_is_not_known_is_a_problem(tmp_path: Path) -> None:
    """With those that are."""
    path = written(tmp_path / "a.csv", b"slug,due,prompt,profile\na,2026-03-02 09:00,x,nope\n")
    code, told = check(path)
    assert code == 1
    assert "'nope' is not known: give one of" in told["problems"][0]["message"]


def test_publishers_and_accounts_are_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A misspelt publisher is a problem; what another machine may know is noted."""
    path = written(
        tmp_path / "a.csv",
        b"slug,due,prompt,publisher,account\na,2026-03-02 09:00,x,bufer,\n"
        b"b,2026-03-02 09:00,x,,acme\nc,2026-03-02 09:00,x,,Acme Inc\n",
    )
    monkeypatch.setenv("NEMOVIDEO_HANDOVER", str(tmp_path / "handover.toml"))
    monkeypatch.setenv("HOME", str(tmp_path))
    _, told = check(path)
    assert [(one["row"], one["column"]) for one in told["problems"]] == [(4, "account")]
    assert told["notes"] == [
        "The publisher 'bufer' is not known on this machine (row 2)",
        "The account 'acme' is not known on this machine (row 3)",
    ]
    written(tmp_path / "handover.toml", b'[buffer]\nkind = "folder"\nplace = "/videos"\n')
    _, told = check(path)
    assert told["problems"][0] == {
        "row": 2,
        "column": "publisher",
        "value": "bufer",
        "message": "the publisher 'bufer' is not known: did you mean buffer?",
    }


def test_channels_are_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As publishers are: a machine without channels may not be the one that makes."""
    path = written(
        tmp_path / "a.csv",
        b'slug,due,prompt,notify\na,2026-03-02 09:00,x,team\nb,2026-03-02 09:00,x,"desk, tema"\n'
        b"c,2026-03-02 09:00,x,none\n",
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    _, told = check(path)
    assert told["problems"] == []
    assert told["notes"] == [
        "The channel 'team' is not known on this machine (row 2)",
        "The channel 'desk' is not known on this machine (row 3)",
        "The channel 'tema' is not known on this machine (row 3)",
    ]
    named = '[channels.{}]\nkind = "command"\nargv = ["/none"]\n'
    write_channels(tmp_path / ".config" / "nemovideo", named.format("team") + named.format("desk"))
    _, told = check(path)
    assert [one["slug"] for one in told["posts"]] == ["a", "c"]
    (problem,) = told["problems"]
    assert (problem["row"], problem["column"], problem["value"]) == (3, "notify", "tema")
    assert problem["message"].startswith("the channel 'tema' is not known: add [channels.tema] to")


def test_post_text_is_measured_against_the_platforms(tmp_path: Path) -> None:
    """Too long on one of them is a problem that names it."""
    long = "日" * 141
    text = (
        "slug,due,prompt,platform,caption,hashtags\n"
        f'a,2026-03-02 09:00,x,"tiktok, x",{long},#a\n'
        f"b,2026-03-02 09:00,x,tiktok,{long},#b\n"
        "c,2026-03-02 09:00,x,tiktok,{{ slug }},{{ nope }}\n"
        "d,2026-03-02 09:00,x,tiktok,fine,#a-b\n"
    )
    code, told = check(written(tmp_path / "a.csv", text.encode()))
    assert code == 1
    assert [one["slug"] for one in told["posts"]] == ["b"]
    assert [(one["row"], one["column"]) for one in told["problems"]] == [
        (2, "caption"),
        (4, "hashtags"),
        (5, "hashtags"),
    ]
    assert "and X takes 280" in told["problems"][0]["message"]


def test_each_language_has_words_of_its_own(tmp_path: Path) -> None:
    """What one lacks is a problem; words without a language are the first one's."""
    text = (
        "slug,due,languages,prompt,Prompt (DE),caption.de,caption.en\n"
        'a,2026-03-02 09:00,"en, de",one,eins,,\n'
        'b,2026-03-02 09:00,"English, Deutsch",one,,,\n'
        'c,2026-03-02 09:00,"de/en",,eins,,\n'
        "d,2026-03-02 09:00,,,eins,,\n"
        "e,2026-03-02 09:00,,one,eins,,\n"
        'f,2026-03-02 09:00,"en, de",one,eins,zwei,\n'
        "g,2026-03-02 09:00,en-klingonish,one,,,\n"
    )
    code, told = check(written(tmp_path / "a.csv", text.encode()))
    assert code == 1
    assert [(one["slug"], one["languages"]) for one in told["posts"]] == [
        ("a", ["en", "de"]),
        ("d", ["de"]),
    ]
    assert told["posts"][0]["words"] == {"prompt": {"de": "eins"}}
    assert [(one["row"], one["column"]) for one in told["problems"]] == [
        (3, "prompt.de"),
        (4, "prompt.en"),
        (6, "Prompt (DE)"),
        (7, "caption.en"),
        (8, "languages"),
    ]


def test_a_published_sheet_and_a_store_are_sources(
    tmp_path: Path, photo_site: Site, bucket: str, bucket_server: BucketServer
) -> None:
    """Names of pictures are seen from there, and never from this machine."""
    sheet = (CASES / "two-platforms.csv").read_bytes()
    photo_site.pages["/deep/pub"] = sheet
    photo_site.pages["/deep/a.jpg"] = (CASES / "a.jpg").read_bytes()
    url = f"{photo_site.url}/deep/pub?output=csv"
    checked = check_calendar(url, "Europe/Berlin", NETWORKS)
    assert checked.exit_code == 0, checked.reading.problems
    assert checked.source is not None
    assert checked.source.picture("a.jpg") == f"{photo_site.url}/deep/a.jpg"
    assert checked.source.picture("/etc/passwd").startswith(photo_site.url)
    store = Store(bucket)
    store.replace("plans/march.csv", sheet)
    assert check_calendar(f"{bucket}/plans/march.csv", "Europe/Berlin").exit_code == 1
    store.replace("plans/a.jpg", (CASES / "a.jpg").read_bytes())
    checked = check_calendar(f"{bucket}/plans/march.csv", "Europe/Berlin")
    assert checked.exit_code == 0, checked.reading.problems
    source = open_calendar(f"{bucket}/plans/march.csv")
    assert source.picture("../../../../etc/passwd") == f"{bucket.rpartition('/')[0]}/etc/passwd"


def test_a_web_page_is_told_apart_from_a_sheet(photo_site: Site) -> None:
    """As a sheet's ordinary address gives it."""
    photo_site.pages["/sheet"] = b"<!DOCTYPE html><html><body>Sign in</body></html>"
    checked = check_calendar(f"{photo_site.url}/sheet", "UTC", NETWORKS)
    assert checked.exit_code == 2
    assert "publish the sheet as CSV" in checked.reading.problems[0].message


def test_people_read_sentences() -> None:
    """A line a problem, and how many posts are good."""
    done = CliRunner().invoke(main, ["calendar", "check", str(CASES / "one-bad-row.csv")])
    lines = done.stdout.splitlines()
    assert done.exit_code == 1
    assert lines[0].startswith("Row 3, platform: the platform 'tiktokk' is not known")
    assert lines[-1] == "1 post can be made; 2 problems."
