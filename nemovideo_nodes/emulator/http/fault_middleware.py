"""The way into the emulator: names each request's endpoint, does its fault to it, and logs it.

Plain ASGI, since a connection that is really reset is below what a framework can say.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import threading
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nemovideo_nodes.emulator.faults import Fault, Faults
from nemovideo_nodes.emulator.world.records import LoggedRequest
from nemovideo_nodes.emulator.world.world import World

__all__ = ["ABORT", "CODE", "FAULT", "FaultMiddleware", "abort_connection"]

ABORT = "nemovideo.abort"
"""Extension of the scope: a callable that resets the connection, where the server has one."""
FAULT = "nemovideo.fault"
CODE = "nemovideo.code"
ENDPOINT = "nemovideo.endpoint"

_SENT_S = 0.02
"""What the transport gets to write out; a reset throws away the rest."""
_JSON = b"application/json"
_HTML = b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Error</h1></body></html>"
_SESSION_IN_PATH = re.compile(r"/me/(?P<id>[^/]+)(?:/latest)?$")
_SESSION_IN_BODY = re.compile(rb'"(?:session_id|sessionId)"\s*:\s*"(?P<id>[^"]+)"')


async def abort_connection(scope: Scope) -> None:
    """Drop the connection, but for what has been sent; needs the server of `serve`."""
    await anyio.sleep(_SENT_S)
    abort: Callable[[], None] = scope["extensions"][ABORT]
    abort()


async def _reset(scope: Scope, receive: Receive) -> None:
    await abort_connection(scope)
    while (await receive())["type"] != "http.disconnect":
        pass


@dataclass
class _Answer:
    """An answer that was caught on its way."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        else:
            self.body += message.get("body", b"")


class FaultMiddleware:
    """Stands before the app; `busy` says whether a request is under way."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        world: World,
        faults: Faults,
        name: Callable[[Scope], str | None],
    ) -> None:
        self._app = app
        self._world = world
        self._faults = faults
        self._name = name
        self._lock = threading.Lock()
        self._under_way = 0
        self._last = time.monotonic()

    @property
    def idle_s(self) -> float:
        """Seconds since the last request ended; 0 while one is under way."""
        with self._lock:
            return 0.0 if self._under_way else time.monotonic() - self._last

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with self._lock:
            self._under_way += 1
        try:
            endpoint = self._name(scope)
            if endpoint is None:
                await self._app(scope, receive, send)
            else:
                await self._named(endpoint, scope, receive, send)
        finally:
            with self._lock:
                self._under_way -= 1
                self._last = time.monotonic()

    async def _named(self, endpoint: str, scope: Scope, receive: Receive, send: Send) -> None:
        logged = False

        def log(status: int) -> None:
            nonlocal logged
            if not logged:
                self._log(endpoint, scope, status)
            logged = True

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                log(message["status"])  # before the client can see it
            await send(message)

        scope[ENDPOINT] = endpoint
        fault = self._faults.next(endpoint)
        try:
            if fault is None:
                await self._app(scope, receive, watched)
            else:
                await self._spoilt(fault, scope, receive, watched)
        finally:
            log(0)

    def _log(self, endpoint: str, scope: Scope, status: int) -> None:
        self._world.log(
            LoggedRequest(
                at=self._world.now(),
                method=scope["method"],
                endpoint=endpoint,
                path=scope["path"],
                status=status,
                code=scope.get(CODE),
                bearer=any(name == b"authorization" for name, _ in scope["headers"]),
            )
        )

    async def _spoilt(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.base in ("reset", "hang", "html", "success_false") or ":" in fault.kind:
            if fault.is_after:
                await self._app(scope, receive, _Answer().take)
            else:
                await _drain(receive)
            await _spoil(fault, scope, receive, send)
        elif fault.base == "hold":
            await self._held(fault, scope, receive, send)
        elif fault.kind == "truncated_json":
            answer = _Answer()
            await self._app(scope, receive, answer.take)
            half = answer.body[: len(answer.body) // 2]
            await _send(send, answer.status, half, _JSON)
        elif fault.kind == "slow":
            await self._app(scope, receive, _slow(send, fault.number(0.01)))
        elif fault.kind == "expired_token":
            self._world.expire_tokens()
            await self._app(scope, receive, send)
        elif fault.kind == "lost_session":
            body = await _drain(receive)
            found = _SESSION_IN_PATH.search(scope["path"]) or _SESSION_IN_BODY.search(body)
            if found:
                name = found["id"]
                self._world.lose_session(name if isinstance(name, str) else name.decode())
            await self._app(scope, _replay(body, receive), send)
        elif scope[ENDPOINT] in ("download", "download_fallback"):
            await self._spoilt_download(fault, scope, receive, send)
        else:  # what only the app can do
            scope[FAULT] = fault
            await self._app(scope, receive, send)

    async def _held(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Before the app sees the request, or before the client sees the answer."""
        answer, let_go = _Answer(), anyio.Event()
        loop = asyncio.get_running_loop()

        def cleared() -> None:
            with contextlib.suppress(RuntimeError):  # the server has ended
                loop.call_soon_threadsafe(let_go.set)

        self._faults.when_cleared(fault, cleared)
        if fault.is_after:
            await self._app(scope, receive, answer.take)
            taken = receive
        else:
            taken = _replay(await _drain(receive), receive)
        if not await _stays(receive, let_go):
            return
        if fault.is_after:
            await _send_whole(send, answer.status, answer.headers, answer.body)
        else:
            await self._app(scope, taken, send)

    async def _spoilt_download(
        self, fault: Fault, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if fault.kind == "no_range":
            scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"range"]
            await self._app(scope, receive, send)
            return
        answer = _Answer()
        await self._app(scope, receive, answer.take)
        half = len(answer.body) // 2
        if fault.kind == "corrupt":
            body = bytearray(answer.body)
            for place in range(half, min(half + int(fault.number(1)), len(body))):
                body[place] ^= 0xFF
            await _send_whole(send, answer.status, answer.headers, bytes(body))
        elif fault.kind == "short":
            headers = [pair for pair in answer.headers if pair[0] != b"content-length"]
            await _send_whole(send, answer.status, headers, answer.body[:half])
        else:
            end = min(int(fault.number(half)), len(answer.body))
            await send(
                {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
            )
            await send({"type": "http.response.body", "body": answer.body[:end], "more_body": True})
            await _reset(scope, receive)


async def _stays(receive: Receive, let_go: anyio.Event) -> bool:
    """Wait until it is let go; False where the client hangs up before that."""
    gone = False

    async def watch(scope: anyio.CancelScope) -> None:
        nonlocal gone
        while (await receive())["type"] != "http.disconnect":
            pass
        gone = True
        scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(watch, group.cancel_scope)
        await let_go.wait()
        await anyio.sleep(_SENT_S)  # who hung up before that is heard to have done so
        group.cancel_scope.cancel()
    return not gone


async def _spoil(fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
    kind, _, number = fault.base.partition(":")
    if kind == "reset":
        await _reset(scope, receive)
    elif kind == "hang":
        while (await receive())["type"] != "http.disconnect":
            pass
    elif kind == "html":
        await _send(send, int(fault.number(200)), _HTML, b"text/html; charset=utf-8")
    elif kind == "success_false":
        body = {"success": False, "error": fault.text("Something went wrong")}
        await _send(send, 200, json.dumps(body).encode(), _JSON)
    elif kind == "code":
        scope[CODE] = int(number)
        envelope = {"code": int(number), "message": f"Fault {number}", "data": None}
        await _send(send, int(fault.number(200)), json.dumps(envelope).encode(), _JSON)
    else:
        more = [] if fault.arg is None else [(b"retry-after", f"{fault.number(0):g}".encode())]
        await _send(send, int(number), b"The gateway could not answer", b"text/plain", more)


async def _send(
    send: Send,
    status: int,
    body: bytes,
    content_type: bytes,
    more: list[tuple[bytes, bytes]] | None = None,
) -> None:
    headers = [
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        *(more or []),
    ]
    await _send_whole(send, status, headers, body)


async def _send_whole(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _slow(send: Send, pause_s: float) -> Send:
    async def slowly(message: Message) -> None:
        body = message.get("body", b"")
        if message["type"] != "http.response.body" or len(body) <= 8:
            await send(message)
            return
        for start in range(0, len(body), 8):
            piece: MutableMapping[str, Any] = dict(message, body=body[start : start + 8])
            if start + 8 < len(body):
                piece["more_body"] = True
            await send(piece)
            await anyio.sleep(pause_s)

    return slowly


async def _drain(receive: Receive) -> bytes:
    """The body of a request, read to its end, so that a client gets to read our answer."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return body
        if len(body) < 1 << 20:
            body += message.get("body", b"")
        if not message.get("more_body"):
            return body


def _replay(body: bytes, receive: Receive) -> Receive:
    rest: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replaying() -> Message:
        return rest.pop() if rest else await receive()

    return replaying
