"""The prompt unit: one message, never sent twice by itself. What it costs, it costs once."""

from __future__ import annotations

from nemovideo_nodes.engine.kinds.kind import (
    Context,
    Failure,
    Intent,
    Node,
    Outcome,
    Postponed,
    Progress,
    Success,
)
from nemovideo_nodes.engine.kinds.session import settled_state
from nemovideo_nodes.engine.plan import RECONCILE_READS, reconcile_wait, settle_wait
from nemovideo_nodes.errors import BadInput, Refused, ServiceError, Unreachable, redact
from nemovideo_nodes.ledger.facts import Evidence, Intended, PromptResult
from nemovideo_nodes.ledger.run import StepRecord, is_unknown
from nemovideo_nodes.request.steps import Prompt
from nemovideo_nodes.wire.models import StateAnswer
from nemovideo_nodes.wire.turn import StreamEvent, StreamEventKind, Turn

__all__ = ["PromptNode"]

_CUT = "The process that sent it ended before the answer"
_LOOKING = "asking the session what became of the message"


class PromptNode(Node):
    """Sends one instruction, and knows how to find out what became of it."""

    async def intend(self, ctx: Context, record: StepRecord) -> Intent | Outcome:
        state = await settled_state(ctx, record)
        if isinstance(state, Postponed):
            return state
        try:
            credits = (await ctx.client.credits()).available
        except ServiceError:
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
        state = await ctx.client.read_state(ctx.session_id())
        before, seen = intent.evidence, record.deferred
        heard = seen.heard if seen else None
        if before is not None and _draft_digest(state) != before.draft_digest:
            told = heard or PromptResult()
            return Success(told.model_copy(update={"reconciled": True}))
        if record.refused is not None and is_unknown(record.refused):
            return Failure("unknown", record.refused.sentence)
        reads = (seen.reads if seen else 0) + 1
        why = seen.why if seen else f"{_CUT}; {_LOOKING}"
        if reads < RECONCILE_READS:
            return _look(ctx, reads, why, heard)
        made = before is not None and state.media_digest != before.media_digest
        return Failure("unknown", _unknown(why.removesuffix(f"; {_LOOKING}"), made=made))


def _ended(ctx: Context, turn: Turn) -> Outcome:
    heard = PromptResult(
        replies=tuple(redact(reply) for reply in turn.replies),
        tools=tuple(turn.tools),
        silent=turn.silent,
        note=turn.error,
    )
    if turn.error is not None:
        # The agent is done, and said so: one more look at what it left is enough.
        return Postponed(
            until=ctx.later(settle_wait(ctx.pace)),
            why=f"The agent failed on it ({turn.error}); {_LOOKING}",
            reads=RECONCILE_READS - 1,
            heard=heard,
        )
    if not turn.complete:
        return _look(ctx, 0, f"The stream broke off; {_LOOKING}", heard)
    return Success(heard)


def _look(ctx: Context, reads: int, why: str, heard: PromptResult | None) -> Postponed:
    wait = reconcile_wait(reads, ctx.pace)
    return Postponed(until=ctx.later(wait), why=why, reads=reads, heard=heard)


def _unknown(reason: str, *, made: bool) -> str:
    media = ", though new media appeared in the session" if made else ""
    return (
        f"It cannot be known what became of the message. {reason}, and the timeline has not "
        f"changed since{media}. It may have been paid for, so it is not sent again by itself: "
        "look at the session, and add --resend to send it again"
    )


def _draft_digest(state: StateAnswer) -> str | None:
    return state.draft.digest if state.draft else None
