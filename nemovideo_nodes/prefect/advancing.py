"""Brings a run through one of its steps, for the task of that step, with log lines and progress."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel

from nemovideo_nodes.engine.events import Event
from nemovideo_nodes.errors import BadInput, RunStopped
from nemovideo_nodes.prefect.deduplication import resend_permission
from nemovideo_nodes.prefect.handle import RunHandle, to_handle
from nemovideo_nodes.prefect.logs import RunLog
from nemovideo_nodes.prefect.notifying import PREFECT_CHANNELS, flow_run_link
from nemovideo_nodes.prefect.progress import ProgressBar
from nemovideo_nodes.prefect.resolve import open_run
from nemovideo_nodes.prefect.wording import in_form_words
from nemovideo_nodes.request.steps import Arguments, Prompt, Step, StepName, Upload
from nemovideo_nodes.workspace import DriveOptions

__all__ = ["advance_step"]

_R = TypeVar("_R", bound=BaseModel)


async def advance_step(
    run: RunHandle | str,
    node: StepName,
    number: int,
    kind: type[_R],
    args: Arguments | None,
    *,
    resend: bool = False,
) -> _R:
    """Bring the run through one step and return the step's result.

    A step that the run was started with keeps its own arguments, unless it is a message or an
    upload with other ones; a step that is not there yet is added.
    """
    handle, step = to_handle(run), f"{node}/{number}"
    with in_form_words():
        opened = await open_run(handle)
        steps = list((await opened.journal.recently()).steps)
        new = args is not None and (step not in steps or isinstance(args, Prompt | Upload))
        if not new and step not in steps:
            raise BadInput(
                f"Run {handle.run_id} was not started with a step {step}: give the task what to do"
            )
        async with contextlib.AsyncExitStack() as stack:
            bar = opened.bar
            if bar is None:
                bar = ProgressBar(f"nemovideo-{handle.key}-progress", [*steps, step])
                await stack.enter_async_context(bar)
            log = stack.enter_context(RunLog())
            await opened.workspace.advance(
                handle.run_id,
                step,
                [Step(id=step, args=args)] if args and new else [],
                drive=DriveOptions(
                    resend=resend_permission(resend=resend),
                    profile=opened.store.profile,
                    budgets=handle.budgets,
                    link=flow_run_link(),
                    channels=PREFECT_CHANNELS,
                    on_event=_both(log.show, bar.show),
                ),
                journal=opened.journal,
            )
        result = opened.journal.run.steps[step].result
        if not isinstance(result, kind):
            raise RunStopped(f"The step {step} has not finished", run_id=handle.run_id)
        return result


def _both(one: Callable[[Event], None], other: Callable[[Event], None]) -> Callable[[Event], None]:
    def show(event: Event) -> None:
        one(event)
        other(event)

    return show
