"""Credits reserved before a message goes out, in each budget that the run is charged to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nemovideo_nodes.clock import Clock
from nemovideo_nodes.engine.plan import LEASE, SKEW
from nemovideo_nodes.errors import ErrorCode
from nemovideo_nodes.language.counting import amount
from nemovideo_nodes.ledger.facts import Intended
from nemovideo_nodes.ledger.facts import Refused as RefusedFact
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.run import Run, StepRecord
from nemovideo_nodes.ledger.spending import Charge, Charged, Spending
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.budget import Budget
from nemovideo_nodes.request.estimate import message_costs
from nemovideo_nodes.request.steps import StepName

__all__ = ["Budgets", "is_over_budget", "may_have_been_sent"]

_MARGIN = timedelta(seconds=5)


@dataclass(frozen=True)
class _Reserved:
    charge: Charge
    in_scopes: tuple[tuple[Spending, Charge], ...]
    """Each with the charge as it stands there."""

    def end(self, at: datetime, credits: float) -> None:
        ended = {"at": at, "kind": "ended", "until": None, "credits": credits}
        for scope, charge in self.in_scopes:
            scope.end(charge.model_copy(update=ended))


class Budgets:
    """The budgets of one run. Without any, nothing is read or written."""

    def __init__(
        self,
        store: Store,
        run: Run,
        clock: Clock,
        budgets: Sequence[Budget],
        *,
        me: str,
        scale: float = 1.0,
    ) -> None:
        """`scale`: how many times the documented costs like requests have cost."""
        self._me = me
        self._scale = scale
        self._store = store
        self._run = run
        self._clock = clock
        self._budgets = tuple(budgets)
        self._scopes = {one.scope: Spending(store, one.scope) for one in budgets}
        self._reserved: _Reserved | None = None

    async def reserve(self, record: StepRecord, key: str) -> str | None:
        """Reserve what the message of `record` may cost; why not, where it does not fit."""
        self._reserved = None
        if not self._budgets or record.step.node is not StepName.PROMPT:
            return None
        now = self._clock.now()
        charge = Charge(
            at=now,
            run=self._run.id,
            step=record.step.id,
            key=key,
            by=self._me,
            credits=self.estimate(record),
            until=now + LEASE + SKEW,
        )
        return await asyncio.to_thread(self._reserve, charge)

    def is_live(self) -> bool:
        """Whether what was reserved counts still; asked right before the message is sent."""
        until = self._reserved.charge.until if self._reserved else None
        return until is None or self._clock.now() + SKEW + _MARGIN < until

    async def settle(self, record: StepRecord) -> None:
        """Note what the message counts, once its end is known; doubt counts as sent."""
        reserved, self._reserved = self._reserved, None
        if reserved is None:
            return
        sent = _was_sent(self._run, reserved.charge)
        if sent and record.achieved is None:
            return  # the reservation stays, and counts while the journal shows the intent
        credits = reserved.charge.credits if sent else 0.0
        await asyncio.to_thread(reserved.end, self._clock.now(), credits)

    def _reserve(self, charge: Charge) -> str | None:
        taken: list[tuple[Spending, Charge]] = []
        for budget in self._budgets:
            scope = self._scopes[budget.scope]
            limit = None if self._run.over_budget_allowed else budget.credits
            own = charge.model_copy(update={"label": budget.of, "limit": budget.credits})
            known = scope.reserve(own, limit, lambda one: may_have_been_sent(self._store, one))
            if known is not None:
                _Reserved(charge, tuple(taken)).end(charge.at, 0.0)
                return _sentence(budget, known, charge)
            taken.append((scope, own))
        self._reserved = _Reserved(charge, tuple(taken))
        return None

    def estimate(self, record: StepRecord) -> float:
        """What the message of `record` is expected to cost, in credits."""
        records = list(self._run.steps.values())
        messages = [one.step.id for one in records if one.step.node is StepName.PROMPT]
        costs = message_costs(one.step.args for one in records)
        return costs[messages.index(record.step.id)] * self._scale


def may_have_been_sent(store: Store, charge: Charge) -> bool:
    """Whether the message of a reservation may have been sent, by the journal of its run."""
    run = Journal(store, charge.run).refresh()
    return run.seq == 0 or _was_sent(run, charge)  # a run that was deleted may have paid


def is_over_budget(run: Run) -> bool:
    """Whether a message of the run waits for credits of a budget."""
    return any(
        not record.achieved
        and record.refused is not None
        and record.refused.error_code == ErrorCode.OVER_BUDGET
        for record in run.steps.values()
    )


def _was_sent(run: Run, charge: Charge) -> bool:
    sent = False
    for fact in run.facts:
        if isinstance(fact, Intended) and (fact.step, fact.key) == (charge.step, charge.key):
            sent = True
        elif isinstance(fact, RefusedFact) and (fact.step, fact.key) == (charge.step, charge.key):
            sent = sent and fact.verdict != "not_accepted"
    return sent or run.unreadable > 0


def _sentence(budget: Budget, known: Charged, charge: Charge) -> str:
    total = known.total + charge.credits
    return f"Over budget: {amount(total)} of {amount(budget.credits)} credits {budget.of}"
