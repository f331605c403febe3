"""An emulator that runs: in this process until it is told to stop, or in a thread for tests."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from nemovideo_nodes.emulator.faults import Fault, Faults
from nemovideo_nodes.emulator.http.server import Server, bind, url_of
from nemovideo_nodes.emulator.local import prune_running
from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.world.accounts import TOKEN_LIFE_S
from nemovideo_nodes.emulator.world.lockfile import ServerRecord, hold_world
from nemovideo_nodes.emulator.world.pruning import Pruned, prune
from nemovideo_nodes.emulator.world.records import Counts
from nemovideo_nodes.emulator.world.world import World
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.settings import is_loopback

__all__ = ["RunningEmulator", "prune_world", "serve"]

GRACE_S = 2.0
"""How long requests under way may go on when the emulator is told to end."""


@contextmanager
def _opened(
    folder: Path, host: str, port: int, lock_wait_s: float, **world_options: Any
) -> Iterator[tuple[World, socket.socket]]:
    """The world in `folder`, held, and a socket that listens for it."""
    with (
        hold_world(folder, lock_wait_s),
        closing(World(folder, **world_options)) as world,
        bind(host, port, preferred=world.port) as sock,
    ):
        world.port = sock.getsockname()[1]
        yield world, sock


def serve(
    folder: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    options: Options | None = None,
    faults: Iterable[Fault] = (),
    credits: int = 1_000_000,
    strict_tokens: bool = False,
    token_life_s: float = TOKEN_LIFE_S,
    seed: str | None = None,
    idle_s: float | None = None,
    lock_wait_s: float = 0.0,
    on_ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve the world in `folder` until SIGTERM, SIGINT or `idle_s` seconds of silence.

    The port that the world had before is tried first where `port` is 0. `on_ready` gets the
    URL. Raises `BadInput` where another emulator has the world or the address cannot be had,
    and `StoreError` where the folder cannot be used.
    """
    world_options = {
        "credits": credits,
        "strict_tokens": strict_tokens,
        "token_life_s": token_life_s,
        "seed": seed,
    }
    with _opened(folder, host, port, lock_wait_s, **world_options) as (world, sock):
        record = ServerRecord.of_this_process(url_of(sock), world.id)

        def ready() -> None:
            record.write(folder)
            on_ready(record.url)

        server = Server(
            world,
            options=options,
            faults=Faults(faults),
            idle_s=idle_s,
            grace_s=GRACE_S,
            on_ready=ready,
            loopback=is_loopback(sock.getsockname()[0]),
            proof_key=record.key,
        )
        try:
            server.run([sock])
        finally:
            ServerRecord.remove(folder)


def prune_world(folder: Path) -> Pruned:
    """Remove the finished sessions of the world in `folder`.

    An emulator that serves it does so itself, and keeps what was used within the last minute.
    Raises `BadInput` where there is no world, and `StoreError` where it cannot be read.
    """
    if not World.is_in(folder):
        raise BadInput(f"There is no emulator's world in {folder}")
    if (pruned := prune_running(folder)) is not None:
        return pruned
    with hold_world(folder), closing(World(folder)) as world:
        return prune(world)


class RunningEmulator:
    """An emulator in a thread, for tests: `with RunningEmulator() as emulator: emulator.url`.

    `folder` keeps the world over several of them; without one it is a temporary folder. `quick`
    renders small pictures; `options` may be given whole, and the other arguments go to `World`.
    Between `stop` and `start` its port refuses connections; afterwards it has the same URL.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        faults: Iterable[Fault] = (),
        options: Options | None = None,
        quick: bool = True,
        pace: float = 0.0,
        port: int = 0,
        **world: Any,
    ) -> None:
        self._temporary = tempfile.mkdtemp(prefix="emulator-") if folder is None else None
        self.folder = folder or Path(str(self._temporary))
        self.options = options or Options(quick=quick, pace=pace)
        self.faults = Faults(faults)
        self._port = port
        # The same in every test, unless it asks for another.
        self._world_options = {"seed": "test"} | world
        self._thread: threading.Thread | None = None
        self._held = ExitStack()
        self._world: World | None = None
        self._server: Server | None = None
        self.url = ""

    @property
    def world(self) -> World:
        """The world that is served; usable from the test's thread."""
        if self._world is None:
            raise RuntimeError("the emulator does not run")
        return self._world

    def counts(self) -> Counts:
        """What was accepted so far."""
        return self.world.counts()

    def add_fault(
        self,
        endpoint: str,
        nth: int,
        kind: str,
        times: int = 1,
        arg: float | str | None = None,
    ) -> None:
        """Set a fault; the endpoint's next request is number 1."""
        self.faults.add(Fault(endpoint, nth, kind, times, arg))

    def wait_for_renders(self, timeout_s: float = 60.0) -> None:
        """Wait until every render has ended; raises `TimeoutError`."""
        if not self.world.renders.wait(timeout_s):
            raise TimeoutError(f"a render still runs after {timeout_s:g} s")

    def start(self) -> RunningEmulator:
        """Serve; returns when requests are answered."""
        with ExitStack() as stack:
            world, sock = stack.enter_context(
                _opened(self.folder, "127.0.0.1", self._port, 0.0, **self._world_options)
            )
            ready = threading.Event()
            server = Server(world, options=self.options, faults=self.faults, on_ready=ready.set)

            def run() -> None:
                try:
                    server.run([sock])
                finally:
                    ready.set()

            thread = threading.Thread(target=run, name="emulator", daemon=True)
            thread.start()
            ready.wait()
            if not server.started:
                raise RuntimeError("the emulator did not start")
            self._held = stack.pop_all()
        self._thread, self._world, self._server, self.url = thread, world, server, url_of(sock)
        return self

    def stop(self) -> None:
        """End it; connections are dropped, and the folder stays until the end of the `with`."""
        if self._server is not None and self._thread is not None:
            self._server.stop()
            self._thread.join()
            self._held.close()
        self._server = self._thread = self._world = None

    def __enter__(self) -> RunningEmulator:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
