"""Replies lose their instructions to operate an editor, and nothing else."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemovideo_nodes.language.guidance import ANY_TRIGGER
from nemovideo_nodes.language.routing import BackendActionKind, Translation, translate

HERE = Path(__file__).parent


def replies(language: str) -> list[dict[str, Any]]:
    text = (HERE / f"replies_{language}.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(text)["reply"])


ALL = [*replies("en"), *replies("zh")]


def told(translation: Translation) -> list[str]:
    return [
        f"{action.kind}: {action.words}" if action.words else str(action.kind)
        for action in translation.actions
    ]


@pytest.mark.parametrize("row", ALL, ids=[row["says"] for row in ALL])
def test_a_reply_is_translated(row: dict[str, Any]) -> None:
    """Each reply of the tables: what is left of it, and what it asks for, in order."""
    translation = translate(row["says"])
    assert translation.text == row["text"]
    assert told(translation) == row["actions"]


@pytest.mark.parametrize("row", ALL, ids=[row["says"] for row in ALL])
def test_what_is_left_asks_for_nothing(row: dict[str, Any]) -> None:
    """A translation is final: to translate its text again changes nothing."""
    assert translate(row["text"]) == Translation(row["text"])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_tables_are_large(language: str) -> None:
    """At least 40 replies a language, none twice, every kind of action among them."""
    rows = replies(language)
    assert len({row["says"] for row in rows}) == len(rows) >= 40
    kinds = {action.partition(":")[0] for row in rows for action in row["actions"]}
    assert kinds == {str(kind) for kind in BackendActionKind}


PIECES = st.sampled_from(
    [
        *("Click Export", 'click the "Save" button', "Open the Text panel", "check your billing"),
        *("drag the clip to the end", "preview it in the timeline", "Added a title", "Then"),
        *('"Click here"', "the door opens", ". ", "! ", ", ", " and ", ", then ", "(", ")"),
        *("\n", "\n- ", "\n\n", "**", "1. ", "🎬", "，", "。", "：", "然后", "并"),
        *("点击导出", "打开音频面板", "把标题拖到最后", "在时间线中预览", "查看账单"),
        *("加上了标题", "“点击这里”"),
    ]
)


@given(st.text(max_size=300) | st.lists(PIECES, max_size=25).map("".join))
def test_translation_is_total_and_final(text: str) -> None:
    """No text fails, actions come once each, and a second translation finds nothing."""
    translation = translate(text)
    assert len(set(translation.actions)) == len(translation.actions)
    assert translate(translation.text).text == translation.text
    if not translation.actions:
        assert translation.text == text


@given(st.text(max_size=300))
def test_a_text_without_triggers_is_unchanged(text: str) -> None:
    """To the letter, spaces and line ends included."""
    if not ANY_TRIGGER.search(text):
        assert translate(text) == Translation(text)


@given(
    st.lists(PIECES, max_size=12).map("".join).map(lambda text: text.replace('"', "").strip("`"))
)
def test_quoted_instructions_stay(quoted: str) -> None:
    """What a title says is content, whatever it says."""
    text = f'Added a title that says "{quoted}" to the first clip.'
    assert translate(text) == Translation(text)


def test_a_long_reply_is_read_at_once() -> None:
    """Without a pause in it."""
    for text in (
        "click " * 20_000,
        "也可以" * 30_000,
        "click a, " * 5_000,
        "Click Export. " * 2_000,
    ):
        translate(text)
