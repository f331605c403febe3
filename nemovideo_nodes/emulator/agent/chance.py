"""Chance that is the same each time: numbers and choices out of a seed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["draw", "pick"]

_T = TypeVar("_T")


def draw(*key: object) -> float:
    """A number in [0, 1) that hangs on `key` alone."""
    text = ":".join(map(str, key)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(text).digest()[:6], "big") / 2**48


def pick(options: Sequence[_T], *key: object) -> _T:
    """One of `options`, which must not be empty."""
    return options[int(draw(*key) * len(options))]
