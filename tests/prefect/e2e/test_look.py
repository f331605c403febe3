"""A person in a browser looks at the rough cut, says what to change, and is content."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from browser import open_page, press_until_taken, shoot
from moments import counts_of
from prefect_studio import AUTOMATIONS, Studio

from nemovideo_nodes.prefect.review import WAITS

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow


def suspended(studio: Studio, flow_run: str) -> None:
    assert studio.prefect.wait(flow_run, "PAUSED", "COMPLETED", "FAILED")["name"] == "Suspended"


def answer(page: Page, name: str, change: str) -> None:
    """Fill in the dialog that `Resume` has opened; its last button says it."""
    dialog = page.get_by_role("dialog").last
    dialog.get_by_role("heading", name="looked at: waits for your review").wait_for()
    dialog.get_by_text("A frame of the video").or_(dialog.locator("img")).first.wait_for()
    dialog.locator("textarea").fill(change)
    shoot(page, name)
    submit = dialog.get_by_role("button", name="Submit")
    press_until_taken(page, submit.or_(dialog.get_by_role("button", name="Resume")), "/resume")
    dialog.wait_for(state="hidden")


def test_a_look_in_the_browser(studio: Studio, wait_until: Callable[..., object]) -> None:
    """In the old UI and in the new one: the dialog shows the video; each change is paid once."""
    before = counts_of(studio.service)
    flow_run = studio.start_looked_at("looked at", looks=2)
    suspended(studio, flow_run)
    with open_page("prefect-look") as page:
        page.goto(f"{studio.prefect.url}/runs/flow-run/{flow_run}")
        page.get_by_role("button", name="Resume").click()
        answer(page, "prefect-look-v1", "make it square")
        studio.prefect.wait(flow_run, "RUNNING", "COMPLETED")
        suspended(studio, flow_run)
        page.goto(f"{studio.prefect.url}/v2/runs/flow-run/{flow_run}")
        page.locator("button[aria-haspopup=menu]").last.click()
        page.get_by_role("menuitem", name="Resume").click()
        answer(page, "prefect-look-v2", "")
        assert studio.prefect.wait(flow_run)["type"] == "COMPLETED"
    after = counts_of(studio.service)
    made = {kind: after[kind] - before[kind] for kind in after}
    assert made == {"messages": 2, "renders": 2, "uploads": 2, "sessions": 1}
    # What keeps the automation on heartbeats away from a run that waits.
    told = {"event": {"name": [WAITS]}, "resource": {"id": [f"prefect.flow-run.{flow_run}"]}}

    def count() -> int:
        return len(studio.prefect.post("/events/filter", {"filter": told})["events"])

    wait_until(lambda: count() == 2, "the word that the run waits, each time", 60)
    assert WAITS in AUTOMATIONS.read_text("utf-8")
