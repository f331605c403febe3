"""The step kinds about the account: token, credits, claim link. All idempotent."""

from __future__ import annotations

from datetime import timedelta

from nemovideo_nodes.engine.kinds.kind import (
    Context,
    Intent,
    Outcome,
    StepRunner,
    Success,
    may_ask_again,
)
from nemovideo_nodes.errors import OutOfCredits, Remedy, ServiceError
from nemovideo_nodes.ledger.results import ClaimResult, CreditsResult, TokenResult
from nemovideo_nodes.ledger.run import StepRecord
from nemovideo_nodes.request.steps import CheckCredits

__all__ = ["AcquireTokenRunner", "CheckCreditsRunner", "ClaimLinkRunner"]

_CLAIM_LIFE = timedelta(days=7)


class AcquireTokenRunner(StepRunner):
    """Signs in; the journal learns the account's fingerprints, never the token."""

    async def perform(self, ctx: Context, record: StepRecord, intent: Intent | None) -> Outcome:
        await ctx.client.acquire_token()
        return Success(TokenResult(account=ctx.client.account(), anonymous=ctx.client.anonymous))


class CheckCreditsRunner(StepRunner):
    """Reads the balance; nothing left stops the run before it spends."""

    async def perform(self, ctx: Context, record: StepRecord, intent: Intent | None) -> Outcome:
        args = record.step.args
        stops = isinstance(args, CheckCredits) and args.stop_when_empty
        try:
            answer = await ctx.client.credits()
        except ServiceError as error:
            if stops or may_ask_again(error, record):
                raise
            # The video is made and paid; a balance that cannot be read must not hold it back.
            return Success(CreditsResult(available=None))
        if stops and answer.available is not None and answer.available <= 0:
            todo = "Register" if ctx.client.anonymous else "Top them up"
            raise OutOfCredits(
                f"The account has no credits left. {todo} at {ctx.client.web_url}/",
                service_code=2001,
                remedy=Remedy.CREDITS,
            )
        return Success(
            CreditsResult(available=answer.available, frozen=answer.frozen, total=answer.total)
        )


class ClaimLinkRunner(StepRunner):
    """Makes sure that a person can take the session over; the link itself is a secret."""

    async def perform(self, ctx: Context, record: StepRecord, intent: Intent | None) -> Outcome:
        session = ctx.run.session
        task = session.task_id if session else None
        try:
            await ctx.client.claim_link(ctx.session_id(), task)
        except ServiceError as error:
            if may_ask_again(error, record):
                raise
            return Success(ClaimResult(expires_at=None))  # a convenience, never worth a video
        return Success(ClaimResult(expires_at=ctx.clock.now() + _CLAIM_LIFE))
