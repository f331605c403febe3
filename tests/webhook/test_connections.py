"""The receiver's own protection: hostile senders keep nobody else out."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
import uvicorn
from hooks import signed

from nemovideo_nodes.webhook.config import Config
from nemovideo_nodes.webhook.connections import ConnectionLimits, guarded_protocol
from nemovideo_nodes.webhook.outbox import Outbox
from nemovideo_nodes.webhook.receiver import Receiver

BODY = b'{"id": 7, "title": "Cup"}'
LIMITS = ConnectionLimits(most=32, head_bytes=8_192, head_s=1.0)


class Server:
    """A receiver behind a real socket."""

    def __init__(self, config: Config, limits: ConnectionLimits) -> None:
        self._outbox = Outbox.open(config)
        self._ready = threading.Event()
        self._limits = limits
        self._config = config
        self._sock = socket.socket()
        self._sock.bind(("127.0.0.1", 0))
        self._sock.listen(512)
        self.port: int = self._sock.getsockname()[1]
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._server: uvicorn.Server | None = None
        self._thread.start()

    async def _serve(self) -> None:
        receiver = Receiver(self._config, self._outbox)
        protocol = guarded_protocol(self._limits, receiver.refuse)
        config = uvicorn.Config(
            receiver.app, http=protocol, ws="none", lifespan="off", log_config=None
        )
        self._server = uvicorn.Server(config)
        await self._server.serve(sockets=[self._sock])
        await receiver.close()

    def close(self) -> None:
        assert self._server is not None
        self._server.should_exit = True
        self._thread.join()
        self._outbox.close()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            if body is None:
                connection.request("GET", path)
            else:
                connection.request("POST", path, body, signed(body, "1"))
            answer = connection.getresponse()
            return answer.status, answer.read()


@pytest.fixture
def server(configured: Callable[..., Config]) -> Iterator[Server]:
    with contextlib.closing(Server(configured(), LIMITS)) as opened:
        opened.ask("/healthz")
        yield opened


def test_a_header_without_an_end_is_ended(server: Server) -> None:
    """With 431, whatever it was going to be."""
    with server.connect() as sock:
        sock.sendall(b"POST /hooks/shop HTTP/1.1\r\nX-Long: ")
        with contextlib.suppress(OSError):
            for _ in range(100):
                sock.sendall(b"a" * 1_000)
        received = b""
        with contextlib.suppress(ConnectionError):
            received = sock.recv(1_000)
        assert received.startswith(b"HTTP/1.1 431 ") or received == b""
    assert server.ask("/healthz")[0] == 200
    assert json.loads(server.ask("/counters")[1])["refused"] == {"the head is too large": 1}


def test_a_head_that_is_too_large_is_refused_at_once(server: Server) -> None:
    """Though it comes whole, and in one piece."""
    with server.connect() as sock:
        long = b"a" * (LIMITS.head_bytes - 10)
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + long + b"\r\n\r\n")
        assert sock.recv(1_000).startswith(b"HTTP/1.1 431 ")
    assert json.loads(server.ask("/counters")[1])["refused"] == {"the head is too large": 1}


def test_half_sent_heads_keep_nobody_out(server: Server) -> None:
    """Many more than there may be connections; deliveries are taken meanwhile."""
    with contextlib.ExitStack() as stack:
        for _ in range(260):
            sock = stack.enter_context(server.connect())
            sock.sendall(b"POST /hooks/shop HTTP/1.1\r\nHost: x\r\n")
        assert server.ask("/healthz")[0] == 200
        assert server.ask("/hooks/shop", BODY)[0] == 200


def test_a_head_that_takes_too_long_is_ended(server: Server) -> None:
    """Also the second one of a connection, and one of which not a byte comes."""
    with server.connect() as silent, server.connect() as second:
        second.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert second.recv(1_000).startswith(b"HTTP/1.1 200 ")
        second.sendall(b"GET /healthz HTT")
        for sock in (silent, second):
            said = sock.recv(1_000)
            while said and b"\r\n\r\n" not in said:
                said += sock.recv(1_000)
            assert said.rpartition(b"HTTP/1.1 ")[2].startswith(b"408 ")


def one_answer(sock: socket.socket) -> bytes:
    """One whole answer, in however many pieces it comes."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += sock.recv(1_000) or b"\r\n\r\n"
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])  # type: ignore[index]
    while len(body) < length:
        body += sock.recv(1_000)
    return head + body


def test_a_body_that_is_too_large_gets_its_answer(server: Server) -> None:
    """Though the sender is still sending; the connection is no worse for it."""
    with server.connect() as sock:
        length = b"Content-Length: 1500000\r\n\r\n"
        sock.sendall(b"POST /hooks/shop HTTP/1.1\r\nHost: x\r\n" + length)
        assert one_answer(sock).startswith(b"HTTP/1.1 413 ")
        for _ in range(15):
            sock.sendall(bytes(100_000))
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert one_answer(sock).startswith(b"HTTP/1.1 200 ")


def test_a_trailing_slash_is_the_same_address(server: Server) -> None:
    """Without a redirect, which would lose the body."""
    assert server.ask("/hooks/shop/", BODY) == (200, b'{"status":"accepted"}')
    assert server.ask("/hooks/shop", BODY) == (200, b'{"status":"duplicate"}')


def test_what_is_not_http_is_refused(server: Server) -> None:
    """And counted."""
    with server.connect() as sock:
        sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 3)
        assert sock.recv(1_000).startswith(b"HTTP/1.1 400 ")
    assert b'refused_total{reason="malformed"} 1' in server.ask("/metrics")[1]
