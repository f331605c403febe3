"""The order in which the pictures of a folder are read, now and by earlier versions. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

__all__ = ["EARLIER_ORDERS", "natural"]

_DIGITS = re.compile(r"(\d+)")


def natural(name: str) -> tuple[object, ...]:
    """The order in which people count, case folded: 2 before 10, numbers before letters, and
    `a.jpg` before `a (1).jpg` and `a2.jpg`."""
    stem, dot, extension = name.casefold().rpartition(".")
    return (_counted(stem if dot else extension), _counted(extension), name)


def _counted(text: str) -> list[tuple[int, int]]:
    """`text` by its characters, a number in it at the place of a digit."""
    key: list[tuple[int, int]] = []
    for part in _DIGITS.split(text):
        key += [(ord("0"), int(part))] if part.isdecimal() else [(ord(one), 0) for one in part]
    return key


def _by_parts(name: str) -> tuple[object, ...]:
    """The order from before `a.jpg` stood before `a (1).jpg`."""
    parts = _DIGITS.split(name.casefold())
    key = [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts if part]
    return (key, name)


EARLIER_ORDERS: Final[tuple[Callable[[str], Any], ...]] = (_by_parts, str)
"""Keys for names, the newest first. What was begun in one of them keeps its run id."""
