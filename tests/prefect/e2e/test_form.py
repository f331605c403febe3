"""A person in a browser: the form of the deployment, a run, and each of its artifacts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from browser import open_page, press_until_taken, shoot
from pages import ROOT
from prefect_studio import Studio

from nemovideo_nodes.emulator.local import stop_local
from nemovideo_nodes.media.mp4 import inspect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.slow


@pytest.fixture
def local(studio: Studio) -> Iterator[None]:
    """The emulator of the worker's store ends with the test."""
    yield
    stop_local(studio.store / "emulator")


def field(page: Page, name: str) -> Locator:
    """The field of the form, by the name that stands before it."""
    label = page.locator(".p-label__label", has_text=re.compile(f"^{name}"))
    return page.locator(".schema-form-property").filter(has=label).last


def choose(page: Page, name: str, option: str) -> None:
    select = field(page, name).locator("button.p-select-button__control")
    select.focus()
    select.press("ArrowDown")
    page.get_by_role("option", name=option).click()


def test_a_video_from_the_form(studio: Studio, local: None) -> None:
    """The repository's photographs, typed into the form, become a video that can be looked at."""
    url = studio.prefect.url
    with open_page("prefect-form") as page:
        page.goto(f"{url}/deployments/deployment/{studio.deployment}")
        page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_text("Custom run").click()
        page.get_by_role("button", name="Add item").click()
        images = page.locator(".schema-form-property-array-item textarea")
        images.fill(str(ROOT / "docs" / "photos"))
        title = 'A 4 second video, titled "小小奇迹 Small Wonders"'
        field(page, "prompt").locator("textarea").fill(title)
        field(page, "slug").locator("textarea").fill("small wonders")
        choose(page, "platform", "tiktok")
        field(page, "local").get_by_role("switch").click()
        shoot(page, "prefect-form")
        submit = page.get_by_role("button", name="Submit")
        flow_run = press_until_taken(page, submit, "/create_flow_run")["id"]
        assert studio.prefect.wait(flow_run)["type"] == "COMPLETED"
        page.goto(f"{url}/deployments/deployment/{studio.deployment}")
        page.get_by_role("link", name="small wonders-tiktok").click()
        page.wait_for_url(f"**/flow-run/{flow_run}*")
        page.get_by_text("Artifacts", exact=True).first.click()
        links = page.locator('a[href*="/artifacts/artifact/"]')
        links.first.wait_for()
        shoot(page, "prefect-artifacts")
        opened = [link.get_attribute("href") for link in links.all()]
        for number, link in enumerate(opened, 1):
            page.goto(f"{url}{link}")
            page.get_by_text("Flow Run", exact=True).first.wait_for()
            page.wait_for_load_state("networkidle")
            shoot(page, f"prefect-artifact-{number}")
    keys = {artifact["key"] for artifact in studio.prefect.artifacts(flow_run)}
    stem = "nemovideo-small-wonders-tiktok"
    assert keys >= {stem, f"{stem}-manifest", f"{stem}-progress"}
    assert len(opened) >= 3
    (video,) = (
        path for path in studio.store.glob("runs/*/video.mp4") if inspect(path).width == 1080
    )
    assert (inspect(video).height, round(inspect(video).duration_s)) == (1920, 4)
