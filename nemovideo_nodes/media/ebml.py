"""Reading EBML, the boxes of Matroska and WebM (RFC 8794)."""

from __future__ import annotations

import mmap
from collections.abc import Iterator

__all__ = ["children", "element", "number"]

_MOST_ELEMENTS = 100_000


def children(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Id, start and end of the content of each element from `start` to `end`.

    An element of unknown length reaches to `end`.
    """
    for _ in range(_MOST_ELEMENTS):
        if start >= end:
            return
        width = _vint_width(data, start)
        kind = int.from_bytes(data[start : start + width], "big")
        content, stop = element(data, start)
        stop = end if stop is None else min(end, stop)
        yield kind, content, stop
        if stop <= start:
            return
        start = stop


def element(data: mmap.mmap, at: int) -> tuple[int, int | None]:
    """Where the content of the element at `at` begins and where it ends; None: unknown."""
    at += _vint_width(data, at)
    width = _vint_width(data, at)
    size = int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)
    unknown = size == (1 << 7 * width) - 1
    return at + width, None if unknown else at + width + size


def number(data: mmap.mmap, start: int, end: int) -> int:
    """The unsigned number in the bytes from `start` to `end`."""
    return int.from_bytes(data[start : min(end, start + 8)], "big")


def _vint_width(data: mmap.mmap, at: int) -> int:
    """How many bytes a number has: as many as its first byte has leading zeros, and one more."""
    return 9 - max(1, data[at].bit_length()) if at < len(data) else 1
