"""The units about the account: token, credits, claim link. All SAFE."""

from __future__ import annotations

from datetime import timedelta

from nemovideo_nodes.engine.kinds.kind import Context, Intent, Node, Outcome, Success
from nemovideo_nodes.errors import OutOfCredits, ServiceError
from nemovideo_nodes.ledger.facts import ClaimResult, CreditsResult, TokenResult
from nemovideo_nodes.ledger.run import StepRecord
from nemovideo_nodes.request.steps import CheckCredits

__all__ = ["AcquireTokenNode", "CheckCreditsNode", "ClaimLinkNode"]

_CLAIM_LIFE = timedelta(days=7)


class AcquireTokenNode(Node):
    """Signs in; the journal learns the account's fingerprints, never the token."""

    async def perform(self, ctx: Context, record: StepRecord, intent: Intent | None) -> Outcome:
        await ctx.client.acquire_token()
        return Success(TokenResult(account=ctx.client.account(), anonymous=ctx.client.anonymous))


class CheckCreditsNode(Node):
    """Reads the balance; nothing left stops the run before it spends."""

    async def perform(self, ctx: Context, record: StepRecord, intent: Intent | None) -> Outcome:
        args = record.step.args
        stops = isinstance(args, CheckCredits) and args.stop_when_empty
        try:
            answer = await ctx.client.credits()
        except ServiceError:
            if stops:
                raise
            # The video is made and paid; a balance that cannot be read must not hold it back.
            return Success(CreditsResult(available=None))
        if stops and answer.available is not None and answer.available <= 0:
            todo = "register" if ctx.client.anonymous else "top up your credits"
            raise OutOfCredits(
                f"The account has no credits left: {todo} at {ctx.client.web_url}/, "
                "then run the same command again",
                service_code=2001,
            )
        return Success(
            CreditsResult(available=answer.available, frozen=answer.frozen, total=answer.total)
        )


class ClaimLinkNode(Node):
    """Makes sure that a person can take the session over; the link itself is a secret."""

    async def perform(self, ctx: Context, record: StepRecord, intent: Intent | None) -> Outcome:
        session = ctx.run.session
        task = session.task_id if session else None
        try:
            await ctx.client.claim_link(ctx.session_id(), task)
        except ServiceError:
            return Success(ClaimResult(expires_at=None))  # a convenience, never worth a video
        return Success(ClaimResult(expires_at=ctx.clock.now() + _CLAIM_LIFE))
