"""The decorator of every task: for sync and async flows, and repeated only where it may be."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Final, ParamSpec, TypeVar, cast

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import MaterializingTask

from nemovideo_nodes.errors import is_retryable

__all__ = ["Unit", "unit"]

_P = ParamSpec("_P")
_R = TypeVar("_R")
_Async = Callable[_P, Coroutine[Any, Any, Any]]

_TOOL: Final = "nemovideo"
RETRY_DELAYS_S: Final = (30.0, 120.0)
"""The engine itself has tried again for a minute before a task fails for what may pass."""


class _Either(Task[_P, _R]):
    """An async task that a sync flow calls like a sync one: then it runs to its end at once."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        called = super().__call__(*args, **kwargs)
        if inspect.iscoroutine(called) and not _in_a_loop():
            return asyncio.run(called)
        return called

    def with_options(self, *args: Any, **kwargs: Any) -> Any:
        """A copy of the task with other options, callable from both kinds of flows as well."""
        copy = super().with_options(*args, **kwargs)
        copy.__class__ = type(self)  # Prefect makes a plain task
        return copy


class Unit(_Either[_P, Any]):
    """A task of one node."""


class MaterializingUnit(_Either[_P, Any], MaterializingTask[_P, Any]):
    """A task of one node that makes an asset."""


def unit(
    name: str,
    *,
    run_name: str,
    timeout_s: float,
    repeats: bool = True,
    tags: tuple[str, ...] = (),
    asset: str = "",
) -> Callable[[_Async[_P]], Task[_P, Any]]:
    """Makes a task of a function, whose docstring becomes the task's description.

    The journal decides what is done again, so nothing is cached or persisted. With `repeats`
    Prefect runs the task again, twice at most, where waiting can help and nothing is paid twice.
    For each run of a task with `tags` Prefect asks its server whether they are limited, and a busy
    SQLite is asked again after two seconds: only what is worth a limit has any.
    """
    options: dict[str, Any] = {
        "name": name,
        "task_run_name": run_name,
        "tags": tags,
        "timeout_seconds": timeout_s,
        "retries": len(RETRY_DELAYS_S) if repeats else 0,
        "retry_delay_seconds": list(RETRY_DELAYS_S) if repeats else None,
        "retry_condition_fn": _may_pass if repeats else None,
        "cache_policy": NO_CACHE,
        "persist_result": False,
    }

    def decorate(function: _Async[_P]) -> Task[_P, Any]:
        made: Any
        if asset:
            made = MaterializingUnit(function, assets=[asset], materialized_by=_TOOL, **options)
        else:
            made = Unit(function, **options)
        return cast("Task[_P, Any]", made)

    return decorate


async def _may_pass(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Whether waiting alone can help; a sync function here would switch retries off."""
    try:
        await state.aresult()
    except Exception as error:
        return is_retryable(error)
    return False


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
