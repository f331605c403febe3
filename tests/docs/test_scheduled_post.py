"""The tutorial docs/tutorials/scheduled-post.md is executed, with a stand-in for Postiz."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pages import Terminal
from publisher_site import KEY, publisher_site

PAGE = "docs/tutorials/scheduled-post.md"


@pytest.mark.slow
def test_a_row_becomes_a_scheduled_post(
    blocks: Callable[[str], list[Any]],
    terminal: Terminal,
    quick_local: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """scheduled-post.md: made ahead, approved, handed over once, at the row's own time."""
    found = blocks(PAGE)
    table, publishers = (
        next(one.text for one in found if one.language == kind) for kind in ("csv", "toml")
    )
    (tmp_path / "spring.csv").write_text(table, "utf-8")
    monkeypatch.setenv("NEMOVIDEO_HANDOVER", str(tmp_path / "handover.toml"))
    monkeypatch.setenv("POSTIZ_KEY", KEY)
    draw, run, approve, again = (one for one in found if one.language == "sh")
    with publisher_site() as site:
        text = publishers.replace("https://postiz.example.com/api", site.url)
        (tmp_path / "handover.toml").write_text(text, "utf-8")
        terminal.follow(draw)
        terminal.follow(run)
        assert site.posts == []
        terminal.follow(approve)
        terminal.follow(again)
        said = terminal.follow(again)
    assert "Handed over to postiz for tiktok: scheduled for 2035-03-02 08:00 UTC" in said
    (post,) = site.posts
    assert post["content"] == "Spring is here"
    assert post["publishDate"].startswith("2035-03-02T08:00:00.")
    assert json.loads(post["settings"])["video_made_with_ai"] is True
