"""Calendars as people write them: from bytes to posts, problems and notes, with nothing guessed."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.calendar import Kind, Sheet, kind_of, read_calendar_source
from nemovideo_nodes.request.calendar_model import Reading
from nemovideo_nodes.request.platforms import PRESETS

BERLIN = ZoneInfo("Europe/Berlin")
BERLIN_NINE = datetime.fromisoformat("2026-03-02T08:59:59.999997")
"""As a sheet has it: no zone, and the fraction of a day rounded."""


def read(text: str | bytes, kind: Kind = "table") -> Reading:
    data = text.encode() if isinstance(text, str) else text
    return read_calendar_source(data, kind, BERLIN)


def rows(*values: list[object]) -> Reading:
    return read_calendar_source(Sheet(values), "xlsx", BERLIN)


def faults(reading: Reading) -> list[tuple[int | None, str, str]]:
    return [(one.row, one.column, one.value) for one in reading.problems]


HEAD = "slug,due,images,prompt,platform"


@pytest.mark.parametrize(
    "text",
    [
        "slug,due,images,prompt,platform\ns,2026-03-02 09:00,a.jpg,x,tiktok\n",
        "SLUG;Due;Images;PROMPT;Platform\r\ns;2026-03-02 9:00;a.jpg;x;TikTok\r\n",
        "\ufeffslug\tdue\timages\tprompt\tplatform\ns\t2026/03/02 09:00\ta.jpg\tx\tTik Tok\n",
        "Platforms,Picture,Due,Slug,Prompt\nDouyin,a.jpg,2026-3-2 9:00 AM,s,x\n",
        "slug,date,time,images,prompt,platform\ns,2026-03-02,9:00,a.jpg,x,抖音\n",
        "sep=;\nslug;due;images;prompt;platform\ns;2 March 2026 09:00;a.jpg;x;tiktok\n",
        "March\n\nslug,due,images,prompt,platform\ns,2026-03-02T08:00Z,a.jpg,x,tiktok\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-8-sig"])
def test_a_table_is_read_however_it_was_saved(text: str, encoding: str) -> None:
    """Heads in any case and order, the delimiters of all countries, Excel's encodings."""
    reading = read(text.removeprefix("\ufeff").encode(encoding))
    (post,) = reading.posts
    assert reading.problems == ()
    assert (post.slug, post.images, post.prompt) == ("s", ("a.jpg",), "x")
    assert post.due is not None
    assert post.due.timestamp() == datetime(2026, 3, 2, 9, tzinfo=BERLIN).timestamp()
    assert post.platforms == ("tiktok",)


@pytest.mark.parametrize(
    ("data", "prompt", "note"),
    [
        (
            f"{HEAD}\ns,2026-03-02 09:00,,Frühling – “ja”,".encode("cp1252"),
            "Frühling – “ja”",
            "1252",
        ),
        (f"{HEAD}\ns,2026-03-02 09:00,,春天的视频,".encode("gb18030"), "春天的视频", "GB 18030"),
    ],
)
def test_an_older_code_page_is_read_with_a_note(data: bytes, prompt: str, note: str) -> None:
    """As Excel saves "CSV" in Western Europe and in China."""
    reading = read(data)
    assert reading.posts[0].prompt == prompt
    assert note in reading.notes[0]


def test_what_is_in_no_known_encoding_is_one_problem() -> None:
    """Rather than letters that nobody wrote."""
    reading = read(b"slug,due\n" + bytes(range(0x80, 0xA0)) + b",2026-03-01\n")
    assert faults(reading) == [(None, "", "")]
    assert "save it as UTF-8" in reading.problems[0].message


def test_unknown_columns_are_passed_over_with_one_note() -> None:
    """The note guesses what a misspelt one was to be; names with _ are somebody's notes."""
    reading = read("slug,due,Owner,platfrom,,_note\ns,2026-03-02 09:00,Ann,tiktok,,x\n")
    assert reading.notes == (
        "These columns are passed over: Owner, platfrom (did you mean platforms?), "
        "one without a name",
    )
    assert reading.posts[0].source["Owner"] == "Ann"


def test_rows_are_counted_as_a_sheet_counts_them() -> None:
    """The header is 1, empty rows count, and a cell with a line end is one row."""
    reading = read('slug,due,prompt\n\na,2026-03-02 09:00,"two\nlines"\n,,\nb,soon,\n')
    assert [(post.row, post.prompt) for post in reading.posts] == [(3, "two\nlines")]
    assert faults(reading) == [(5, "due", "soon")]


def test_a_broken_row_stops_no_other() -> None:
    """A quotation mark that is not closed takes its own row only."""
    text = (
        'slug,due,prompt\na,2026-03-02 09:00,x\nb,2026-03-02 09:00,"x\n'
        'c,2026-03-02 09:00,"fine, too"\nd,2026-03-02 09:00,"x"y\ne,2026-03-02 09:00,x,y\n'
        "f,2026-03-02 09:00\n"
    )
    reading = read(text)
    assert [post.slug for post in reading.posts] == ["a", "c", "f"]
    assert [problem.row for problem in reading.problems] == [3, 5, 6]


@pytest.mark.parametrize(
    ("text", "column", "value"),
    [
        ("slug,due,prompt,prompt\ns,2026-03-02 09:00,one,two\n", "prompt", "two"),
        ("slug,due,platform,Platforms\ns,2026-03-02 09:00,x,tiktok\n", "Platforms", "tiktok"),
        ("slug,due,date\ns,2026-03-02 09:00,2026-03-03\n", "due", "2026-03-02 09:00"),
    ],
)
def test_a_column_that_is_filled_in_twice_is_a_problem_of_its_row(
    text: str, column: str, value: str
) -> None:
    """Which of the two counts is not guessed."""
    assert faults(read(text)) == [(2, column, value)]


def test_a_double_column_that_is_empty_loses_nothing() -> None:
    """And pictures may have columns of their own."""
    reading = read("slug,due,prompt,prompt,Image 1,Image 2\ns,2026-03-02 09:00,,two,a.jpg,b.jpg\n")
    assert reading.posts[0].prompt == "two"
    assert reading.posts[0].images == ("a.jpg", "b.jpg")


def test_the_same_post_twice_is_a_problem_of_the_second() -> None:
    """It is made once; the same slug on another platform or at another time is another post."""
    text = (
        f"{HEAD}\ns,2026-03-02 09:00,,x,tiktok\ns,2026-03-02 09:00,,x,x\n"
        's,2026-03-02 10:00,,x,tiktok\ns,2026-03-02 8:00Z,,x,"linkedin,TikTok"\n'
    )
    reading = read(text)
    assert [post.row for post in reading.posts] == [2, 3, 4]
    assert faults(reading) == [(5, "slug", "s")]
    assert "row 2 has the same slug at the same time for TikTok" in reading.problems[0].message


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("a.jpg|b.jpg", ["a.jpg", "b.jpg"]),
        ("a.jpg; b.jpg ;", ["a.jpg", "b.jpg"]),
        ("a.jpg, b.jpg,c.jpg", ["a.jpg", "b.jpg", "c.jpg"]),
        ("a.jpg\nb.jpg\r\nc.jpg", ["a.jpg", "b.jpg", "c.jpg"]),
        ("https://x.de/w_1,h_2/a.jpg", ["https://x.de/w_1,h_2/a.jpg"]),
        ("https://x.de/a.jpg,b.jpg", ["https://x.de/a.jpg", "b.jpg"]),
        ("https://x.de/1?a=1,2 , https://x.de/2", ["https://x.de/1?a=1,2", "https://x.de/2"]),
        ("https://x.de/a.jpg?x=1;y=2", ["https://x.de/a.jpg?x=1;y=2"]),
        ("https://x.de/1,https://x.de/2", ["https://x.de/1", "https://x.de/2"]),
        ("one, two.jpg", ["one", "two.jpg"]),
        ("here, it is.jpg|b.jpg", ["here, it is.jpg", "b.jpg"]),
    ],
)
def test_several_pictures_in_a_cell(cell: str, expected: list[str]) -> None:
    """By bars, semicolons, commas and lines; a comma inside a URL or a known name stays."""
    out = io.StringIO()
    csv.writer(out).writerows([["slug", "due", "images"], ["s", "2026-03-02 09:00", cell]])
    reading = read_calendar_source(
        out.getvalue().encode(), "table", BERLIN, is_file=lambda name: name == "here, it is.jpg"
    )
    assert list(reading.posts[0].images) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("TikTok, IG Reels", ("tiktok", "instagram-reels")),
        ("YT Shorts | Twitter", ("youtube-shorts", "x")),
        ("Twitter/X", ("x",)),
        ("X / LinkedIn", ("x", "linkedin")),
        ("抖音、领英", ("tiktok", "linkedin")),
        ("tiktok;TIKTOK", ("tiktok",)),
        ("Facebook Reels and Pinterest", ("facebook-reels", "pinterest")),
        ("Instagram\nStories", ("instagram-stories",)),
    ],
)
def test_platforms_as_people_write_them(cell: str, expected: tuple[str, ...]) -> None:
    """Each once, in their order."""
    if cell == "Instagram\nStories":
        cell = "Instagram Stories"
    (post,) = read(f'slug,due,platform\ns,2026-03-02 09:00,"{cell}"\n').posts
    assert post.platforms == expected


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("tiktokk", "did you mean tiktok?"),
        ("Instagram", "did you mean instagram-reels, instagram-stories or instagram-feed?"),
        ("YouTube", "did you mean youtube-shorts?"),
        ("snapchat", "give one of tiktok,"),
        ("n/a", "the platform 'n/a' is not known"),
    ],
)
def test_a_name_without_a_preset_lists_the_nearest(cell: str, message: str) -> None:
    """Also a name that may mean several."""
    reading = read(f"slug,due,platform\ns,2026-03-02 09:00,{cell}\n")
    assert faults(reading) == [(2, "platform", cell)]
    assert message in reading.problems[0].message


@pytest.mark.parametrize("platform", PRESETS)
def test_every_preset_is_found_by_its_own_name(platform: str) -> None:
    """And by its title."""
    title = PRESETS[platform].title
    (post,) = read(f"slug,due,platform\ns,2026-03-02 09:00,{platform}\n").posts
    assert post.platforms == (platform,)
    assert read(f"slug,due,platform\ns,2026-03-02 09:00,{title}\n").posts[0] == post.model_copy(
        update={"source": {**post.source, "platform": title}}
    )


@pytest.mark.parametrize(
    ("cell", "aspect"),
    [("9:16", "9:16"), ("09:16", "9:16"), ("9:16:00", "9:16"), ("1x1", "1:1"), ("Square", "1:1")],
)
def test_a_frame_survives_a_sheet_that_takes_it_for_a_time(cell: str, aspect: str) -> None:
    """Excel makes 09:16 of 9:16, in text and as a time."""
    assert read(f"slug,due,aspect\ns,2026-03-02 09:00,{cell}\n").posts[0].aspect == aspect
    reading = rows(["slug", "due", "aspect"], ["s", date(2026, 3, 2), time(9, 16)])
    assert reading.posts[0].aspect == "9:16"


def test_a_sheet_is_read_by_its_types() -> None:
    """Dates, serial numbers, decimals that are counts, and the errors that it shows."""
    reading = rows(
        ["Slug", "Due", "Time", "Prompt", "Revision"],
        [1.0, BERLIN_NINE, None, "x", 2.0],
        ["b", 46083.375, None, "x", None],
        ["c", date(2026, 3, 2), 0.375, "x"],
        [None, None],
        ["d", date(2026, 3, 2), time(9), "#REF!"],
        ["e", 12, None, "x"],
    )
    assert [(post.row, post.slug, post.revision) for post in reading.posts] == [
        (2, "1", "2"),
        (3, "b", ""),
        (4, "c", ""),
    ]
    nine = datetime(2026, 3, 2, 9, tzinfo=BERLIN)
    assert [post.due for post in reading.posts] == [nine] * 3
    assert faults(reading) == [(6, "Prompt", "#REF!"), (7, "Due", "12")]


def test_yaml_keeps_what_is_written() -> None:
    """Null is empty, merge keys work, a double key is a problem, a version is no number."""
    text = """
- &base
  slug: a
  due: 2026-03-02 09:00
  platform: tiktok
  revision: 1.10
  prompt: ~
  images: [a.jpg, "b, c.jpg"]
- <<: *base
  slug: b
- {slug: c, due: 2026-03-02, prompt: one, prompt: two}
- just text
"""
    reading = read(text, "yaml")
    a, b = reading.posts
    assert (a.prompt, a.images, a.revision) == ("", ("a.jpg", "b, c.jpg"), "1.10")
    assert (b.slug, b.platforms, b.revision) == ("b", ("tiktok",), "1.10")
    assert faults(reading) == [(3, "prompt", "two"), (4, "", "just text")]


@pytest.mark.parametrize("kind", ["json", "jsonl"])
def test_json_keeps_what_is_written(kind: Kind) -> None:
    """In a list, in an object with posts, or an object a line."""
    objects = [
        '{"slug": "a", "due": "2026-03-02 09:00", "images": ["a.jpg"], "revision": 1.10}',
        '{"slug": "b", "due": "2026-03-02 09:00", "prompt": null, "platforms": ["x", "TikTok"]}',
        '{"slug": "c", "slug": "d", "due": "2026-03-02 09:00"}',
        "17",
    ]
    text = "\n".join(objects) if kind == "jsonl" else f'{{"posts": [{",".join(objects)}]}}'
    reading = read(text, kind)
    a, b = reading.posts
    assert (a.row, a.images, a.revision) == (1, ("a.jpg",), "1.10")
    assert (b.row, b.platforms) == (2, ("x", "tiktok"))
    assert faults(reading) == [(3, "slug", "d"), (4, "", "17")]


@pytest.mark.parametrize(
    ("text", "kind"), [("slug,due\n", "table"), ("# later", "yaml"), ("[]", "json")]
)
def test_a_calendar_without_posts_says_so(text: str, kind: Kind) -> None:
    """It may be meant, so it is a note."""
    assert read(text, kind) == Reading(notes=("There are no posts in it",))


@pytest.mark.parametrize("kind", ["table", "yaml", "json", "jsonl", "feed"])
def test_an_empty_file_is_unreadable_whatever_its_kind(kind: Kind) -> None:
    """It was cut off, or is still being written: that is one problem without a row."""
    for data in (b"", b"\xef\xbb\xbf \r\n"):
        (problem,) = read(data, kind).problems
        assert (problem.row, problem.message) == (None, "it is empty")


def test_of_a_header_of_two_rows_the_one_that_names_more_counts() -> None:
    """The upper one groups the columns."""
    reading = read("Post,,When,,Media\nslug,platform,date,time,images\nx,x,2026-03-02,9:00,a.jpg\n")
    (post,) = reading.posts
    assert (post.row, post.images) == (3, ("a.jpg",))
    assert reading.notes == ("The lines above the header are passed over: 1 to 1",)


def test_heads_and_months_may_be_french() -> None:
    """As an export of a French shop has them."""
    text = "Nom;Date;Heure;Photos;Légende;Plateforme\nx;1er décembre 2026;9h30;a.jpg;y;TikTok\n"
    (post,) = read(text).posts
    assert (post.slug, post.due) == ("x", datetime(2026, 12, 1, 9, 30, tzinfo=BERLIN))
    assert (post.caption, post.platforms) == ("y", ("tiktok",))


@pytest.mark.parametrize("head", ["slug,due,budget", "slug,due,images", "slug,due,link"])
def test_a_cell_that_may_mean_something_else_is_a_problem(head: str) -> None:
    """A thousand or a one, a formula, a link that leads nowhere."""
    value = {"budget": "1.000", "images": '"=IMAGE(""x"",1)"', "link": "acme.com/sale"}
    column = head.rpartition(",")[2]
    (problem,) = read(f"{head}\na,2026-03-02 9:00,{value[column]}\n").problems
    assert problem.column == column


def test_a_row_names_who_is_told_of_it() -> None:
    """Channels, or nobody; an empty cell leaves it to the calendar."""
    rows = ("'team, boss'", "none", "", "Team!")
    text = "\n".join(f"p{n},2026-03-02 9:00,{one}" for n, one in enumerate(rows))
    reading = read(f"slug,due,notify\n{text}\n".replace("'", '"'))
    assert [post.notify for post in reading.posts] == [("team", "boss"), (), None]
    assert "The channel 'Team!' cannot be one" in reading.problems[0].message


def test_a_prompt_that_makes_no_video_is_a_problem() -> None:
    """Whoever schedules a video is not told how one stands in its place; thanks are a subject."""
    asks = ["Is it done?", "how many credits left", "export"]
    prompts = [*asks, "Thank you!", "hi", "Do you love tea?"]
    rows = "".join(f"post-{number},2026-03-01,{text}\n" for number, text in enumerate(prompts))
    reading = read(f"slug,due,prompt\n{rows}")
    assert [post.prompt for post in reading.posts] == prompts[3:]
    found = [(problem.column, problem.value) for problem in reading.problems]
    assert found == [("prompt", text) for text in asks]
    assert "neither makes a video" in reading.problems[0].message
    (problem,) = read("slug,due,prompt:zh\na,2026-03-01,做好了吗\n").problems
    assert problem.column == "prompt:zh"


def test_a_column_that_is_missing_is_named() -> None:
    """It is not asked for in a way that sends people looking for a cell."""
    (problem,) = read("date,images\n2026-03-02,a.jpg\n").problems
    assert problem.message == "it has no slug: add one under slug, a short name for each post"


def test_a_product_feed_may_be_a_table() -> None:
    """As shops export it: no times, several pictures, and its own columns for the results."""
    reading = read(
        "id\ttitle\tlink\timage_link\tadditional_image_link\tprice\tavailability\n"
        "S1\tRose\thttps://s.test/1\thttps://s.test/1.jpg\t"
        "https://s.test/2.jpg,https://s.test/3.jpg\t29.99 EUR\tin stock\n"
    )
    (post,) = reading.posts
    assert (post.row, post.slug, post.due, len(post.images)) == (2, "S1", None, 3)
    assert post.prompt.endswith('titled "Rose", with the price 29.99 EUR at the end.')
    assert (post.source["availability"], reading.notes) == ("in stock", ())


def test_a_feeds_picture_in_several_sizes_is_one() -> None:
    """The largest; a thumbnail stands in only where there is no other."""
    media = 'xmlns:media="http://search.yahoo.com/mrss/"'
    content = '<media:content medium="image" url="https://s.test/{0}.jpg" width="{0}"/>'
    thumb = '<media:thumbnail url="https://s.test/t.jpg"/>'
    group = f"<media:group>{content.format(90)}{content.format(900)}</media:group>"
    items = "".join(
        f"<item><title>{n}</title>{one}{thumb}</item>" for n, one in enumerate((group, ""))
    )
    first, second = read(f"<rss {media}><channel>{items}</channel></rss>", "feed").posts
    assert first.images == ("https://s.test/900.jpg",)
    assert second.images == ("https://s.test/t.jpg",)


def test_a_yaml_file_may_have_several_documents() -> None:
    """Their posts are counted on."""
    text = "- {slug: a, due: 2026-03-02 09:00}\n---\nposts:\n- {slug: b, due: 2026-03-02 09:00}\n"
    assert [(post.row, post.slug) for post in read(text, "yaml").posts] == [(1, "a"), (2, "b")]


@pytest.mark.parametrize(
    ("lines", "is_told"),
    [
        ("  prompt: calm #spring\n", True),
        ("  hashtags: #spring #sale\n", True),
        ("  prompt: calm  # to be changed\n", False),
        ("  #draft\n  prompt: |\n    calm #spring\n  title: 'a #b'\n", False),
    ],
)
def test_hashtags_that_yaml_takes_for_a_comment_are_told(lines: str, is_told: bool) -> None:
    """They would be missing in the post without a word."""
    reading = read(f"- slug: a\n  due: 2026-03-02 09:00\n{lines}", "yaml")
    assert (len(reading.posts), reading.problems) == (1, ())
    assert any("in line 3" in note for note in reading.notes) is is_told


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("- slug: a\n\tdue: 2026-03-02\n", "line 2: indent it with spaces instead of tabs"),
        ("- slug: a\n  prompt: calm: slow\n", "line 2: put the text behind the first colon in"),
        ("- slug: a\n  account: @me\n", "line 2: put the text behind the first colon in"),
        ('- slug: "a\n  due: 2026-03-02\n', "line 2"),
    ],
)
def test_usual_mistakes_of_yaml_are_told_with_what_is_right(text: str, sentence: str) -> None:
    """Indents of tabs, and signs that mean something in YAML."""
    (problem,) = read(text, "yaml").problems
    assert sentence in problem.message


@pytest.mark.parametrize("cell", ["#REF!", "#WERT!", "#¡REF!", "Err:502", "=A1", "=SUM(A1:A9)"])
def test_what_a_sheet_has_in_the_place_of_a_value_is_a_problem(cell: str) -> None:
    """One, in whichever column it stands; such a prompt would be paid for."""
    assert faults(read(f"{HEAD}\ns,2026-03-02 09:00,,{cell},\n")) == [(2, "prompt", cell)]
    assert faults(read(f"{HEAD}\ns,{cell},,x,\n")) == [(2, "due", cell)]


def test_text_of_two_encodings_is_refused() -> None:
    """Read as one of them, a part of it would be letters that nobody wrote."""
    mixed = f"{HEAD}\ns,2026-03-02 09:00,,Frühling,\n".encode()
    mixed += "t,2026-03-02 09:00,,Frühling,\n".encode("cp1252")
    (problem,) = read(mixed).problems
    assert "partly UTF-8" in problem.message
    assert "line 3" in problem.message


def test_old_ends_of_lines_and_of_files_are_read() -> None:
    """A file that ends with Ctrl-Z, and one whose lines a word processor ended."""
    text = f"{HEAD}\ns,2026-03-02 09:00,,x,\n"
    for one in (f"{text}\x1a", text.replace("\n", "\u2028")):
        assert (len(read(one).posts), read(one).problems) == (1, ())


def test_a_bad_line_of_json_lines_stops_no_other() -> None:
    """It is a problem of its own."""
    reading = read('{"slug": "a", "due": "2026-03-02 09:00"}\n{"slug": \n', "jsonl")
    assert len(reading.posts) == 1
    assert faults(reading) == [(2, "", '{"slug": ')]


def test_a_cell_that_is_too_long_is_called_long() -> None:
    """It has no quotation mark that could be closed."""
    (problem,) = read(f"slug,due,prompt\na,2026-03-02 09:00,{'x' * 140_000}\n").problems
    assert "shorten it" in problem.message


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("[" * 100_000, "yaml"),
        ("[" * 100_000, "json"),
        ("a: &a [*a]", "yaml"),
        ("- &a {slug: x, <<: *a}", "yaml"),
        ("&a [" + "*a, " * 1_000 + "]", "yaml"),
        ("- &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"- &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)
        ) + "- {slug: s, due: 2026-03-02, images: *j}", "yaml"),
        ("slug: a", "yaml"),
        ("'", "yaml"),
        ('{"a": 1}', "json"),
        ("{", "json"),
        ("<rss/>x", "feed"),
        ('<!DOCTYPE r [<!ENTITY a "b">]><rss><item><title>&a;</title></item></rss>', "feed"),
        ("<html/>", "feed"),
    ],
)  # fmt: skip
def test_hostile_sources_are_problems(text: str, kind: Kind) -> None:
    """No crash, no endless work, no posts."""
    reading = read(text, kind)
    assert reading.posts == ()
    assert reading.problems


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.csv", b"slug", "table"),
        ("a.YML", b"- a", "yaml"),
        ("pub", b"slug,due", "table"),
        ("pub", b"<?xml version='1.0'?><rss/>", "feed"),
        ("a.csv", b"PK\x03\x04", "xlsx"),
        ("feed", b'[{"slug"', "json"),
        ("feed", b'{"slug"', "json"),
        ("a.jsonl", b"{", "jsonl"),
        ("feed", b"- slug: a", "yaml"),
    ],
)
def test_what_a_source_holds(name: str, data: bytes, kind: str) -> None:
    """By the end of its name, or by how it begins."""
    assert kind_of(name, data) == kind


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.xlsx", b"slug,due", "not a workbook"),
        ("a.xls", b"\xd0\xcf\x11\xe0", "an old kind"),
        ("pub", b"<!DOCTYPE html><html>", "publish the sheet as CSV"),
    ],
)
def test_what_is_no_calendar_is_said_at_once(name: str, data: bytes, sentence: str) -> None:
    """With what to do."""
    with pytest.raises(BadInput, match=sentence):
        kind_of(name, data)


TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp", "Cf"], exclude_characters="#"),
    min_size=1,
    max_size=20,
).filter(lambda text: text.strip() == text)


@settings(deadline=None)  # the first call imports the templates' library
@given(
    st.lists(
        st.tuples(
            TEXT,
            st.datetimes(
                datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2199-01-01")
            ),
            TEXT,
        ),
        max_size=5,
        unique_by=lambda row: row[0],
    ),
    st.permutations(["slug", "due", "prompt"]),
    st.sampled_from([",", ";", "\t"]),
)
def test_values_are_neither_lost_nor_invented(
    given_rows: list[tuple[str, datetime, str]], order: list[str], delimiter: str
) -> None:
    """Every row of a table is a post with its very words, or a problem."""
    values = [
        {"slug": slug, "due": f"{due:%Y-%m-%d %H:%M}".zfill(16) + "Z", "prompt": prompt}
        for slug, due, prompt in given_rows
    ]
    out = io.StringIO()
    writer = csv.DictWriter(out, order, delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(values)
    reading = read(out.getvalue())
    told = [{"slug": post.slug, "due": post.source["due"], "prompt": post.prompt}
            for post in reading.posts]  # fmt: skip
    assert told == values
    assert reading.problems == ()
    as_yaml = read(yaml.safe_dump([dict(value) for value in values], allow_unicode=True), "yaml")
    as_json = read(json.dumps(values), "json")
    assert [post.prompt for post in as_json.posts] == [post.prompt for post in reading.posts]
    assert [post.prompt for post in as_yaml.posts] == [post.prompt for post in reading.posts]
    assert [post.due for post in as_yaml.posts] == [post.due for post in reading.posts]


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
@pytest.mark.parametrize("kind", ["table", "yaml", "json", "jsonl", "feed"])
def test_anything_at_all_ends_in_a_reading(kind: Kind, data: bytes) -> None:
    """Posts and problems, and never an error of the program."""
    reading = read(data, kind)
    assert all(problem.message for problem in reading.problems)


@given(st.lists(st.lists(st.sampled_from(
    ["slug", "due", "images", "x", "", '"', "a", "2026-03-02 09:00", "\n", "tiktok", "=1", None]
), max_size=6), max_size=6))  # fmt: skip
def test_every_filled_row_below_the_header_is_a_post_or_a_problem(
    cells: list[list[str | None]],
) -> None:
    """None disappears."""
    reading = rows(["slug", "due", "images"], *[list[object](row) for row in cells])
    filled = {
        number
        for number, row in enumerate(cells, 2)
        if any(cell is not None and cell.strip() for cell in row)
    }
    told = {post.row for post in reading.posts} | {problem.row for problem in reading.problems}
    assert told == filled
