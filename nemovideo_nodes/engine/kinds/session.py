"""The step kinds about the session: create it, and read its state once the draft is stable."""

from __future__ import annotations

from nemovideo_nodes.engine.kinds.kind import Context, Intent, Outcome, RetryAt, StepRunner, Success
from nemovideo_nodes.engine.polling import (
    RECONCILE_READS,
    SETTLE_READS,
    reconcile_wait,
    settle_wait,
)
from nemovideo_nodes.errors import redact
from nemovideo_nodes.language.changes import describe, language_of
from nemovideo_nodes.ledger.results import PromptResult, SessionResult, StateResult
from nemovideo_nodes.ledger.run import StepRecord
from nemovideo_nodes.request.steps import CreateSession, Prompt
from nemovideo_nodes.wire.draft import Draft
from nemovideo_nodes.wire.models import StateAnswer

__all__ = ["CreateSessionRunner", "ReadStateRunner", "settled_state"]

_NOTHING = "none"


class CreateSessionRunner(StepRunner):
    """Opens the run's session; idempotent, since nothing is in it before the first upload."""

    async def perform(self, ctx: Context, record: StepRecord, intent: Intent | None) -> Outcome:
        args = record.step.args
        language = args.language if isinstance(args, CreateSession) else None
        answer = await ctx.client.create_session(language)
        return Success(SessionResult(session_id=answer.session_id, task_id=answer.task_id))


class ReadStateRunner(StepRunner):
    """Says what is on the timeline, once nothing changes there any more, and what changed."""

    async def perform(self, ctx: Context, record: StepRecord, intent: Intent | None) -> Outcome:
        state = await settled_state(ctx, record)
        if isinstance(state, RetryAt):
            return state
        draft = state.draft
        changes, later = _changes(ctx.run.turn, record, draft)
        return Success(
            StateResult(
                draft_digest=draft.digest if draft else None,
                timeline=redact(draft.timeline()) if draft else None,
                exportable=draft is not None and draft.exportable,
                duration_ms=draft.duration_ms if draft else None,
                outline=draft.outline() if draft else None,
                changes=changes,
                later=later,
            )
        )


async def settled_state(ctx: Context, record: StepRecord) -> StateAnswer | RetryAt:
    """The state, or the wait before the next read while the last turn may still be at work.

    After generating, the backend may add music or a title in a second stage [V]; two reads in a
    row that agree end the wait. A turn without a word is given the time of a lost one to show.
    """
    with ctx.calling("state"):
        state = await ctx.client.read_state(ctx.session_id())
    if ctx.run.settled:
        return state
    turn, seen = ctx.run.turn, record.deferred
    digest = state.draft.digest if state.draft else None
    reads = seen.reads + 1 if seen else 1
    if turn and _is_silent(turn) and turn.evidence and digest == turn.evidence.draft_digest:
        if reads >= RECONCILE_READS:
            return state
        return RetryAt(
            until=ctx.later(reconcile_wait(reads, ctx.pace)),
            why="The service has answered nothing, and nothing has changed yet",
            reads=reads,
        )
    if (seen and seen.draft_digest == (digest or _NOTHING)) or reads >= SETTLE_READS:
        return state
    first = seen.outline if seen else None
    return RetryAt(
        until=ctx.later(settle_wait(ctx.pace)),
        why="Waiting for the edit to finish",
        reads=reads,
        draft_digest=digest or _NOTHING,
        outline=first or (state.draft.outline() if state.draft else None),
    )


def _is_silent(turn: StepRecord) -> bool:
    return isinstance(turn.result, PromptResult) and turn.result.silent


def _changes(
    turn: StepRecord | None, record: StepRecord, draft: Draft | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the turn changed, and what came after it by itself, in the words of its language."""
    if turn is None or turn.evidence is None or not isinstance(turn.step.args, Prompt):
        return (), ()
    language = language_of(turn.step.args.text)
    before = _draft(turn.evidence.outline)
    settled = _draft(draft.outline() if draft else None)
    seen = record.deferred
    first = _draft(seen.outline) if seen and seen.outline else settled
    return (
        tuple(map(redact, describe(before, first, language=language))),
        tuple(map(redact, describe(first, settled, language=language))),
    )


def _draft(outline: str | None) -> Draft | None:
    return Draft(outline) if outline is not None else None
