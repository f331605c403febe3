"""The page of what the trial understands says what the rules do, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from nemovideo_nodes.emulator.agent.composer import Source, compose, loads
from nemovideo_nodes.emulator.agent.guide import CHANGES, FILMS, page
from nemovideo_nodes.emulator.agent.rules import RULES

PAGE = Path(__file__).parents[2] / "docs" / "trial.md"


def test_the_page_is_as_the_rules_print_it() -> None:
    """`python -m nemovideo_nodes.emulator.agent.guide > docs/trial.md` makes it anew."""
    assert PAGE.read_text("utf-8") == page()


def test_every_rule_says_what_it_reads() -> None:
    """The page takes its words from the rules' docstrings: one line each."""
    for rule in RULES:
        assert rule.__doc__, rule
        assert len(rule.__doc__.strip().splitlines()) == 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_there_are_twenty_sentences_a_language(language: str) -> None:
    """Twelve make a video, eight change one."""
    assert (len(FILMS[language]), len(CHANGES[language])) == (12, 8)


def test_the_change_of_a_title_leaves_the_length_alone() -> None:
    """How long a title is shown is not how long the video is, in whatever clause it stands."""
    pictures = [Source("m0", "cat.jpg", "image"), Source("m1", "dog.jpg", "image")]
    for made, said in (
        ('a 12 second video with the title "Hi"', "move the title to the bottom, for 5 seconds"),
        ("做一个12秒的视频，标题“你好”", "标题放到底部，显示5秒"),
    ):
        film = loads(compose(None, pictures, made).draft)
        draft = loads(compose(film, pictures, said).draft)
        assert draft is not None
        (title,) = draft["t"][-1]["sg"]
        assert (draft["d"], title["d"], title["m"]["position"]) == (12_000, 5_000, "bottom")
