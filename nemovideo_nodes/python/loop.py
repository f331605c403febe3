"""The edge between synchronous callers and the asynchronous core."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["run_sync"]

_T = TypeVar("_T")


def run_sync(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine to its end, also where an event loop is running already, as in a notebook.

    There it runs in a thread of its own, and the caller's loop is blocked meanwhile. An
    interrupt (Ctrl-C) cancels the work before it is raised.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    result: list[_T] = []
    failure: list[BaseException] = []
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[_T]]] = []

    async def watched() -> _T:
        task = asyncio.current_task()
        assert task is not None
        loops.append((asyncio.get_running_loop(), task))
        return await work

    def in_thread() -> None:
        try:
            result.append(asyncio.run(watched()))
        except BaseException as error:  # handed to the caller, whatever it is
            failure.append(error)

    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(in_thread,), name="nemovideo")
    thread.start()
    try:
        thread.join()
    except KeyboardInterrupt:
        for loop, task in loops:
            loop.call_soon_threadsafe(task.cancel)
        thread.join()
        raise
    if failure:
        raise failure[0]
    return result[0]
