"""Ends a flow run that fails for an error of this package with one sentence, not a traceback."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from types import CodeType
from typing import Any, Final, ParamSpec, TypeVar, cast

from prefect.artifacts import acreate_markdown_artifact
from prefect.context import FlowRunContext
from prefect.states import Failed

from nemovideo_nodes.errors import BadInput, NemoVideoError
from nemovideo_nodes.prefect.logs import hide_tracebacks, run_logger
from nemovideo_nodes.prefect.summary import plain
from nemovideo_nodes.prefect.wording import FORM_WORDING

__all__ = ["NOTHING_SENT", "explain_failure"]

NOTHING_SENT: Final = "Nothing was sent"
"""The end of the message of a flow run whose input cannot be used; `automations.yaml` knows it."""

_P = ParamSpec("_P")
_R = TypeVar("_R")


def explain_failure(
    function: Callable[_P, Coroutine[Any, Any, _R]],
) -> Callable[_P, Coroutine[Any, Any, _R]]:
    """Decorates an async flow's function, below `@flow`.

    An error of this package ends the flow run as Failed, with the error's one sentence as the
    state's message. Whoever calls the flow gets the error raised as always.
    """

    @functools.wraps(function)
    async def explained(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        hide_tracebacks()
        try:
            return await function(*args, **kwargs)
        except NemoVideoError as error:
            error.wording = FORM_WORDING
            context = FlowRunContext.get()
            # Prefect repeats a flow with retries only for an exception.
            if context is None or (context.flow is not None and context.flow.retries):
                raise
            message = message_of(error)
            run_logger().error("%s", message)
            if isinstance(error, BadInput):
                await _show(message)
            return cast("_R", Failed(message=message, data=error))

    # Prefect finds a flow's file by the code of its function.
    code: CodeType = cast("Any", function).__code__
    found: Any = explained
    found.__code__ = found.__code__.replace(
        co_filename=code.co_filename, co_firstlineno=code.co_firstlineno
    )
    return explained


def message_of(error: NemoVideoError) -> str:
    """The message of a flow run's state that fails for `error`."""
    text = str(error)
    return f"{text.rstrip('.')}. {NOTHING_SENT}." if isinstance(error, BadInput) else text


async def _show(message: str) -> None:
    """A summary for a flow run that failed before its run began."""
    try:
        await acreate_markdown_artifact(
            markdown=f"# Not started\n\n**{plain(message)}**\n\n- Credits spent: none\n",
            description="Why the flow run failed",
        )
    except Exception:
        run_logger().warning("The summary of the failure cannot be shown now", exc_info=True)
