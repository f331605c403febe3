"""A signed POST, in the form of Standard Webhooks (https://www.standardwebhooks.com)."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from nemovideo_nodes.api.transport import guarded_client
from nemovideo_nodes.errors import BadInput, NemoVideoError, Secret
from nemovideo_nodes.media.http_clients import connection_failure
from nemovideo_nodes.settings import MediaAccess, checked_url, is_loopback, origin_of
from nemovideo_nodes.workspace.notifications.channel import NotSent, Opened, Outgoing
from nemovideo_nodes.workspace.notifications.config import WebhookChannel, secret_of
from nemovideo_nodes.workspace.notifications.words import payload_of

__all__ = ["WebhookSender", "sign", "signing_key"]

_WHOLE_S: Final = 20.0
"""A receiver is to acknowledge first and work afterwards."""
_LEAST_KEY: Final = 16
"""Bytes; Standard Webhooks asks for 24 to 64 of new ones."""
_LOOPBACK: Final = ("127.0.0.0/8", "::1/128")


def signing_key(secret: str) -> bytes:
    """The key behind `whsec_…`, or a text of one's own as it is; raises `ValueError`."""
    text = secret.strip()
    if text.startswith("whsec_"):
        encoded = text.removeprefix("whsec_").translate(str.maketrans("-_", "+/")).rstrip("=")
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    else:
        key = text.encode("utf-8", "surrogatepass")
    if len(key) < _LEAST_KEY:
        raise ValueError("it is too short")
    return key


def sign(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


class WebhookSender:
    """Sends messages to one address."""

    def __init__(self, opened: Opened) -> None:
        channel = opened.channel
        assert isinstance(channel, WebhookChannel)
        self._name, self._settings, self._channel = opened.name, opened.settings, channel
        url = channel.url or secret_of(
            opened.name, "address", channel.url_env, channel.url_file, opened.folder
        )
        secret = secret_of(
            opened.name, "secret", channel.secret_env, channel.secret_file, opened.folder
        )
        what = f"The address of the channel {opened.name!r}"
        if channel.url:
            self._url = Secret(checked_url(url, what, allow_http=opened.settings.allow_http))
        else:
            self._url = _checked_secret_url(url, what, allow_http=opened.settings.allow_http)
        try:
            self._key = signing_key(secret)
        except ValueError:
            raise BadInput(
                f"The secret of the channel {opened.name!r} is not whsec_ and base64, or has less "
                f"than {_LEAST_KEY} bytes"
            ) from None

    async def send(self, outgoing: Outgoing) -> None:
        message = outgoing.message
        payload = payload_of(message, outgoing.approvals)
        if outgoing.note:
            payload["data"]["sample"] = True
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "replace"
        )
        timestamp = int(outgoing.at.timestamp())
        headers = {
            "content-type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(self._key, message.id, timestamp, body),
        }
        try:
            async with asyncio.timeout(_WHOLE_S):
                status, retry_after = await self._post(body, headers)
        except TimeoutError:
            raise NotSent(f"{self._where} did not answer within {_WHOLE_S:g} s") from None
        if 200 <= status < 300:
            return
        raise NotSent(
            f"{self._where} answered HTTP {status}",
            retry_after=_wait(retry_after, outgoing.at),
            for_good=status == 410,  # Standard Webhooks: the receiver wants no more
        )

    async def _post(self, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        from ssrfguard import SSRFGuardError

        host = httpx.URL(self._url).host
        own = _LOOPBACK if is_loopback(host) else ()
        access = MediaAccess(allow_http=True, networks=(*self._channel.networks, *own))
        try:
            async with guarded_client(
                self._url, access, timeout=httpx.Timeout(10.0, read=_WHOLE_S)
            ) as client:
                request = client.build_request("POST", self._url, content=body, headers=headers)
                answer = await client.send(request, stream=True, follow_redirects=False)
                try:
                    return answer.status_code, answer.headers.get("retry-after", "")
                finally:
                    await answer.aclose()
        except SSRFGuardError:
            raise NotSent(
                f"{self._where} is not a public address: name its network in networks of "
                f"[channels.{self._name}]"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise NotSent(f"{self._where}: {connection_failure(error)}") from None
        except NemoVideoError as error:
            raise NotSent(error.sentence) from None

    @property
    def _where(self) -> str:
        """The receiver as sentences name it; what may be secret in the address is left out."""
        return origin_of(self._url)


def _checked_secret_url(url: str, what: str, *, allow_http: bool) -> Secret:
    """An address that may hold a secret, in its query too; it never stands in a sentence."""
    try:
        checked_url(url.partition("?")[0], what, allow_http=allow_http)
    except BadInput:
        raise BadInput(f"{what} is not a URL of the form https://host") from None
    return Secret(url)


def _wait(header: str, now: datetime) -> timedelta | None:
    """What `Retry-After` asks for, in seconds or as a time."""
    if header.isascii() and header.isdigit() and len(header) < 8:
        return timedelta(seconds=int(header))
    try:
        return max(parsedate_to_datetime(header) - now, timedelta())
    except (TypeError, ValueError):
        return None
