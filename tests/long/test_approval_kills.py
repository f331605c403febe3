"""A process that asks for approval dies at every write of its journal."""

from __future__ import annotations

import itertools

import pytest
from approvals import brought_to_end, is_killed, order
from faulty_store import dying_store
from stage import Stage

from nemovideo_nodes.request.approval import STAGES, ApprovalStage


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("when", STAGES)
async def test_a_crash_at_any_write_costs_nothing(
    stage: Stage, when: ApprovalStage, after: bool
) -> None:
    """Asked, changed, approved: whatever write a process dies at, each message is sent once; of the
    two, one dies before the odd ones, and one after the even ones."""
    del stage.pictures[1:]
    for at in itertools.count(1 + after, 2):
        ordered = order(stage, when, f"A 2 second video, number {at} {after}")
        messages, renders, _ = stage.sent
        died = await is_killed(stage, ordered, dying_store(stage.store_path, at, after=after))
        results = [one async for one in brought_to_end(stage, ordered)]
        assert results[-1].status == "done", results[-1].error
        assert [one.decision for one in results[-1].approvals] == ["change", "approve"]
        videos = 2 if when == "before_handover" else 1
        assert stage.sent[:2] == (messages + 2, renders + videos), at
        if not died:
            assert at > 10
            return
