"""Whether pages are fit for whoever reads them: by axe, on screens and paper, without a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from browser import open_page, shoot

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["look_at"]

LOOKS = (
    ("desktop", 1280, "light"),
    ("phone", 360, "light"),
    ("dark", 1280, "dark"),
    ("print", 760, "light"),
)
CHECKED = ("phone", "dark")
"""The looks that axe sees, which takes a second each."""
TABS = 12


def look_at(*paths: Path) -> None:
    """Raises where a page is not fit for somebody."""
    with open_page("reports") as page:
        requests: list[str] = []
        errors: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: errors.append(message.text))
        page.context.set_offline(True)
        for path in paths:
            requests.clear()
            page.goto(path.as_uri())
            _look(page, path.stem)
            beside = path.parent.as_uri()
            assert [one for one in requests if not one.startswith((beside, "data:"))] == []
        assert errors == []


def _look(page: Page, name: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    for look, width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        media = "print" if look == "print" else "screen"
        page.emulate_media(media=media, color_scheme=scheme)  # type: ignore[arg-type]
        shoot(page, f"{name}-{look}")
        if look in CHECKED:
            found = Axe().run(page).response["violations"]
            assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], look
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), look
    page.emulate_media(media="screen")
    reached = set()
    for _ in range(TABS):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.tagName"))
    assert {"A", "SUMMARY"} & reached
