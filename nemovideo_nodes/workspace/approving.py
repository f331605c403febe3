"""A person's word on what a run shows: approve it, reject it, or have it changed."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from nemovideo_nodes.engine.summaries import Summary
from nemovideo_nodes.errors import BadInput, Remedy, redact
from nemovideo_nodes.ledger.approvals import Shown, pending, shown
from nemovideo_nodes.ledger.facts import FORMAT_2, NEWEST, Asked, Decision, Noted
from nemovideo_nodes.ledger.run import Decided, Run
from nemovideo_nodes.ledger.run_result import ApprovalAsked
from nemovideo_nodes.request.approval import BEFORE_HANDOVER, Verdict
from nemovideo_nodes.request.model import Instruction
from nemovideo_nodes.request.script import numbered
from nemovideo_nodes.request.steps import HandOver
from nemovideo_nodes.workspace.refinement import refinement_steps, videos_to_pay

__all__ = ["Waiting", "Word", "this_user", "waiting", "word_of"]

_LONGEST = 500


@dataclass(frozen=True)
class Waiting:
    """A run that waits for approval."""

    run_id: str
    asked: ApprovalAsked
    at: datetime
    """When it was worked on last."""
    said: tuple[str, ...]
    """What it was asked for."""


@dataclass(frozen=True)
class Word:
    """What a person says to what is shown."""

    decision: Verdict
    who: str
    instruction: Instruction | None = None
    """Of a change: what to say to the service."""
    why: str = ""
    """Of a rejection."""
    seen: str = ""
    """The digest of what the person saw; empty: whatever is shown now."""
    anyway: bool = False
    """Whether it counts although the same was rejected before, or nobody had answered in time."""


def waiting(found: Iterator[Summary]) -> list[Waiting]:
    """Those that wait for approval, the one that has waited longest first."""
    runs = [
        Waiting(one.result.run_id, one.result.approval, one.at, one.said)
        for one in found
        if one.result.approval is not None
    ]
    return sorted(runs, key=lambda run: run.asked.asked_at)


def this_user() -> str:
    """Who is at this machine, as it says itself."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in some containers
        return "someone"


def word_of(run: Run, word: Word, at: datetime, by: str) -> Asked | Noted | None:
    """The fact of a person's word; None where the same was said before. Raises `BadInput`."""
    asked = _asked(run, word, at)
    if asked.word is not None and asked.word.decision.word == word.decision:
        return None
    decision = Decision(
        word=word.decision,
        seen=asked.seen,
        who=_line(word.who) or "someone",
        text=_line(word.instruction.text if word.instruction else word.why),
    )
    if word.decision != "change":
        step = asked.record.step.id
        return Noted(v=FORMAT_2, at=at, by=by, topic="decided", step=step, decided=decision)
    if word.instruction is None:
        raise BadInput("The change is empty: say in words what to change", run_id=run.id)
    if asked.stage == BEFORE_HANDOVER and _hands_over_each(run):
        raise BadInput(
            f"Run {run.id} hands over several videos, and a change would be made to the last one "
            "alone: reject it, and make the one that is to be changed in a run of its own",
            run_id=run.id,
        )
    steps, after = refinement_steps(run, (word.instruction,), is_message=True)
    afters = videos_to_pay(run, asked.record)
    if len(afters) > 1:
        steps = numbered([step.args for _ in afters for step in steps], run.steps)
    return Asked(
        v=NEWEST if len(afters) > 1 else FORMAT_2,
        at=at,
        by=by,
        steps=steps,
        after=after,
        afters=afters if len(afters) > 1 else None,
        because="refinement",
        said=(word.instruction.text,),
        given=(),
        decided=decision,
    )


def _hands_over_each(run: Run) -> bool:
    """Whether the videos of a batch are handed over, each by itself."""
    records = run.steps.values()
    return any(isinstance(one.step.args, HandOver) and one.step.args.render for one in records)


def _asked(run: Run, word: Word, now: datetime) -> Shown:
    """What is shown to the person; raises `BadInput` where there is nothing, or something else."""
    if run.cancel is not None:
        raise BadInput(f"Run {run.id} was cancelled", remedy=Remedy.AGAIN, run_id=run.id)
    record = pending(run)
    asked = shown(run, record) if record is not None else None
    if asked is None:
        before = record is not None or _has_approvals(run)
        yet = "does not wait for approval now" if before else "needs no approval"
        known = _last(run)
        was = f": {_told(known)}" if known else ""
        raise BadInput(f"Run {run.id} {yet}{was}", run_id=run.id)
    if word.seen and not asked.seen.startswith(word.seen):
        raise BadInput(
            f"What run {run.id} shows has changed since it was looked at: look at it again",
            run_id=run.id,
        )
    is_late = asked.is_overdue(now)
    rejected = asked.word if asked.word and asked.word.decision.word == "reject" else None
    if (rejected or is_late) and word.decision != "reject" and not word.anyway:
        how = f"was rejected: {_told(rejected)}" if rejected else _late(asked)
        raise BadInput(
            f"Run {run.id} {how}. To approve it all the same, say so with `anyway`",
            remedy=Remedy.AGAIN,
            run_id=run.id,
        )
    return asked


def _late(asked: Shown) -> str:
    assert asked.until is not None
    return f"was not approved by {asked.until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _has_approvals(run: Run) -> bool:
    return any(record.presented for record in run.steps.values())


def _last(run: Run) -> Decided | None:
    known = sorted(run.decisions.values(), key=lambda one: one.at)
    return known[-1] if known else None


def _told(word: Decided) -> str:
    did = {"approve": "approved", "reject": "rejected"}[word.decision.word]
    at = word.at.astimezone(UTC)
    return f"{word.decision.who} {did} it at {at:%Y-%m-%d %H:%M} UTC"


def _line(text: str) -> str:
    return " ".join(redact(text).split())[:_LONGEST]
