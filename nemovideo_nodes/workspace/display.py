"""What the command line shows while a run is at work: live on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from nemovideo_nodes.engine.loop import Event
from nemovideo_nodes.errors import redact
from nemovideo_nodes.ledger.conversation import conversation, last_look
from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.ledger.run import Run, StepRecord
from nemovideo_nodes.request.platforms import PRESETS
from nemovideo_nodes.request.steps import Prompt, Upload
from nemovideo_nodes.wire.draft import Draft
from nemovideo_nodes.workspace.timeline import draw_timeline

if TYPE_CHECKING:
    from rich.progress import TaskID

__all__ = ["Display", "LiveDisplay", "PlainDisplay", "SilentDisplay", "result_lines", "run_lines"]

STILL_S = 120.0
"""How often a long stream says that it is still at work."""
_QUIET = frozenset({"token", "state", "credits", "claim"})


class Display(Protocol):
    """Shows the events of one run, from `with` to its end."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def show(self, event: Event) -> None:
        """Take one event of the engine."""
        ...


class _Base:
    def __init__(self) -> None:
        self._told: set[str] = set()
        self._began = self._started = time.monotonic()
        self._still = 0
        self._busy_with = ""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def _line(self, text: str) -> None:
        raise AssertionError("a display says lines")

    def _once(self, key: str, text: str) -> None:
        if key not in self._told:
            self._told.add(key)
            self._line(text)

    def _milestones(self, event: Event) -> None:
        """The lines that both displays say."""
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


class PlainDisplay(_Base):
    """Plain lines, a few for each step; for logs and pipes."""

    def __init__(self, *, to_stderr: bool, verbose: bool = False) -> None:
        super().__init__()
        self._stream = sys.stderr if to_stderr else sys.stdout
        self._verbose = verbose

    def __enter__(self) -> Self:
        return self

    def show(self, event: Event) -> None:
        """Take one event of the engine."""
        step = event.step or ""
        if self._verbose and event.kind != "progress":
            seconds = f"{time.monotonic() - self._started:8.2f}s"
            self._line(" ".join(filter(None, [seconds, event.kind, step, event.text])))
            return
        self._milestones(event)
        if event.kind == "begin" and event.record and step.split("/")[0] not in _QUIET:
            self._once(f"begin {step}", f"{describe(event.record).rstrip('…')}…")
        elif event.kind == "wait":
            text = event.text[:1].upper() + event.text[1:]
            self._once(f"wait {step} {event.text}", f"{text}…")

    def _line(self, text: str) -> None:
        # Nobody may be reading any more: no reason to end a run that is being paid for.
        with contextlib.suppress(OSError, ValueError):
            print(text, file=self._stream, flush=True)


class SilentDisplay(_Base):
    """Nothing at all, until the end."""

    def __enter__(self) -> Self:
        return self

    def show(self, event: Event) -> None:
        """Say nothing."""


class LiveDisplay(_Base):
    """A line with a bar for each step, redrawn in place."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        super().__init__()
        self._console = Console(stderr=True)
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[note]}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def show(self, event: Event) -> None:
        """Take one event of the engine."""
        self._milestones(event)
        step = event.step or ""
        if event.kind == "begin" and event.record and step.split("/")[0] not in _QUIET:
            self._task(step, describe(event.record))
        elif event.kind == "wait":
            self._note(step, event.text)
        elif event.kind == "end":
            self._finish(step)
        elif event.kind == "progress" and event.progress and step in self._tasks:
            progress = event.progress
            if progress.kind in ("bytes", "fraction"):
                note = _size(progress.done) if progress.kind == "bytes" else ""
                self._progress.update(
                    self._tasks[step], completed=progress.done, total=progress.total, note=note
                )
            elif progress.kind == "text" and progress.text.strip():
                self._note(step, _short(progress.text))
            elif progress.kind == "tool":
                self._note(step, progress.text)

    def _task(self, step: str, description: str) -> None:
        from rich.markup import escape

        if step not in self._tasks:
            self._tasks[step] = self._progress.add_task(escape(description), total=None, note="")

    def _note(self, step: str, note: str) -> None:
        if step in self._tasks:
            self._progress.update(self._tasks[step], note=_short(note))

    def _finish(self, step: str) -> None:
        if step in self._tasks:
            self._progress.update(self._tasks[step], completed=1, total=1, note="")

    def _line(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False)


def describe(record: StepRecord) -> str:
    """A step in words."""
    args = record.step.args
    if isinstance(args, Upload):
        size = "by URL" if args.media.url else _size(args.media.size)
        return f"Uploading {args.media.name} ({size})"
    if isinstance(args, Prompt):
        return f"Asking: {_short(args.text)}"
    return _WORDS.get(record.step.node, record.step.id)


_WORDS = {
    "session": "Opening a session",
    "render": "Exporting",
    "await": "Rendering",
    "download": "Downloading the video",
    "publish": "Writing the manifest",
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
    return [*lines, *map(_step_line, run.steps.values())]


def _step_line(record: StepRecord) -> str:
    if record.achieved is not None:
        when = f"{record.achieved.at:%Y-%m-%d %H:%M:%S}"
    else:
        when = record.refused.sentence if record.refused else "not yet"
    tries = [f"{record.intents} tries"] if record.intents > 1 else []
    tries += [f"{record.failures} failed"] if record.failures else []
    note = f"  ({', '.join(tries)})" if tries else ""
    return f"  {record.step.id:12} {_short(when) if len(when) > 60 else when}{note}"


def result_lines(result: RunResult) -> list[str]:
    """What is said at the end: path, timeline, credits, and how to go on."""
    lines = [f"  {' '.join(reply.split())}" for reply in result.replies]
    platforms = {one.platform for one in result.deliveries}
    for video in result.videos:
        lines.append(
            f"Video: {video.path} ({video.duration_s:.1f} s, {video.width}x{video.height}, "
            f"{_size(video.bytes)})"
        )
    for one in result.deliveries:
        title = PRESETS[one.platform].title if one.platform in PRESETS else one.platform
        shown = {video.path for video in result.videos}
        if title and (len(platforms) > 1 or one.path not in shown):
            how = f", {one.rendition}" if one.rendition else ""
            lines.append(f"{title}: {one.path} ({one.width}x{one.height}{how})")
        lines += [f"  Worth a look: {sentence}" for sentence in (*one.violations, *one.notes)]
    if result.timeline:
        lines.append(result.timeline)
    credits = result.credits
    if credits.after is not None:
        spent = ""
        if credits.spent:
            spent = f", {credits.spent:.12g} spent"
        elif credits.account_moved:
            spent = f"; the account went down by {credits.account_moved:.12g} meanwhile"
        lines.append(f"Credits: {credits.after:.12g} left{spent}")
    if result.manifest:
        lines.append(f"Manifest: {result.manifest}")
    lines.append(f"Run: {result.run_id} ({result.status})")
    return lines


def _short(text: str) -> str:
    line = " ".join(redact(text).split())
    return line if len(line) <= 60 else line[:59] + "…"


def _size(size: float) -> str:
    for unit in ("B", "KB", "MB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GB"
