"""Bytes of an event stream to frames, by the rules of the WHATWG's event streams, without I/O.

httpx-sse's own decoder loses the first event after a byte-order mark and a last event without
its blank line, and both happen on this service; the frame type is httpx-sse's.
"""

from __future__ import annotations

import codecs
import re

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
        *lines, rest = _LINE_END.split(self._rest)
        self._skip_lf = self._rest.endswith(b"\r")
        self._rest = bytearray(rest)
        frames = [frame for line in lines for frame in self._line(line)]
        self._guard()
        return frames

    def close(self) -> list[ServerSentEvent]:
        """The frame that the end of the stream cut off from its blank line, if there is one."""
        rest, self._rest = bytes(self._rest), bytearray()
        return [*(self._line(rest) if rest else []), *self._line(b"")]

    def _line(self, line: bytes | bytearray) -> list[ServerSentEvent]:
        if not line:
            fields, self._fields, self._size = self._fields, [], 0
            return [_frame(fields)] if fields else []
        name, _, value = line.decode("utf-8", "replace").partition(":")
        self._fields.append((name, value.removeprefix(" ")))
        self._size += len(line) + _FIELD_COST
        return []

    def _guard(self) -> None:
        if self._size + len(self._rest) > MAX_FRAME:
            self._fields, self._rest, self._size = [], bytearray(), 0
            self.overflowed = True


def _frame(fields: list[tuple[str, str]]) -> ServerSentEvent:
    named = dict(fields)
    return ServerSentEvent(
        event=named.get("event", ""),
        data="\n".join(value for name, value in fields if name == "data"),
        id=named.get("id", ""),
    )
