"""The budgets that a run is charged to, and what the budgets of a store come to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.engine.budgeting import may_have_been_sent
from nemovideo_nodes.ledger.costs import COSTS, past_costs
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.spending import FOLDER, Spending
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.budget import Budget, day_budget, run_budget
from nemovideo_nodes.request.estimate import Estimate, cost_key, estimate_of, past_credits
from nemovideo_nodes.request.model import VideoRequest
from nemovideo_nodes.settings import Settings

__all__ = [
    "BudgetState",
    "budget_states",
    "budgets_of",
    "clean_budgets",
    "cost_scale",
    "expected_cost",
    "totals",
]

_COSTS_LAST: Final = timedelta(days=180)
"""What runs cost earlier tells of other prices."""


@dataclass(frozen=True)
class BudgetState:
    """One scope, and what was charged to it, in credits by estimates."""

    scope: str
    limit: float | None
    """What is set here, else what it was when it was charged last; None where nothing says."""
    reserved: float
    """Of messages that are about to be sent."""
    spent: float
    kind: str = ""
    """`day` (an account's), `calendar`, `source` or `run`."""
    day: str = ""
    """`2026-03-02`, of an account's day and of a webhook source's."""
    name: str = ""
    """The account, calendar, webhook source or run."""


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


def expected_cost(store: Store, request: VideoRequest) -> Estimate:
    """What a request is expected to cost, by what like ones cost in this store."""
    return estimate_of(request, past_credits(past_costs(store), cost_key(request)))


def cost_scale(store: Store, run: Run) -> float:
    """How many times the documented costs like requests have cost in this store."""
    if run.order is None:
        return 1.0
    documented = estimate_of(run.order.request).credits
    return expected_cost(store, run.order.request).credits / documented if documented else 1.0


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
        limit = limits.get(scope, spending.limit)
        parts = _parts(scope, spending.label)
        states.append(BudgetState(scope, limit, known.reserved, known.spent, *parts))
    return states


_SCOPE = re.compile(r"(day|calendar|source|run)-(?:(\d{4}-\d\d-\d\d)-)?(.*)")


def _parts(scope: str, label: str) -> tuple[str, str, str]:
    """Kind, day and name of a scope; the name as its label writes it."""
    found = _SCOPE.fullmatch(scope)
    if found is None:
        return "", "", scope
    kind, day, name = found[1], found[2] or "", found[3]
    told = label.removeprefix(f"of the {kind} ").removesuffix(" today")
    is_named = kind in ("calendar", "source") and told != label and told
    return kind, day, told if is_named else name


def totals(states: Iterable[BudgetState], by: str) -> list[BudgetState]:
    """What was charged by `day`, `account`, `calendar` or `source`, over all that has the same."""
    kind = "day" if by in ("day", "account") else by
    known: dict[str, BudgetState] = {}
    for one in states:
        if one.kind != kind:
            continue
        name = one.day if by == "day" else one.name
        before = known.get(name)
        known[name] = BudgetState(
            f"{by}-{name}",
            one.limit if by == "calendar" else None,
            one.reserved + (before.reserved if before else 0.0),
            one.spent + (before.spent if before else 0.0),
            kind,
            one.day if by == "day" else "",
            "" if by == "day" else one.name,
        )
    return list(known.values())


def clean_budgets(store: Store, older_than: timedelta, gone: Sequence[str], now: datetime) -> int:
    """Take away what no budget needs any more; how many files went.

    Days that are over for so long go as a whole, the budgets of the runs that are `gone`, too; of
    the others the entries that a sum has. What is younger than two days stays.
    """
    before = now - max(older_than, timedelta(days=2))
    names: list[str] = []
    for scope in store.children(FOLDER):
        kind, day, name = _parts(scope, "")
        is_over = bool(day) and day < before.astimezone(UTC).date().isoformat()
        if is_over or (kind == "run" and name in gone):
            names += [one.name for one in store.files(f"{FOLDER}/{scope}")]
        else:
            names += Spending(store, scope).tidy(before)
    names += [one.name for one in store.files(COSTS) if one.at < now - _COSTS_LAST]
    store.remove(names)
    return len(names)
