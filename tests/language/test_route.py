"""Instructions take the action that a person means by them."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nemovideo_nodes.language.courtesy import agrees
from nemovideo_nodes.language.question_forms import ABOUT_COST, ABOUT_VIDEO
from nemovideo_nodes.language.routing import Action, route

HERE = Path(__file__).parent
QUOTES = ('""', "“”", "‘’", "''", "``", "《》", "「」", "『』", "【】")


def sentences(language: str) -> list[dict[str, str]]:
    with (HERE / f"sentences_{language}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


ALL = [*sentences("en"), *sentences("zh")]


@pytest.mark.parametrize("row", ALL, ids=[row["sentence"] for row in ALL])
def test_a_sentence_takes_its_actions(row: dict[str, str]) -> None:
    """Each sentence of the tables, look-alikes included."""
    assert "+".join(route(row["sentence"])) == row["action"]


def test_each_form_of_a_question_is_found_by_how_it_opens() -> None:
    """The forms are compiled where a text opens like one of them: they must not miss any."""
    forms = [
        (one, re.compile("|".join(one.forms), re.ASCII)) for one in (*ABOUT_VIDEO, *ABOUT_COST)
    ]
    clauses = {
        clause
        for row in ALL
        for clause in re.split(r"[.!?,;。！？，；]\s*", row["sentence"].lower().replace("’", "'"))
    }
    found = [(one, text) for one, whole in forms for text in clauses if whole.search(text)]
    assert len(found) > 100
    assert [text for one, text in found if not one.search(text)] == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_tables_are_large(language: str) -> None:
    """At least 80 sentences a language, at least 25 of them look-alikes, none twice."""
    rows = sentences(language)
    kinds = Counter(row["kind"] for row in rows)
    assert len({row["sentence"] for row in rows}) == len(rows) >= 80
    assert kinds["alike"] >= 25


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("", (Action.UPLOAD,)),
        ("  ", (Action.UPLOAD,)),
        ("upload these", (Action.UPLOAD,)),
        ("turn these into a video", (Action.UPLOAD, Action.MESSAGE)),
        ("export", (Action.UPLOAD, Action.EXPORT)),
        ("status?", (Action.UPLOAD, Action.STATE)),
        ("make it and send me the video", (Action.UPLOAD, Action.MESSAGE, Action.EXPORT)),
        ("上传这些图片，做成视频", (Action.UPLOAD, Action.MESSAGE)),
    ],
)
def test_files_are_uploaded_first(instruction: str, expected: tuple[Action, ...]) -> None:
    """Files that come with a text are uploaded, then the text is routed."""
    assert route(instruction, has_files=True) == expected


@pytest.mark.parametrize(
    ("text", "strictly", "loosely"),
    [
        ("yes please", True, True),
        ("ok", True, True),
        ("好的", True, True),
        ("yes, thanks", True, True),
        ("ok, thanks", False, True),
        ("thanks!", False, False),
        ("👍", False, False),
        ("ok, make it blue", False, False),
    ],
)
def test_agreement_is_told_from_thanks(text: str, strictly: bool, loosely: bool) -> None:
    """ "Ok, thanks" ends a conversation, unless the run waits for somebody's words."""
    assert (agrees(text), agrees(text, loosely=True)) == (strictly, loosely)


def test_thanks_that_begin_a_video_are_a_message() -> None:
    """They are its subject; a question is none."""
    assert route("Thank you!") == (Action.NOTHING,)
    assert route("Thank you!", begins=True) == (Action.MESSAGE,)
    assert route("谢谢", has_files=True, begins=True) == (Action.UPLOAD, Action.MESSAGE)
    assert route("is it done?", begins=True) == (Action.STATE,)


def test_an_empty_instruction_is_a_message() -> None:
    """Without files there is nothing else that it could be."""
    assert route("") == (Action.MESSAGE,)


def test_a_script_of_lines_is_read_line_by_line() -> None:
    """List marks are no words."""
    script = "1. upload my photos\n2. make a 10 second video\n3. show tracks\n4. export it"
    assert route(script) == (Action.UPLOAD, Action.MESSAGE, Action.STATE, Action.EXPORT)


@settings(deadline=None)
@given(st.text(max_size=200), st.booleans())
def test_any_text_takes_an_action(text: str, has_files: bool) -> None:
    """No text fails; actions come once each, upload first and export last."""
    actions = route(text, has_files=has_files)
    assert actions
    assert len(set(actions)) == len(actions)
    assert Action.UPLOAD not in actions[1:]
    assert Action.EXPORT not in actions[:-1]


WORDS = st.sampled_from(
    [
        *("export", "download", "credits", "balance", "status", "upload", "send", "me", "it"),
        *("the", "video", "make", "don't", "and", "then", ",", ".", "，", "。", "后", "然后"),
        *("导出", "下载", "积分", "余额", "状态", "上传", "视频", "做", "不要"),
    ]
)


@settings(deadline=None)
@given(st.lists(WORDS, max_size=60).map(" ".join))
def test_any_mix_of_triggers_takes_an_action(text: str) -> None:
    """Nor do texts that are full of commands fail."""
    assert route(text)


@settings(deadline=None)
@given(
    row=st.sampled_from(ALL),
    marks=st.sampled_from(QUOTES),
    one=st.lists(WORDS, min_size=1, max_size=6).map(" ".join),
    other=st.text(
        alphabet=st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="".join(QUOTES)),
        min_size=1,
        max_size=40,
    ),
)
def test_quoted_text_never_changes_a_route(
    row: dict[str, str], marks: str, one: str, other: str
) -> None:
    """Whatever stands in quotes, the words around them decide."""
    one = one.replace("'", "")
    routes = {
        route(f"{row['sentence']}. Add the title {marks[0]}{quoted}{marks[1]} please")
        for quoted in (one, other)
    }
    assert len(routes) == 1


def test_a_long_instruction_is_read_at_once() -> None:
    """The longest instruction that a request may hold, without a pause in it."""
    for text in (
        "export " * 2_857,
        "也可以" * 6_666,
        "a, " * 6_666,
        "'a " * 6_666,
        "下载后" * 6_666,
    ):
        assert route(text[:20_000])
