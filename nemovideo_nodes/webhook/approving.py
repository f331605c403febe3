"""A person's word on a run that this machine's dispatcher makes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.routing import Route

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.webhook.config import Config, InProcessTarget
from nemovideo_nodes.webhook.outbox import Outbox

if TYPE_CHECKING:
    from nemovideo_nodes.request.approval import Verdict
    from nemovideo_nodes.workspace import Workspace

__all__ = ["approval_routes", "approve_run", "workspace_of"]


def workspace_of(target: InProcessTarget) -> Workspace:
    """The workspace in which the dispatcher makes videos."""
    from nemovideo_nodes.emulator.local import ensure_local
    from nemovideo_nodes.workspace import Account, Workspace

    return Workspace.open(target.store, Account(local=target.local), start_local=ensure_local)


def approval_routes(config: Config, outbox: Outbox, wake: Callable[[], None]) -> list[Route]:
    """The approval pages of the runs that the dispatcher makes; none where others make them.

    Who decides there lets the run's job go on; `wake` tells the dispatcher. Raises `BadInput`.
    """
    from nemovideo_nodes.webhook.approval_pages import ApprovalPages

    if not isinstance(config.target, InProcessTarget):
        return []

    async def resume(run_id: str) -> None:
        now = SystemClock().now().timestamp()
        await asyncio.to_thread(outbox.release_run, run_id, now)
        wake()

    return ApprovalPages(workspace_of(config.target), resume).routes


def approve_run(
    config: Config,
    outbox: Outbox,
    number: int,
    decision: Verdict,
    *,
    who: str | None,
    change: str = "",
    why: str = "",
) -> str:
    """Note the word on the run of a delivery; what was done, in a sentence. Raises `BadInput`."""
    from nemovideo_nodes.workspace import this_user

    target = config.target
    if not isinstance(target, InProcessTarget):
        raise BadInput(
            f"The videos of this configuration are made by {target.kind.title()}, whose form asks "
            "for approval"
        )
    found = outbox.shown(number)
    job = found["job"] if found else None
    if job is None:
        raise BadInput(f"Delivery {number} has no run that could be approved")
    asyncio.run(
        workspace_of(target).approve(
            job["run_id"], decision, who=who or this_user(), change=change, why=why
        )
    )
    said = {"approve": "approved", "reject": "rejected", "change": "to be changed"}[decision]
    return f"Run {job['run_id']} is {said}"
