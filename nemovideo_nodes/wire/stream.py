"""Bytes of an event stream to frames, by the rules of the WHATWG's event streams, without I/O.

httpx-sse's own decoder loses the first event after a byte-order mark and a last event without
its blank line, and both happen on this service; the frame type is httpx-sse's.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable

from httpx_sse import ServerSentEvent

__all__ = ["MAX_FRAME", "FrameReader"]

MAX_FRAME = 32 * 1024 * 1024
"""Bytes that one frame may hold; what is longer is dropped, and the stream counts as broken."""

_FIELD_COST = 100
"""Bytes that a field takes besides its text, so that a flood of empty ones is bounded too."""
_LINE_END = re.compile(rb"\r\n|\r|\n")


class FrameReader:
    """Cuts the bytes of a stream, in any pieces, into frames.

    A frame without any field, such as one made of comments alone, comes out with empty data: the
    caller sees that the line is alive.
    """

    def __init__(self) -> None:
        self._rest = bytearray()  # appending to bytes would copy a long line for every piece
        self._fields: list[tuple[str, str]] = []
        self._size = 0
        self._started = False
        self._skip_lf = False
        self.overflowed = False

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """The frames that `chunk` completes."""
        if self._skip_lf and chunk:  # a CRLF that was cut between two chunks
            chunk = chunk.removeprefix(b"\n")
            self._skip_lf = False
        self._rest += chunk
        if not self._started:
            if codecs.BOM_UTF8.startswith(self._rest) and self._rest != codecs.BOM_UTF8:
                return []  # too short to tell whether a byte-order mark is coming
            if self._rest.startswith(codecs.BOM_UTF8):
                del self._rest[:3]
            self._started = True
        if b"\n" not in chunk and b"\r" not in chunk:
            self._guard()
            return []
        # Most streams end their lines with LF alone, and then this takes a third of the time.
        split = _LINE_END.split if b"\r" in self._rest else _split_at_lf
        *lines, rest = split(self._rest)
        self._skip_lf = self._rest.endswith(b"\r")
        self._rest = bytearray(rest)
        frames = self._frames(lines)
        self._guard()
        return frames

    def close(self) -> list[ServerSentEvent]:
        """The frame that the end of the stream cut off from its blank line, if there is one."""
        rest, self._rest = self._rest, bytearray()
        return self._frames([rest, b""])

    def _frames(self, lines: Iterable[bytes | bytearray]) -> list[ServerSentEvent]:
        """The frames that these lines complete."""
        frames, fields = [], self._fields
        for line in lines:
            if line:
                fields.append(_field(line))
                self._size += len(line) + _FIELD_COST
            elif fields:
                frames.append(_frame(fields))
                fields = []
                self._size = 0
        self._fields = fields
        return frames

    def _guard(self) -> None:
        if self._size + len(self._rest) > MAX_FRAME:
            self._fields, self._rest, self._size = [], bytearray(), 0
            self.overflowed = True


def _split_at_lf(text: bytearray) -> list[bytearray]:
    return text.split(b"\n")


def _field(line: bytes | bytearray) -> tuple[str, str]:
    """Its name and its value; a comment's name is empty."""
    if line.startswith(b"data: "):  # nearly all are
        return "data", line[6:].decode("utf-8", "replace")
    name, _, value = line.decode("utf-8", "replace").partition(":")
    return name, value.removeprefix(" ")


def _frame(fields: list[tuple[str, str]]) -> ServerSentEvent:
    if len(fields) == 1 and fields[0][0] == "data":
        return ServerSentEvent("", fields[0][1])
    named = dict(fields)
    return ServerSentEvent(
        event=named.get("event", ""),
        data="\n".join(value for name, value in fields if name == "data"),
        id=named.get("id", ""),
    )
