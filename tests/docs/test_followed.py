"""The first pages and the recipes are followed as they stand: each command, and what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import ROOT, Terminal, blocks_of

FOLLOWED = ("docs/index.md", "docs/tutorials/first-video.md")
SHORT = ("docs/how-to/operations.md", "docs/how-to/reports.md", "docs/help/problems.md")
BY_OTHERS = {
    "README.md": "tests/prefect/test_readme.py",
    "docs/airflow.md": "tests/airflow/test_docs.py",
    "docs/cli.md": "tests/docs/test_pages.py",
    "docs/how-to/videos.md": "tests/long/test_tutorials.py",
    "docs/own-flow.md": "tests/docs/test_own_flow.py",
    "docs/prefect.md": "tests/prefect/test_page.py",
    "docs/testing.md": "tests/docs/test_testing.py",
    "docs/tutorials/airflow.md": "tests/long/test_airflow_tutorial.py",
    "docs/tutorials/month-of-posts.md": "tests/docs/test_calendar_page.py",
    "docs/tutorials/scheduled-post.md": "tests/docs/test_scheduled_post.py",
    "docs/tutorials/prefect.md": "tests/long/test_prefect_tutorial.py",
    "docs/tutorials/shop-to-video.md": "tests/webhook/test_page.py",
    "docs/webhook.md": "tests/webhook/test_page.py",
}
"""Pages with commands or code, and the test that executes them."""


@pytest.mark.slow  # real videos, small ones
@pytest.mark.parametrize("page", FOLLOWED)
def test_a_page_does_what_it_says(page: str, terminal: Terminal, quick_local: None) -> None:
    """Each command succeeds, and a result that is shown behind it is its own."""
    terminal.follow_page(page)


@pytest.mark.parametrize("page", SHORT)
def test_short_recipes_do_what_they_say(page: str, terminal: Terminal) -> None:
    """Those that make no video."""
    terminal.follow_page(page)


def test_every_page_with_commands_is_executed() -> None:
    """By a test that names it; `py`, `text` and blocks without a language are only shown."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    followed = {*FOLLOWED, *SHORT, *BY_OTHERS}
    for path in pages:
        page = path.relative_to(ROOT).as_posix()
        languages = {one.language for one in blocks_of(page)}
        if languages & {"sh", "bash", "python"}:
            assert page in followed, page
    for page, test in BY_OTHERS.items():
        assert Path(page).name in (ROOT / test).read_text("utf-8"), (page, test)
