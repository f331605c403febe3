"""What past runs cost: an object in the store for each, whose name says it all.

So one list of the folder `costs` tells what like requests cost, and nothing has to be read.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from nemovideo_nodes.ledger.facts import Asked, Intended
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.estimate import PastCost, cost_key
from nemovideo_nodes.request.steps import StepName

__all__ = ["COSTS", "past_costs", "record_cost"]

COSTS: Final = "costs"
_TIME: Final = "%Y%m%dT%H%M%SZ"
_MOST: Final = 1_000
"""The newest ones; older ones tell of other prices."""


def record_cost(store: Store, run: Run, credits: float | None) -> None:
    """Keep what a finished run cost, once; nothing where that is not known."""
    sent = [fact for fact in run.facts if isinstance(fact, Intended)]
    sent = [one for one in sent if one.step.partition("/")[0] == StepName.PROMPT]
    refined = any(isinstance(fact, Asked) and fact.said for fact in run.facts)
    if credits is None or credits <= 0 or not sent or refined or run.order is None:
        return
    ended = max((one.achieved.at for one in run.steps.values() if one.achieved), default=None)
    if ended is None:
        return
    times = f"{sent[0].at.astimezone(UTC):{_TIME}}_{ended.astimezone(UTC):{_TIME}}"
    name = f"{cost_key(run.order.request)}_{times}_{credits:.12g}_{run.id}"
    store.create(f"{COSTS}/{name}", b"{}")


def past_costs(store: Store) -> list[PastCost]:
    """What is known of the newest runs; what cannot be read is passed by."""
    found = sorted(store.files(COSTS), key=lambda one: one.at)[-_MOST:]
    costs = (_cost_in(one.name.rpartition("/")[2]) for one in found)
    return [one for one in costs if one is not None]


def _cost_in(name: str) -> PastCost | None:
    profile, *rest = name.split("_", 7)
    if len(rest) != 7:
        return None
    length, messages, videos, began, ended, credits, _ = rest
    try:
        return PastCost(
            "_".join((profile, length, messages, videos)),
            datetime.strptime(began, _TIME).replace(tzinfo=UTC),
            datetime.strptime(ended, _TIME).replace(tzinfo=UTC),
            float(credits),
        )
    except ValueError:
        return None
