"""The processes: the receiver, and a dispatcher process that it keeps running."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator

import uvicorn

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.emulator.launch import python_command
from nemovideo_nodes.errors import BadInput, NemoVideoError
from nemovideo_nodes.telemetry import observe_queue
from nemovideo_nodes.webhook.approving import approval_routes
from nemovideo_nodes.webhook.config import Config, read_config
from nemovideo_nodes.webhook.connections import ConnectionLimits, guarded_protocol
from nemovideo_nodes.webhook.dispatcher import Dispatcher
from nemovideo_nodes.webhook.mapping import Mapper
from nemovideo_nodes.webhook.outbox import Outbox, checked_url
from nemovideo_nodes.webhook.receiver import Receiver
from nemovideo_nodes.webhook.resolvers import resolver_of
from nemovideo_nodes.webhook.tables import sqlite_file
from nemovideo_nodes.webhook.targets import open_target

__all__ = ["Server", "bound", "check", "dispatch", "log_to_stderr", "serve", "url_of"]

_log = logging.getLogger("nemovideo_nodes.webhook")
_RESTART_S = 0.5
_LONGEST_RESTART_S = 30.0
_KEEP_ALIVE_S = 75


def check(path: str) -> tuple[Config, list[str]]:
    """The configuration, with notes on what is allowed and unusual; raises `BadInput`.

    Secrets are read, mappings compiled and URLs checked; nothing is opened and nobody is asked.
    """
    config = read_config(path)
    notes = []
    open_target(config)
    file = sqlite_file(checked_url(config), config.folder)
    if file is not None and not file.parent.is_dir():
        raise BadInput(f"The outbox cannot be in {file.parent}: there is no such folder")
    for source in config.sources.values():
        secrets = config.secrets_of(source)
        Mapper(source)
        resolver_of(config, source)
        if any(one.startswith("plain:") for one in source.secrets):
            notes.append(f"the source {source.name} has its secret in the file itself (plain:)")
        if any(one[0] == one[-1] and one[0] in "\"'" for one in secrets):
            notes.append(
                f"a secret of the source {source.name} stands in quotes: are they part of it?"
            )
        if not source.hosts:
            notes.append(f"pictures of the source {source.name} may come from any public host")
        if source.most_per_day is None:
            notes.append(f"the source {source.name} has no most_per_day")
    return config, notes


def serve(
    path: str,
    *,
    host: str = "127.0.0.1",
    port: int = 8400,
    dispatches: bool = True,
    on_ready: Callable[[str, Config], None] = lambda url, config: None,
) -> None:
    """Receive until SIGTERM or SIGINT; raises `BadInput` for what cannot work, before it listens.

    `port` 0 takes any free one; `on_ready` gets the URL. With `dispatches` a second
    process starts the runs.
    """
    log_to_stderr()
    config = read_config(path)
    with contextlib.closing(Outbox.open(config)) as outbox, bound(host, port) as sock:
        Dispatcher(config, outbox, open_target(config))  # whatever is wrong is said now
        clock = SystemClock()
        observe_queue("webhook", lambda: outbox.counts(clock.now().timestamp())["jobs"])
        asyncio.run(_serve(path, config, outbox, sock, dispatches=dispatches, on_ready=on_ready))


async def _serve(
    path: str,
    config: Config,
    outbox: Outbox,
    sock: socket.socket,
    *,
    dispatches: bool,
    on_ready: Callable[[str, Config], None],
) -> None:
    dispatcher = _DispatcherProcess(path)
    pages = await asyncio.to_thread(approval_routes, config, outbox, dispatcher.wake)
    receiver = Receiver(config, outbox, notify=dispatcher.wake, routes=pages)
    server = Server(
        uvicorn.Config(
            receiver.app,
            http=guarded_protocol(ConnectionLimits(), receiver.refuse),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=10,
        )
    )
    on_ready(url_of(sock), config)
    async with dispatcher.running() if dispatches else contextlib.nullcontext():
        await server.serve(sockets=[sock])
    await receiver.close()


def url_of(sock: socket.socket) -> str:
    """Where a bound socket is reached."""
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """Ends in order on SIGTERM and SIGINT, and does not raise them once more afterwards."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


class _DispatcherProcess:
    """The dispatcher's process; it ends with its standard input, and a byte there wakes it."""

    def __init__(self, path: str) -> None:
        self._command = python_command("nemovideo_nodes.webhook.serve", path)
        self._process: asyncio.subprocess.Process | None = None

    def wake(self) -> None:
        """There is something to dispatch."""
        pipe = self._process.stdin if self._process is not None else None
        # Where some bytes wait to be read already, it is awake.
        if (
            pipe is not None
            and not pipe.is_closing()
            and not pipe.transport.get_write_buffer_size()
        ):
            pipe.write(b"\n")

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep one alive for as long as the context lasts."""
        keeper = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.close()
                await self._process.wait()

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        wait_s = _RESTART_S
        while True:
            begun = loop.time()
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.PIPE
            )
            code = await self._process.wait()
            lived = loop.time() - begun
            wait_s = (
                _RESTART_S if lived > _LONGEST_RESTART_S else min(2 * wait_s, _LONGEST_RESTART_S)
            )
            _log.error("the dispatcher ended (%s); it is started again in %g s", code, wait_s)
            await asyncio.sleep(wait_s)


def dispatch(path: str, *, until_eof: bool = False) -> None:
    """Start runs until SIGTERM or SIGINT, or until standard input ends; raises `BadInput`."""
    log_to_stderr()
    config = read_config(path)
    with (
        contextlib.closing(Outbox.open(config, durable=False)) as outbox,
        contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError),
    ):
        asyncio.run(_dispatch(config, outbox, until_eof=until_eof))


async def _dispatch(config: Config, outbox: Outbox, *, until_eof: bool) -> None:
    loop = asyncio.get_running_loop()
    async with open_target(config) as target:
        dispatcher = Dispatcher(config, outbox, target)
        work = asyncio.create_task(dispatcher.run())
        for number in (signal.SIGTERM, signal.SIGINT):
            # Under a receiver, Ctrl-C ends the receiver, and the pipe's end ends this process.
            loop.add_signal_handler(number, (lambda: None) if until_eof else work.cancel)
        if until_eof:
            threading.Thread(target=_listen, args=(loop, dispatcher, work), daemon=True).start()
        await work


def _listen(
    loop: asyncio.AbstractEventLoop, dispatcher: Dispatcher, work: asyncio.Task[None]
) -> None:
    while os.read(0, 4096):
        loop.call_soon_threadsafe(dispatcher.wake)
    loop.call_soon_threadsafe(work.cancel)


@contextlib.contextmanager
def bound(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named so that asyncio turns Nagle's algorithm off.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, port))
            sock.listen()  # who reads that it is there, finds it there
        except OSError as error:
            raise BadInput(
                f"Nothing can listen on {host} port {port}: "
                f"{error.strerror or error}; give another --port"
            ) from None
        yield sock


def log_to_stderr() -> None:
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.ERROR)  # refusals are logged by `Refusals`


if __name__ == "__main__":
    os.nice(15)  # senders wait for the receiver, and nobody for the dispatcher
    try:
        dispatch(sys.argv[1], until_eof=True)
    except NemoVideoError as error:
        sys.exit(f"nemovideo: {error.sentence}")
