"""The fold of a run's facts: what is asked, open, achieved, deferred and refused, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel

from nemovideo_nodes.ledger.facts import (
    Achieved,
    Asked,
    Deferred,
    DownloadResult,
    Evidence,
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
from nemovideo_nodes.request.steps import AwaitRender, NodeName, Step

__all__ = ["Holding", "Run", "StepRecord", "is_unknown"]

_R = TypeVar("_R", bound=BaseModel)

_UNREADABLE = (
    "The entry {} of the run's journal cannot be read, and it may be about this message: look at "
    "the session, and add --resend to send it"
)
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
    resends: int = 0
    """How many more of them a person has allowed."""
    evidence: Evidence | None = None
    """What was there right before the last message or export."""
    intents: int = 0
    repeat: bool = False
    """Whether the service was asked and does not have what the open intent wanted."""
    keys: set[str] = field(default_factory=set)
    """What was intended, in the session that the step works in."""

    @property
    def result(self) -> Result | None:
        """What the step achieved, if it has."""
        return self.achieved.result if self.achieved else None

    def take(self, fact: Intended | Achieved | Deferred | Refused) -> None:
        """The one table of a step's changes.

        A fact may be late: written by a holder that had lost the run meanwhile. What it achieved
        counts all the same, if the session is still the same; what it saw or was refused counts
        only for the very intent that is open now.
        """
        match fact:
            case Intended():
                self.intent, self.refused, self.deferred, self.repeat = fact, None, None, False
                self.intents += 1
                self.evidence = fact.evidence
                self.keys.add(fact.key)
            case Achieved() if fact.key is None or fact.key in self.keys:
                # A real answer beats what was only concluded from the draft; nothing else beats
                # the first. A late one beats an earlier refusal.
                if self.achieved is None or _concluded(self.achieved):
                    self.achieved = fact
                self.intent = self.refused = self.deferred = None
                self.refusals = {}
            case Refused(verdict="failed") if self.achieved and fact.key == self.achieved.key:
                self.refused, self.achieved = fact, None
                self.failures += 1
            case Deferred() if self._is_open(fact.key):
                self.deferred, self.refused = fact, None
                # A look that went well ends a row of failed ones; waiting to begin anew does not.
                if fact.key is not None or self.intents == 0:
                    self.refusals.pop(fact.by, None)
            case Refused(verdict="not_accepted") if is_unknown(self.refused, fact.key):
                # Late, but it settles what could not be known.
                self.refused, self.intent, self.deferred = fact, None, None
            case Refused(verdict="unknown") if is_unknown(self.refused, fact.key):
                self.refused = fact  # another one has looked once more, in vain
            case Refused() if fact.verdict != "failed" and self._is_open(fact.key):
                self.refused, self.repeat = fact, False
                # A message of unknown outcome keeps its intent: it may be looked at once more.
                if fact.verdict == "not_accepted":
                    self.deferred = self.intent = None
                self.refusals[fact.by] = self.refusals.get(fact.by, 0) + 1
            case _:
                pass

    def _is_open(self, key: str | None) -> bool:
        """Whether a fact about `key` is about what is under way now."""
        if self.achieved is not None or is_unknown(self.refused):
            return False
        return key == (self.intent.key if self.intent else None)

    def forget(self) -> None:
        """Back to asked: what was achieved is gone with its session."""
        self.achieved = self.intent = self.deferred = self.refused = None
        self.refusals, self.repeat, self.keys = {}, False, set()
        self.failures = self.resends = 0


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
        self._renewed: frozenset[str] = frozenset()
        self.turn: StepRecord | None = None
        """The last message that was carried out, until the draft was read settled after it."""
        self.settled = True
        """Whether no turn can be at work on the draft since it was last read until it settled."""
        self.newer = False
        """Whether a newer version of this package has written facts that cannot be read here."""

    def apply(self, fact: Fact | None) -> None:
        """Take in the next fact; None stands for an entry that cannot be read."""
        self.seq += 1
        if fact is None:
            self.unreadable += 1
            self._doubt(self.steps.values())
            return
        self.facts.append(fact)
        match fact:
            case Asked():
                self.order = self.order or fact.order
                self._insert(fact)
            case Noted():
                self._noted(fact)
            case _:
                if record := self.steps.get(fact.step):
                    self._taken(record, fact)

    def unrefined(self) -> Run:
        """The run as it was before it was last asked for a refinement; empty where it never was."""
        asked = [n for n, f in enumerate(self.facts) if isinstance(f, Asked) and f.said is not None]
        before = Run(self.id)
        for fact in self.facts[: asked[-1]] if asked else ():
            before.apply(fact)
        return before

    @property
    def session(self) -> SessionResult | None:
        """The session that the run works in."""
        return next(self._results(SessionResult), None)

    def session_used(self, but: str | None = None) -> bool:
        """Whether a message may have been accepted in the session: a new one is paid again.

        `but` is a step whose open intent is known to have had no effect.
        """
        return any(
            record.step.node is NodeName.PROMPT
            and (
                record.achieved
                or (record.intent and record.step.id != but)
                or is_unknown(record.refused)
            )
            for record in self.steps.values()
        )

    def was_allowed_on(self, occasion: str) -> bool:
        """Whether a person has permitted on this occasion that something is done once more."""
        return any(isinstance(fact, Noted) and fact.occasion == occasion for fact in self.facts)

    @property
    def account(self) -> frozenset[str]:
        """Fingerprints of the account that the run belongs to; empty before it has signed in."""
        signed_in = next(self._results(TokenResult), None)
        return frozenset(signed_in.account) | self._renewed if signed_in else frozenset()

    def render_of(self, step_id: str) -> RenderResult | None:
        """The accepted render of the step that submitted it."""
        record = self.steps.get(step_id)
        result = record.result if record else None
        return result if isinstance(result, RenderResult) else None

    @property
    def videos(self) -> list[DownloadResult]:
        """The videos that were brought home, each once, in the order of the steps."""
        return list({video.render_id: video for video in self._results(DownloadResult)}.values())

    def video_of(self, render_id: str) -> DownloadResult | None:
        """The video of a render, if it was brought home."""
        return next((video for video in self.videos if video.render_id == render_id), None)

    def _results(self, kind: type[_R]) -> Iterator[_R]:
        return (r.result for r in self.steps.values() if isinstance(r.result, kind))

    def results(self, kind: type[_R]) -> list[_R]:
        """All results of a kind, in the order of the steps."""
        return list(self._results(kind))

    def _taken(self, record: StepRecord, fact: Intended | Achieved | Deferred | Refused) -> None:
        before = record.achieved
        record.take(fact)
        if record.achieved is not before:
            match record.step.node:
                case NodeName.PROMPT:
                    self.settled, self.turn = False, record
                case NodeName.STATE:
                    self.settled, self.turn = True, None
                case NodeName.RENDER if record.achieved is None:
                    # What was seen of the failed render says nothing of the next one.
                    for waiting in self.steps.values():
                        args = waiting.step.args
                        if isinstance(args, AwaitRender) and args.render == record.step.id:
                            waiting.deferred = None

    def _doubt(self, records: Iterable[StepRecord]) -> None:
        """Messages that an unreadable entry may be about are sent at a person's word alone."""
        for record in records:
            untold = not (record.achieved or record.intent or is_unknown(record.refused))
            if record.step.node is NodeName.PROMPT and untold:
                record.refused = Refused(
                    at=record.asked_at,
                    by="",
                    step=record.step.id,
                    verdict="unknown",
                    sentence=_UNREADABLE.format(self.seq),
                )

    def _insert(self, fact: Asked) -> None:
        new = {s.id: StepRecord(s, fact.at) for s in fact.steps if s.id not in self.steps}
        if self.unreadable and not self.steps:
            self._doubt(new.values())  # what cannot be read may have asked for them, and more
        if fact.after not in self.steps:
            self.steps |= new
            return
        ordered: dict[str, StepRecord] = {}
        for step_id, record in self.steps.items():
            ordered[step_id] = record
            if step_id == fact.after:
                ordered |= new
        self.steps = ordered

    def _noted(self, fact: Noted) -> None:
        record = self.steps.get(fact.step or "")
        match fact.topic:
            case "lease" if fact.lease is not None:
                self.holding = Holding(fact.by, fact.lease)
            case "released" if self.holding and self.holding.holder == fact.by:
                self.holding = None
            case "account":
                self._renewed |= set(fact.account or ())
            case "session_lost":
                self.sessions_lost += 1
                self.settled, self.turn = True, None
                for bound in self.steps.values():
                    if bound.step.node in _SESSION_BOUND:
                        bound.forget()
            case "resend" if record and is_unknown(record.refused):
                # The message of unknown outcome may be at work yet: nothing is settled.
                record.refused = record.intent = record.deferred = None
                self.settled = False
            case "resend" if record and record.refused and record.refused.verdict == "failed":
                record.refused = None
                record.resends += 1
            case "again" if record:
                record.repeat = record.intent is not None
            case _:
                pass


def is_unknown(refused: Refused | None, key: str | None = None) -> bool:
    """Whether only a person may send the message (with `key`: that very one) again."""
    unknown = refused is not None and refused.verdict == "unknown"
    return unknown and (key is None or (refused is not None and refused.key == key))
