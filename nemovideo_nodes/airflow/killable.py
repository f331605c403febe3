"""An operator whose work is asynchronous, and can be ended from a signal handler."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from airflow.sdk import BaseOperator

from nemovideo_nodes.errors import ErrorCode, RunStopped

__all__ = ["KillableOperator"]

_T = TypeVar("_T")
_Running = tuple[asyncio.AbstractEventLoop, "asyncio.Task[Any]"]


class KillableOperator(BaseOperator):
    """A task that Airflow can tell to end in the middle of what it waits for."""

    _running: _Running | None = None
    _kill_requested: bool = False

    def on_kill(self) -> None:
        """Release the run; called by a signal handler, inside the event loop that must end."""
        self._kill_requested = True
        if self._running is not None:
            loop, task = self._running
            loop.call_soon_threadsafe(task.cancel)

    def _wait(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run it in an event loop of its own, which `on_kill` can end."""

        async def cancellable() -> _T:
            task = asyncio.current_task()
            assert task is not None
            self._running = (asyncio.get_running_loop(), task)
            if self._kill_requested:  # between two loops
                task.cancel()
            try:
                return await work
            finally:
                self._running = None

        try:
            return asyncio.run(cancellable())
        except asyncio.CancelledError:
            raise RunStopped(
                "The task was stopped; its run can be resumed",
                resumable=True,
                code=ErrorCode.CANCELLED,
            ) from None
