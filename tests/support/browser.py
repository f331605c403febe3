"""Debian's chromium, driven by Playwright; where it is missing, the test is skipped with a word."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

__all__ = ["open_page", "press_until_taken", "shoot"]

SHOTS = Path(__file__).parents[2] / "build" / "screenshots"
"""Where the pictures go that CI keeps."""
LIMIT_MS = 60_000


@contextlib.contextmanager
def open_page(name: str, width: int = 1280, height: int = 1100) -> Iterator[Page]:
    """A page of a browser of its own; how it looked when the block failed is kept."""
    chromium = _chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Inside a container chromium's own sandbox has no rights to work with.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            page = browser.new_page(viewport={"width": width, "height": height})
            page.set_default_timeout(LIMIT_MS)
            try:
                yield page
            except BaseException:
                shoot(page, f"{name}-failed")
                raise
        finally:
            browser.close()


def shoot(page: Page, name: str) -> None:
    """Keep how a page looks as `name`.png."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")


def press_until_taken(page: Page, button: Locator, path: str) -> Any:
    """Press what posts to an address that ends like this; what the server answers.

    On a busy machine a press can miss a form that grows while it loads, and a server refuses while
    its SQLite is locked (503 of Prefect); the form stays, and a person presses again.
    """
    from playwright.sync_api import TimeoutError as TooLong

    said = "nothing was posted"
    for _ in range(5):
        with (
            contextlib.suppress(TooLong),
            page.expect_request(
                lambda sent: sent.method == "POST" and sent.url.endswith(path), timeout=20_000
            ) as posted,
        ):
            button.click(timeout=20_000)
            answer = posted.value.response()
            assert answer is not None
            if answer.ok:
                return answer.json()
            said = f"{answer.status} {answer.text()}"
    raise AssertionError(f"{path}: {said}")


def _chromium() -> str:
    if found := shutil.which("chromium"):
        return found
    word = "chromium is not installed: apt-get install chromium"
    if os.environ.get("NEMOVIDEO_REQUIRE_BROWSER") == "1":
        pytest.fail(word)
    pytest.skip(word)
