"""A count with its noun, in English: `1 picture`, `2 pictures`."""

from __future__ import annotations

__all__ = ["counted"]


def counted(count: int, noun: str, plural: str = "") -> str:
    """`count` and the noun in the number that goes with it; `plural` where it is not with an s."""
    return f"{count} {noun}" if count == 1 else f"{count} {plural or noun + 's'}"
