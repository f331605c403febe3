"""Commands on a pseudo-terminal, and what a person sees there: each state of the live line, and
what stays on the screen.
"""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyte

__all__ = ["Recording", "record"]

ROWS = 24
_TALL = 400
"""Rows of the screen that is looked at: nothing scrolls out of it."""
_MAIN = "from nemovideo_nodes.cli import main; main(prog_name='nemovideo')"
_LIMIT_S = 120.0


@dataclass(frozen=True)
class Recording:
    """What a command wrote on a terminal of so many columns."""

    columns: int
    code: int
    raw: str
    live: tuple[str, ...]
    """The states of the line that is written anew, without times and shares."""
    lines: tuple[str, ...]
    """What is left on the screen."""
    first_byte_s: float

    @property
    def text(self) -> str:
        """The live states in brackets, then what is left."""
        return "".join(f"{line}\n" for line in (*(f"[{one}]" for one in self.live), *self.lines))


def record(
    arguments: Sequence[str],
    columns: int,
    folder: Path,
    env: Mapping[str, str],
    answers: Sequence[tuple[str, str]] = (),
) -> Recording:
    """Type `nemovideo` with `arguments` on a terminal, and wait for its end.

    `answers` are typed in turn, each when the command has asked what stands before it.
    """
    left = list(answers)
    heard = 0
    owner, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    known = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-c", _MAIN, *arguments],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        cwd=folder,
        env={**known, "TERM": "xterm-256color", "LANG": "C.UTF-8", **env},
        start_new_session=True,
    )
    os.close(terminal)
    screen = pyte.Screen(columns, _TALL)
    stream = pyte.ByteStream(screen)
    raw, first = b"", 0.0
    live: list[str] = []
    try:
        while piece := _read(owner, began):
            first = first or time.monotonic() - began
            raw += piece
            if left and left[0][0].encode() in raw[heard:]:
                heard = len(raw)
                os.write(owner, f"{left.pop(0)[1]}\n".encode())
            for part in re.split(rb"(?=\r)", piece):
                stream.feed(part)
                state = _plain(screen.display[screen.cursor.y])
                if state and screen.cursor.x and (not live or live[-1] != state):
                    live.append(state)
    finally:
        if time.monotonic() - began > _LIMIT_S:
            process.kill()
        code = process.wait()
        os.close(owner)
    shown = [line.rstrip() for line in screen.display]
    while shown and not shown[-1]:
        shown.pop()
    kept = {_plain(line) for line in shown}
    states = [state for state in live if state not in kept]
    return Recording(
        columns,
        code,
        raw.decode("utf-8", "replace"),
        tuple(dict.fromkeys(states)),
        tuple(shown),
        first,
    )


def _read(owner: int, began: float) -> bytes:
    if not select.select([owner], [], [], max(0.0, began + _LIMIT_S - time.monotonic()))[0]:
        raise TimeoutError("the command does not end")
    try:
        return os.read(owner, 65536)
    except OSError as error:  # Linux says so when the other side is closed
        if error.errno != errno.EIO:
            raise
        return b""


def _plain(line: str) -> str:
    """Without what is another each time: seconds, shares, what is waited for."""
    line = re.sub(r" (?:\d+ s|\d+:\d\d min)$", "", line.rstrip())
    return re.sub(r" \d+%$| · .*$", "", line)
