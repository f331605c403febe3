"""What the page of a run shows, in words for people: messages, timeline, steps. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from nemovideo_nodes.errors import redact
from nemovideo_nodes.ledger.conversation import conversation, last_look
from nemovideo_nodes.ledger.run import Run, StepRecord
from nemovideo_nodes.request.steps import STEP_KINDS, Prompt, Upload
from nemovideo_nodes.wire.draft import Draft
from nemovideo_nodes.workspace.timeline import draw_timeline

__all__ = ["ConversationTurn", "StepRow", "conversation_turns", "drawn_timeline", "step_rows"]

TIMELINE_CELLS = 72
"""As many characters as the narrowest page that is worth a drawing has room for."""
_MOST_TITLE = 80


@dataclass(frozen=True)
class ConversationTurn:
    """One instruction, and what came of it."""

    instruction: str
    replies: tuple[str, ...]


@dataclass(frozen=True)
class StepRow:
    """One step of the run."""

    title: str
    outcome: str
    """When it was done (UTC), why it failed, or that it is still to come."""
    failed: bool = False
    note: str = ""


def conversation_turns(run: Run) -> list[ConversationTurn]:
    """All that was said, in its order."""
    return [
        ConversationTurn(exchange.said, (*exchange.replies, *exchange.suggestions))
        for exchange in conversation(run)
    ]


def drawn_timeline(run: Run) -> str:
    """The timeline as it was last seen, a line for each track; empty where there is none."""
    look = last_look(run)
    if look is None or not look.outline:
        return ""
    return "\n".join(draw_timeline(Draft(look.outline), TIMELINE_CELLS))


def step_rows(run: Run) -> list[StepRow]:
    """All steps that the run was asked for, in their order."""
    return [_row(record) for record in run.steps.values()]


def _row(record: StepRecord) -> StepRow:
    notes = [f"{record.intents} tries"] if record.intents > 1 else []
    notes += [f"{record.failures} failed"] if record.failures else []
    note, title = ", ".join(notes), _title(record)
    if record.achieved is not None:
        return StepRow(title, f"{record.achieved.at:%Y-%m-%d %H:%M:%S} UTC", note=note)
    if record.refused is not None:
        return StepRow(title, redact(record.refused.sentence), failed=True, note=note)
    return StepRow(title, "not yet", note=note)


def _title(record: StepRecord) -> str:
    """What the step does, and to what: the name of a file, the words of a message, a count."""
    args = record.step.args
    title = STEP_KINDS[record.step.node].title
    if isinstance(args, Upload):
        return _short(f"{title} {args.media.name}")
    number = record.step.id.partition("/")[2]
    count = f" {int(number) + 1}" if number.isdigit() and int(number) else ""
    if isinstance(args, Prompt):
        return _short(f"{title}{count}: {' '.join(args.text.split())}")
    return f"{title}{count}"


def _short(text: str) -> str:
    return text if len(text) <= _MOST_TITLE else text[: _MOST_TITLE - 1] + "…"
