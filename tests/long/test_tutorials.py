"""The recipes and tutorials that take too long for CI are followed as they stand."""

from __future__ import annotations

from pages import Terminal


def test_the_recipes(terminal: Terminal, quick_local: None) -> None:
    """docs/how-to/videos.md, with its videos."""
    terminal.follow_page("docs/how-to/videos.md")
