"""What a node is given, what it gives back, and what an error of the service means for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.clock import Clock
from nemovideo_nodes.engine.plan import Repetition
from nemovideo_nodes.errors import (
    BadInput,
    NemoVideoError,
    NotFound,
    RateLimited,
    Refused,
    ServiceError,
    SessionNotFound,
    TokenInvalid,
    Unreachable,
    VideoInvalid,
)
from nemovideo_nodes.ledger.facts import Evidence, Intended, PromptResult, Result, Verdict
from nemovideo_nodes.ledger.run import Run, StepRecord
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.settings import Pace
from nemovideo_nodes.wire.draft import Draft

__all__ = [
    "Broken",
    "Context",
    "Failure",
    "Intent",
    "Missing",
    "Node",
    "Outcome",
    "Postponed",
    "Progress",
    "SessionLost",
    "Success",
    "failure_of",
]

LONGEST_WAIT_S = 300.0
"""A `Retry-After` beyond this is told to the user instead of waited for."""
_BACKOFF_S = (1.0, 5.0, 15.0, 30.0)


@dataclass(frozen=True)
class Progress:
    """Something to show while a step is at work."""

    step: str
    kind: Literal["bytes", "text", "tool", "alive", "fraction"]
    text: str = ""
    done: float = 0.0
    total: float | None = None


@dataclass(frozen=True)
class Context:
    """What every node works with."""

    client: NemoVideoClient
    store: Store
    run: Run
    pace: Pace
    clock: Clock
    report: Callable[[Progress], None]

    def session_id(self) -> str:
        """The run's session; raises `BadInput` where there is none yet."""
        session = self.run.session
        if session is None:
            raise BadInput("This run has no session yet: create one first")
        return session.session_id

    def later(self, seconds: float) -> datetime:
        """The time in so many seconds."""
        return self.clock.now() + timedelta(seconds=seconds)


@dataclass(frozen=True)
class Intent:
    """What is written down before an effect."""

    key: str
    evidence: Evidence | None = None
    draft: Draft | None = None
    """What the effect needs in hand; it is not written down."""


@dataclass(frozen=True)
class Success:
    """The step is achieved."""

    result: Result


@dataclass(frozen=True)
class Postponed:
    """Look again at `until`; an open intent stays open."""

    until: datetime
    why: str
    reads: int = 0
    draft_digest: str | None = None
    outline: str | None = None
    missing: int = 0
    heard: PromptResult | None = None


@dataclass(frozen=True)
class Failure:
    """The step is refused; see `ledger.facts.Refused`."""

    verdict: Verdict
    sentence: str
    code: int | None = None
    resumable: bool = False
    repeat_at: datetime | None = None
    repeats: int = 0


@dataclass(frozen=True)
class Broken:
    """Another step, which was achieved, turns out to have failed: a render."""

    step: str
    key: str
    sentence: str


@dataclass(frozen=True)
class Missing:
    """The service does not have what the open intent wanted: do it again with the same key."""

    why: str


@dataclass(frozen=True)
class SessionLost:
    """The service does not know the run's session any more (1002)."""

    sentence: str


Outcome = Success | Postponed | Failure | Broken | Missing | SessionLost


class Node:
    """One task unit. A SAFE one needs `perform` alone."""

    async def intend(self, ctx: Context, record: StepRecord) -> Intent | Outcome:
        """What to write down before the effect, or why there is to be none now."""
        raise AssertionError(f"{type(self).__name__} has no effect to intend")

    async def perform(self, ctx: Context, record: StepRecord, intent: Intent | None) -> Outcome:
        """Do it; may raise any `NemoVideoError`."""
        raise AssertionError(f"{type(self).__name__} cannot be performed")

    async def reconcile(self, ctx: Context, record: StepRecord, intent: Intended) -> Outcome:
        """Find out how an open intent ended."""
        raise AssertionError(f"{type(self).__name__} leaves nothing to reconcile")


def failure_of(
    error: NemoVideoError, ctx: Context, record: StepRecord, repetition: Repetition, *, me: str
) -> Outcome:
    """The one place that says what an error of the service means for a step.

    A message of unknown outcome does not come here: its node knows how to look for it.
    """
    sentence = error.sentence
    tries = record.refusals.get(me, 0)
    # Who wants a quick rhythm after a rate limit wants it after a broken connection, too.
    wait = min(_BACKOFF_S[min(tries, len(_BACKOFF_S) - 1)], ctx.pace.rate_limit_s)
    backoff = ctx.later(wait)
    if isinstance(error, VideoInvalid):
        return Failure("stopped", sentence, resumable=True, repeat_at=backoff, repeats=1)
    if not isinstance(error, ServiceError):
        return Failure("not_accepted", sentence)
    if isinstance(error, SessionNotFound):
        return SessionLost(sentence)
    if isinstance(error, RateLimited):
        wait = ctx.pace.rate_limit_s if error.retry_after is None else error.retry_after
        if wait > LONGEST_WAIT_S:
            sentence += f"; it wants to be asked again in {_span(wait)}"
            return Failure("not_accepted", sentence, code=error.service_code, resumable=True)
        return Failure(
            "not_accepted",
            sentence,
            code=error.service_code,
            resumable=True,
            repeat_at=ctx.later(wait),
            repeats=1,
        )
    if isinstance(error, TokenInvalid) and repetition is Repetition.NEVER and ctx.client.anonymous:
        # The client has renewed the token; the refused message may be repeated once.
        return Failure(
            "not_accepted", sentence, code=error.service_code, repeat_at=ctx.clock.now(), repeats=1
        )
    if isinstance(error, Refused):
        if type(error) in (Refused, NotFound):  # nothing documented, and so no way on
            sentence += ". The same command tries it again"
        return Failure("not_accepted", sentence, code=error.service_code, resumable=error.retryable)
    verdict: Verdict = "not_accepted" if isinstance(error, Unreachable) else "stopped"
    return Failure(verdict, sentence, resumable=True, repeat_at=backoff, repeats=2)


def _span(seconds: float) -> str:
    hours = seconds / 3600
    if hours >= 48:
        return f"{hours / 24:.0f} days"
    return f"{hours:.0f} hours" if hours >= 2 else f"{seconds / 60:.0f} minutes"
