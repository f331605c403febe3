"""HTTP clients: which one serves which kind of call, and what a broken connection means.

Every client of the package is made here, or by what this passes on from `media.http_clients`.
"""

from __future__ import annotations

import contextlib
import functools
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import httpx

from nemovideo_nodes.errors import BadInput, OutcomeUnknown, ServiceError, Unreachable, redact
from nemovideo_nodes.media.http_clients import (
    async_client,
    async_transport,
    check_machine,
    connection_failure,
    guarded_client,
    user_agent,
)
from nemovideo_nodes.media.local_proof import ProvenTransport
from nemovideo_nodes.media.proxies import proxy_for
from nemovideo_nodes.settings import origin_of

__all__ = [
    "Clients",
    "Timeouts",
    "async_client",
    "async_transport",
    "check_machine",
    "guarded_client",
    "proxy_refusal",
    "redact_http_logs",
    "transport_error",
    "user_agent",
]

_NOT_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_KEEP_ALIVE_S: Final = {"api": 90.0, "uploads": 5.0, "downloads": 5.0, "streams": 0.0}
"""Polls come every 30 s. On a kept connection, which may be dead, a message might be lost."""

Kind = Literal["api", "uploads", "downloads", "streams"]


@dataclass(frozen=True)
class Timeouts:
    """Limits in seconds, three of them on a stream: hanging up destroys work being paid for."""

    socket_s: float = 300.0
    """No byte at all, not even a heartbeat."""
    progress_s: float = 600.0
    """Nothing but heartbeats: about ten minutes of them count as lost [V]."""
    turn_s: float = 960.0
    """The whole turn: streams last up to 15 minutes [S]."""
    answer_s: float = 300.0
    """An answer that is not a stream, to its last byte, however slowly it trickles."""
    silence_s: float = 60.0
    """No byte of such an answer, or of a download."""
    upload_s: float = 900.0
    """The same after an upload: the service works on it before it answers."""


class Clients:
    """The open clients of one event loop: one for each kind of call, scheme and host.

    None follows redirects, since it cannot judge where they lead.
    """

    def __init__(
        self,
        timeouts: Timeouts,
        transport: httpx.AsyncBaseTransport | None,
        *,
        local: tuple[str, Path | None] = ("", None),
    ) -> None:
        """`local` is the URL and the folder of an emulator that has to prove itself."""
        self._timeouts = timeouts
        self._transport = transport
        self._local_origin = origin_of(local[0]) if local[1] is not None else ""
        self._world = local[1]
        self._open: dict[tuple[Kind, str], httpx.AsyncClient] = {}
        redact_http_logs()

    def get(self, kind: Kind, url: str) -> httpx.AsyncClient:
        """The client for such calls to the host of `url`; raises `BadInput`."""
        key = kind, origin_of(url)
        if key not in self._open:
            keep_alive_s = _KEEP_ALIVE_S[kind]
            limits = httpx.Limits(
                max_connections=20,
                max_keepalive_connections=20 if keep_alive_s else 0,
                keepalive_expiry=keep_alive_s,
            )
            transport = self._transport
            if transport is None and self._world is not None and key[1] == self._local_origin:
                transport = ProvenTransport(self._world, limits)
            self._open[key] = async_client(
                url,
                transport=transport,
                timeout=httpx.Timeout(self._timeouts.silence_s, connect=20.0),
                limits=limits,
            )
        return self._open[key]

    async def aclose(self) -> None:
        """Close all connections."""
        clients, self._open = list(self._open.values()), {}
        for client in clients:
            await client.aclose()


def transport_error(error: httpx.HTTPError | TimeoutError, url: str) -> ServiceError | BadInput:
    """What a failure of the connection says about the request."""
    if isinstance(error, httpx.ProxyError) and str(error).startswith("407"):
        return proxy_refusal(url)
    reason = connection_failure(error, url)
    if isinstance(error, _NOT_SENT):
        return Unreachable(f"The service cannot be reached ({reason})")
    return OutcomeUnknown(f"The connection broke before the service had answered ({reason})")


def proxy_refusal(url: str) -> BadInput:
    """The error for a proxy that does not know us (HTTP 407); the request was not passed on."""
    proxy = proxy_for(url)
    return BadInput(
        f"{proxy.variable if proxy else 'A proxy'} names a proxy that asks for a user name and "
        "password: write them into it, as http://user:password@host:port"
    )


class _Redacting(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        with contextlib.suppress(Exception):
            record.msg, record.args = redact(record.getMessage()), None
        return True


@functools.cache
def redact_http_logs() -> None:
    """httpx logs whole URLs, signed ones too; httpcore the headers, with addresses in them."""
    # A filter on a logger does not see what comes from the loggers below it.
    parts = ("connection", "http11", "http2", "proxy", "socks")
    for name in ("httpx", "httpcore", *(f"httpcore.{part}" for part in parts)):
        logging.getLogger(name).addFilter(_Redacting())
