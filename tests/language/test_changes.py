"""What changed between two drafts is told in words, and no draft is too odd for it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemovideo_nodes.language.changes import describe, language_of
from nemovideo_nodes.wire.draft import Draft

COFFEE = {"d": 5000, "m": {"name": "coffee", "start": 0}}
ROCKET = {"d": 5000, "m": {"name": "rocket", "start": 5000}}
LOFI = {"d": 10000, "m": {"name": "Lo-fi", "start": 0, "volume": 0.35}}
SALE = {"d": 3000, "m": {"text": "Summer Sale", "start": 0}}


def draft(
    clips: list[dict[str, Any]] | None = None,
    music: list[dict[str, Any]] | None = None,
    titles: list[dict[str, Any]] | None = None,
    **more: Any,
) -> Draft:
    parts = ((0, clips if clips is not None else [COFFEE, ROCKET]), (1, music), (7, titles))
    return Draft.of({"t": [{"tt": kind, "sg": part} for kind, part in parts if part], **more})


def changed(segment: dict[str, Any], **meta: Any) -> dict[str, Any]:
    length = meta.pop("d", segment["d"])
    return {"d": length, "m": {**segment["m"], **meta}}


CASES: list[tuple[Draft | None, Draft | None, list[str], list[str]]] = [
    (None, None, [], []),
    (None, Draft("{}"), [], []),
    (Draft("null"), None, [], []),
    (
        None,
        draft(music=[LOFI]),
        [
            "Clip added: coffee (0-5s)",
            "Clip added: rocket (5-10s)",
            "Music added: Lo-fi (0-10s, 35%)",
            "Length: 10s",
        ],
        [
            "已添加片段：coffee（0-5秒）",
            "已添加片段：rocket（5-10秒）",
            "已添加音乐：Lo-fi（0-10秒，35%）",
            "时长：10秒",
        ],
    ),
    (
        draft(),
        draft(titles=[SALE]),
        ['Title added: "Summer Sale" (0-3s)'],
        ["已添加标题：“Summer Sale”（0-3秒）"],
    ),
    (
        draft(titles=[SALE]),
        draft(),
        ['Title removed: "Summer Sale"'],
        ["已删除标题：“Summer Sale”"],
    ),
    (
        draft(titles=[SALE]),
        draft(titles=[changed(SALE, text="Winter Sale")]),
        ['Title changed: "Summer Sale" -> "Winter Sale"'],
        ["标题已更换：“Summer Sale” -> “Winter Sale”"],
    ),
    (
        draft(titles=[SALE]),
        draft(titles=[changed(SALE, start=2000)]),
        ['Title "Summer Sale": 0-3s -> 2-5s'],
        ["标题“Summer Sale”：0-3秒 -> 2-5秒"],
    ),
    (
        draft(music=[LOFI]),
        draft(music=[changed(LOFI, volume=0.2)]),
        ["Music volume: 35% -> 20%"],
        ["音乐音量：35% -> 20%"],
    ),
    (
        draft(music=[LOFI]),
        draft(music=[changed(LOFI, name="Upbeat")]),
        ["Music changed: Lo-fi -> Upbeat"],
        ["音乐已更换：Lo-fi -> Upbeat"],
    ),
    (
        draft(),
        draft([changed(ROCKET, start=0)]),
        ["Clip removed: coffee", "Length: 10s -> 5s"],
        ["已删除片段：coffee", "时长：10秒 -> 5秒"],
    ),
    (
        draft(music=[LOFI]),
        draft([COFFEE, changed(ROCKET, d=10000)], [changed(LOFI, d=15000)]),
        ["Length: 10s -> 15s"],
        ["时长：10秒 -> 15秒"],
    ),
    (
        draft(),
        draft([changed(ROCKET, start=0), changed(COFFEE, start=5000)]),
        ["Order changed: rocket, coffee"],
        ["顺序已调整：rocket、coffee"],
    ),
    (
        draft(),
        draft([changed(COFFEE, d=3000), changed(ROCKET, start=3000, d=7000)]),
        ["Clip coffee: 0-5s -> 0-3s", "Clip rocket: 5-10s -> 3-10s"],
        ["片段coffee：0-5秒 -> 0-3秒", "片段rocket：5-10秒 -> 3-10秒"],
    ),
    (
        draft(),
        draft([COFFEE, changed(ROCKET, transition={"type": "wipe"})]),
        ["Transitions changed"],
        ["转场有变化"],
    ),
    (
        draft(m={"canvas": {"w": 1080, "h": 1920}}),
        draft(m={"canvas": {"w": 1920, "h": 1080}}),
        ["Frame: 1080x1920 -> 1920x1080"],
        ["画幅：1080x1920 -> 1920x1080"],
    ),
    (draft(), draft(zz=1), ["Other details changed"], ["其他细节有变化"]),
    (
        Draft('{"t":[{"tt":0,"sg":[{"d":"long"}]}]}'),
        Draft('{"t":[{"tt":0,"sg":[{"d":"short"}]}]}'),
        ["Something changed that the draft does not name (perhaps an effect)"],
        ["有改动，但草稿没有说明是什么（可能是特效）"],
    ),
    (
        None,
        draft([{"d": 1000, "m": {"name": f"p{n}", "start": n * 1000}} for n in range(9)]),
        ["Clips added (9): p0, p1, p2, p3, p4, p5 and 3 more", "Length: 9s"],
        ["已添加片段（9个）：p0、p1、p2、p3、p4、p5等，另有3个", "时长：9秒"],
    ),
    (
        None,
        Draft.of({"t": [{"tt": 3, "sg": [{"d": 1000}]}]}),
        ["Element added (0-1s)", "Length: 1s"],
        ["已添加元素（0-1秒）", "时长：1秒"],
    ),
]


@pytest.mark.parametrize(("before", "after", "english", "chinese"), CASES)
def test_changes_are_told(
    before: Draft | None, after: Draft | None, english: list[str], chinese: list[str]
) -> None:
    """Each change is one line, in both languages."""
    assert describe(before, after, language="en") == english
    assert describe(before, after, language="zh-CN") == chinese


def test_one_of_two_equal_names_goes() -> None:
    """What stayed where it was is not told as moved."""
    later = changed(SALE, start=6000)
    lines = describe(draft(titles=[SALE, later]), draft(titles=[later]), language="en")
    assert lines == ['Title removed: "Summer Sale"']


def test_words_survive() -> None:
    """A name that is no valid Unicode, or has no end, does no harm."""
    odd = draft(titles=[changed(SALE, text="\ud800" + "x" * 500)])
    (line,) = describe(draft(), odd, language="en")
    assert line.encode()
    assert len(line) < 120


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["t", "tt", "sg", "d", "m", "name", "start", "volume", "canvas", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)
SEGMENT = st.fixed_dictionaries(
    {}, optional={"d": JSON | st.integers(0, 9000), "m": JSON, "name": st.sampled_from("abc")}
)
TRACK = st.fixed_dictionaries(
    {"tt": st.sampled_from([0, 1, 7, 4, "?", None, True])},
    optional={"sg": st.lists(SEGMENT | JSON, max_size=5), "m": JSON},
)
DRAFTS = st.none() | (
    JSON | st.fixed_dictionaries({"t": st.lists(TRACK | JSON, max_size=4)}, optional={"m": JSON})
).map(lambda value: Draft(json.dumps(value)))


@given(DRAFTS, DRAFTS, st.sampled_from(["en", "zh", "", "fr"]))
def test_any_pair_of_drafts_can_be_told(
    before: Draft | None, after: Draft | None, language: str
) -> None:
    """Nothing fails; equal drafts give nothing, others something."""
    lines = describe(before, after, language=language)
    assert all(line and "\n" not in line and line.encode() for line in lines)
    assert not describe(after, after, language=language)
    nothings = {None, Draft("null"), Draft("{}")}
    assert bool(lines) == (before != after and not {before, after} <= nothings)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("make a video", "en"),
        ("做个视频", "zh"),
        ("", "en"),
        ("🎬 15", "en"),
        ("add the title “夏日促销，全场五折起”", "en"),
        ("把标题改成“Summer Sale Starts Now”", "zh"),
        ("把 title 改成 Summer Sale", "zh"),
        ("make a video about 北京", "en"),
        ("帮我export一下", "zh"),
        ("“夏日促销”", "zh"),
        ("写真をビデオにして", "en"),
    ],
)
def test_the_language_of_a_text(text: str, language: str) -> None:
    """Chinese or English, by what is not quoted."""
    assert language_of(text) == language


@given(st.text())
def test_any_text_has_a_language(text: str) -> None:
    """One of the two."""
    assert language_of(text) in ("en", "zh")
