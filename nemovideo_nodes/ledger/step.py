"""The state machine of one step: which fact leads from which state to which. Pure.

`TRANSITIONS` is the whole of it; docs/how-it-works.md shows it, generated from here. What follows
from a state is the plan's (`nemovideo_nodes.engine.plan.ACTIONS`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from nemovideo_nodes.errors import ErrorCode, Remedy
from nemovideo_nodes.ledger.facts import Achieved, Deferred, Evidence, Intended, Noted, Refused
from nemovideo_nodes.ledger.results import PromptResult, Result
from nemovideo_nodes.request.steps import Idempotency, Step

__all__ = ["MAX_RENDERS", "TRANSITIONS", "StepEvent", "StepRecord", "StepState"]

MAX_RENDERS = 2
"""A failed render gets a new id once [S]."""


class StepState(StrEnum):
    """What the journal says of a step, whoever asks and whenever."""

    ASKED = "asked"
    """Nothing is under way: it can be done, for the first time or anew."""
    OPEN = "open"
    """An effect was intended, and how it ended is not known."""
    ABSENT = "absent"
    """As open, but the service was asked and does not have it."""
    UNKNOWN = "unknown"
    """Nothing shows whether a message was accepted: a person decides."""
    FAILED = "failed"
    """The service accepted it and could not do it, as often as is permitted."""
    ACHIEVED = "achieved"


class StepEvent(StrEnum):
    """What a fact means for the step that it is about."""

    INTENDED = "intended"
    ACHIEVED = "achieved"
    DEFERRED = "deferred"
    NOT_ACCEPTED = "not accepted"
    """It certainly had no effect."""
    STOPPED = "stopped"
    """Given up for now."""
    UNKNOWN = "unknown"
    """Evidence could not settle how it ended."""
    ABSENT = "absent"
    """The service does not have it."""
    FAILED = "failed"
    """What was achieved has failed, and may be done anew."""
    FAILED_FINALLY = "failed finally"
    """As failed, as often as is permitted."""
    RESEND = "resend"
    """A person allowed it once more."""
    DOUBT = "doubt"
    """An entry of the journal is missing that may be about this message."""
    SESSION_LOST = "session lost"


TRANSITIONS: Final[Mapping[StepState, Mapping[StepEvent, StepState]]] = MappingProxyType(
    {
        StepState.ASKED: {
            StepEvent.INTENDED: StepState.OPEN,
            StepEvent.ACHIEVED: StepState.ACHIEVED,
            StepEvent.DEFERRED: StepState.ASKED,
            StepEvent.NOT_ACCEPTED: StepState.ASKED,
            StepEvent.STOPPED: StepState.ASKED,
            StepEvent.UNKNOWN: StepState.UNKNOWN,
            StepEvent.DOUBT: StepState.UNKNOWN,
            StepEvent.SESSION_LOST: StepState.ASKED,
        },
        StepState.OPEN: {
            StepEvent.INTENDED: StepState.OPEN,
            StepEvent.ACHIEVED: StepState.ACHIEVED,
            StepEvent.DEFERRED: StepState.OPEN,
            StepEvent.NOT_ACCEPTED: StepState.ASKED,
            StepEvent.STOPPED: StepState.OPEN,
            StepEvent.UNKNOWN: StepState.UNKNOWN,
            StepEvent.ABSENT: StepState.ABSENT,
            StepEvent.SESSION_LOST: StepState.ASKED,
        },
        StepState.ABSENT: {
            StepEvent.INTENDED: StepState.OPEN,
            StepEvent.ACHIEVED: StepState.ACHIEVED,
            StepEvent.DEFERRED: StepState.ABSENT,
            StepEvent.NOT_ACCEPTED: StepState.ASKED,
            StepEvent.STOPPED: StepState.OPEN,
            StepEvent.UNKNOWN: StepState.UNKNOWN,
            StepEvent.ABSENT: StepState.ABSENT,
            StepEvent.SESSION_LOST: StepState.ASKED,
        },
        StepState.UNKNOWN: {
            StepEvent.INTENDED: StepState.OPEN,
            StepEvent.ACHIEVED: StepState.ACHIEVED,
            StepEvent.NOT_ACCEPTED: StepState.ASKED,
            StepEvent.UNKNOWN: StepState.UNKNOWN,
            StepEvent.RESEND: StepState.ASKED,
            StepEvent.SESSION_LOST: StepState.ASKED,
        },
        StepState.FAILED: {
            StepEvent.INTENDED: StepState.OPEN,
            StepEvent.ACHIEVED: StepState.ACHIEVED,
            StepEvent.RESEND: StepState.ASKED,
            StepEvent.SESSION_LOST: StepState.ASKED,
        },
        StepState.ACHIEVED: {
            StepEvent.ACHIEVED: StepState.ACHIEVED,
            StepEvent.FAILED: StepState.ASKED,
            StepEvent.FAILED_FINALLY: StepState.FAILED,
            StepEvent.SESSION_LOST: StepState.ASKED,
        },
    }
)
"""Where an event leads from each state; one that is not listed changes nothing."""


@dataclass
class StepRecord:
    """What the journal says of one step: its state, and the facts behind it."""

    step: Step
    asked_at: datetime
    state: StepState = StepState.ASKED
    achieved: Achieved | None = None
    intent: Intended | None = None
    """The open intent: an effect that may have happened, and whose end is not known."""
    deferred: Deferred | None = None
    refused: Refused | None = None
    refusals: dict[tuple[str, str], int] = field(default_factory=dict)
    """How often each worker was refused at each call, since the step last went well."""
    failures: int = 0
    """How many renders the service accepted and could not make."""
    resends: int = 0
    """How many more of them a person has allowed."""
    evidence: Evidence | None = None
    """What was there right before the last message or export."""
    presented: Noted | None = None
    """What was put before a person who has to approve it, last."""
    intents: int = 0
    keys: set[str] = field(default_factory=set)
    """What was intended, in the session that the step works in."""
    past_keys: set[str] = field(default_factory=set)
    """What was intended in sessions that are lost."""

    @property
    def result(self) -> Result | None:
        """What the step achieved, if it has."""
        return self.achieved.result if self.achieved else None

    def refusals_of(self, worker: str, refused: Refused) -> int:
        """How often the worker was refused at the very call that `refused` is about."""
        return self.refusals.get((worker, refused.call or ""), 0)

    def is_unexplained(self, fact: Achieved | Deferred | Refused) -> bool:
        """Whether the fact answers an intent that the journal does not have."""
        return fact.key is not None and fact.key not in self.keys | self.past_keys

    def take(self, fact: Intended | Achieved | Deferred | Refused) -> None:
        """Take in the next fact about the step.

        A fact may be late: written by a worker that had lost the run meanwhile. What it achieved
        counts all the same, if the session is still the same; what it saw or was refused counts
        only for the very intent that is open now.
        """
        event = self._event_of(fact)
        if isinstance(fact, Intended):
            self.intents += 1
            self.keys.add(fact.key)
        if event is None or event not in TRANSITIONS[self.state]:
            return
        match fact:
            case Intended():
                self.intent, self.refused, self.deferred = fact, None, None
                self.evidence = fact.evidence
                self._forget_refusals()
            case Achieved():
                # A real answer beats what was only concluded from the draft; nothing else beats
                # the first. A late one beats an earlier refusal.
                if self.achieved is None or _is_concluded(self.achieved):
                    self.achieved = fact
                self.intent = self.refused = self.deferred = None
                self.refusals = {}
            case Deferred():
                self.deferred, self.refused = fact, None
                # A look that went well ends a row of failed ones; waiting to start over does not
                # give the step's own call another repetition.
                all_of = fact.by if fact.key is not None or self.intents == 0 else None
                self._forget_refusals(all_of)
            case Refused():
                self._refuse(fact, event)
        self.state = TRANSITIONS[self.state][event]

    def doubt(self, sentence: str) -> None:
        """An entry is missing that may be about this step: a message then needs a person."""
        unsafe = self.step.kind.idempotency is Idempotency.UNSAFE
        if unsafe and StepEvent.DOUBT in TRANSITIONS[self.state]:
            self.refused = Refused(
                at=self.asked_at,
                by="",
                step=self.step.id,
                verdict="unknown",
                sentence=sentence,
                error_code=ErrorCode.JOURNAL_DOUBT,
                remedy=Remedy.RESEND if self.step.kind.at_service else Remedy.HAND_OVER,
            )
            self.state = TRANSITIONS[self.state][StepEvent.DOUBT]

    def allow(self) -> bool:
        """A person allows once more what the step is stopped at; False where it is not stopped."""
        if StepEvent.RESEND not in TRANSITIONS[self.state]:
            return False
        if self.state is StepState.FAILED:
            self.resends += 1
        self.refused = self.intent = self.deferred = None
        self.state = TRANSITIONS[self.state][StepEvent.RESEND]
        return True

    def mark_absent(self) -> None:
        """The service was asked, and does not have what was intended."""
        self.state = TRANSITIONS[self.state].get(StepEvent.ABSENT, self.state)

    def forget(self) -> None:
        """Back to asked: what was achieved is gone with its session."""
        self.state = TRANSITIONS[self.state][StepEvent.SESSION_LOST]
        self.achieved = self.intent = self.deferred = self.refused = None
        self.past_keys |= self.keys
        self.refusals, self.keys = {}, set()
        self.failures = self.resends = 0

    def _forget_refusals(self, worker: str | None = None) -> None:
        """Give calls that went well their repetition back; of `worker`, every call."""
        self.refusals = {
            (by, call): count
            for (by, call), count in self.refusals.items()
            if not call and by != worker
        }

    def _event_of(self, fact: Intended | Achieved | Deferred | Refused) -> StepEvent | None:
        """What the fact means here; None where it comes too late to mean anything."""
        if isinstance(fact, Intended):
            return StepEvent.INTENDED
        if isinstance(fact, Achieved):
            # An answer whose intent is missing shows all the same that the service accepted it.
            return None if fact.key in self.past_keys - self.keys else StepEvent.ACHIEVED
        if isinstance(fact, Refused) and fact.verdict == "failed":
            if self.achieved is None or fact.key != self.achieved.key:
                return None
            is_last = self.failures + 1 >= MAX_RENDERS + self.resends
            return StepEvent.FAILED_FINALLY if is_last else StepEvent.FAILED
        if self.state is StepState.UNKNOWN:
            about = self.refused.key if self.refused else None
            is_current = fact.key is not None and fact.key == about
        else:
            is_current = fact.key == (self.intent.key if self.intent else None)
        if not is_current:
            return None
        return StepEvent.DEFERRED if isinstance(fact, Deferred) else _VERDICTS[fact.verdict]

    def _refuse(self, fact: Refused, event: StepEvent) -> None:
        self.refused = fact
        if event in (StepEvent.FAILED, StepEvent.FAILED_FINALLY):
            self.achieved = None
            self.failures += 1
            return
        # A message of unknown outcome keeps its intent: it may be looked at once more.
        if event is StepEvent.NOT_ACCEPTED:
            self.deferred = self.intent = None
        if self.state is not StepState.UNKNOWN:
            counted = (fact.by, fact.call or "")
            self.refusals[counted] = self.refusals.get(counted, 0) + 1


_VERDICTS: Final = MappingProxyType(
    {
        "not_accepted": StepEvent.NOT_ACCEPTED,
        "stopped": StepEvent.STOPPED,
        "unknown": StepEvent.UNKNOWN,
    }
)


def _is_concluded(fact: Achieved) -> bool:
    return isinstance(fact.result, PromptResult) and fact.result.reconciled
