"""The units about the session: create it, and read its state once the draft is stable."""

from __future__ import annotations

from nemovideo_nodes.errors import redact
from nemovideo_nodes.ledger.facts import SessionResult, StateResult
from nemovideo_nodes.ledger.run import StepRecord
from nemovideo_nodes.nodes.node import Context, Intent, Node, Outcome, Postponed, Success
from nemovideo_nodes.plan import SETTLE_READS, settle_wait
from nemovideo_nodes.steps import CreateSession
from nemovideo_nodes.wire.models import StateAnswer

__all__ = ["CreateSessionNode", "ReadStateNode", "settled_state"]

_NOTHING = "none"


class CreateSessionNode(Node):
    """Opens the run's session; SAFE, since nothing is in it before the first upload."""

    async def perform(self, ctx: Context, record: StepRecord, intent: Intent | None) -> Outcome:
        args = record.step.args
        language = args.language if isinstance(args, CreateSession) else None
        answer = await ctx.client.create_session(language)
        return Success(SessionResult(session_id=answer.session_id, task_id=answer.task_id))


class ReadStateNode(Node):
    """Says what is on the timeline, once nothing changes there any more."""

    async def perform(self, ctx: Context, record: StepRecord, intent: Intent | None) -> Outcome:
        state = await settled_state(ctx, record)
        if isinstance(state, Postponed):
            return state
        draft = state.draft
        return Success(
            StateResult(
                draft_digest=draft.digest if draft else None,
                timeline=redact(draft.timeline()) if draft else None,
                exportable=draft is not None and draft.exportable,
                duration_ms=draft.duration_ms if draft else None,
            )
        )


async def settled_state(ctx: Context, record: StepRecord) -> StateAnswer | Postponed:
    """The state, or the wait before the next read while the last turn may still be at work.

    After generating, the backend may add music or a title in a second stage [V]; two reads in a
    row that agree end the wait.
    """
    state = await ctx.client.read_state(ctx.session_id())
    if ctx.run.settled:
        return state
    seen = record.deferred
    digest = state.draft.digest if state.draft else _NOTHING
    reads = seen.reads + 1 if seen else 1
    if (seen and seen.draft_digest == digest) or reads >= SETTLE_READS:
        return state
    return Postponed(
        until=ctx.later(settle_wait(ctx.pace)),
        why="waiting for the timeline to settle",
        reads=reads,
        draft_digest=digest,
    )
