"""The calendar: its tutorial is executed as it stands, and docs/calendar.md names what there is."""

from __future__ import annotations

import csv
import io
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nemovideo_nodes.request.calendar_columns import meaning_of
from nemovideo_nodes.request.platforms import PRESETS
from nemovideo_nodes.workspace.calendar_results import RESULT_COLUMNS

ROOT = Path(__file__).resolve().parents[2]
PAGE = "docs/calendar.md"
TUTORIAL = "docs/tutorials/month-of-posts.md"


@pytest.mark.slow
def test_the_tutorial_plans_a_month_and_makes_a_video(
    blocks: Callable[[str], list[Any]], reader: Callable[[list[str]], str], tmp_path: Path
) -> None:
    """The table is saved, the commands are typed; the answers are those of the page."""
    found = blocks(TUTORIAL)
    table, told = (
        next(one.text for one in found if one.language == kind) for kind in ("csv", "text")
    )
    (tmp_path / "march.csv").write_text(table)
    draw, check, plan, run = (shlex.split(one.text) for one in found if one.language == "sh")
    reader(draw)
    assert reader(check) == told
    assert "4 videos; what is still to be made costs about 400 credits (" in reader(plan)
    assert (tmp_path / "march.html").read_text().count("data:image/jpeg") == 3
    said = reader(run)
    assert "spring-sale · TikTok, Instagram Reels is made" in said
    assert said.count("left for the next time") == 3
    lines = list(csv.DictReader(io.StringIO((tmp_path / "results.csv").read_text("utf-8-sig"))))
    assert [line["status"] for line in lines] == ["done", *["planned"] * 3]
    assert lines[0]["Owner"] == "Ann"
    assert Path(lines[0]["video"]).is_file()
    caption = tmp_path / "posts" / "2026-03-02_spring-sale_instagram-reels.txt"
    assert caption.read_text() == "Spring is here\n\n#spring #sale\n"
    assert caption.with_suffix(".mp4").stat().st_size == Path(lines[0]["video"]).stat().st_size
    assert lines[0]["post_caption"] == "Spring is here\n\n#spring #sale"
    assert set(RESULT_COLUMNS) <= set(lines[0])


def test_the_tables_name_columns_and_platforms_that_there_are() -> None:
    """Every preset, and no column that means nothing."""
    page = (ROOT / PAGE).read_text("utf-8")
    columns = page.partition("## Columns")[2].partition("## Problems")[0]
    for row in re.findall(r"^\| (`.+?) \| (.*?) \|", columns, re.MULTILINE):
        for name in re.findall(r"`([^`]+)`", " ".join(row)):
            assert meaning_of(name) is not None, name
    platforms = page.partition("## Platforms")[2].partition("## Made once")[0]
    named = set(re.findall(r"`([a-z-]+)`", " ".join(re.findall(r"^\| (.+?) \|", platforms, re.M))))
    assert named == set(PRESETS)
