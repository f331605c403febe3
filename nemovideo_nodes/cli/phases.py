"""The phases of a run in plain words, told from the engine's events. No I/O."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from nemovideo_nodes.engine.events import Event

__all__ = ["SETTING_UP", "Phases"]

SETTING_UP: Final = "Setting things up"
_WORDS: Final = MappingProxyType(
    {
        "token": SETTING_UP,
        "session": SETTING_UP,
        "upload": "Uploading",
        "prompt": "Creating",
        "render": "Rendering",
        "await": "Rendering",
        "download": "Downloading",
        "publish": "Checking",
        "hand_over": "Handing over",
        "approve": "Preparing what is to be approved",
    }
)
"""By the step's kind; the kinds that are not here are quick, and leave the phase as it is."""
_COUNTED: Final = frozenset({"upload", "prompt", "await", "download", "hand_over"})


class Phases:
    """The phase that a run is in: `Uploading 12/30`, `Rendering 40%`."""

    def __init__(self) -> None:
        self.word = ""
        """The phase itself: `Uploading`."""
        self.note = ""
        """What it waits for, if it does."""
        self._count = ""
        self._share = ""
        self._done = 0.0
        self._kind = ""

    @property
    def text(self) -> str:
        """The phase with its count and its share."""
        return " ".join(filter(None, (self.word, self._count, self._share)))

    def take(self, event: Event) -> bool:
        """Take one event in; whether another phase has begun, or a count in it."""
        kind = (event.step or "").partition("/")[0]
        before = self.word, self._count
        if event.kind == "begin" and kind in _WORDS:
            self._begin(kind, event.position)
        elif event.kind == "wait":
            self.note = "" if _WORDS.get(kind) == event.text else event.text
        elif event.kind == "progress" and event.progress is not None:
            progress = event.progress
            self.note = ""
            if progress.kind in ("fraction", "bytes") and progress.total and kind == self._kind:
                done = min(1.0, progress.done / progress.total)
                if kind != "upload":  # a share that falls back would look like work lost
                    self._done = max(self._done, done)
                    self._share = f"{self._done:.0%}"
                if kind == "download" and done >= 1.0:  # what came is read through
                    self.word, self._count, self._share = "Checking", "", ""
        return (self.word, self._count) != before

    def _begin(self, kind: str, position: tuple[int, int] | None) -> None:
        word = _WORDS[kind]
        if word != self.word:
            self._share, self._done = "", 0.0
        self._kind, self.word, self.note, self._count = kind, word, "", ""
        if kind in _COUNTED and position is not None and position[1] > 1:
            self._count = f"{position[0]}/{position[1]}"
        elif kind == "upload":
            self._count = "1/1"
