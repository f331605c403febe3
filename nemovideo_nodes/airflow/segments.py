"""Deferral segments: which steps of a run a worker does, and which the triggerer does. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.request.steps import StepName

__all__ = ["Segment", "next_segment"]

_RENDERING = frozenset({StepName.RENDER, StepName.AWAIT})
"""An export is submitted under an id of ours, so a triggerer may be restarted at any moment."""
_MESSAGES = frozenset({StepName.PROMPT, StepName.STATE})
"""A message's stream must stay open: who hangs up cancels the agent, and the message is lost."""


@dataclass(frozen=True)
class Segment:
    """Consecutive steps, up to and including `through`, that are all done in the same place."""

    through: str
    deferred: bool
    """Whether the triggerer does them, so that no worker slot is held."""


def next_segment(
    run: Run, goal: str | None = None, *, defer_messages: bool = False
) -> Segment | None:
    """The next segment up to the step `goal` (None: the run's last); None if all is achieved."""
    waiting = _RENDERING | _MESSAGES if defer_messages else _RENDERING
    segment: Segment | None = None
    for step_id, record in run.steps.items():
        deferred = record.step.node in waiting
        if segment is not None and deferred != segment.deferred:
            return segment
        if segment is not None or not record.achieved:
            segment = Segment(step_id, deferred)
        if step_id == goal:
            break
    return segment
