"""What the engine tells whoever watches a run: steps that begin, end, wait or are refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from nemovideo_nodes.engine.kinds.kind import Progress
from nemovideo_nodes.ledger.step import StepRecord

__all__ = ["Event", "EventKind"]

EventKind = Literal["begin", "end", "wait", "progress", "refused"]


@dataclass(frozen=True)
class Event:
    """Something to show to whoever watches a run."""

    kind: EventKind
    step: str | None
    text: str = ""
    progress: Progress | None = None
    until: datetime | None = None
    record: StepRecord | None = None
    position: tuple[int, int] | None = None
    """Of a step that begins: which one it is of those of its kind that were asked for with it, and
    how many they are."""
