"""Budgets: how many credits may be spent in a scope, and what one message is expected to cost."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from nemovideo_nodes.request.estimate import EDIT, GENERATION

__all__ = ["Budget", "day_budget", "message_estimate", "named_budget", "run_budget"]

_PLAIN: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")


class Budget(BaseModel):
    """A number of credits for everything that is charged to one scope."""

    model_config = ConfigDict(frozen=True)

    scope: str = Field(pattern=r"^[A-Za-z0-9._-]{1,255}$")
    """What is charged together: a run, an account's day, a calendar, a webhook source's day."""
    credits: float = Field(ge=0)
    of: str
    """Whose credits they are, as a sentence ends: `today`, `of the calendar spring`."""


def run_budget(run_id: str, credits: float) -> Budget:
    """The budget of one run."""
    return Budget(scope=f"run-{run_id}"[:255], credits=credits, of="of the run")


def day_budget(account: str, credits: float, now: datetime) -> Budget:
    """The budget of an account for the day of `now`, in the time zone that `now` is in."""
    scope = f"day-{now.date().isoformat()}-{_plain(account)}"
    return Budget(scope=scope, credits=credits, of="today")


def named_budget(kind: str, name: str, credits: float, now: datetime | None = None) -> Budget:
    """The budget of a calendar or a webhook source; with `now`, for its day alone."""
    day = f"{now.date().isoformat()}-" if now else ""
    of = f"of the {kind} {name}" + (" today" if now else "")
    return Budget(scope=f"{kind}-{day}{_plain(name)}", credits=credits, of=of)


def message_estimate(messages: int, videos: int) -> float:
    """What the next message is expected to cost, where so many went before it.

    The first message of each video is a generation, and every other one an edit, as
    `estimate.estimate_of` counts them.
    """
    return GENERATION if messages < max(videos, 1) else EDIT


def _plain(name: str) -> str:
    """`name` as a part of a scope; one with other letters by its digest."""
    if _PLAIN.fullmatch(name):
        return name
    return hashlib.sha256(name.encode()).hexdigest()[:20]
