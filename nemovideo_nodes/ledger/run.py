"""The fold of a run's facts: what is asked, open, achieved, deferred and refused, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel

from nemovideo_nodes.ledger.facts import (
    Achieved,
    Asked,
    Decision,
    Deferred,
    Fact,
    Intended,
    Lease,
    Noted,
    Order,
    Refused,
)
from nemovideo_nodes.ledger.results import (
    DownloadResult,
    PromptResult,
    RenderResult,
    SessionResult,
    TokenResult,
)
from nemovideo_nodes.ledger.step import StepRecord, StepState
from nemovideo_nodes.request.post import Post
from nemovideo_nodes.request.steps import AwaitRender, Publish, StepName

__all__ = ["Decided", "Holding", "Run", "StepRecord"]

_R = TypeVar("_R", bound=BaseModel)

_UNREADABLE = (
    "The entry {} of the run's journal is missing or cannot be read, and it may be about this "
    "message"
)
_UNEXPLAINED = (
    "The journal of the run holds an answer to this message, and not that it was sent: an entry "
    "is missing"
)


@dataclass(frozen=True)
class Holding:
    """A lease, and who holds it."""

    holder: str
    lease: Lease


@dataclass(frozen=True)
class Decided:
    """A person's word, and when and about which step it was given."""

    decision: Decision
    at: datetime
    step: str


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
        self.doubts: list[str] = []
        """What is missing in the journal, in sentences for people."""
        self._orphans: set[str] = set()
        """Steps that facts are about and that nothing has asked for."""
        self.sessions_lost = 0
        self._renewed: frozenset[str] = frozenset()
        self._service: str | None = None
        self._asked_by: frozenset[str] = frozenset()
        self.turn: StepRecord | None = None
        """The last message that was carried out, until the draft was read settled after it."""
        self.settled = True
        """Whether no turn can be at work on the draft since it was last read until it settled."""
        self._question: StepRecord | None = None
        self.cancel: Noted | None = None
        """A person's word that the run is to end."""
        self.cancel_outcomes: dict[str, Noted] = {}
        """What the service said about each render that was under way then, by its step."""
        self.over_budget_allowed = False
        """Whether a person has permitted that the run goes over its budgets."""
        self.traceparent = ""
        """The trace context under which the run was first asked for; empty where there was none."""
        self.decisions: dict[str, Decided] = {}
        """What a person said last to each thing that was shown, by its digest."""
        self.newer = False
        """Whether a newer version of this package has written facts that cannot be read here."""

    def apply(self, fact: Fact | None) -> None:
        """Take in the next fact; None stands for an entry that cannot be read."""
        self.seq += 1
        if fact is None:
            self.unreadable += 1
            self.doubts.append(f"Entry {self.seq} of the run's journal is missing or unreadable")
            self._doubt(self.steps.values())
            return
        self.facts.append(fact)
        match fact:
            case Asked():
                self.order = self.order or fact.order
                self._service = self._service or fact.service
                self.traceparent = self.traceparent or fact.traceparent or ""
                self._asked_by = self._asked_by or frozenset(fact.account or ())
                self._insert(fact)
                if fact.decided is not None:
                    self._decide(fact.decided, fact.at)
            case Noted():
                self._noted(fact)
            case _:
                if record := self.steps.get(fact.step):
                    self._taken(record, fact)
                else:
                    self._orphans.add(fact.step)

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
            record.step.node is StepName.PROMPT
            and (
                record.state in (StepState.ACHIEVED, StepState.UNKNOWN)
                or (record.intent is not None and record.step.id != but)
            )
            for record in self.steps.values()
        )

    def was_allowed_on(self, occasion: str) -> bool:
        """Whether a person has permitted on this occasion that something is done once more."""
        return any(isinstance(fact, Noted) and fact.occasion == occasion for fact in self.facts)

    @property
    def account(self) -> frozenset[str]:
        """Fingerprints of the account that the run belongs to; empty where none is known yet."""
        signed_in = next(self._results(TokenResult), None)
        known = frozenset(signed_in.account) if signed_in else frozenset()
        known |= self._asked_by
        return known | self._renewed if known else known

    @property
    def service(self) -> str | None:
        """Where the run belongs; None in one that an earlier version put together by steps."""
        return self.order.service if self.order else self._service

    @property
    def question(self) -> StepRecord | None:
        """The message that the service answered with a question that nobody has answered yet.

        The answer is any message that was asked for after the question was heard; what was asked
        for before, such as the next instruction of a script, answers nothing.
        """
        return self._question

    def render_of(self, step_id: str) -> RenderResult | None:
        """The accepted render of the step that submitted it."""
        record = self.steps.get(step_id)
        result = record.result if record else None
        return result if isinstance(result, RenderResult) else None

    @property
    def post(self) -> Post | None:
        """For which platforms its videos are, with which text, as it was asked last."""
        args = [record.step.args for record in self.steps.values()]
        posts = [one.post for one in args if isinstance(one, Publish) and one.post is not None]
        return posts[-1] if posts else None

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
        if not isinstance(fact, Intended) and record.is_unexplained(fact):
            self.doubts.append(f"{record.step.phrase}: its beginning is missing in the journal")
            record.doubt(_UNEXPLAINED)
        record.take(fact)
        if record.achieved is not before:
            match record.step.node:
                case StepName.PROMPT:
                    self.settled, self.turn = False, record
                    if _is_asking(record):
                        self._question = record
                case StepName.STATE:
                    self.settled, self.turn = True, None
                case StepName.RENDER if record.achieved is not None:
                    # It was accepted behind the cancel, so nothing was said about this one yet.
                    self.cancel_outcomes.pop(record.step.id, None)
                case StepName.RENDER:
                    # What was seen of the failed render says nothing of the next one.
                    for waiting in self.steps.values():
                        args = waiting.step.args
                        if isinstance(args, AwaitRender) and args.render == record.step.id:
                            waiting.deferred = None

    def _doubt(self, records: Iterable[StepRecord]) -> None:
        """Messages that a missing entry may be about are sent at a person's word alone."""
        for record in records:
            record.doubt(_UNREADABLE.format(self.seq))

    def _insert(self, fact: Asked) -> None:
        new = {s.id: StepRecord(s, fact.at) for s in fact.steps if s.id not in self.steps}
        if any(record.step.node is StepName.PROMPT for record in new.values()):
            self._question = None
        if self.unreadable and not self.steps:
            self._doubt(new.values())  # what cannot be read may have asked for them, and more
        self._doubt(record for step_id, record in new.items() if step_id in self._orphans)
        afters = fact.afters or (fact.after or "",)
        share = len(fact.steps) // len(afters)
        for number, after in enumerate(afters):
            ids = [step.id for step in fact.steps[number * share : (number + 1) * share]]
            self._put({step_id: new[step_id] for step_id in ids if step_id in new}, after)

    def _put(self, new: Mapping[str, StepRecord], after: str) -> None:
        """Put steps behind the step `after`; behind all where there is none of that name."""
        if after not in self.steps:
            self.steps |= new
            return
        ordered: dict[str, StepRecord] = {}
        for step_id, record in self.steps.items():
            ordered[step_id] = record
            if step_id == after:
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
                self._question = None
                self.settled, self.turn = True, None
                for bound in self.steps.values():
                    if bound.step.kind.session_bound:
                        bound.forget()
            case "cancel":
                self.cancel = fact
            case "cancel_outcome":
                self.cancel_outcomes[fact.step or ""] = fact
            case "resend" if self.cancel is not None:
                self.cancel, self.cancel_outcomes = None, {}
            case "resend" if record:
                was_unknown = record.state is StepState.UNKNOWN
                if record.allow() and was_unknown:
                    self.settled = False  # the message may be at work yet
            case "over_budget":
                self.over_budget_allowed = True
            case "presented" if record:
                record.presented = fact
            case "decided" if fact.decided is not None:
                self._decide(fact.decided, fact.at)
            case "again" if record:
                record.mark_absent()
            case _:
                pass

    def _decide(self, decision: Decision, at: datetime) -> None:
        """Take in a person's word; what was changed is shown once more, whatever came of it."""
        for record in self.steps.values():
            shown = record.presented.presented if record.presented else None
            if record.achieved or shown is None or shown.seen != decision.seen:
                continue
            if decision.word == "change":
                record.presented = None
                self.decisions.pop(decision.seen, None)
            else:
                self.decisions[decision.seen] = Decided(decision, at, record.step.id)
            return


def _is_asking(record: StepRecord) -> bool:
    return isinstance(record.result, PromptResult) and record.result.question is not None
