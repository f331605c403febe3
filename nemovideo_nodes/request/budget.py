"""Budgets: how many credits may be spent in a scope, and what one message is expected to cost."""

from __future__ import annotations

import hashlib
import math
import re
from datetime import UTC, datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from nemovideo_nodes.errors import BadInput

__all__ = [
    "Budget",
    "check_credits",
    "daily_budget",
    "day_budget",
    "named_budget",
    "run_budget",
]

_PLAIN: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")


class Budget(BaseModel):
    """A number of credits for everything that is charged to one scope."""

    model_config = ConfigDict(frozen=True)

    scope: str = Field(pattern=r"^[A-Za-z0-9._-]{1,255}$")
    """What is charged together: a run, an account's day, a calendar, a webhook source's day."""
    credits: float = Field(ge=0)
    of: str
    """Whose credits they are, as a sentence ends: `today`, `of the calendar spring`."""
    per_day: bool = False
    """Whether each day (UTC) has so many; the day is no part of the scope then."""

    def on(self, now: datetime) -> Budget:
        """The budget that counts at the time `now`: that of its day where it is for each day."""
        if not self.per_day:
            return self
        kind, _, name = self.scope.partition("-")
        day = now.astimezone(UTC).date().isoformat()
        scope = f"{kind}-{day}-{name}"[:255]
        return self.model_copy(update={"scope": scope, "per_day": False})


def check_credits(credits: object) -> float:
    """`credits`, if they are a number that a budget can be; raises `BadInput`."""
    is_number = isinstance(credits, int | float) and not isinstance(credits, bool)
    number = float(credits) if isinstance(credits, int | float) else math.nan
    if not is_number or not math.isfinite(number) or number < 0:
        raise BadInput(f"A budget is a number of credits, such as 150, not {credits!r}")
    return number


def run_budget(run_id: str, credits: float) -> Budget:
    """The budget of one run; raises `BadInput`, as the others do, for what is no number."""
    return _budget(scope=f"run-{run_id}"[:255], credits=credits, of="of the run")


def day_budget(account: str, credits: float, now: datetime) -> Budget:
    """The budget of an account for the day of `now`, in the time zone that `now` is in."""
    scope = f"day-{now.date().isoformat()}-{_plain(account)}"
    return _budget(scope=scope, credits=credits, of="today")


def named_budget(kind: str, name: str, credits: float) -> Budget:
    """The budget of a calendar, for all that is made from it."""
    return _budget(scope=f"{kind}-{_plain(name)}", credits=credits, of=f"of the {kind} {name}")


def daily_budget(kind: str, name: str, credits: float) -> Budget:
    """The budget of a webhook source, for each day."""
    of = f"of the {kind} {name} today"
    return _budget(scope=f"{kind}-{_plain(name)}", credits=credits, of=of, per_day=True)


def _budget(*, scope: str, credits: float, of: str, per_day: bool = False) -> Budget:
    return Budget(scope=scope, credits=check_credits(credits), of=of, per_day=per_day)


def _plain(name: str) -> str:
    """`name` as a part of a scope; one with other letters by its digest."""
    if _PLAIN.fullmatch(name):
        return name
    return hashlib.sha256(name.encode()).hexdigest()[:20]
