"""The prompt: one message, never sent twice by itself. What it costs, it costs once."""

from __future__ import annotations

from nemovideo_nodes.engine.kinds.kind import (
    Context,
    Failure,
    Intent,
    Outcome,
    Progress,
    RetryAt,
    StepRunner,
    Success,
    may_ask_again,
)
from nemovideo_nodes.engine.kinds.session import settled_state
from nemovideo_nodes.engine.plan import RECONCILE_READS, reconcile_wait, settle_wait
from nemovideo_nodes.errors import (
    BadInput,
    ErrorCode,
    Refused,
    Remedy,
    ServiceError,
    Unreachable,
    redact,
)
from nemovideo_nodes.ledger import facts
from nemovideo_nodes.ledger.facts import Evidence, Intended, PromptResult
from nemovideo_nodes.ledger.run import StepRecord
from nemovideo_nodes.ledger.step import StepState
from nemovideo_nodes.request.steps import Prompt
from nemovideo_nodes.wire.models import StateAnswer
from nemovideo_nodes.wire.turn import StreamEvent, StreamEventKind, Turn

__all__ = ["PromptRunner"]

_CUT = "The process that sent it ended before the answer"
_LOOKING = "asking the service what became of the message"


class PromptRunner(StepRunner):
    """Sends one instruction, and knows how to find out what became of it."""

    async def intend(self, ctx: Context, record: StepRecord) -> Intent | Outcome:
        state = await settled_state(ctx, record)
        if isinstance(state, RetryAt):
            return state
        try:
            with ctx.calling("credits"):
                credits = (await ctx.client.credits()).available
        except ServiceError as error:
            if may_ask_again(error, record):
                raise
            credits = None  # it proves nothing anyway: it belongs to the account, not to the run
        evidence = Evidence(
            draft_digest=_draft_digest(state),
            media_digest=state.media_digest,
            credits=credits,
            outline=state.draft.outline() if state.draft else None,
        )
        return Intent(key=f"{record.step.id}#{record.intents + 1}", evidence=evidence)

    async def perform(self, ctx: Context, record: StepRecord, intent: Intent | None) -> Outcome:
        assert isinstance(record.step.args, Prompt)

        def show(event: StreamEvent) -> None:
            kinds = {StreamEventKind.TEXT: "text", StreamEventKind.TOOL: "tool"}
            ctx.report(Progress(record.step.id, kinds.get(event.kind, "alive"), event.text))  # type: ignore[arg-type]

        try:
            turn = await ctx.client.send_message(
                ctx.session_id(), record.step.args.text, on_event=show, repeat=False
            )
        except (Unreachable, Refused, BadInput):
            raise  # certainly not accepted
        except ServiceError as error:
            return _look(ctx, 0, f"{error.sentence}; {_LOOKING}", None)
        return _ended(ctx, turn)

    async def reconcile(self, ctx: Context, record: StepRecord, intent: Intended) -> Outcome:
        """Read the state on the documented rhythm: a changed draft tells that it was accepted."""
        with ctx.calling("state"):
            state = await ctx.client.read_state(ctx.session_id())
        before, seen = intent.evidence, record.deferred
        partial_turn = seen.partial_turn if seen else None
        if before is not None and _draft_digest(state) != before.draft_digest:
            told = partial_turn or PromptResult()
            return Success(told.model_copy(update={"reconciled": True}))
        if record.refused is not None and record.state is StepState.UNKNOWN:
            return _again_unknown(record.refused)
        reads = (seen.reads if seen else 0) + 1
        why = seen.why if seen else f"{_CUT}; {_LOOKING}"
        if reads < RECONCILE_READS:
            return _look(ctx, reads, why, partial_turn)
        made = before is not None and state.media_digest != before.media_digest
        return _unknown(why.removesuffix(f"; {_LOOKING}"), made=made)


def _ended(ctx: Context, turn: Turn) -> Outcome:
    partial_turn = PromptResult(
        replies=tuple(redact(reply) for reply in turn.replies),
        tools=tuple(turn.tools),
        silent=turn.silent,
        note=turn.error,
    )
    if turn.error is not None:
        # The agent is done, and said so: one more look at what it left is enough.
        return RetryAt(
            until=ctx.later(settle_wait(ctx.pace)),
            why=f"The agent failed on it ({turn.error}); {_LOOKING}",
            reads=RECONCILE_READS - 1,
            partial_turn=partial_turn,
        )
    if not turn.complete:
        return _look(ctx, 0, f"The stream broke off; {_LOOKING}", partial_turn)
    return Success(partial_turn)


def _look(ctx: Context, reads: int, why: str, partial_turn: PromptResult | None) -> RetryAt:
    wait = reconcile_wait(reads, ctx.pace)
    return RetryAt(until=ctx.later(wait), why=why, reads=reads, partial_turn=partial_turn)


def _unknown(reason: str, *, made: bool) -> Failure:
    media = ", though new media appeared in the session" if made else ""
    return Failure(
        "unknown",
        f"It cannot be known what became of the message. {reason}, and the timeline has not "
        f"changed since{media}. It may have been paid for, so it is not sent again by itself",
        error_code=ErrorCode.OUTCOME_UNKNOWN,
        remedy=Remedy.RESEND,
    )


def _again_unknown(refused: facts.Refused) -> Failure:
    """Another look has shown nothing new."""
    return Failure(
        "unknown",
        refused.sentence,
        error_code=ErrorCode(refused.error_code) if refused.error_code else None,
        remedy=Remedy(refused.remedy) if refused.remedy else None,
    )


def _draft_digest(state: StateAnswer) -> str | None:
    return state.draft.digest if state.draft else None
