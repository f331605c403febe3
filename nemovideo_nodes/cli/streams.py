"""Standard output and error as a shell leaves them: closed, full, or with nobody who reads them."""

from __future__ import annotations

import errno
import io
import os
import sys
from dataclasses import dataclass
from typing import Any, TextIO

__all__ = ["Streams", "open_streams"]


class _Tolerant(io.FileIO):
    """A file whose first failure is remembered instead of raised; what follows is dropped.

    A run that is being paid for does not end because a terminal was closed.
    """

    failure: OSError | None = None

    def write(self, data: Any, /) -> int:
        """Write, or pretend to."""
        if self.failure is None:
            try:
                return super().write(data)
            except BlockingIOError:
                raise
            except OSError as error:
                self.failure = error
        return memoryview(data).nbytes


@dataclass(frozen=True)
class Streams:
    """The streams of a command, and what became of its standard output."""

    out: _Tolerant

    def exit_code(self, code: int) -> int:
        """The code to end with: one of its own where the output of a command is lost.

        A reader that had enough, as `head` has, is no failure.
        """
        sys.stdout.flush()
        sys.stderr.flush()
        failure = self.out.failure
        if failure is None or failure.errno == errno.EPIPE:
            return code
        reason = (failure.strerror or str(failure)).lower()
        print(
            f"nemovideo: Standard output cannot be written ({reason}): what was done stays "
            "done, and the same command shows it again",
            file=sys.stderr,
            flush=True,
        )
        return code or 1


def open_streams() -> Streams | None:
    """Make the process's own streams tolerant; None where somebody else has put others there."""
    if os.name != "posix" or sys.stdout is not sys.__stdout__:
        return None
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # closed: the next file would get its number, and its output
            os.open(os.devnull, os.O_RDWR)
    if sys.stdin is None:  # closed: whoever asks a person finds no terminal, and no answer
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  as long as the process
    out = _Tolerant(1, "w", closefd=False)
    sys.stdout = _text(out, sys.stdout)
    sys.stderr = _text(_Tolerant(2, "w", closefd=False), sys.stderr)
    return Streams(out)


def _text(raw: _Tolerant, was: TextIO | None) -> io.TextIOWrapper:
    """A text stream over `raw` that is like the one that was there; None was closed."""
    like = was if isinstance(was, io.TextIOWrapper) else None
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=like.encoding if like else "utf-8",
        errors=like.errors if like else "replace",
        line_buffering=like.line_buffering if like else True,
        write_through=like.write_through if like else False,
    )
