"""What a person may have to approve, and what it means that nobody answers. Pure."""

from __future__ import annotations

import re
from typing import Final, Literal, get_args

from pydantic import BaseModel, ConfigDict

from nemovideo_nodes.errors import BadInput

__all__ = [
    "BEFORE_EXPORT",
    "BEFORE_HANDOVER",
    "BEFORE_PAYING",
    "STAGES",
    "ApprovalRule",
    "ApprovalStage",
    "Otherwise",
    "Verdict",
    "approval_rule",
]

ApprovalStage = Literal["before_paying", "before_export", "before_handover"]
"""`before_paying`: the pictures and the words, before anything is sent. `before_export`: the
timeline, before a video is made of it. `before_handover`: the finished video and its text."""

Verdict = Literal["approve", "reject", "change"]
"""What a person says to it; a change is one more instruction."""

Otherwise = Literal["reject", "continue"]
"""What it means that nobody has answered in time."""

BEFORE_PAYING: Final = "before_paying"
BEFORE_EXPORT: Final = "before_export"
BEFORE_HANDOVER: Final = "before_handover"
STAGES: Final[tuple[ApprovalStage, ...]] = get_args(ApprovalStage)

_LONGEST: Final = 365 * 86_400
_UNITS: Final = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_RULE = re.compile(
    r"(?P<stage>.*?)"
    r"(?:[\s,;]+within\s+(?P<within>.+?))?"
    r"(?:[\s,;]+(?:or\s+)?else\s+(?P<otherwise>.+))?"
)
_NONE: Final = (
    *("", "no", "none", "never", "false", "-"),
    *("nein", "kein", "keine", "无", "否", "不", "不需要"),
)


class ApprovalRule(BaseModel):
    """What a person has to approve, how long there is for it, and what no answer means."""

    model_config = ConfigDict(frozen=True)

    stage: ApprovalStage | None = None
    within_s: float | None = None
    """None: for ever."""
    otherwise: Otherwise = "reject"


def approval_rule(text: str) -> ApprovalRule:
    """`before_export`, `before_paying within 3d`, `before_handover within 12h else go on`.

    Nothing, and `none`, stand for no approval. Raises `BadInput`.
    """
    found = _RULE.fullmatch(" ".join(text.lower().split()))
    assert found is not None
    stage = _stage(found["stage"])
    if stage is None:
        return ApprovalRule()
    return ApprovalRule(
        stage=stage,
        within_s=_time(found["within"].strip(" ,;")) if found["within"] else None,
        otherwise=_otherwise(found["otherwise"]) if found["otherwise"] else "reject",
    )


def _stage(text: str) -> ApprovalStage | None:
    name = re.sub(r"[\s_-]+", "_", text.strip(" ,;-_"))
    if name in _NONE:
        return None
    for stage in STAGES:
        if name in (stage, stage.removeprefix("before_"), stage.replace("handover", "hand_over")):
            return stage
    raise BadInput(
        f"{text.strip()[:60]!r} is not a time of approval: use {', '.join(STAGES[:-1])} "
        f"or {STAGES[-1]}, and maybe a time to answer, as in {STAGES[1]} within 3d"
    )


def _time(text: str) -> float:
    found = re.fullmatch(r"(\d{1,5})\s*([mhdw])\w*", text)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < seconds <= _LONGEST:
        raise BadInput(
            f"{text[:40]!r} is not a time to wait for an approval: write 90m, 12h, 3d or 2w, a "
            "year at most"
        )
    return float(seconds)


def _otherwise(text: str) -> Otherwise:
    match re.sub(r"[\s_-]+", " ", text.strip()):
        case "reject":
            return "reject"
        case "continue" | "go on":
            return "continue"
    raise BadInput(
        f"{text.strip()[:40]!r} does not say what happens without an answer: use reject or go on"
    )
