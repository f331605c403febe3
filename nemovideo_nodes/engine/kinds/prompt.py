"""The prompt: one message, never sent twice by itself. What it costs, it costs once."""

from __future__ import annotations

from datetime import timedelta

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
from nemovideo_nodes.engine.polling import RECONCILE_READS, reconcile_wait, settle_wait
from nemovideo_nodes.errors import (
    BadInput,
    ErrorCode,
    Refused,
    Remedy,
    ServiceError,
    Unreachable,
    redact,
)
from nemovideo_nodes.language.changes import language_of
from nemovideo_nodes.ledger.facts import Evidence, Intended
from nemovideo_nodes.ledger.facts import Refused as RefusedFact
from nemovideo_nodes.ledger.results import PromptResult
from nemovideo_nodes.ledger.run import StepRecord
from nemovideo_nodes.ledger.step import StepState
from nemovideo_nodes.request.steps import Prompt
from nemovideo_nodes.wire.draft import Draft, is_only_added_to
from nemovideo_nodes.wire.models import StateAnswer
from nemovideo_nodes.wire.turn import StreamEvent, StreamEventKind, Turn

__all__ = ["PromptRunner"]

_SECOND_STAGE = timedelta(hours=1)
"""How long after a turn its second stage may come, generously."""
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
                ctx.session_id(), _message(record.step.args), on_event=show, repeat=False
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
        is_changed = before is not None and _draft_digest(state) != before.draft_digest
        is_explained = is_changed and _is_explained(ctx, record, intent, state, partial_turn)
        if is_changed and not is_explained:
            found = partial_turn or PromptResult()
            return Success(found.model_copy(update={"reconciled": True}))
        if record.refused is not None and record.state is StepState.UNKNOWN:
            return _again_unknown(record.refused)
        reads = (seen.reads if seen else 0) + 1
        why = seen.why if seen else f"{_CUT}; {_LOOKING}"
        if reads < RECONCILE_READS:
            return _look(ctx, reads, why, partial_turn)
        made = before is not None and state.media_digest != before.media_digest
        why = why.removesuffix(f"; {_LOOKING}")
        return _unknown(why, made=made, is_explained=is_explained)


def _message(args: Prompt) -> str:
    """What is sent: the instruction, and which of the session's media it is about."""
    if not args.shows:
        return args.text
    sentence = _SHOWS[language_of(args.text)].format(", ".join(args.shows))
    return f"{args.text}\n\n{sentence}"


_SHOWS = {
    "en": "Make a new video that shows only this file: {}",
    "zh": "请制作一个新视频，只用这个文件：{}",
}


def _ended(ctx: Context, turn: Turn) -> Outcome:
    partial_turn = PromptResult(
        replies=tuple(redact(reply) for reply in turn.replies),
        tools=tuple(turn.tools),
        silent=turn.silent,
        note=turn.error,
        question=turn.question,
    )
    if turn.question is not None:
        # Whoever is asked was heard, and only the answer goes on, however the stream ended.
        return Success(partial_turn)
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


def _is_explained(
    ctx: Context,
    record: StepRecord,
    intent: Intended,
    state: StateAnswer,
    partial_turn: PromptResult | None,
) -> bool:
    """Whether the change may be the turn before's: its second stage adds music or a title [V].

    Then it proves nothing about this message, unless its own stream has shown it at work.
    """
    if partial_turn is not None and (partial_turn.replies or partial_turn.tools):
        return False
    earlier = [
        other.achieved.at
        for other in ctx.run.steps.values()
        if other is not record and isinstance(other.step.args, Prompt) and other.achieved
    ]
    if not any(abs(intent.at - at) < _SECOND_STAGE for at in earlier):
        return False
    outline = intent.evidence.outline if intent.evidence else None
    if outline is None or state.draft is None:
        return outline is None and state.draft is not None
    return is_only_added_to(Draft(outline), Draft(state.draft.outline() or "{}"))


def _unknown(reason: str, *, made: bool, is_explained: bool) -> Failure:
    media = ", though new media appeared in the session" if made else ""
    if is_explained:
        media = " but for music or a title, which the service may have added to the edit before"
    return Failure(
        "unknown",
        f"It cannot be known what became of the message. {reason}, and the timeline has not "
        f"changed since{media}. It may have been paid for, so it is not sent again by itself",
        error_code=ErrorCode.OUTCOME_UNKNOWN,
        remedy=Remedy.RESEND,
    )


def _again_unknown(refused: RefusedFact) -> Failure:
    """Another look has shown nothing new."""
    return Failure(
        "unknown",
        refused.sentence,
        error_code=refused.error_code,
        remedy=refused.remedy,
    )


def _draft_digest(state: StateAnswer) -> str | None:
    return state.draft.digest if state.draft else None
