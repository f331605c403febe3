"""What a person's word, or that there is none, means for a run that needs approval. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from nemovideo_nodes.errors import ErrorCode, Remedy
from nemovideo_nodes.ledger.approvals import otherwise, seen_of, shown
from nemovideo_nodes.ledger.results import ApprovalResult
from nemovideo_nodes.ledger.run import Decided, Run, StepRecord
from nemovideo_nodes.request.steps import Approve

__all__ = ["ApprovalStop", "approval_result", "approval_stop"]

_ASKED: Final = MappingProxyType(
    {
        "before_paying": "a person has to approve the pictures and the words before it is paid for",
        "before_export": "a person has to approve the timeline before the video is made",
        "before_handover": "a person has to approve the video before it is handed over",
    }
)


@dataclass(frozen=True)
class ApprovalStop:
    """Why a run does not go on by itself."""

    sentence: str
    code: ErrorCode
    remedy: Remedy


def approval_stop(run: Run, record: StepRecord, now: datetime) -> ApprovalStop | None:
    """Why the run stops at that step; None where it is to be performed: to ask, or to go on."""
    if not isinstance(record.step.args, Approve):
        return None
    word = run.decisions.get(seen_of(run, record))
    if word is not None:
        return None if word.decision.word == "approve" else _rejected(word)
    asked = shown(run, record)
    if asked is None:
        return None
    if not asked.is_overdue(now):
        sentence = _ASKED[asked.stage]
        return ApprovalStop(sentence, ErrorCode.NEEDS_APPROVAL, Remedy.APPROVE)
    if otherwise(run) == "continue":
        return None
    assert asked.until is not None
    by = f"{asked.until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    sentence = f"nobody approved it by {by}, which counts as a rejection"
    return ApprovalStop(sentence, ErrorCode.REJECTED, Remedy.AGAIN)


def approval_result(run: Run, record: StepRecord, now: datetime) -> ApprovalResult | None:
    """What the step achieves now; None where a person is to be asked."""
    seen = seen_of(run, record)
    word = run.decisions.get(seen)
    if word is not None and word.decision.word == "approve":
        return ApprovalResult(seen=seen, who=word.decision.who, decided_at=word.at)
    asked = shown(run, record)
    if asked is not None and asked.is_overdue(now) and otherwise(run) == "continue":
        return ApprovalResult(seen=seen, who="", decided_at=now)
    return None


def _rejected(word: Decided) -> ApprovalStop:
    why = f": {word.decision.text}" if word.decision.text else ""
    sentence = f"{word.decision.who} rejected it{why}"
    return ApprovalStop(sentence, ErrorCode.REJECTED, Remedy.AGAIN)
