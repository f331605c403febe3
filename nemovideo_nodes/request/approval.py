"""What a person may have to approve, and what it means that nobody answers. Pure."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final, Literal, cast, get_args

from nemovideo_nodes.errors import BadInput

__all__ = [
    "BEFORE_EXPORT",
    "BEFORE_HANDOVER",
    "BEFORE_PAYING",
    "STAGES",
    "ApprovalStage",
    "Otherwise",
    "Verdict",
    "approval_stage",
    "approval_time",
    "otherwise_of",
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

_LONGEST = timedelta(days=365)
_UNITS: Final = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def approval_stage(text: str) -> ApprovalStage | Literal[""]:
    """The stage that is called so, in whatever case and with spaces or dashes; raises `BadInput`.

    Nothing, `no`, `none` and `-` stand for no approval.
    """
    name = re.sub(r"[\s-]+", "_", text.strip().lower()).strip("_")
    if name in ("", "no", "none", "never", "false"):
        return ""
    for stage in STAGES:
        if name in (stage, stage.removeprefix("before_")):
            return stage
    raise BadInput(
        f"{text.strip()[:60]!r} is not a time of approval: use {', '.join(STAGES[:-1])} "
        f"or {STAGES[-1]}"
    )


def approval_time(text: str) -> float | None:
    """`3d`, `12h`, `90m` or `2w` in seconds; None where nothing is given. Raises `BadInput`."""
    if not text.strip():
        return None
    found = re.fullmatch(r"(\d{1,5})\s*([mhdw])", text.strip().lower())
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < seconds <= _LONGEST.total_seconds():
        raise BadInput(
            f"{text.strip()[:40]!r} is not a time to wait for an approval: write 90m, 12h, 3d or "
            "2w, a year at most"
        )
    return float(seconds)


def otherwise_of(text: str) -> Otherwise:
    """What it means that nobody answers, as a person types it; raises `BadInput`."""
    name = text.strip().lower().replace("-", "_").replace(" ", "_")
    if name not in get_args(Otherwise):
        raise BadInput(
            f"{text.strip()[:40]!r} does not say what happens without an answer: use reject or "
            "continue"
        )
    return cast("Otherwise", name)
