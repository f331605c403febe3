"""One step performed: the intent before the effect, and the fact of how it ended behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from nemovideo_nodes.engine.budgeting import Budgets
from nemovideo_nodes.engine.events import Event
from nemovideo_nodes.engine.kinds import REGISTRY
from nemovideo_nodes.engine.kinds.kind import (
    Context,
    Failure,
    Intent,
    Outcome,
    Success,
    failure_of,
)
from nemovideo_nodes.engine.lease import LeaseKeeper
from nemovideo_nodes.engine.outcome import fact_of, refused
from nemovideo_nodes.engine.plan import Perform, Reconcile
from nemovideo_nodes.errors import ErrorCode, NemoVideoError, Remedy
from nemovideo_nodes.ledger.facts import Intended, Noted
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.run import StepRecord
from nemovideo_nodes.ledger.step import StepState
from nemovideo_nodes.request.steps import Idempotency, StepName
from nemovideo_nodes.telemetry import Attributes, count_credits, logger, step_span

__all__ = ["StepPerformer"]

_log = logger(__name__)


class StepPerformer:
    """Performs the steps of one run for one worker, which holds the lease."""

    def __init__(
        self,
        ctx: Context,
        journal: Journal,
        lease: LeaseKeeper,
        budgets: Budgets,
        tell: Callable[[Event], None],
    ) -> None:
        self._ctx = ctx
        self._journal = journal
        self._lease = lease
        self._budgets = budgets
        self._me = lease.me
        self._tell = tell

    async def perform(self, decision: Perform | Reconcile, planned: int) -> None:
        """One effect, or one look at how an effect ended, and the fact of how that went."""
        record = decision.record
        looked = {"nemovideo.step.reconciles": isinstance(decision, Reconcile)}
        with step_span(record.step.id, record.step.node.value, looked) as told:
            await self._perform(decision, planned, told)

    async def _perform(
        self, decision: Perform | Reconcile, planned: int, told: Callable[[Attributes], None]
    ) -> None:
        record = decision.record
        step = record.step
        runner, idempotency = REGISTRY[step.node].runner, step.kind.idempotency
        ctx = self._ctx
        self._tell(Event("begin", step.id, record=record, position=self._position(record)))
        key = record.intent.key if record.intent else None
        is_look = isinstance(decision, Reconcile) or record.state is StepState.ABSENT
        acted = False
        try:
            if isinstance(decision, Reconcile):
                assert record.intent is not None
                outcome = await runner.reconcile(ctx, record, record.intent)
            elif idempotency is Idempotency.IDEMPOTENT:
                outcome = await runner.perform(ctx, record, None)
            else:
                intended = (
                    Intent(decision.key) if decision.key else await runner.intend(ctx, record)
                )
                if isinstance(intended, Intent) and (
                    over := await self._budgets.reserve(record, intended.key)
                ):
                    intended = _over_budget(over)
                if isinstance(intended, Intent):
                    # Whoever waits for a token waits before the time that is left is looked at.
                    if step.kind.at_service:
                        await self._ctx.client.acquire_token()
                    key = intended.key
                    # A repetition has its intent already.
                    if decision.key is None and not await self._intended(record, intended, planned):
                        return
                    acted = True
                    if self._lease.is_mine() and self._budgets.is_live():
                        outcome = await runner.perform(ctx, record, intended)
                    else:
                        outcome = self._too_late(record)
                else:
                    outcome = intended
        except NemoVideoError as error:
            outcome = failure_of(error, ctx, record, idempotency, me=self._me)
            if isinstance(outcome, Failure) and is_look:
                # The open intent stays open: a failed look proves nothing about it.
                outcome = replace(outcome, verdict="stopped")
        told(_ending(outcome))
        _log.debug("%s: %s", step.id, _ending(outcome)["nemovideo.step.outcome"])
        if acted and step.node is StepName.PROMPT and not _was_refused(outcome):
            order = self._ctx.run.order
            count_credits(self._budgets.estimate(record), order.profile.name if order else "")
        await self._ended(record, key, outcome, planned, acted=acted)
        await self._budgets.settle(record)

    def _position(self, record: StepRecord) -> tuple[int, int]:
        together = [
            one.step.id
            for one in self._ctx.run.steps.values()
            if one.step.node is record.step.node and one.asked_at == record.asked_at
        ]
        return together.index(record.step.id) + 1, len(together)

    def _too_late(self, record: StepRecord) -> Failure:
        """The time ran out between the intent and the effect: whoever has the run now may act."""
        return Failure(
            "stopped" if record.state is StepState.ABSENT else "not_accepted",
            "This process was held up for longer than its lease on the run lasts",
            resumable=True,
            repeat_at=self._ctx.clock.now(),
            repeats=1,
        )

    async def _intended(self, record: StepRecord, intent: Intent, planned: int) -> bool:
        """Write the intent down; False, with nothing written, if the run may not be ours now."""
        if not self._lease.is_mine():
            return False
        fact = Intended(
            at=self._ctx.clock.now(),
            by=self._me,
            step=record.step.id,
            key=intent.key,
            evidence=intent.evidence,
        )
        try:
            unsafe = record.step.kind.idempotency is Idempotency.UNSAFE
            return await self._journal.appended(fact, planned, marked=unsafe)
        except asyncio.CancelledError:
            if self._ctx.run.facts and self._ctx.run.facts[-1] is fact:
                sentence = "It was cancelled before it was sent"
                await self._record_refusal(record.step.id, intent.key, sentence, resumable=True)
            raise

    async def _ended(
        self, record: StepRecord, key: str | None, outcome: Outcome, planned: int, *, acted: bool
    ) -> None:
        """Write down what came of it.

        How an effect ended is true whatever others wrote meanwhile; what was only looked at
        counts while nobody else has moved the run on, and is looked at again otherwise.
        """
        step = record.step.id
        fact = fact_of(
            outcome, self._ctx.run, step, key, self._ctx.clock.now(), self._me, acted=acted
        )
        await self._lease.confirm()
        if acted and not isinstance(fact, Noted):
            await self._journal.recorded(fact)
        elif not await self._journal.appended(fact, planned):
            if acted:
                # Others went on, maybe in a new session: for this effect it was a refusal.
                await self._record_refusal(step, key, "The run moved on meanwhile")
            return
        if isinstance(outcome, Success):
            self._tell(Event("end", step, record=self._ctx.run.steps[step]))

    async def _record_refusal(
        self, step: str, key: str | None, sentence: str, *, resumable: bool = False
    ) -> None:
        failure = Failure("not_accepted", sentence, resumable=resumable)
        await self._journal.recorded(refused(failure, step, key, self._ctx.clock.now(), self._me))


def _ending(outcome: Outcome) -> dict[str, str]:
    """How a step ended, as a span tells it: codes alone."""
    if isinstance(outcome, Failure):
        return {
            "nemovideo.step.outcome": "refused",
            "error.type": outcome.error_code or outcome.verdict,
        }
    return {"nemovideo.step.outcome": "done" if isinstance(outcome, Success) else "waits"}


def _was_refused(outcome: Outcome) -> bool:
    return isinstance(outcome, Failure) and outcome.verdict == "not_accepted"


def _over_budget(sentence: str) -> Failure:
    """Nothing was sent: a person releases the run, or the next day does."""
    return Failure(
        "not_accepted",
        sentence,
        error_code=ErrorCode.OVER_BUDGET,
        remedy=Remedy.RELEASE,
        resumable=True,
    )
