"""The course of a run in a flow: each of its steps as the task of its node, in their order."""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import Any, Final

from prefect import Task

from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.prefect import tasks
from nemovideo_nodes.prefect.handle import RunHandle, handle_of, open_place
from nemovideo_nodes.request.steps import NodeName

__all__ = ["carry_out", "steps_of"]

_TASKS: Final = MappingProxyType[NodeName, Task[Any, Any]](
    {
        NodeName.TOKEN: tasks.acquire_token,
        NodeName.SESSION: tasks.create_session,
        NodeName.UPLOAD: tasks.upload,
        NodeName.PROMPT: tasks.send_prompt,
        NodeName.STATE: tasks.read_state,
        NodeName.CREDITS: tasks.check_credits,
        NodeName.CLAIM: tasks.claim_link,
        NodeName.RENDER: tasks.submit_render,
        NodeName.AWAIT: tasks.await_render,
        NodeName.DOWNLOAD: tasks.download,
        NodeName.PUBLISH: tasks.publish,
    }
)
_MOST_STEPS: Final = 5_000


async def carry_out(run: RunHandle | str, *, resend: bool = False) -> RunResult:
    """Do all that a run was asked for, a task run for each step, and show what came of it.

    `resend` lets what the run is stopped at be done, and maybe paid for, once more. Raises
    `RunStopped` where it does not come to its end; called again, it goes on.
    """
    handle = handle_of(run)
    place = await open_place(handle.store, handle.credentials)
    journal = place.workspace.journal(handle.run_id)
    done: set[str] = set()
    while len(done) < _MOST_STEPS:
        # Read anew each time: the agent may have asked for more in between.
        asked = (await journal.refreshed()).steps
        step = next((one for one in asked if one not in done), None)
        if step is None:
            break
        done.add(step)
        node, _, number = step.partition("/")
        await _TASKS[NodeName(node)](handle, number=int(number), resend=resend)
    result: RunResult = await tasks.show_result(handle)
    return result


async def steps_of(run: RunHandle | str, node: NodeName | None = None) -> list[str]:
    """The ids of the run's steps (of one kind), in order; it only reads the journal."""
    handle = handle_of(run)
    place = await open_place(handle.store, handle.credentials)
    return await asyncio.to_thread(place.workspace.steps, handle.run_id, node)
