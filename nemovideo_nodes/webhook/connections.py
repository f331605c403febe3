"""Connections of the receiver: heads have a size and a time limit, connections a number.

Where there are too many, the one that has kept the receiver waiting longest makes room: a crowd of
half-sent requests never keeps others out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

__all__ = ["ConnectionLimits", "guarded_protocol"]


@dataclass(frozen=True)
class ConnectionLimits:
    """What a sender may take of the receiver."""

    most: int = 256
    """Connections at once."""
    head_bytes: int = 32_768
    """The request line and the headers."""
    head_s: float = 10.0
    """How long they may take, from the first byte on (for a new connection: from its begin)."""


def guarded_protocol(
    limits: ConnectionLimits, refused: Callable[[str], None]
) -> type[asyncio.Protocol]:
    """uvicorn's protocol with these limits; `refused` gets why a request was not read."""

    class Guarded(HttpToolsProtocol):
        def __init__(self, *args: Any, **named: Any) -> None:
            super().__init__(*args, **named)
            self.waits_since = self.loop.time()
            self._head_is_open = False
            self._in_body = False
            self._head_size = 0
            """What has come of it."""
            self._complete_size = 0
            """What of it is whole lines."""
            self._head_timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._start_timer()
            if len(self.connections) > limits.most:
                self._make_room()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_timer()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if not self._in_body:
                self._start_timer()
            super().data_received(data)
            if self._head_is_open and not self.transport.is_closing():
                self._head_size += len(data)
                if self._head_size > limits.head_bytes:
                    self.end(431, "the head is too large")

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._head_is_open = True
            self._head_size = self._complete_size = 0

        def on_url(self, url: bytes) -> None:
            self._complete_size += len(url)
            super().on_url(url)

        def on_header(self, name: bytes, value: bytes) -> None:
            self._complete_size += len(name) + len(value) + len(b": \r\n")
            super().on_header(name, value)

        def on_headers_complete(self) -> None:
            if self._complete_size > limits.head_bytes:
                raise ValueError("the head is too large")  # ends as `send_400_response`
            self._stop_timer()
            self._head_is_open = False
            self._in_body = True
            self.waits_since = self.loop.time()
            super().on_headers_complete()

        def on_message_complete(self) -> None:
            self._in_body = False
            super().on_message_complete()

        def on_response_complete(self) -> None:
            self.waits_since = self.loop.time()
            super().on_response_complete()

        def send_400_response(self, msg: str) -> None:
            if self._complete_size > limits.head_bytes:
                self.end(431, "the head is too large")
                return
            refused("malformed")
            super().send_400_response(msg)

        def end(self, status: int, why: str) -> None:
            """Answer with a status, and close."""
            if self.transport.is_closing():
                return
            refused(why)
            answer = STATUS_LINE[status] + b"content-length: 0\r\nconnection: close\r\n\r\n"
            self.transport.write(answer)
            self.transport.close()

        @property
        def is_idle(self) -> bool:
            """Whether no request is being answered: the sender is waited for."""
            cycle: Any = self.cycle  # None before the first request
            return cycle is None or cycle.response_complete

        def _make_room(self) -> None:
            others = [one for one in self.connections if isinstance(one, Guarded)]
            idle = [one for one in others if one.is_idle and one is not self]
            oldest = min(idle or others, key=lambda one: one.waits_since)
            refused("too many connections")
            oldest.transport.abort()

        def _start_timer(self) -> None:
            if self._head_timer is None:
                late = (408, "the head is too slow")
                self._head_timer = self.loop.call_later(limits.head_s, self.end, *late)

        def _stop_timer(self) -> None:
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None

    return Guarded
