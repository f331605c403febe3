"""An email over SMTP: HTML with the poster in it, and plain text. Needs the extra `email`."""

from __future__ import annotations

import asyncio
import contextlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from nemovideo_nodes.errors import BadInput, redact
from nemovideo_nodes.media.http_clients import connection_failure, tls_context
from nemovideo_nodes.workspace.notifications.channel import NotSent, Opened, Outgoing
from nemovideo_nodes.workspace.notifications.config import EmailChannel, secret_of
from nemovideo_nodes.workspace.notifications.notice import Event
from nemovideo_nodes.workspace.notifications.wording import words_for
from nemovideo_nodes.workspace.notifications.words import plain_text, subject_of, tell_all

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EmailSender", "email_of", "html_of"]

_WHOLE_S: Final = 40.0
_STEP_S: Final = 15.0
_COLOURS: Final[Mapping[Event, str]] = MappingProxyType(
    {
        "done": "#1e8e3e",
        "stuck": "#d93025",
        "needs_approval": "#e37400",
        "needs_answer": "#e37400",
        "held": "#e37400",
        "calendar": "#d93025",
    }
)


class EmailSender:
    """Sends messages through one mail server."""

    def __init__(self, opened: Opened) -> None:
        assert isinstance(opened.channel, EmailChannel)
        try:
            import aiosmtplib
        except ImportError:
            raise BadInput('email needs aiosmtplib: pip install "nemovideo-nodes[email]"') from None
        del aiosmtplib
        self._channel = opened.channel
        self._password = secret_of(
            opened.name,
            "password",
            opened.channel.password_env,
            opened.channel.password_file,
            opened.folder,
        )

    async def send(self, outgoing: Outgoing) -> None:
        import aiosmtplib

        channel = self._channel
        where = f"The mail server {channel.host}:{channel.port}"
        mail = email_of(outgoing, channel.sender, channel.to)
        try:
            async with asyncio.timeout(_WHOLE_S):
                await self._send(mail)
        except (TimeoutError, aiosmtplib.SMTPTimeoutError):
            raise NotSent(f"{where} did not answer in time") from None
        except aiosmtplib.SMTPRecipientsRefused as error:
            refused = "; ".join(f"{one.recipient}: {one.message}" for one in error.recipients)
            raise NotSent(
                f"{where} takes none of the recipients: {redact(refused)[:300]}"
            ) from None
        except aiosmtplib.SMTPAuthenticationError as error:
            raise NotSent(f"{where} does not take the user and password ({error.code})") from None
        except aiosmtplib.SMTPResponseException as error:
            told = redact(f"{error.code} {error.message}")[:300]
            raise NotSent(f"{where} answered {told}") from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise NotSent(f"{where}: {connection_failure(error)}") from None

    async def _send(self, mail: EmailMessage) -> None:
        import aiosmtplib

        channel = self._channel
        is_plain = channel.security == "none"
        client = aiosmtplib.SMTP(
            hostname=channel.host,
            port=channel.port,
            username=channel.user or None,
            password=str(self._password) or None,
            use_tls=channel.security == "tls",
            start_tls=channel.security == "starttls",
            tls_context=None if is_plain else tls_context("https://"),
            timeout=_STEP_S,
        )
        try:
            await client.connect()
            await client.send_message(mail)
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):  # it has the message
                await client.quit()
        finally:
            client.close()


def email_of(outgoing: Outgoing, sender: str, to: tuple[str, ...]) -> EmailMessage:
    """The message as an email; sent twice, it has the same id, so that mail programs show it once.

    Raises `ValueError` for an address that no email can have.
    """
    message = outgoing.message
    words = words_for(message.language)
    mail = EmailMessage()
    mail["Subject"] = subject_of(message)
    mail["From"] = _address(sender)
    mail["To"] = [_address(one) for one in to]
    mail["Date"] = format_datetime(outgoing.at)
    mail["Message-ID"] = f"<{message.id}@{_address(sender).domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # no holiday reply comes back
    mail["Content-Language"] = words.language
    mail.set_content(plain_text(message, outgoing.note, outgoing.approvals))
    cids = {name: f"poster-{number}@nemovideo" for number, name in enumerate(outgoing.posters, 1)}
    mail.add_alternative(html_of(outgoing, cids), subtype="html")
    html = mail.get_body(("html",))
    assert isinstance(html, EmailMessage)
    for name, data in outgoing.posters.items():
        html.add_related(
            data,
            "image",
            "jpeg",
            cid=f"<{cids[name]}>",
            filename="poster.jpg",
            disposition="inline",
        )
    return mail


def html_of(outgoing: Outgoing, cids: Mapping[str, str]) -> str:
    """The message as HTML; `cids` name its pictures by their names in the store."""
    from jinja2 import Environment, StrictUndefined

    message = outgoing.message
    words = words_for(message.language)
    source = resources.files(__package__).joinpath("message.html.j2").read_text("utf-8")
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(source)
    return template.render(
        subject=subject_of(message),
        note=outgoing.note,
        notices=tell_all(message, outgoing.approvals),
        words=words,
        colours=_COLOURS,
        cids=cids,
        message_id=message.id,
    )


def _address(text: str) -> Address:
    name, spec = parseaddr(text)
    return Address(display_name=name, addr_spec=spec)
