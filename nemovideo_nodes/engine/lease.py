"""The lease: keeps two live workers off the same run. It is politeness, not a fence."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

from nemovideo_nodes.clock import Clock
from nemovideo_nodes.engine.plan import LEASE
from nemovideo_nodes.errors import ErrorCode, NemoVideoError, RunStopped
from nemovideo_nodes.ledger.facts import Lease, Noted
from nemovideo_nodes.ledger.journal import Journal

__all__ = ["LEASE", "LeaseKeeper"]

RENEW_S = 40.0
_MARGIN_S = 5.0


class LeaseKeeper:
    """One worker's hold on one run, as facts of its journal."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self.me = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._journal = journal
        self._clock = clock
        self._until: float | None = None
        self.is_deleted = False
        """Whether the run is known to be gone."""

    def is_mine(self) -> bool:
        """Whether there is time left, by our own monotonic clock; asked right before an effect."""
        return self._until is not None and self._clock.monotonic() + _MARGIN_S < self._until

    def holder_gone(self) -> bool:
        """Whether the lease's holder was a process of this host and boot that is no more."""
        holding = self._journal.run.holding
        if holding is None or holding.holder == self.me:
            return False
        lease = holding.lease
        here = (lease.host, lease.boot) == (_host(), _boot())
        return here and not _lives(lease.pid, lease.started)

    async def hold(self, planned: int) -> bool:
        """Have the lease; False where the journal moved on since `planned`: plan anew.

        Raises `RunStopped` where the run was deleted meanwhile.
        """
        holding = self._journal.run.holding
        if holding is not None and holding.holder == self.me and self._time_left() > RENEW_S:
            return True
        await self.confirm()
        return await self._take(planned)

    async def confirm(self) -> None:
        """Make sure that the run is still there: nothing is written into one that was deleted.

        While the lease lasts nobody deletes it. Raises `RunStopped`.
        """
        if self.is_mine():
            return
        if self._until is not None:  # it has run out, and much may have happened since
            self._journal.expire()
        if await self._journal.is_there():
            return
        self._until, self.is_deleted = None, True
        raise RunStopped(
            "The run was deleted while it was being worked on",
            run_id=self._journal.run.id,
            code=ErrorCode.RUN_DELETED,
        )

    async def release(self, topic: Literal["released", "cancelled"]) -> None:
        """Let the next one go on at once; `cancelled` says why the release is coming."""
        holding = self._journal.run.holding
        if holding is None or holding.holder != self.me or self.is_deleted:
            return
        with contextlib.suppress(NemoVideoError):
            await self.confirm()
            if topic == "released":
                self._until = None
            await self._journal.recorded(Noted(at=self._clock.now(), by=self.me, topic=topic))

    @contextlib.asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Renew the lease while an effect takes long, as a stream of 15 minutes does."""

        over = asyncio.Event()

        async def keep() -> None:
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), RENEW_S)
                    return
                holding = self._journal.run.holding
                if self._until is not None and holding and holding.holder == self.me:
                    with contextlib.suppress(NemoVideoError):  # the next time may go better
                        await self.confirm()
                        await self._take(self._journal.run.seq)

        keeper = asyncio.ensure_future(keep())
        try:
            yield
        finally:
            # It ends between two writes: none may come after the release.
            over.set()
            await keeper

    def _time_left(self) -> float:
        return 0.0 if self._until is None else self._until - self._clock.monotonic()

    async def _take(self, planned: int) -> bool:
        began, now = self._clock.monotonic(), self._clock.now()
        lease = Lease(
            host=_host(),
            boot=_boot(),
            pid=os.getpid(),
            started=_started(os.getpid()),
            expires=now + LEASE,
        )
        fact = Noted(at=now, by=self.me, topic="lease", lease=lease)
        if not await self._journal.appended(fact, planned):
            return False
        self._until = began + LEASE.total_seconds()
        return True


def _host() -> str:
    """The host, and the space that its process ids count in: a container has its own."""
    with contextlib.suppress(OSError):
        return f"{socket.gethostname()}/{os.readlink('/proc/self/ns/pid')}"
    return socket.gethostname()


def _boot() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def _lives(pid: int, started: str) -> bool:
    """Whether the process of that id and start may be alive; no where it certainly is not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    # Where the start cannot be read (another system, a hidden process), the id alone decides.
    return not started or _started(pid) in ("", started)


def _started(pid: int) -> str:
    """When the process began, in the kernel's ticks; empty where that cannot be told."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[-1].split()
    except (OSError, UnicodeDecodeError):
        return ""
    # A zombie is as dead as one that is gone.
    return "dead" if fields[0] == "Z" else fields[19]
