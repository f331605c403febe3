"""What a step runner gets, what it returns, and what an error of the service means for it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.clock import Clock
from nemovideo_nodes.engine.kinds.publisher import OpenPublisher, no_publisher
from nemovideo_nodes.engine.polling import LONGEST_WAIT_S
from nemovideo_nodes.errors import (
    BadInput,
    ErrorCode,
    NemoVideoError,
    NotFound,
    RateLimited,
    Refused,
    Remedy,
    ServiceError,
    SessionNotFound,
    TokenInvalid,
    Unreachable,
    VideoInvalid,
    is_retryable,
)
from nemovideo_nodes.ledger.facts import Evidence, Intended, Presented, Verdict
from nemovideo_nodes.ledger.results import PromptResult, Result
from nemovideo_nodes.ledger.run import Run, StepRecord
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.handover import Uploaded
from nemovideo_nodes.request.steps import Idempotency
from nemovideo_nodes.settings import PollingSettings
from nemovideo_nodes.wire.draft import Draft

__all__ = [
    "ApprovalOutdated",
    "AskApproval",
    "Context",
    "Failure",
    "Intent",
    "NotReceived",
    "Outcome",
    "Progress",
    "RetryAt",
    "SessionLost",
    "StepRunner",
    "Success",
    "UpstreamFailed",
    "failure_of",
    "may_ask_again",
]

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
    """What every step runner works with."""

    client: NemoVideoClient
    store: Store
    run: Run
    pace: PollingSettings
    clock: Clock
    report: Callable[[Progress], None]
    publisher: OpenPublisher = no_publisher
    """Opens the publisher of a name; raises `BadInput`."""

    def session_id(self) -> str:
        """The run's session; raises `BadInput` where there is none yet."""
        session = self.run.session
        if session is None:
            raise BadInput("This run has no session yet: create one first")
        return session.session_id

    @contextlib.contextmanager
    def calling(self, name: str) -> Iterator[None]:
        """Name a call that comes before or after the step's own: it has its own repetition."""
        try:
            yield
        except ServiceError as error:
            error.call = name
            raise

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
    uploaded: tuple[Uploaded, ...] = ()
    """What a publisher has got before; it is not written down."""


@dataclass(frozen=True)
class Success:
    """The step is achieved."""

    result: Result


@dataclass(frozen=True)
class RetryAt:
    """Nothing can be done before `until`; an open intent stays open."""

    until: datetime
    why: str
    reads: int = 0
    draft_digest: str | None = None
    outline: str | None = None
    missing: int = 0
    partial_turn: PromptResult | None = None


@dataclass(frozen=True)
class Failure:
    """The step is refused; see `ledger.facts.Refused`."""

    verdict: Verdict
    sentence: str
    code: int | None = None
    error_code: str | None = None
    remedy: str | None = None
    resumable: bool = False
    repeat_at: datetime | None = None
    repeats: int = 0
    call: str | None = None


@dataclass(frozen=True)
class UpstreamFailed:
    """An earlier step, which was achieved, turns out to have failed: a render."""

    step: str
    key: str
    sentence: str


@dataclass(frozen=True)
class NotReceived:
    """The service never received what was intended: it may be done with the same key."""

    why: str


@dataclass(frozen=True)
class SessionLost:
    """The service does not know the run's session any more (1002)."""

    sentence: str


@dataclass(frozen=True)
class AskApproval:
    """A person is asked for approval: the step ends at that person's word."""

    presented: Presented


@dataclass(frozen=True)
class ApprovalOutdated:
    """What was approved has changed since: it is read once more, and a person is asked again."""

    approval: str
    """The step that was to approve what comes now."""


Outcome = (
    Success
    | RetryAt
    | Failure
    | UpstreamFailed
    | NotReceived
    | SessionLost
    | AskApproval
    | ApprovalOutdated
)


class StepRunner:
    """How a step of one kind is done. An idempotent one needs `perform` alone."""

    async def intend(self, ctx: Context, record: StepRecord) -> Intent | Outcome:
        """What to write down before the effect, or why there is to be none now."""
        raise AssertionError(f"{type(self).__name__} has no effect to intend")

    async def perform(self, ctx: Context, record: StepRecord, intent: Intent | None) -> Outcome:
        """Do it; may raise any `NemoVideoError`."""
        raise AssertionError(f"{type(self).__name__} cannot be performed")

    async def reconcile(self, ctx: Context, record: StepRecord, intent: Intended) -> Outcome:
        """Find out how an open intent ended."""
        raise AssertionError(f"{type(self).__name__} leaves nothing to reconcile")


def may_ask_again(error: ServiceError, record: StepRecord) -> bool:
    """Whether a call whose answer the step can do without has its repetition still."""
    used = sum(n for (_, call), n in record.refusals.items() if call == error.call)
    return isinstance(error, RateLimited) and used == 0


def failure_of(
    error: NemoVideoError, ctx: Context, record: StepRecord, idempotency: Idempotency, *, me: str
) -> Outcome:
    """The one place that says what an error of the service means for a step.

    A message of unknown outcome does not come here: its runner knows how to look for it.
    """
    if isinstance(error, SessionNotFound):
        return SessionLost(error.sentence)
    call = error.call if isinstance(error, ServiceError) else ""
    tries = record.refusals.get((me, call), 0)
    # Who wants a quick rhythm after a rate limit wants it after a broken connection, too.
    wait = min(_BACKOFF_S[min(tries, len(_BACKOFF_S) - 1)], ctx.pace.rate_limit_s)
    failure = Failure(
        "not_accepted",
        error.sentence,
        code=error.service_code if isinstance(error, ServiceError) else None,
        error_code=error.code,
        remedy=error.remedy or _REMEDIES.get(error.code),
        resumable=is_retryable(error),
        call=call or None,
    )
    if isinstance(error, VideoInvalid):
        return replace(failure, verdict="stopped", repeat_at=ctx.later(wait), repeats=1)
    if not isinstance(error, ServiceError):
        return failure
    if isinstance(error, RateLimited):
        wait = ctx.pace.rate_limit_s if error.retry_after is None else error.retry_after
        if wait > LONGEST_WAIT_S:
            sentence = f"{error.sentence}; it asks to be tried again in {_span(wait)}"
            return replace(failure, sentence=sentence)
        return replace(failure, repeat_at=ctx.later(wait), repeats=1)
    if isinstance(error, TokenInvalid) and idempotency is Idempotency.UNSAFE:
        # The client has renewed a token of its own; the refused message may be repeated once.
        if not ctx.client.anonymous:
            return failure
        return replace(failure, repeat_at=ctx.clock.now(), repeats=1)
    if isinstance(error, Refused):
        if type(error) in (Refused, NotFound):  # nothing documented says what else would help
            return replace(failure, remedy=failure.remedy or Remedy.RETRY)
        return failure
    verdict: Verdict = "not_accepted" if isinstance(error, Unreachable) else "stopped"
    return replace(failure, verdict=verdict, repeat_at=ctx.later(wait), repeats=2)


_REMEDIES: Final = MappingProxyType(
    {
        ErrorCode.TOKEN_INVALID: Remedy.TOKEN,
        ErrorCode.OUT_OF_CREDITS: Remedy.CREDITS,
        ErrorCode.PLAN_BLOCKED: Remedy.PLAN,
    }
)
"""What helps against an error whose sentence leaves it to the code."""


def _span(seconds: float) -> str:
    hours = seconds / 3600
    if hours >= 48:
        return f"{hours / 24:.0f} days"
    return f"{hours:.0f} hours" if hours >= 2 else f"{seconds / 60:.0f} minutes"
