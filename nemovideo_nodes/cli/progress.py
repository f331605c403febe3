"""Progress on standard error: one live line on a terminal, a plain line a phase elsewhere."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from nemovideo_nodes.cli.phases import SETTING_UP, Phases
from nemovideo_nodes.cli.terminal import cut, is_live, width, wrapped

if TYPE_CHECKING:
    from nemovideo_nodes.engine.events import Event

__all__ = ["LiveLine", "PlainLines", "Progress", "Silence", "StepLines", "progress_for"]

_TICK_S = 0.25
_COUNTED_FROM_S = 3.0
"""A phase that lasts shorter shows no seconds."""
STILL_S = 120.0
"""How often a long phase says in plain lines that it is still at work."""


class Progress(Protocol):
    """Shows how a command gets on, from `with` to its end."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def begin(self, text: str) -> None:
        """Show what is looked at before it is known that a run begins."""
        ...

    def set_up(self) -> None:
        """Say that the run begins."""
        ...

    def paused(self) -> AbstractContextManager[None]:
        """Keep off the terminal, while a person is asked something."""
        ...

    def show(self, event: Event) -> None:
        """Take one event of the engine."""
        ...

    def say(self, text: str) -> None:
        """Say a line that stays."""
        ...


def progress_for(loudness: str | None, *, as_json: bool = False) -> Progress:
    """What suits standard error and the command's options."""
    if loudness == "quiet":
        return Silence()
    if loudness == "verbose":
        return StepLines()
    return LiveLine() if is_live() and not as_json else PlainLines()


class Silence:
    """Says nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        return None

    def begin(self, text: str) -> None:
        """Say nothing."""

    def set_up(self) -> None:
        """Say nothing."""

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing is on the terminal."""
        yield

    def show(self, event: Event) -> None:
        """Say nothing."""

    def say(self, text: str) -> None:
        """Say nothing."""


class PlainLines(Silence):
    """A line when a phase begins, what it waits for, and that it is still at work."""

    def __init__(self) -> None:
        self._phases = Phases()
        self._said: set[str] = set()
        self._began = time.monotonic()
        self._still = 0

    def set_up(self) -> None:
        """Say it at once: it may take a second before there is an event."""
        self._once(f"{SETTING_UP}…")

    def show(self, event: Event) -> None:
        """Say what is new in it."""
        word = self._phases.word
        self._phases.take(event)
        phases = self._phases
        if phases.word != word:
            self._began, self._still = time.monotonic(), 0
            count = f" {event.position[1]} files" if event.position and _is_many(event) else ""
            self._once(f"{phases.word}{count}…")
        if event.kind == "wait" and phases.note:
            self._once(f"{phases.note[:1].upper()}{phases.note[1:].rstrip('…')}…")
        minutes = int((time.monotonic() - self._began) // STILL_S) * int(STILL_S // 60)
        if minutes > self._still:
            self._still = minutes
            self.say(f"{phases.text}: still at it after {minutes} min…")

    def say(self, text: str) -> None:
        """Write a line."""
        # Nobody may be reading any more: no reason to end a run that is being paid for.
        with contextlib.suppress(OSError, ValueError):
            print(text, file=sys.stderr, flush=True)

    def _once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self.say(text)


def _is_many(event: Event) -> bool:
    return (event.step or "").startswith("upload/") and (event.position or (1, 1))[1] > 1


class StepLines(PlainLines):
    """Every step, wait and refusal, with its id and the seconds since the start."""

    def set_up(self) -> None:
        """The first step says it."""

    def show(self, event: Event) -> None:
        """Write the event down, unless it only tells how far a step is."""
        if event.kind != "progress":
            seconds = f"{time.monotonic() - self._began:8.2f}s"
            self.say(" ".join(filter(None, [seconds, event.kind, event.step, event.text])))


class LiveLine(Silence):
    """One line that is written anew when its text changes, and gone in the end."""

    def __init__(self) -> None:
        self._phases = Phases()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tick, name="progress", daemon=True)
        self._text = self._drawn = ""
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *ended: object) -> None:
        self._over.set()
        self._thread.join()
        with self._lock:
            self._clear()

    def begin(self, text: str) -> None:
        """Show `text`."""
        with self._lock:
            self._text, self._began = text, time.monotonic()
            self._draw()

    def show(self, event: Event) -> None:
        """Show the phase that the run is in now."""
        with self._lock:
            word = self._phases.word
            self._phases.take(event)
            if self._phases.word != word:
                self._began = time.monotonic()
            if self._phases.word:
                note = f" · {self._phases.note}" if self._phases.note else ""
                self._text = f"{self._phases.text}{note}"
            self._draw()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Take the line away for as long as the context lasts."""
        with self._lock:
            self._clear()
            text, self._text = self._text, ""
        try:
            yield
        finally:
            with self._lock:
                self._text, self._began = text, time.monotonic()

    def say(self, text: str) -> None:
        """Write a line above the live one."""
        with self._lock:
            self._clear()
            self._write("".join(f"{line}\n" for line in wrapped(text, width())))
            self._draw()

    def _tick(self) -> None:
        while not self._over.wait(_TICK_S):
            with self._lock:
                self._draw()

    def _draw(self) -> None:
        if not self._text or self._over.is_set():
            return
        seconds = time.monotonic() - self._began
        time_ = f" {_duration(seconds)}" if seconds >= _COUNTED_FROM_S else ""
        # The last column stays free: some terminals begin a new line behind it.
        line = cut(self._text, width() - 1 - len(time_)) + time_
        if line != self._drawn:
            self._write(f"\r{line}\x1b[K")
            self._drawn = line

    def _clear(self) -> None:
        if self._drawn:
            self._write("\r\x1b[K")
            self._drawn = ""

    def _write(self, text: str) -> None:
        # In one piece, past Python's buffer: a line that is half written flickers.
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
            os.write(sys.stderr.fileno(), text.encode(sys.stderr.encoding or "utf-8", "replace"))


def _duration(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60}:{whole % 60:02} min"
