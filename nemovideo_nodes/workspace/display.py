"""A run in plain lines: what it is doing, and how it stands; for the logs and pages of doors."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Self

from nemovideo_nodes.errors import redact
from nemovideo_nodes.ledger.conversation import conversation, last_look
from nemovideo_nodes.ledger.run import Run, StepRecord
from nemovideo_nodes.request.steps import HandOver, Prompt, Upload
from nemovideo_nodes.wire.draft import Draft
from nemovideo_nodes.workspace.timeline import draw_timeline

if TYPE_CHECKING:  # who shows steps alone needs no client
    from nemovideo_nodes.engine.events import Event

__all__ = ["PlainDisplay", "describe", "run_lines", "step_line"]

STILL_S = 120.0
"""How often a long stream says that it is still at work."""
_QUIET = frozenset({"token", "state", "credits", "claim"})


class PlainDisplay:
    """Plain lines, a few for each step, on standard error; a log overrides `_line`."""

    def __init__(self, *, to_stderr: bool = True) -> None:
        self._stream = sys.stderr if to_stderr else sys.stdout
        self._told: set[str] = set()
        self._began = time.monotonic()
        self._still = 0
        self._busy_with = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        return None

    def show(self, event: Event) -> None:
        """Take one event of the engine."""
        step = event.step or ""
        self._milestones(event)
        if event.kind == "begin" and event.record and step.split("/")[0] not in _QUIET:
            self._once(f"begin {step}", f"{describe(event.record).rstrip('…')}…")
        elif event.kind == "wait":
            text = event.text[:1].upper() + event.text[1:]
            self._once(f"wait {step} {event.text}", f"{text}…")
        elif event.progress is not None and event.progress.kind == "fraction":
            quarter = int(4 * event.progress.done / (event.progress.total or 1.0))
            if 0 < quarter < 4:
                self._once(f"{step} {quarter}", f"Rendering: {25 * quarter}%…")

    def _milestones(self, event: Event) -> None:
        step = event.step or ""
        if event.kind == "begin":
            if step == "token/0":
                self._once("setup", "Setting things up…")
            if step != self._busy_with:
                self._busy_with, self._began, self._still = step, time.monotonic(), 0
        elif event.kind == "end" and step == "session/0":
            self._once("ready", "Ready.")
        elif event.kind == "progress":
            minutes = int((time.monotonic() - self._began) // STILL_S) * int(STILL_S // 60)
            if minutes > self._still and step.startswith("prompt/"):
                self._still = minutes
                self._line(f"Still working… {minutes} min")

    def _once(self, key: str, text: str) -> None:
        if key not in self._told:
            self._told.add(key)
            self._line(text)

    def _line(self, text: str) -> None:
        # Nobody may be reading any more: no reason to end a run that is being paid for.
        with contextlib.suppress(OSError, ValueError):
            print(text, file=self._stream, flush=True)


def describe(record: StepRecord) -> str:
    """A step in words."""
    args = record.step.args
    if isinstance(args, Upload):
        size = "by URL" if args.media.url else _size(args.media.size)
        return f"Uploading {args.media.name} ({size})"
    if isinstance(args, Prompt):
        return f"Asking: {_short(args.text)}"
    if isinstance(args, HandOver):
        return record.step.phrase
    return _WORDS.get(record.step.node, record.step.id)


_WORDS = {
    "session": "Opening a session",
    "render": "Exporting",
    "await": "Rendering",
    "download": "Downloading the video",
    "publish": "Writing the manifest",
    "approve": "Preparing what is to be approved",
}


def run_lines(run: Run) -> list[str]:
    """A run in whole: what was said, the timeline drawn, and each step with its time and tries."""
    lines = [f"In doubt: {doubt}" for doubt in run.doubts]
    for exchange in conversation(run):
        lines.append(f"> {' '.join(exchange.said.split())}")
        lines += [f"  {line}" for reply in exchange.replies for line in reply.splitlines()]
        lines += [f"  {wish}" for wish in exchange.suggestions]
    look = last_look(run)
    if look is not None and look.outline:
        lines += ["", *draw_timeline(Draft(look.outline)), ""]
    return [*lines, *map(step_line, run.steps.values())]


def step_line(record: StepRecord) -> str:
    """A step's id, when it was done or why not, and how often it was tried."""
    if record.achieved is not None:
        when = f"{record.achieved.at:%Y-%m-%d %H:%M:%S}"
    else:
        when = record.refused.sentence if record.refused else "not yet"
    tries = [f"{record.intents} tries"] if record.intents > 1 else []
    tries += [f"{record.failures} failed"] if record.failures else []
    note = f"  ({', '.join(tries)})" if tries else ""
    return f"  {record.step.id:12} {_short(when) if len(when) > 60 else when}{note}"


def _short(text: str) -> str:
    line = " ".join(redact(text).split())
    return line if len(line) <= 60 else line[:59] + "…"


def _size(size: float) -> str:
    for unit in ("B", "KB", "MB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GB"
