"""What the outcome of an effect means for the journal: the fact that is written down."""

from __future__ import annotations

from datetime import datetime

from nemovideo_nodes.engine.kinds.kind import (
    ApprovalOutdated,
    AskApproval,
    Failure,
    NotReceived,
    Outcome,
    RetryAt,
    SessionLost,
    Success,
    UpstreamFailed,
)
from nemovideo_nodes.errors import ErrorCode, Remedy, redact
from nemovideo_nodes.ledger.facts import (
    FORMAT,
    FORMAT_2,
    Achieved,
    Asked,
    Deferred,
    Fact,
    Noted,
    Refused,
)
from nemovideo_nodes.ledger.results import ApprovalResult, PromptResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.request.script import numbered
from nemovideo_nodes.request.steps import Approve, ReadState

__all__ = ["MAX_SESSIONS_LOST", "fact_of", "refused"]

MAX_SESSIONS_LOST = 3


def fact_of(
    outcome: Outcome, run: Run, step: str, key: str | None, at: datetime, by: str, *, acted: bool
) -> Fact:
    """The fact of how `step` of `run` went, under the intent `key`.

    `acted`: whether the outcome is that of an effect, and not of a mere look at one.
    """
    match outcome:
        case Success():
            return Achieved(
                v=FORMAT_2 if _is_newer(outcome) else FORMAT,
                at=at,
                by=by,
                step=step,
                key=key,
                result=outcome.result,
            )
        case RetryAt():
            return Deferred(
                at=at,
                by=by,
                step=step,
                key=key,
                until=outcome.until,
                why=redact(outcome.why),
                reads=outcome.reads,
                draft_digest=outcome.draft_digest,
                missing=outcome.missing,
                outline=outcome.outline,
                partial_turn=outcome.partial_turn,
            )
        case Failure():
            return refused(outcome, step, key, at, by)
        case UpstreamFailed():
            failed = Failure("failed", outcome.sentence, error_code=ErrorCode.RENDER_FAILED)
            return refused(failed, outcome.step, outcome.key, at, by)
        case NotReceived():
            return Noted(at=at, by=by, topic="again", step=step, text=outcome.why)
        case AskApproval():
            return Noted(
                v=FORMAT_2,
                at=at,
                by=by,
                topic="presented",
                step=step,
                presented=outcome.presented,
            )
        case ApprovalOutdated():
            return _asked_again(outcome, run, at, by)
        case SessionLost():
            # The answer proves that this very effect was not accepted; a mere look proves nothing.
            failure = _not_rebuilt(outcome, run, but=step if acted else None)
            if failure is not None:
                return refused(failure, step, key, at, by)
            return Noted(at=at, by=by, topic="session_lost", text=outcome.sentence)


def _is_newer(outcome: Success) -> bool:
    """Whether an earlier version would pass it over: a turn that ended with a question, a word."""
    result = outcome.result
    asks = isinstance(result, PromptResult) and result.question is not None
    return asks or isinstance(result, ApprovalResult)


def _asked_again(outdated: ApprovalOutdated, run: Run, at: datetime, by: str) -> Asked:
    """One more look, and one more approval, of what has changed since the last one."""
    approved = run.steps[outdated.approval].step.args
    assert isinstance(approved, Approve)
    return Asked(
        v=FORMAT_2,
        at=at,
        by=by,
        steps=numbered([ReadState(), approved], run.steps),
        after=outdated.approval,
    )


def refused(failure: Failure, step: str, key: str | None, at: datetime, by: str) -> Refused:
    """The fact of a failure."""
    return Refused(
        at=at,
        by=by,
        step=step,
        key=key,
        verdict=failure.verdict,
        sentence=redact(failure.sentence),
        code=failure.code,
        error_code=failure.error_code,
        remedy=failure.remedy,
        call=failure.call,
        resumable=failure.resumable,
        repeat_at=failure.repeat_at,
        repeats=failure.repeats,
    )


def _not_rebuilt(lost: SessionLost, run: Run, *, but: str | None) -> Failure | None:
    """Why a lost session is not made anew; None while nothing in it was paid for, or on request.

    `but`: the step that is known not to have been accepted in it.
    """
    if run.session is None:
        return Failure(
            "not_accepted", lost.sentence, code=1002, error_code=ErrorCode.SESSION_NOT_FOUND
        )
    rebuild = run.order is not None and run.order.request.limits.on_lost_session == "rebuild"
    used = run.session_used(but=but)
    if run.sessions_lost < MAX_SESSIONS_LOST and (rebuild or not used):
        return None
    again = "paid again, so that is not done by itself" if used else "made again"
    return Failure(
        "stopped",
        f"{lost.sentence}. What was made in it is gone and would have to be {again}",
        code=1002,
        error_code=ErrorCode.SESSION_NOT_FOUND,
        remedy=Remedy.RESEND,
    )
