"""Runs that need approval, with Ann, who says what she thinks of what they show."""

from __future__ import annotations

from collections.abc import AsyncIterator

from faulty_store import Death, FaultyStore, StoreCall, die
from stage import Stage

from nemovideo_nodes.errors import ErrorCode
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.approval import ApprovalStage
from nemovideo_nodes.workspace import PreparedRun, VideoOptions

__all__ = ["CHANGE", "brought_to_end", "dying_at", "is_killed", "order", "say"]

CHANGE = "make it 3 seconds long"
"""It cannot be taken for what the service adds by itself."""


def order(
    stage: Stage,
    approval: ApprovalStage,
    *texts: str,
    within: str = "",
    **more: object,
) -> PreparedRun:
    """A run that needs approval."""
    return stage.workspace().prepare(
        VideoOptions(
            media=stage.pictures,
            prompts=texts or ("A 2 second video",),
            approval=f"{approval} {within}",
            **more,  # type: ignore[arg-type]
        )
    )


async def say(
    stage: Stage, run: str, decision: str = "approve", store: Store | None = None, **more: object
) -> bool:
    """What Ann says."""
    return await stage.workspace(store).approve(run, decision, who="Ann", **more)  # type: ignore[arg-type]


async def is_killed(stage: Stage, ordered: PreparedRun, dying: Store) -> bool:
    """One process that asks, takes a change and then an approval; whether it died on the way."""
    try:
        async for _ in brought_to_end(stage, ordered, dying):
            pass
    except Death:
        return True
    return False


async def brought_to_end(
    stage: Stage, ordered: PreparedRun, store: Store | None = None
) -> AsyncIterator[RunResult]:
    """The results on the way, with one change and then approvals, until the run is done."""
    for _ in range(10):
        result = await stage.work(ordered, store=store)
        yield result
        if result.error_code == ErrorCode.OUTCOME_UNKNOWN:
            result = await stage.work(ordered, store=store, resend=True)
            yield result
        if result.status == "done":
            return
        changed = any(one.decision == "change" for one in result.approvals)
        if result.state == "needs_approval" and changed:
            await say(stage, ordered.run_id, store=store)
        elif result.state == "needs_approval":
            await say(stage, ordered.run_id, "change", store=store, change=CHANGE)


def dying_at(url: str, mark: bytes, *, after: bool = False) -> FaultyStore:
    """A store that fails for good at the first new object that holds `mark`."""

    def death(call: StoreCall) -> None:
        if call.verb == "create" and mark in call.data:
            die()

    return FaultyStore(url, after=death) if after else FaultyStore(url, before=death)
