"""A server on loopback that says exactly the bytes that a test gives it, and a clock of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

__all__ = ["Loopback", "Seen", "answer", "chunked", "says", "served"]


@dataclass(frozen=True)
class Seen:
    """A request, as it arrived; names of headers in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Answering = Callable[[Seen, asyncio.StreamWriter], Awaitable[None]]


class Loopback:
    """`async with Loopback(answering) as server: server.url`; each connection is for one request.

    `answering` writes the raw answer; the connection is closed after it. With `reads_body=False`
    the answer goes out before the request's body is read.
    """

    def __init__(self, answering: Answering, *, reads_body: bool = True) -> None:
        self._answering = answering
        self._reads_body = reads_body
        self._tasks: set[asyncio.Task[None]] = set()
        self.seen: list[Seen] = []
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.split("\r\n")
            method, target, _ = first.split(" ", 2)
            pairs = [line.partition(":") for line in lines if line]
            headers = {name.lower(): value.strip() for name, _, value in pairs}
            body = await self._body(reader, headers) if self._reads_body else b""
            seen = Seen(method, target, headers, body)
            self.seen.append(seen)
            await self._answering(seen, writer)
            await writer.drain()
            if not self._reads_body:
                await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has hung up
        finally:
            writer.close()

    async def _body(self, reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
        if "chunked" not in headers.get("transfer-encoding", ""):
            return await reader.readexactly(int(headers.get("content-length", "0")))
        body = b""
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readline()
        return body


@contextlib.contextmanager
def served(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """The URL of what answers in threads of its own, for tests without an event loop."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:  # also where a test fails: a process does not end while a thread serves
            server.shutdown()
            thread.join()


def answer(body: bytes | object, status: int = 200, **headers: str) -> bytes:
    """A whole answer; what is no `bytes` is sent as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"content-type": "application/json", "content-length": str(len(raw))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([f"HTTP/1.1 {status} x", *lines, "\r\n"]).encode() + raw


def chunked(pieces: Sequence[bytes], content_type: str = "text/event-stream") -> bytes:
    """A whole answer in chunks of HTTP, one a piece."""
    head = f"HTTP/1.1 200 x\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n"
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece)
    return head.encode() + body + b"0\r\n\r\n"


def says(*answers: bytes) -> Answering:
    """Answers in turn; the last one for good."""
    left = list(answers)

    async def answering(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])

    return answering
