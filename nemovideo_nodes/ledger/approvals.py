"""What a person is asked to approve in a run, and what was said to it. Pure.

What is shown has a digest, and an approval is for that digest alone: it is made of the facts, so
that whoever reads the journal comes to the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from nemovideo_nodes.ledger.facts import Asked, Noted
from nemovideo_nodes.ledger.results import ApprovalResult, PublishResult, StateResult
from nemovideo_nodes.ledger.run import Decided, Run, StepRecord
from nemovideo_nodes.request.approval import (
    BEFORE_EXPORT,
    BEFORE_PAYING,
    ApprovalStage,
    Otherwise,
    Verdict,
)
from nemovideo_nodes.request.steps import Approve, Prompt, Step, StepName, Upload

__all__ = [
    "Given",
    "Shown",
    "approval_of_export",
    "draft_seen",
    "given",
    "look_before",
    "otherwise",
    "pending",
    "seen_of",
    "shown",
    "steps_to_pay",
    "time_to_answer",
]


@dataclass(frozen=True)
class Shown:
    """What a person is to approve now: the step, and what was put before the person."""

    record: StepRecord
    stage: ApprovalStage
    seen: str
    since: datetime
    until: datetime | None
    storyboard: str | None
    preview: str | None
    word: Decided | None
    """What was said to it, where that has not been acted on yet."""

    def is_overdue(self, now: datetime) -> bool:
        """Whether nobody has answered in time."""
        return self.word is None and self.until is not None and now >= self.until


@dataclass(frozen=True)
class Given:
    """A word that was given in a run, for whoever looks at it later."""

    stage: str
    word: Verdict
    who: str
    """Empty where nobody answered in time."""
    at: datetime
    seen: str
    text: str = ""


def pending(run: Run) -> StepRecord | None:
    """The approval that the run has come to and that is not given yet."""
    record = next((one for one in run.steps.values() if not one.achieved), None)
    return record if record is not None and record.step.node is StepName.APPROVE else None


def shown(run: Run, record: StepRecord) -> Shown | None:
    """What was put before a person for that step; None where it was not yet, or is another now."""
    args, fact = record.step.args, record.presented
    if not isinstance(args, Approve) or fact is None or fact.presented is None:
        return None
    presented = fact.presented
    if presented.seen != seen_of(run, record):
        return None
    return Shown(
        record=record,
        stage=args.stage,
        seen=presented.seen,
        since=fact.at,
        until=presented.until,
        storyboard=presented.storyboard,
        preview=presented.preview,
        word=run.decisions.get(presented.seen),
    )


def seen_of(run: Run, record: StepRecord) -> str:
    """The digest of what the step is about, as it is now."""
    args = record.step.args
    assert isinstance(args, Approve)
    match args.stage:
        case "before_paying":
            about: object = [_paid(step) for step in steps_to_pay(run, record)]
        case "before_export":
            look = look_before(run, record)
            return draft_seen(look.draft_digest if look else None)
        case _:
            published = [r.result for r in _before(run, record)]
            last = next((p for p in reversed(published) if isinstance(p, PublishResult)), None)
            delivered = last.deliveries if last else None
            about = [
                [video.video.sha256 for video in run.videos],
                [[one.platform, one.video, one.sha256] for one in delivered or ()],
                # Without defaults: what a later version adds to a post changes no digest.
                run.post.model_dump(mode="json", exclude_defaults=True) if run.post else None,
            ]
    return _digest([args.stage, about])


def draft_seen(draft_digest: str | None) -> str:
    """The digest of a timeline that a person is to approve."""
    return _digest([BEFORE_EXPORT, draft_digest])


def steps_to_pay(run: Run, record: StepRecord) -> list[Step]:
    """The uploads and messages that an approval before paying is about."""
    after = False
    found = []
    for other in run.steps.values():
        if other is record:
            after = True
        elif after:
            args = other.step.args
            if isinstance(args, Approve) and args.stage == BEFORE_PAYING:
                break
            if isinstance(args, Prompt | Upload):
                found.append(other.step)
    return found


def approval_of_export(run: Run, record: StepRecord) -> StepRecord | None:
    """The approval that the export of that step needs, the last one before it; None: none."""
    found = None
    for other in _before(run, record):
        args = other.step.args
        if isinstance(args, Approve) and args.stage == BEFORE_EXPORT:
            found = other
        elif other.step.node is StepName.RENDER:
            found = None
    return found


def time_to_answer(run: Run) -> float | None:
    """How long a person has to answer, in seconds; None: for ever."""
    return run.order.request.limits.approval_s if run.order else None


def otherwise(run: Run) -> Otherwise:
    """What it means that nobody answers in time."""
    return (run.order.request.limits.approval_otherwise if run.order else None) or "reject"


def given(run: Run) -> list[Given]:
    """Every word that was given, in its order."""
    found = []
    for fact in run.facts:
        if isinstance(fact, Asked | Noted) and fact.decided is not None:
            word = fact.decided
            found.append(
                Given(
                    _stage(run, fact, word.seen), word.word, word.who, fact.at, word.seen, word.text
                )
            )
    for record in run.steps.values():
        result, args = record.result, record.step.args
        if isinstance(result, ApprovalResult) and isinstance(args, Approve) and not result.who:
            found.append(Given(args.stage, "approve", "", result.decided_at, result.seen))
    return sorted(found, key=lambda one: one.at)


def _stage(run: Run, fact: Asked | Noted, seen: str) -> str:
    """At which step a word was given."""
    for other in run.facts:
        if (
            isinstance(other, Noted)
            and other.presented is not None
            and other.presented.seen == seen
            and other.step in run.steps
        ):
            args = run.steps[other.step].step.args
            if isinstance(args, Approve):
                return args.stage
    return ""


def _before(run: Run, record: StepRecord) -> Iterator[StepRecord]:
    for other in run.steps.values():
        if other is record:
            return
        yield other


def look_before(run: Run, record: StepRecord) -> StateResult | None:
    """The last look at the timeline before that step."""
    results = [one.result for one in _before(run, record)]
    return next((one for one in reversed(results) if isinstance(one, StateResult)), None)


def _paid(step: Step) -> list[object]:
    args = step.args
    if isinstance(args, Upload):
        return ["upload", args.media.identity]
    assert isinstance(args, Prompt)
    # With its number: the same words once more are paid once more.
    return [step.id, args.text, list(args.shows or ())]


def _digest(about: object) -> str:
    text = json.dumps(about, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
