"""Lets processes believe in another time: each asks a file how far it is from the machine's own.

A folder on PYTHONPATH makes every Python below do so (`MovedClock.env`); the tests' process itself
does it with `install`.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from nemovideo_nodes.clock import SystemClock

__all__ = ["MovedClock", "install"]

_FILE: Final = "MOVED_CLOCK"
_NOW: Final = SystemClock.now


def install() -> None:
    """Move the time of this process by what the file says now."""
    setattr(SystemClock, "now", _moved)  # noqa: B010 - mypy knows no other way


def _moved(clock: SystemClock) -> datetime:
    path = os.environ.get(_FILE)
    ahead = float(Path(path).read_text()) if path else 0.0
    return _NOW(clock) + timedelta(seconds=ahead)


class MovedClock:
    """A time that goes on as the machine's does, from where it was set."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._file = folder / "ahead"
        self._file.write_text("0")
        start = "import moved_clock\nmoved_clock.install()\n"
        (folder / "sitecustomize.py").write_text(start)
        support = str(Path(__file__).parent)
        known = os.environ.get("PYTHONPATH", "")
        self.env = {
            _FILE: str(self._file),
            "PYTHONPATH": os.pathsep.join(filter(None, (str(folder), support, known))),
        }
        """Of processes whose time it is."""

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Move the time of the tests' process, too."""
        monkeypatch.setenv(_FILE, str(self._file))
        monkeypatch.setattr(SystemClock, "now", _moved)

    def set(self, when: datetime) -> None:
        """It is `when` now."""
        ahead = (when - _NOW(SystemClock())).total_seconds()
        new = self._file.with_suffix(".new")
        new.write_text(str(ahead))
        new.replace(self._file)
