"""What the page of a run shows, in words for people: messages, timeline, steps. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from nemovideo_nodes.errors import redact
from nemovideo_nodes.ledger.conversation import conversation, last_look
from nemovideo_nodes.ledger.manifest import Delivered, RunResult
from nemovideo_nodes.ledger.run import Run, StepRecord
from nemovideo_nodes.request.platforms import PRESETS
from nemovideo_nodes.request.steps import STEP_KINDS, Prompt, Upload
from nemovideo_nodes.wire.draft import Draft, Track, seconds

__all__ = [
    "ConversationTurn",
    "DeliveryRow",
    "StepRow",
    "TimelineBlock",
    "TimelineTrack",
    "conversation_turns",
    "delivery_rows",
    "step_rows",
    "timeline_length",
    "timeline_tracks",
]

_TRACKS = {0: "Video", 1: "Music", 7: "Title"}
_MOST_TRACKS = 30
_MOST_BLOCKS = 200
_MOST_TITLE = 80


@dataclass(frozen=True)
class TimelineBlock:
    """A part of a track: what it shows, and where it is, in percent of the video's length."""

    name: str
    left: float
    width: float


@dataclass(frozen=True)
class TimelineTrack:
    """One track, with its parts in their order."""

    label: str
    blocks: tuple[TimelineBlock, ...]


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


@dataclass(frozen=True)
class DeliveryRow:
    """What one platform gets."""

    title: str
    """The platform, and the language of the text."""
    file: str
    """The name of its video."""
    how: str
    """Its frame, and whether it is the video itself or a rendition of it."""
    text: str
    problems: tuple[str, ...]
    """Rules of the platform that it does not meet, and what else is to be known."""


def delivery_rows(result: RunResult) -> list[DeliveryRow]:
    """What each platform gets, in its order; none where no platform was named."""
    return [_delivery(one) for one in result.deliveries]


def _delivery(one: Delivered) -> DeliveryRow:
    title = PRESETS[one.platform].title if one.platform in PRESETS else "Any platform"
    how = f"a rendition ({one.rendition})" if one.rendition else "the video itself"
    return DeliveryRow(
        title=", ".join(filter(None, (title, one.language))),
        file=one.path.rsplit("/", 1)[-1],
        how=f"{one.width}x{one.height}, {how}",
        text="\n".join(filter(None, (one.title, one.caption))),
        problems=(*one.violations, *one.notes),
    )


def conversation_turns(run: Run) -> list[ConversationTurn]:
    """All that was said, in its order."""
    return [
        ConversationTurn(exchange.said, (*exchange.replies, *exchange.suggestions))
        for exchange in conversation(run)
    ]


def timeline_tracks(run: Run) -> list[TimelineTrack]:
    """The tracks as they were last seen; none where nothing says how long the video is."""
    look = last_look(run)
    if look is None or not look.outline:
        return []
    draft = Draft(look.outline)
    length = draft.duration_ms
    if not length:
        return []
    return [_track(track, length) for track in draft.tracks[:_MOST_TRACKS]]


def _track(track: Track, length: float) -> TimelineTrack:
    blocks = []
    for segment in track.segments[:_MOST_BLOCKS]:
        if segment.start_ms is None or segment.end_ms is None:
            continue
        left = min(100.0, max(0.0, segment.start_ms / length * 100))
        width = min(100.0 - left, max(0.5, (segment.end_ms - segment.start_ms) / length * 100))
        volume = "" if segment.volume is None else f" {segment.volume:.0f}%"
        blocks.append(TimelineBlock(f"{segment.name}{volume}", round(left, 2), round(width, 2)))
    label = _TRACKS.get(track.kind, "Other") if track.kind is not None else "Other"
    return TimelineTrack(label, tuple(blocks))


def timeline_length(run: Run) -> str:
    """How long the video is, as `6s`; empty where nothing says so."""
    look = last_look(run)
    length = Draft(look.outline).duration_ms if look is not None and look.outline else None
    return f"{seconds(length)}s" if length else ""


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
