"""uvicorn as the emulator needs it: a clean and quick end, real resets, an end when idle."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from nemovideo_nodes.emulator.faults import Faults
from nemovideo_nodes.emulator.http.app import create_app
from nemovideo_nodes.emulator.http.fault_middleware import ABORT, FaultMiddleware
from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.world.world import World
from nemovideo_nodes.errors import BadInput

__all__ = ["Server", "bind", "url_of"]

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_KEEP_ALIVE_S = 75
_DRAIN_S = 0.01


class _Protocol(H11Protocol):
    """HTTP/1.1 whose requests can reset their connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        app = self.app

        def abort() -> None:
            sock = transport.get_extra_info("socket")
            if sock is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            transport.abort()

        async def with_abort(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})[ABORT] = abort
            await app(scope, receive, send)

        self.app = with_abort


class Server(uvicorn.Server):
    """uvicorn that ends at once when told to, whatever is connected.

    `idle_s`: it ends by itself after that many seconds without a request and a render; and it
    ends when its world's folder is deleted, whatever `idle_s` says.
    `grace_s`: how long requests under way may go on at the end. `loopback`, `proof_key`: as in
    `create_app`.
    """

    def __init__(
        self,
        world: World,
        *,
        options: Options | None = None,
        faults: Faults | None = None,
        idle_s: float | None = None,
        grace_s: float = 0.0,
        on_ready: Callable[[], None] | None = None,
        loopback: bool = True,
        proof_key: str = "",
    ) -> None:
        app = create_app(world, options, faults, loopback=loopback, proof_key=proof_key)
        super().__init__(
            uvicorn.Config(
                app,
                http=_Protocol,
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
            )
        )
        self._world = world
        self._middleware: FaultMiddleware = app.state.fault_middleware
        self._idle_s = idle_s
        self._grace_s = grace_s
        self._on_ready = on_ready
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told_to_stop: asyncio.Event | None = None

    def stop(self) -> None:
        """End soon; from any thread."""
        self.should_exit = True
        if self._loop is not None and self._told_to_stop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._told_to_stop.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop, self._told_to_stop = asyncio.get_running_loop(), asyncio.Event()
        await super().startup(sockets)
        if self._on_ready is not None:
            self._on_ready()

    async def main_loop(self) -> None:
        assert self._told_to_stop is not None
        ticks = 0
        while not await self.on_tick(ticks) and not self._is_over():
            ticks += 10
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told_to_stop.wait(), 1.0)

    def _is_over(self) -> bool:
        if not self._world.is_there:
            return True
        return (
            self._idle_s is not None
            and self._middleware.idle_s > self._idle_s
            and not self._world.renders.under_way
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        waited = 0.0
        while self.server_state.tasks and waited < self._grace_s:
            await asyncio.sleep(_DRAIN_S)
            waited += _DRAIN_S
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # the connections hear of it, and their requests end
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks)
        await self.lifespan.shutdown()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End in order on SIGTERM and SIGINT, and do not pass them on afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(number: int, frame: FrameType | None) -> None:
            self.stop()

        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def bind(host: str, port: int, *, preferred: int | None = None) -> socket.socket:
    """A listening socket; `preferred` is tried first where `port` is 0 (any free one).

    Raises `BadInput` where the address cannot be had.
    """
    failed = OSError("no address")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in (preferred, port) if preferred and not port else (port,):
        # asyncio turns Nagle's algorithm off only where the protocol is named.
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, candidate))
            sock.listen(256)
            return sock
        except OSError as error:
            sock.close()
            failed = error
    raise BadInput(
        f"The emulator cannot listen on {host} port {port}: {failed.strerror or failed}; "
        "give another port"
    )


def url_of(sock: socket.socket) -> str:
    """The URL of what listens at `sock`."""
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
