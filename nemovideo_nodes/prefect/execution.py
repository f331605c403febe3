"""Executes a run in a flow: each of its steps as the task of its kind, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from prefect.states import araise_state_exception
from prefect.utilities.annotations import quote
from prefect.utilities.engine import link_state_to_task_run_result

from nemovideo_nodes.errors import ErrorCode, NemoVideoError, RunStopped
from nemovideo_nodes.ledger.run import StepRecord
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.prefect import tasks
from nemovideo_nodes.prefect.approving import is_approved_in_form
from nemovideo_nodes.prefect.artifacts import publish_artifacts
from nemovideo_nodes.prefect.handle import RunHandle, to_handle
from nemovideo_nodes.prefect.limits import limit_names, limited_tags
from nemovideo_nodes.prefect.logs import hide_tracebacks, run_logger
from nemovideo_nodes.prefect.progress import ProgressBar
from nemovideo_nodes.prefect.resolve import OpenRun, keep_open, open_run
from nemovideo_nodes.prefect.step_task import StepTask, from_any_flow
from nemovideo_nodes.prefect.wording import in_form_words
from nemovideo_nodes.request.steps import Prompt, StepName, Upload
from nemovideo_nodes.workspace import Workspace, require_done

__all__ = ["execute_run", "steps_of"]

_TASKS: Final = MappingProxyType[StepName, Any](
    {
        StepName.TOKEN: tasks.acquire_token,
        StepName.SESSION: tasks.create_session,
        StepName.UPLOAD: tasks.upload,
        StepName.PROMPT: tasks.send_prompt,
        StepName.STATE: tasks.read_state,
        StepName.CREDITS: tasks.check_credits,
        StepName.CLAIM: tasks.claim_link,
        StepName.RENDER: tasks.submit_render,
        StepName.AWAIT: tasks.await_render,
        StepName.DOWNLOAD: tasks.download,
        StepName.PUBLISH: tasks.publish,
        StepName.APPROVE: tasks.approve,
        StepName.HAND_OVER: tasks.hand_over,
    }
)
_EMPTY: Final = MappingProxyType[StepName, tuple[str, ...]](
    {StepName.UPLOAD: ("picture",), StepName.PROMPT: ("text",), StepName.HAND_OVER: ("target",)}
)
"""Parameters that are left empty, so that the step keeps its own arguments."""
_MOST_STEPS: Final = 5_000
_MOST_APPROVALS: Final = 100
_MOST_TITLE: Final = 60


@dataclass(frozen=True)
class PersonsWord:
    """What a person has said of a run that was stopped; see `execute_run`."""

    same_account: bool = False
    over_budget: bool = False
    handed_over: bool = False

    async def note(self, workspace: Workspace, run_id: str) -> None:
        """Write it down in the run's journal."""
        if self.same_account:
            await workspace.confirm_account(run_id)
        if self.over_budget:
            await workspace.release(run_id)
        if self.handed_over:
            await workspace.confirm_handed_over(run_id)


def execute_run(
    run: RunHandle | str,
    *,
    resend: bool = False,
    same_account: bool = False,
    over_budget: bool = False,
    handed_over: bool = False,
) -> Coroutine[Any, Any, RunResult]:
    """Do all that a run was asked for, a task run for each step, and show the result.

    Steps that were done before are not shown again. The flags are a person's word: `resend`, that
    the step which the run stopped at may be done again, and paid for again; `same_account`, that
    the present token is a new one of the account that began the run; `over_budget`, that the run
    may go over the budget that holds it; `handed_over`, that the publisher which is in doubt has
    the post. Raises `RunStopped` where the run does not finish; called again, it continues. In a
    sync flow it returns the result itself.
    """
    word = PersonsWord(same_account, over_budget, handed_over)
    work = _execute(to_handle(run), resend=resend, word=word)
    result: Coroutine[Any, Any, RunResult] = from_any_flow(work)
    return result


async def steps_of(run: RunHandle | str, node: StepName | None = None) -> list[str]:
    """The ids of the run's steps (of one kind), in order; it only reads the journal."""
    opened = await open_run(run)
    steps = (await opened.journal.refreshed()).steps
    return [step for step, record in steps.items() if node in (None, record.step.node)]


async def execute_opened(
    handle: RunHandle,
    opened: OpenRun,
    *,
    resend: bool = False,
    same_account: bool = False,
    word: PersonsWord | None = None,
) -> RunResult:
    """`execute_run` for a run whose store is resolved already."""
    word = word or PersonsWord(same_account)
    hide_tracebacks()
    async with ProgressBar(f"nemovideo-{handle.key}-progress") as bar:
        shared = OpenRun(opened.store, opened.journal, bar, await limit_names())
        async with keep_open(handle, shared):
            try:
                with in_form_words():
                    await word.note(opened.workspace, handle.run_id)
                last = await _execute_steps(handle, shared, resend=resend)
                with in_form_words():
                    result = require_done(await tasks.show_result(quote(handle), wait_for=last))
            except NemoVideoError as error:
                await _show_failure(handle, shared, error)
                raise
        bar.finish()
    return result


async def _execute(handle: RunHandle, *, resend: bool, word: PersonsWord) -> RunResult:
    with in_form_words():
        opened = await open_run(handle)
    for _ in range(_MOST_APPROVALS):
        try:
            return await execute_opened(handle, opened, resend=resend, word=word)
        except RunStopped as stopped:
            if stopped.code is not ErrorCode.NEEDS_APPROVAL or not await is_approved_in_form(
                handle
            ):
                raise
    raise RunStopped("It was asked for approval too often", run_id=handle.run_id)


async def _execute_steps(handle: RunHandle, opened: OpenRun, *, resend: bool) -> list[Any]:
    """Do the steps that are not done yet; what the task behind them is to wait for."""
    done = {step for step, record in (await opened.read()).steps.items() if record.achieved}
    before: list[Any] = [handle]
    while len(done) < _MOST_STEPS:
        # Read anew each time: the agent may have asked for more in between.
        steps = (await opened.journal.recently()).steps
        if opened.bar is not None:
            opened.bar.expect(steps)
        step = next((one for one in steps if one not in done), None)
        if step is None:
            break
        done.add(step)
        node, _, number = step.partition("/")
        kind = _TASKS[StepName(node)]
        task: StepTask[...] = kind.named(
            title_of(steps[step]), tags=limited_tags(kind.tags, opened.limits)
        )
        # Prefect links tasks by the objects in their parameters and results, small texts included.
        # With these hidden and an object of our own waited for, the run's graph is a chain.
        state = await task(
            quote(handle),
            number=int(number),
            resend=resend,
            **{name: quote("") for name in _EMPTY.get(StepName(node), ())},
            **({"may_wait": True} if node == StepName.APPROVE else {}),
            wait_for=before,
            return_state=True,
        )
        await araise_state_exception(state)
        if node == StepName.APPROVE and (await opened.read()).steps[step].achieved is None:
            run = await opened.read()
            with in_form_words():
                require_done(await asyncio.to_thread(opened.workspace.result_of, run))
        before = [_Link()]
        link_state_to_task_run_result(state, before[0])
    return before


class _Link:
    """Stands for the result of a task run in Prefect's graph."""


def title_of(record: StepRecord) -> str:
    """The name of a step's task run: what it does, and to what."""
    args, (node, _, number) = record.step.args, record.step.id.partition("/")
    count = f" {int(number) + 1}" if int(number) else ""
    if isinstance(args, Upload):
        return _short(f"Upload {args.media.name}")
    if isinstance(args, Prompt):
        return _short(f"Send prompt{count}: {' '.join(args.text.split())}")
    return f"{_TASKS[StepName(node)].name}{count}"


def _short(title: str) -> str:
    return title if len(title) <= _MOST_TITLE else title[: _MOST_TITLE - 1] + "…"


async def _show_failure(handle: RunHandle, opened: OpenRun, error: NemoVideoError) -> None:
    """Show what happened; a failure to do so never hides the error."""
    try:
        async with asyncio.timeout(60):
            await publish_artifacts(handle, opened, error=error)
    except Exception:
        run_logger().warning("The summary of the run cannot be shown now", exc_info=True)
