"""The decorator of every task here: for sync and async flows, with retries only where one helps."""

from __future__ import annotations

import asyncio
import copy
import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Final, ParamSpec, Self, TypeVar, cast

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from prefect.states import Failed, araise_state_exception
from prefect.tasks import MaterializingTask

from nemovideo_nodes.errors import NemoVideoError, is_retryable
from nemovideo_nodes.prefect.logs import hide_tracebacks

__all__ = ["StepTask", "from_any_flow", "step_task"]

_P = ParamSpec("_P")
_R = TypeVar("_R")
_Async = Callable[_P, Coroutine[Any, Any, _R]]

_TOOL: Final = "nemovideo"
RETRY_DELAYS_S: Final = (30.0, 120.0)
"""The engine has already retried for a minute before a task fails for a temporary reason."""


def from_any_flow(called: Any) -> Any:
    """The coroutine itself in an async flow; in a sync flow, which has no loop, its result."""
    if inspect.iscoroutine(called) and not _in_a_loop():
        return asyncio.run(called)
    return called


class _AnyFlowTask(Task[_P, _R]):
    """An async task that a sync flow calls like a sync one: it then runs to its end at once."""

    is_step: Final = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        called: Any = super().__call__(*args, **kwargs)
        return from_any_flow(called if kwargs.get("return_state") else _raising(called))

    def with_options(self, *args: Any, **kwargs: Any) -> Any:
        """A copy of the task with other options, callable from both kinds of flows as well."""
        copied = super().with_options(*args, **kwargs)
        copied.__class__ = type(self)  # Prefect makes a plain task
        return copied

    def named(self, run_name: str, *, tags: set[str]) -> Self:
        """The same task with another name and tags for its runs; cheaper than `with_options`."""
        copied = copy.copy(self)
        copied.tags = tags
        # Prefect fills in the parameters of a run, as `str.format` does.
        copied.task_run_name = run_name.replace("{", "{{").replace("}", "}}")
        return copied


class StepTask(_AnyFlowTask[_P, Any]):
    """A task of one step kind."""


class MaterializingStepTask(_AnyFlowTask[_P, Any], MaterializingTask[_P, Any]):
    """A task of one step kind that makes an asset."""


def step_task(
    name: str,
    *,
    run_name: str,
    timeout_s: float,
    repeats: bool = True,
    tags: tuple[str, ...] = (),
    asset: str = "",
) -> Callable[[_Async[_P, Any]], StepTask[_P]]:
    """Makes a task of a function, whose docstring becomes the task's description.

    The journal decides what is done again, so nothing is cached or persisted. With `repeats`
    Prefect retries the task at most twice, and only where waiting can help and nothing is paid
    twice. For each run of a task with `tags` Prefect asks its server whether the tags are limited,
    which costs time: only tasks whose number is worth limiting have tags.
    """
    options: dict[str, Any] = {
        "name": name,
        "task_run_name": run_name,
        "tags": tags,
        "timeout_seconds": timeout_s,
        "retries": len(RETRY_DELAYS_S) if repeats else 0,
        "retry_delay_seconds": list(RETRY_DELAYS_S) if repeats else None,
        "retry_condition_fn": _can_retry if repeats else None,
        "cache_policy": NO_CACHE,
        "persist_result": False,
    }

    def decorate(function: _Async[_P, Any]) -> StepTask[_P]:
        made: Any
        explained = _explained(function)
        if asset:
            made = MaterializingStepTask(
                explained, assets=[asset], materialized_by=_TOOL, **options
            )
        else:
            made = StepTask(explained, **options)
        return cast("StepTask[_P]", made)

    return decorate


def _explained(function: _Async[_P, Any]) -> _Async[_P, Any]:
    """A task's function that ends with a failed state for an error of this package.

    The state's message is the error's one sentence; for an exception Prefect would put the name of
    its class before it, in the state and in the log. Called without a task run, it raises.
    """

    @functools.wraps(function)
    async def explained(*args: _P.args, **kwargs: _P.kwargs) -> Any:
        try:
            return await function(*args, **kwargs)
        except NemoVideoError as error:
            context = TaskRunContext.get()
            if context is None or context.task.fn is not explained:
                raise
            hide_tracebacks()
            return Failed(message=str(error), data=error)

    return explained


async def _raising(called: Coroutine[Any, Any, Any]) -> Any:
    """What a task returns; raises the error of a failed state that its function returned."""
    returned = await called
    if isinstance(returned, State):
        await araise_state_exception(returned)
    return returned


async def _can_retry(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Whether waiting alone can help; Prefect silently ignores a sync function here."""
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
