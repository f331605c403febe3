"""The fold of a run's facts: what is asked, open, achieved, deferred and refused, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel

from nemovideo_nodes.ledger.facts import (
    Achieved,
    Asked,
    Deferred,
    Fact,
    Intended,
    Lease,
    Noted,
    Order,
    PromptResult,
    Refused,
    RenderResult,
    Result,
    SessionResult,
    TokenResult,
)
from nemovideo_nodes.steps import NodeName, Step

__all__ = ["Holding", "Run", "StepRecord"]

_R = TypeVar("_R", bound=BaseModel)

_SESSION_BOUND = frozenset(
    {
        NodeName.SESSION,
        NodeName.UPLOAD,
        NodeName.PROMPT,
        NodeName.STATE,
        NodeName.RENDER,
        NodeName.AWAIT,
    }
)
"""What is gone when a session is."""


@dataclass
class StepRecord:
    """What the journal says of one step."""

    step: Step
    asked_at: datetime
    achieved: Achieved | None = None
    intent: Intended | None = None
    """The open intent: an effect that may have happened, and has no end yet."""
    deferred: Deferred | None = None
    refused: Refused | None = None
    refusals: dict[str, int] = field(default_factory=dict)
    """How often each holder was refused, since the step last went well."""
    failures: int = 0
    """How many renders the service accepted and could not make."""
    intents: int = 0
    repeat: bool = False
    """Whether the service was asked and does not have what the open intent wanted."""

    @property
    def result(self) -> Result | None:
        """What the step achieved, if it has."""
        return self.achieved.result if self.achieved else None

    def take(self, fact: Intended | Achieved | Deferred | Refused) -> None:
        """The one table of a step's changes."""
        match fact:
            case Intended():
                self.intent, self.refused, self.deferred, self.repeat = fact, None, None, False
                self.intents += 1
            case Achieved():
                # A real answer beats what was only concluded from the draft; nothing else beats
                # the first. A late one beats an earlier refusal.
                if self.achieved is None or _concluded(self.achieved):
                    self.achieved = fact
                self.intent = self.refused = self.deferred = None
                self.refusals = {}
            case Deferred():
                self.deferred, self.refused = fact, None
            case Refused():
                self.refused = fact
                if fact.verdict in ("not_accepted", "failed"):
                    self.deferred = self.intent = None
                self.refusals[fact.by] = self.refusals.get(fact.by, 0) + 1
                if fact.verdict == "failed":
                    self.achieved = None
                    self.failures += 1

    def forget(self) -> None:
        """Back to asked: what was achieved is gone with its session."""
        self.achieved = self.intent = self.deferred = self.refused = None
        self.refusals, self.failures, self.repeat = {}, 0, False

    def allow_resend(self) -> None:
        """A person has decided that a message of unknown outcome is sent again."""
        self.intent = self.refused = self.deferred = None


def _concluded(fact: Achieved) -> bool:
    return isinstance(fact.result, PromptResult) and fact.result.reconciled


@dataclass(frozen=True)
class Holding:
    """A lease, and who holds it."""

    holder: str
    lease: Lease


class Run:
    """All that is known of a run; `apply` takes the facts in the order of the journal."""

    def __init__(self, run_id: str) -> None:
        self.id = run_id
        self.seq = 0
        self.order: Order | None = None
        self.steps: dict[str, StepRecord] = {}
        self.holding: Holding | None = None
        self.facts: list[Fact] = []
        self.unreadable = 0
        self.sessions_lost = 0

    def apply(self, fact: Fact | None) -> None:
        """Take in the next fact; None stands for an entry that cannot be read."""
        self.seq += 1
        if fact is None:
            self.unreadable += 1
            return
        self.facts.append(fact)
        match fact:
            case Asked():
                self.order = self.order or fact.order
                for step in fact.steps:
                    self.steps.setdefault(step.id, StepRecord(step, fact.at))
            case Noted():
                self._noted(fact)
            case _:
                if record := self.steps.get(fact.step):
                    record.take(fact)

    @property
    def session(self) -> SessionResult | None:
        """The session that the run works in."""
        return next(self._results(SessionResult), None)

    @property
    def session_used(self) -> bool:
        """Whether a message may have been accepted in the session: a new one is paid again."""
        return any(
            record.step.node is NodeName.PROMPT
            and (record.achieved or record.intent or _unknown(record.refused))
            for record in self.steps.values()
        )

    @property
    def account(self) -> TokenResult | None:
        """The account that the run belongs to."""
        return next(self._results(TokenResult), None)

    def last(self, node: NodeName) -> Achieved | None:
        """The latest thing that this node achieved."""
        found = (r.achieved for r in self.steps.values() if r.step.node is node and r.achieved)
        return max(found, key=lambda fact: fact.at, default=None)

    def render_of(self, step_id: str) -> RenderResult | None:
        """The accepted render of the step that submitted it."""
        record = self.steps.get(step_id)
        result = record.result if record else None
        return result if isinstance(result, RenderResult) else None

    def _results(self, kind: type[_R]) -> Iterator[_R]:
        return (r.result for r in self.steps.values() if isinstance(r.result, kind))

    def results(self, kind: type[_R]) -> list[_R]:
        """All results of a kind, in the order of the steps."""
        return list(self._results(kind))

    def _noted(self, fact: Noted) -> None:
        record = self.steps.get(fact.step or "")
        match fact.topic:
            case "lease" if fact.lease is not None:
                self.holding = Holding(fact.by, fact.lease)
            case "released" if self.holding and self.holding.holder == fact.by:
                self.holding = None
            case "session_lost":
                self.sessions_lost += 1
                for bound in self.steps.values():
                    if bound.step.node in _SESSION_BOUND:
                        bound.forget()
            case "resend" if record:
                record.allow_resend()
            case "again" if record:
                record.repeat = True
            case _:
                pass


def _unknown(refused: Refused | None) -> bool:
    return refused is not None and refused.verdict == "unknown"
