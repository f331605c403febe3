"""The one fake clock of the tests: it stands still until something sleeps, or skips long sleeps."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from nemovideo_nodes.clock import SystemClock

__all__ = ["FakeClock"]

_START = datetime(2026, 3, 1, tzinfo=UTC)
_SYSTEM = SystemClock()


class FakeClock:
    """Time for code under test; each sleep lets other tasks run, and `waits` remembers all of them.

    From `start` on, time passes only in `sleep` and `advance`. With `start=None` it is the
    machine's time, and only sleeps of `skip_from_s` and more are skipped: real servers and threads
    keep working meanwhile.
    """

    def __init__(
        self,
        start: datetime | None = _START,
        *,
        skip_from_s: float = 0.0,
        skew_s: float = 0.0,
        tick_s: float = 0.0,
        after_sleep: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """`skew_s`: how wrong the wall time is. `tick_s`: what each look at it takes.

        `after_sleep` is awaited at the end of each sleep.
        """
        self.ahead = timedelta()
        """How far sleeps and `advance` have moved the time."""
        self.skew = timedelta(seconds=skew_s)
        self.waits: list[float] = []
        self._start = start
        self._skip_from_s = skip_from_s
        self._tick = timedelta(seconds=tick_s)
        self._after_sleep = after_sleep

    @classmethod
    def skipping(cls, skip_from_s: float = 0.3, *, skew_s: float = 0.0) -> FakeClock:
        """The machine's time, but that long sleeps take none of it."""
        return cls(None, skip_from_s=skip_from_s, skew_s=skew_s)

    def now(self) -> datetime:
        self.ahead += self._tick
        return (self._start or _SYSTEM.now()) + self.ahead + self.skew

    def monotonic(self) -> float:
        start_s = self._start.timestamp() if self._start else _SYSTEM.monotonic()
        return start_s + self.ahead.total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        if seconds >= self._skip_from_s:
            self.advance(seconds)
            seconds = 0.0 if self._start else 0.001
        await asyncio.sleep(seconds)
        if self._after_sleep is not None:
            await self._after_sleep()

    def advance(self, seconds: float) -> None:
        """Let time pass at once."""
        self.ahead += timedelta(seconds=seconds)

    def advance_to(self, when: datetime) -> None:
        """Let time pass until then."""
        self.ahead += when - self.now()
