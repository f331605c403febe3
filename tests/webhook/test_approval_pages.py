"""The pages that approval links open: what a link permits, and what another site cannot do."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from approvals import order
from click.testing import CliRunner
from fake_clock import FakeClock
from hypothesis import given
from hypothesis import strategies as st
from stage import Stage

from nemovideo_nodes.cli import main
from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.settings import Settings
from nemovideo_nodes.webhook.approval_pages import ApprovalPages
from nemovideo_nodes.workspace import Workspace
from nemovideo_nodes.workspace.approval_links import (
    ApprovalTicket,
    approval_key,
    approval_link,
    read_ticket,
    sign_ticket,
)

SITE = "https://approve.example"
KEY = bytes(32)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def settings(stage: Stage) -> Settings:
    return stage.settings().model_copy(update={"approval_url": SITE})


def browser(stage: Stage, clock: FakeClock | None = None) -> httpx.AsyncClient:
    """A browser that keeps cookies, before the pages of the stage's store."""
    workspace = Workspace(settings(stage), stage.workspace().store)
    app = ApprovalPages(workspace, clock=clock or FakeClock.skipping()).app
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url=SITE, follow_redirects=True)


def link(stage: Stage, run_id: str, who: str = "") -> str:
    return approval_link(settings(stage), run_id, SystemClock().now(), who=who)


def field(page: httpx.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


def answer(page: httpx.Response, **fields: str) -> dict[str, str]:
    """What the form of a page sends."""
    return {"seen": field(page, "seen"), "mark": field(page, "mark"), **fields}


async def test_a_link_opens_the_page_and_leaves_no_secret_in_its_address(stage: Stage) -> None:
    """The page shows what the run waits for; its address and its headers keep nothing of it."""
    ordered = order(stage, "before_paying", 'A <b>2 second</b> "video"')
    await stage.work(ordered)
    url = link(stage, ordered.run_id)
    signed = url.rpartition("/")[2]
    async with browser(stage) as visitor:
        page = await visitor.get(url)
        assert page.status_code == 200
        assert page.url == f"{SITE}/approvals/{ordered.run_id}"
        assert signed not in page.text
        (first,) = page.history
        assert first.status_code == 303
        cookie = first.headers["set-cookie"]
        for word in ("HttpOnly", "SameSite=lax", "Secure", f"Path=/approvals/{ordered.run_id}"):
            assert word in cookie
        assert "Make this video?" in page.text
        assert "A &lt;b&gt;2 second&lt;/b&gt;" in page.text
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in page.headers["content-security-policy"]
        picture = re.search(r'<img [^>]*src="([^"]+)"', page.text)
        assert picture is not None
        shown = await visitor.get(picture[1])
        assert shown.content[:3] == b"\xff\xd8\xff"
        journal = await visitor.get(f"/approvals/{ordered.run_id}/manifest.json")
        assert journal.status_code == 410
    assert stage.workspace().result(ordered.run_id).state == "needs_approval"


async def test_the_form_takes_the_decision(stage: Stage) -> None:
    """A name and, for a change, words are needed; what was decided is shown."""
    ordered = order(stage, "before_paying")
    await stage.work(ordered)
    async with browser(stage) as visitor:
        page = await visitor.get(link(stage, ordered.run_id))
        base = str(page.url)
        nameless = await visitor.post(base, data=answer(page, decision="approve"))
        assert (nameless.status_code, "Give your name" in nameless.text) == (400, True)
        empty = await visitor.post(base, data=answer(page, decision="change", who="Ann"))
        assert "Say what to change" in empty.text
        words = answer(page, decision="change", who="Ann", text="add a title")
        assert (await visitor.post(base, data=words)).status_code == 200
        await stage.work(ordered)
        stale = await visitor.post(base, data=answer(page, decision="approve", who="Ann"))
        assert (stale.status_code, "has changed since" in stale.text) == (409, True)
        page = await visitor.get(base)
        assert "Says: add a title" in page.text
        done = await visitor.post(base, data=answer(page, decision="approve", who="Ann"))
        assert "Ann, approved" in done.text
    result = await stage.work(ordered)
    assert result.status == "done"
    assert [one.decision for one in result.approvals] == ["change", "approve"]


async def test_a_link_for_a_person_decides_in_that_name(stage: Stage) -> None:
    """No other name counts, and the page asks for none."""
    ordered = order(stage, "before_paying")
    await stage.work(ordered)
    async with browser(stage) as visitor:
        page = await visitor.get(link(stage, ordered.run_id, "Ann"))
        assert 'name="who"' not in page.text
        words = answer(page, decision="reject", who="Eve", text="too dark")
        await visitor.post(str(page.url), data=words)
    (given,) = stage.workspace().result(ordered.run_id).approvals
    assert (given.who, given.decision, given.text) == ("Ann", "reject", "too dark")


async def test_another_site_decides_nothing(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """Without the mark of the page, with another run's cookie, or without one; nothing is logged
    of a link."""
    caplog.set_level(logging.DEBUG)
    ordered, other = order(stage, "before_paying"), order(stage, "before_paying", "Another")
    for one in (ordered, other):
        await stage.work(one)
    url = link(stage, ordered.run_id)
    async with browser(stage) as visitor:
        page = await visitor.get(url)
        forged = {"decision": "approve", "who": "Eve", "seen": field(page, "seen")}
        for mark in ({}, {"mark": "0" * 64}):
            assert (await visitor.post(str(page.url), data=forged | mark)).status_code == 403
        assert (await visitor.post(str(page.url), data=forged | {"mark": "ü"})).status_code == 403
        elsewhere = f"/approvals/{other.run_id}"
        assert (await visitor.get(elsewhere)).status_code == 410
        visitor.cookies.set("nemovideo_approval", url.rpartition("/")[2], path=elsewhere)
        assert (await visitor.post(elsewhere, data=answer(page, **forged))).status_code == 410
        visitor.cookies.clear()
        assert (await visitor.get(str(page.url))).status_code == 410
    assert not any(one.result.approvals for one in stage.workspace().list())
    logged = [record.getMessage() for record in caplog.records if "httpx" not in record.name]
    assert not any(url.rpartition("/")[2] in line for line in logged)


async def test_a_link_ends(stage: Stage) -> None:
    """After its life, with a letter changed, and for a page that is open still."""
    ordered = order(stage, "before_paying")
    await stage.work(ordered)
    url = link(stage, ordered.run_id)
    async with browser(stage) as visitor:
        for wrong in (url[:-1] + ("A" if url[-1] != "A" else "B"), url + "x", f"{SITE}/a/x.y"):
            assert (await visitor.get(wrong)).status_code == 410
        page = await visitor.get(url)
    late = FakeClock.skipping(skew_s=4 * 86_400)
    async with browser(stage, late) as visitor:
        assert (await visitor.get(url)).status_code == 410
        visitor.cookies.set("nemovideo_approval", url.rpartition("/")[2])
        words = answer(page, decision="approve", who="Ann")
        assert (await visitor.post(str(page.url), data=words)).status_code == 410
    assert stage.workspace().result(ordered.run_id).state == "needs_approval"


async def test_too_much_is_not_read(stage: Stage) -> None:
    """A form has some kilobytes."""
    ordered = order(stage, "before_paying")
    await stage.work(ordered)
    async with browser(stage) as visitor:
        page = await visitor.get(link(stage, ordered.run_id))
        large = {"text": "x" * 100_000}
        assert (await visitor.post(str(page.url), data=large)).status_code == 413


async def test_the_command_prints_a_link(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a server is named, and the run waits; else it says what is missing."""
    ordered = order(stage, "before_paying")
    await stage.work(ordered)
    command = ["approve", ordered.run_id, "--store", stage.store_path, "--link"]
    monkeypatch.setenv("HOME", str(stage.folder))
    said = CliRunner().invoke(main, command)
    assert (said.exit_code, "NEMOVIDEO_APPROVAL_URL" in said.output) == (2, True)
    monkeypatch.setenv("NEMOVIDEO_APPROVAL_URL", SITE)
    monkeypatch.setenv("NEMOVIDEO_APPROVAL_SECRET", "s" * 32)
    printed = CliRunner().invoke(main, [*command, "--for", "Ann", "--days", "1"])
    key = approval_key(Settings.from_environment())
    ticket = read_ticket(key, printed.output.strip().rpartition("/")[2], SystemClock().now())
    assert ticket is not None
    assert (ticket.run_id, ticket.who) == (ordered.run_id, "Ann")
    monkeypatch.setenv("NEMOVIDEO_APPROVAL_SECRET", "short")
    short = CliRunner().invoke(main, command)
    assert (short.exit_code, "is too short" in short.output) == (2, True)
    assert CliRunner().invoke(main, [*command, "--reject"]).exit_code == 2


def test_the_key_is_made_once_and_belongs_to_its_owner(stage: Stage) -> None:
    """Whoever makes it first; a file that is cut off is told."""
    key = approval_key(stage.settings())
    path = stage.settings().config_dir / "approval.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert approval_key(stage.settings()) == key
    path.write_text("00")
    with pytest.raises(BadInput, match="cut off"):
        approval_key(stage.settings())


@given(st.text(max_size=60), st.integers(1, 10_000_000))
def test_a_ticket_is_read_as_it_was_signed(who: str, seconds: int) -> None:
    """By the key that signed it alone, and until it ends."""
    ticket = ApprovalTicket("run-1", NOW + timedelta(seconds=seconds), who)
    text = sign_ticket(KEY, ticket)
    assert read_ticket(KEY, text, NOW) == ticket
    assert read_ticket(b"another key" * 3, text, NOW) is None
    assert read_ticket(KEY, text, NOW + timedelta(seconds=seconds)) is None


@given(st.text(max_size=200))
def test_no_text_is_a_ticket(text: str) -> None:
    """And none breaks the reader."""
    assert read_ticket(KEY, text, NOW) is None
