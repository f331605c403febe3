"""Numbers in sentences: a count with its noun in English, and credits."""

from __future__ import annotations

__all__ = ["amount", "counted"]


def counted(count: int, noun: str, plural: str = "") -> str:
    """`count` and the noun in the number that goes with it; `plural` where it is not with an s."""
    return f"{count} {noun}" if count == 1 else f"{count} {plural or noun + 's'}"


def amount(credits: float) -> str:
    """Credits as people write them: `1,250,000`, `0.5`."""
    return f"{credits:,.12g}"
