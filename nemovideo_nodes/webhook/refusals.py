"""What the receiver refuses: counted, logged now and then, and noted in the outbox by the kind."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from nemovideo_nodes.errors import StoreError, redact
from nemovideo_nodes.webhook.sparing import SparingLog

__all__ = ["NO_SOURCE", "Refusals"]

NO_SOURCE: Final = "-"
"""Stands for the source where a request names none that there is."""
_EVERY_S: Final = 1.0
_MOST_KINDS: Final = 100
_Write = Callable[[Sequence[tuple[str, str, int, float]]], Awaitable[None]]


class Refusals:
    """Collects refusals, and writes them down once a second: a flood is one row a kind."""

    def __init__(self, write: _Write) -> None:
        self._write = write
        self._kinds: dict[tuple[str, str], tuple[int, float]] = {}
        self._task: asyncio.Task[None] | None = None
        self._log = SparingLog(logging.getLogger("nemovideo_nodes.webhook"))

    def add(self, source: str, reason: str, now: float) -> None:
        """Note a refusal; it is written down in a moment."""
        kind = redact(reason)
        self._log.warning(f"{source}: {kind}", f"refused for {source}: {kind}", now)
        key = (source, kind)
        if key not in self._kinds and len(self._kinds) >= _MOST_KINDS:
            key = (source, "others")
        times, _ = self._kinds.get(key, (0, now))
        self._kinds[key] = (times + 1, now)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._later())

    async def close(self) -> None:
        """Write down what is left."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._flush()

    async def _later(self) -> None:
        await asyncio.sleep(_EVERY_S)
        await self._flush()

    async def _flush(self) -> None:
        kinds, self._kinds = self._kinds, {}
        rows = [(*key, times, at) for key, (times, at) in kinds.items()]
        if rows:
            with contextlib.suppress(StoreError):  # the log has them
                await self._write(rows)
