"""Emails, at a real mail server: plain text, HTML with the poster in it, and no secret."""

from __future__ import annotations

import re
import ssl
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
import trustme
from channels import write_channels
from fake_clock import FakeClock
from mail_server import MailServer
from stage import Stage

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.workspace import DriveOptions, VideoOptions, Workspace
from nemovideo_nodes.workspace.approval_links import approval_key, read_ticket
from nemovideo_nodes.workspace.notifications import Notifier, NotSent, Outgoing
from nemovideo_nodes.workspace.notifications.email import email_of, html_of
from nemovideo_nodes.workspace.notifications.notice import Message, Notice

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PASSWORD = "canary-password-9Xw4"


def channels(stage: Stage, port: int, more: str = 'security = "none"') -> None:
    write_channels(
        stage.folder / stage.config,
        f'public_url = "https://videos.example.com"\n[channels.team]\nkind = "email"\n'
        f'host = "localhost"\nport = {port}\nsender = "Videos <videos@example.com>"\n'
        f'to = ["Team <team@example.com>", "boss@example.com"]\n{more}\n',
        secret=PASSWORD,
    )


async def make(stage: Stage, text: str = "A 2 second video") -> None:
    workspace = stage.workspace()
    prepared = workspace.prepare(
        VideoOptions(
            media=stage.pictures,
            prompts=[text],
            run_id="spring",
            slug="spring-sale",
            platform="tiktok",
        )
    )
    result = await workspace.run(prepared, drive=DriveOptions(clock=FakeClock.skipping()))
    assert result.status == "done"


def message(*notices: Notice) -> Message:
    return Message(id="msg_1", notices=notices, channels=("team",), at=NOW)


async def test_a_finished_run_comes_as_an_email_with_its_poster(stage: Stage) -> None:
    """What happened, what to do, and links, in both forms; the poster is in the HTML."""
    async with MailServer() as server:
        channels(stage, server.port)
        await make(stage)
    (mail,) = server.mails
    assert server.recipients == [["team@example.com", "boss@example.com"]]
    assert mail["Subject"] == "Done: spring-sale"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert str(mail["Message-ID"]).startswith("<msg_")
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    for text in (plain.get_content(), html.get_content()):
        assert "https://videos.example.com/runs/spring/video.mp4" in text
        assert "nemovideo refine spring" in text
        assert "spring" in text
    (picture,) = [part for part in mail.walk() if part.get_content_type() == "image/jpeg"]
    assert f"cid:{str(picture['Content-ID']).strip('<>')}" in html.get_content()
    stored = (Path(stage.store_path) / "runs/spring/video-poster.jpg").read_bytes()
    assert picture.get_payload(decode=True) == stored


async def test_a_mail_about_an_approval_leads_to_its_page(
    stage: Stage,
) -> None:
    """By a link that is made for the mail alone: nothing in the store holds it."""
    settings = stage.settings().model_copy(update={"approval_url": "https://approve.example"})
    workspace = Workspace(settings, Store(stage.store_path))
    async with MailServer() as server:
        channels(stage, server.port, 'security = "none"\napproval_links = true')
        prepared = workspace.prepare(
            VideoOptions(media=stage.pictures, prompts=["A video"], approval="before_paying")
        )
        drive = DriveOptions(clock=FakeClock.skipping())
        assert (await workspace.run(prepared, drive=drive)).state == "needs_approval"
    (mail,) = server.mails
    plain = mail.get_body(("plain",))
    assert plain is not None
    found = re.search(r"https://approve\.example/a/(\S+)", plain.get_content())
    assert found is not None
    ticket = read_ticket(approval_key(settings), found[1], SystemClock().now())
    assert ticket is not None
    assert ticket.run_id == prepared.run_id
    store = Store(stage.store_path)
    kept = [
        store.read(file.name) or b""
        for file in (*store.files("runs"), *store.files("notifications"))
    ]
    assert any(b"needs_approval" in data for data in kept)
    assert not any(found[1].encode() in data for data in kept)


async def test_starttls_and_a_password_that_is_nowhere_else(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The certificate is verified, by the authorities of the environment."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    settings = 'user = "bot"\npassword_file = "signing.key"'
    async with MailServer(tls=context, login=("bot", PASSWORD)) as server:
        channels(stage, server.port, settings)
        notifier = Notifier(stage.settings(), Store(stage.store_path))
        with pytest.raises(NotSent, match="certificate is not accepted"):
            await notifier.sample("team")
        authority.cert_pem.write_to_path(tmp_path / "authority.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        await notifier.sample("team")
        (stage.folder / stage.config / "signing.key").write_text("wrong-password")
        with pytest.raises(NotSent, match="does not take the user and password") as caught:
            await Notifier(stage.settings(), Store(stage.store_path)).sample("team")
    assert "This is a sample" in server.raw[0].decode()
    assert PASSWORD not in server.raw[0].decode() + str(caught.value)


async def test_a_server_that_refuses_or_is_away_is_told_in_a_sentence(stage: Stage) -> None:
    """One recipient that is not known keeps nothing from the others."""
    async with MailServer(refuses=("team@example.com",)) as server:
        channels(stage, server.port)
        notifier = Notifier(stage.settings(), Store(stage.store_path))
        await notifier.sample("team")
        assert server.recipients == [["boss@example.com"]]
    async with MailServer(refuses=("team@example.com", "boss@example.com")) as server:
        channels(stage, server.port)
        with pytest.raises(
            NotSent, match=r"takes none of the recipients: team@example\.com: no such"
        ):
            await Notifier(stage.settings(), Store(stage.store_path)).sample("team")
    with pytest.raises(NotSent, match=r"The mail server localhost:\d+: connection refused"):
        await Notifier(stage.settings(), Store(stage.store_path)).sample("team")


def test_what_others_wrote_is_text_in_the_mail() -> None:
    """Names and sentences with HTML, line ends and control characters change nothing."""
    notice = Notice(
        id="msg_1",
        event="stuck",
        at=NOW,
        run_id="r",
        name="<script>alert(1)</script>\r\nBcc: x@example.com",
        sentence="It said <img src=x onerror=alert(1)> & stopped",
        subject="</table>",
    )
    outgoing = Outgoing(message(notice), NOW)
    mail = email_of(outgoing, "Videos <videos@example.com>", ("team@example.com",))
    assert "Bcc" not in mail
    assert "\n" not in mail["Subject"]
    tags: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append(tag)

    Tags().feed(html_of(outgoing, {}))
    assert not {"script", "img"} & set(tags)


def test_a_tick_is_one_email_in_its_language() -> None:
    """What needs a person comes first; of Chinese posts it is all Chinese."""
    done = Notice(id="msg_a", event="done", at=NOW, run_id="a", name="玫瑰", language="zh")
    held = Notice(
        id="msg_b",
        event="held",
        at=NOW,
        run_id="b",
        name="郁金香",
        language="zh",
        error_code="over_budget",
        remedy="release",
        sentence="Over budget: 300 of 250 credits today",
        calendar="春天",
    )
    mail = email_of(Outgoing(message(done, held), NOW), "a@example.com", ("b@example.com",))
    assert mail["Subject"] == "1 个已完成、1 个因预算暂停"
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert text.index("因预算暂停：郁金香") < text.index("已完成：玫瑰")
    assert "允许超出预算：nemovideo release b" in text
    assert "下一条消息的预计费用超出预算" in text


def test_an_address_has_to_be_one(stage: Stage) -> None:
    """Before anything is sent."""
    channels(stage, 25, 'security = "none"\nreply_to = "x"')
    with pytest.raises(BadInput, match="has a key that is not known"):
        Notifier(stage.settings(), Store(stage.store_path))
