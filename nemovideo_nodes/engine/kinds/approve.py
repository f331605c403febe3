"""The step kind that ends at a person's word: it puts what is to be approved before a person."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

from nemovideo_nodes.engine.deciding import approval_result
from nemovideo_nodes.engine.kinds.kind import (
    AskApproval,
    Context,
    Intent,
    Outcome,
    Progress,
    StepRunner,
    Success,
)
from nemovideo_nodes.engine.kinds.presenting import Presentation, Stopped
from nemovideo_nodes.engine.kinds.render import nothing_to_export
from nemovideo_nodes.ledger.approvals import look_before, seen_of, time_to_answer
from nemovideo_nodes.ledger.facts import Presented
from nemovideo_nodes.ledger.run import StepRecord
from nemovideo_nodes.request.approval import BEFORE_EXPORT
from nemovideo_nodes.request.steps import Approve

__all__ = ["ApproveRunner"]


class ApproveRunner(StepRunner):
    """Goes on where it was approved; else makes what is shown, and asks."""

    async def perform(self, ctx: Context, record: StepRecord, intent: Intent | None) -> Outcome:
        args = record.step.args
        assert isinstance(args, Approve)
        if args.stage == BEFORE_EXPORT:
            look = look_before(ctx.run, record)
            if look is not None and not look.exportable:
                return nothing_to_export(ctx)  # nobody is asked about nothing
        result = approval_result(ctx.run, record, ctx.clock.now())
        if result is not None:
            return Success(result)
        seen = seen_of(ctx.run, record)
        storyboard, preview = await _shown(ctx, record, seen)
        limit_s = time_to_answer(ctx.run)
        until = ctx.clock.now() + timedelta(seconds=limit_s) if limit_s else None
        return AskApproval(
            Presented(seen=seen, until=until, storyboard=storyboard, preview=preview)
        )


async def _shown(ctx: Context, record: StepRecord, seen: str) -> tuple[str | None, str | None]:
    """The places of the storyboard and the preview; the work ends soon where it is called off."""
    stopped = threading.Event()
    loop = asyncio.get_running_loop()

    def progress(share: float) -> None:
        if stopped.is_set():
            raise Stopped
        told = Progress(record.step.id, "fraction", "preview", share, 1.0)
        loop.call_soon_threadsafe(ctx.report, told)

    presentation = Presentation(ctx.store, ctx.run, record, seen)
    try:
        return await asyncio.to_thread(presentation.made, progress)
    except asyncio.CancelledError:
        stopped.set()
        raise
