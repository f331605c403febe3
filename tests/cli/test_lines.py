"""The lines of the command line as pure functions: they fit, whatever is in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from nemovideo_nodes.cli.ending import Screen, ending_lines, short_id
from nemovideo_nodes.cli.labels import labels_for
from nemovideo_nodes.cli.listing import table
from nemovideo_nodes.cli.phases import Phases
from nemovideo_nodes.cli.terminal import cut, takes_links, wrapped
from nemovideo_nodes.engine.events import Event, EventKind
from nemovideo_nodes.engine.kinds.kind import Progress
from nemovideo_nodes.engine.summaries import Summary
from nemovideo_nodes.ledger.run_result import Credits, RunResult, State, Video

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
TEXTS = st.text(st.sampled_from("ab zéé,.-“”夏日特卖，。、\u3000\n\U0001f600"), max_size=120)
COLUMNS = st.integers(40, 200)


def summary(run_id: str, said: str, *, minutes: int = 0, error: str | None = None) -> Summary:
    video = Video(path="v.mp4", sha256="0", bytes=1, duration_s=5.04, width=96, height=160)
    result = RunResult(
        run_id=run_id,
        status="stuck" if error else "done",
        videos=[] if error else [video],
        error=error,
    )
    return Summary(
        seq=1,
        at=NOW - timedelta(minutes=minutes),
        said=(said,),
        artifacts=(),
        whole=True,
        store="s",
        result=result,
    )


@given(st.lists(st.tuples(st.text("abc-1", min_size=1, max_size=100), TEXTS), max_size=5), COLUMNS)
def test_the_table_fits(rows: list[tuple[str, str]], columns: int) -> None:
    """Long names, long words, wide characters, errors: no line is wider than the terminal."""
    runs = [
        summary(f"a{name}"[:100], said, minutes=40_000 * at, error=said if at % 2 else None)
        for at, (name, said) in enumerate(rows)
    ]
    lines = table(runs, columns, NOW, whole=False)
    assert len(lines) == len(rows) + 1
    assert all(cell_len(line) <= columns for line in lines)


@given(TEXTS, COLUMNS)
def test_texts_are_cut_and_wrapped_to_fit(text: str, columns: int) -> None:
    """Nothing is lost where a text is wrapped; a cut one says that it goes on."""
    shown = cut(text, columns)
    assert cell_len(shown) <= columns
    assert shown == " ".join(text.split()) or shown.endswith("…")
    lines = wrapped(text, columns, "  ")
    assert all(cell_len(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_words_break_between_and_chinese_anywhere_but_before_a_comma() -> None:
    """As a reader expects it."""
    assert wrapped("one two three", 9) == ["one two", "three"]
    assert wrapped("夏日特卖，开始", 8) == ["夏日特", "卖，开始"]
    assert wrapped("x" * 20, 8) == ["x" * 8, "x" * 8, "x" * 4]


def test_the_end_is_four_lines_in_the_language_of_the_run() -> None:
    """A run without a new video says so, and what is left of the credits."""
    video = Video(path="/v/sale.mp4", sha256="0", bytes=1, duration_s=6, width=9, height=16)
    run_id = "2537c2c90184dc51a2f0"
    done = RunResult(run_id=run_id, status="done", videos=[video])
    lines = ending_lines(done, Screen(80), reply="Left out:\nnothing", cost=1100, music=True)
    assert [line.replace("\x1b[32m✓\x1b[0m", "✓") for line in lines] == [
        "✓ /v/sale.mp4 · 6 s · 9x16 · 1,100 credits",
        "  Left out: nothing",
        "Change it: nemovideo refine 2537c2c9 -p 'make the music quieter'",
        "See more: nemovideo show 2537c2c9",
    ]
    again = ending_lines(done, Screen(80), music=True, asked="make the music quieter")
    assert again[-2].endswith("-p 'make it a bit shorter'")  # what was just asked changes nothing
    none = done.model_copy(update={"videos": [], "credits": Credits(after=900)})
    lines = ending_lines(none, Screen(80, store="my store"), language="zh")
    assert lines[0].endswith("没有新的视频 · 剩余 900 积分")
    assert lines[-1] == "详情：nemovideo show 2537c2c9 --store 'my store'"
    assert short_id("a-name-of-mine-which-is-long") == "a-name-of-mine-which-is-long"


def test_a_phase_is_told_in_plain_words_and_never_falls_back() -> None:
    """With its count where there are several, and its share; ids are for -v."""
    phases = Phases()
    steps: list[tuple[EventKind, str, tuple[int, int] | None, float | None, str]] = [
        ("begin", "token/0", (1, 1), None, "Setting things up"),
        ("begin", "credits/0", (1, 1), None, "Setting things up"),
        ("begin", "upload/11", (12, 30), None, "Uploading 12/30"),
        ("progress", "upload/11", None, 0.5, "Uploading 12/30"),
        ("begin", "prompt/0", (1, 1), None, "Creating"),
        ("begin", "state/0", (1, 1), None, "Creating"),
        ("begin", "render/0", (1, 1), None, "Rendering"),
        ("begin", "await/0", (1, 1), None, "Rendering"),
        ("progress", "await/0", None, 0.4, "Rendering 40%"),
        ("progress", "await/0", None, 0.01, "Rendering 40%"),
        ("begin", "download/0", (1, 1), None, "Downloading"),
        ("progress", "download/0", None, 0.7, "Downloading 70%"),
        ("progress", "download/0", None, 1.0, "Checking"),
        ("begin", "publish/0", (1, 1), None, "Checking"),
    ]
    for kind, step, position, share, shown in steps:
        progress = None if share is None else Progress(step, "fraction", "", share, 1.0)
        phases.take(Event(kind, step, progress=progress, position=position))
        assert phases.text == shown


@pytest.mark.parametrize(
    "env",
    [
        {"TERM": "dumb", "VTE_VERSION": "7000"},
        {"TMUX": "/tmp/tmux", "TERM_PROGRAM": "WezTerm"},
        {"VTE_VERSION": "4000"},
        {},
    ],
)
def test_no_link_where_its_codes_might_be_printed(env: dict[str, str]) -> None:
    """Only terminals that are known to show them get any."""
    assert not takes_links(env)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_state_of_a_run_has_words(language: str) -> None:
    """Nobody reads the name that programs use."""
    assert set(get_args(State)) <= set(labels_for(language).states)
