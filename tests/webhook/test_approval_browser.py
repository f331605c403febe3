"""A person with a phone, and one at a desk, opens a link and decides; in a real browser."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from approvals import order
from browser import open_page, shoot
from stage import Stage

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.webhook.approval_pages import ApprovalPages
from nemovideo_nodes.webhook.serve import bound, url_of
from nemovideo_nodes.workspace import Workspace
from nemovideo_nodes.workspace.approval_links import approval_link

pytestmark = pytest.mark.slow

PHONE = (390, 844)
DESK = (1280, 900)


@contextmanager
def served(stage: Stage) -> Iterator[Workspace]:
    """The pages of the stage's store, on loopback."""
    with bound("127.0.0.1", 0) as sock:
        settings = stage.settings().model_copy(update={"approval_url": url_of(sock)})
        workspace = Workspace(settings, stage.workspace().store)
        config = uvicorn.Config(ApprovalPages(workspace).app, log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=_run, args=(server, sock))
        thread.start()
        try:
            yield workspace
        finally:
            server.should_exit = True
            thread.join()


def _run(server: uvicorn.Server, sock: socket.socket) -> None:
    asyncio.run(server.serve(sockets=[sock]))


def test_a_person_decides_on_a_phone_and_at_a_desk(stage: Stage) -> None:
    """The preview plays, the page fits without scrolling sideways, the address has no signature;
    a change is asked about again, and then it is approved."""
    texts = ('A 2 second video with the title "Summer sale"',)
    ordered = order(stage, "before_export", *texts, within="within 3d")
    asyncio.run(stage.work(ordered))
    with served(stage) as workspace:
        url = approval_link(workspace.settings, ordered.run_id, SystemClock().now())
        with open_page("approval-phone", *PHONE) as page:
            page.goto(url)
            assert page.url.endswith(f"/approvals/{ordered.run_id}")
            page.get_by_role("heading", name="Export this video?").wait_for()
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= PHONE[0]
            page.wait_for_function("document.querySelector('video').readyState >= 1")
            assert page.evaluate("document.querySelector('video').duration") > 1
            page.screenshot(full_page=True)
            shoot(page, "approval-phone")
            page.get_by_label("Your name").fill("Ann")
            page.get_by_label("What to change").fill("make it 3 seconds long")
            page.get_by_role("button", name="Reject").scroll_into_view_if_needed()
            shoot(page, "approval-phone-form")
            page.get_by_role("button", name="Ask for the change").click()
            page.get_by_text("There is nothing to approve now").wait_for()
            shoot(page, "approval-phone-changed")
        asyncio.run(stage.work(ordered))
        with open_page("approval-desk", *DESK) as page:
            page.goto(url)
            page.get_by_text("Says: make it 3 seconds long").wait_for()
            shoot(page, "approval-desk")
            page.get_by_label("Your name").fill("Ann")
            page.get_by_label("Your name").press("Enter")  # which decides nothing
            page.get_by_role("button", name="Approve").click()
            page.get_by_text("Ann, approved").wait_for()
            shoot(page, "approval-desk-approved")
    assert asyncio.run(stage.work(ordered)).status == "done"
