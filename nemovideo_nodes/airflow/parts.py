"""Which steps of a run hold a worker, and which are left to the triggerer. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.request.steps import StepName

__all__ = ["Part", "next_part"]

_WAITING = frozenset({StepName.PROMPT, StepName.STATE, StepName.RENDER, StepName.AWAIT})
"""From a message to the finished render there is little to do and much to wait for."""


@dataclass(frozen=True)
class Part:
    """The steps up to and with `through`, all of one kind."""

    through: str
    waits: bool
    """Whether they only wait, so that no worker should be held."""


def next_part(run: Run, goal: str | None = None) -> Part | None:
    """The next part of what the run was asked for, up to the step `goal`; None: it is achieved."""
    part: Part | None = None
    for step_id, record in run.steps.items():
        waits = record.step.node in _WAITING
        if part is not None and waits != part.waits:
            return part
        if part is not None or not record.achieved:
            part = Part(step_id, waits)
        if step_id == goal:
            break
    return part
