"""The budgets that a run is charged to, and what the budgets of a store come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.engine.budgeting import may_have_been_sent
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.spending import FOLDER, Spending
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.budget import Budget, day_budget, run_budget
from nemovideo_nodes.settings import Settings

__all__ = ["BudgetState", "budget_states", "budgets_of"]


@dataclass(frozen=True)
class BudgetState:
    """One scope, and what was charged to it, in credits by estimates."""

    scope: str
    limit: float | None
    """None where no limit is set here, as for a day that is over."""
    reserved: float
    """Of messages that are about to be sent."""
    spent: float


def budgets_of(
    run: Run, settings: Settings, now: datetime, changed: Sequence[Budget] = ()
) -> list[Budget]:
    """The budgets of a run: those that it was asked for with, those of its account, and `changed`.

    Of two budgets of one scope the later one counts.
    """
    budgets = [one.on(now) for one in (run.order.budgets or ())] if run.order else []
    if settings.run_budget is not None:
        budgets.append(run_budget(run.id, settings.run_budget))
    if settings.day_budget is not None:
        account = settings.charged_account
        budgets.append(day_budget(account, settings.day_budget, now.astimezone(UTC)))
    changed = [budget.on(now) for budget in changed]
    return list({budget.scope: budget for budget in (*budgets, *changed)}.values())


def budget_states(settings: Settings, store: Store) -> list[BudgetState]:
    """What was charged to each scope of the store; a day's newest first, then the others."""
    now = SystemClock().now()
    limits: dict[str, float] = {}
    if settings.day_budget is not None:
        today = day_budget(settings.charged_account, settings.day_budget, now.astimezone(UTC))
        limits[today.scope] = today.credits
    names = sorted({*store.children(FOLDER), *limits}, reverse=True)
    names.sort(key=lambda name: not name.startswith("day-"))
    states = []
    for scope in names:
        spending = Spending(store, scope)
        spending.refresh()
        known = spending.charged(now, lambda charge: may_have_been_sent(store, charge))
        states.append(BudgetState(scope, limits.get(scope), known.reserved, known.spent))
    return states
