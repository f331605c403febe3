"""In which order the letters of a line stand when scripts of both directions meet in it; pure.

The Unicode bidirectional algorithm (UAX 9) without explicit controls, which titles do not have, and
without its rule for pairs of brackets. Pillow's own (RAQM's) works within one font only, and a line
may need several.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

__all__ = ["base_level", "levels", "visual_order"]

_STRONG = {"L": 0, "R": 1, "AL": 1}


def base_level(text: str) -> int:
    """0 for text that reads from left to right, 1 from right to left: its first letter decides."""
    kinds = map(unicodedata.bidirectional, text)
    return next((_STRONG[kind] for kind in kinds if kind in _STRONG), 0)


def levels(text: str, base: int) -> list[int]:
    """The embedding level of each character of a line; odd ones read from right to left."""
    kinds = [unicodedata.bidirectional(character) for character in text]
    outer = "R" if base else "L"
    _resolve_weak(kinds, outer)
    _resolve_neutral(kinds, outer)
    higher = {"L": base % 2, "R": 1 - base % 2, "EN": 2 - base % 2, "AN": 2 - base % 2}
    found = [base + higher[kind] for kind in kinds]
    for at in range(len(text) - 1, -1, -1):  # spaces at the end stand where the line ends
        if not text[at].isspace():
            break
        found[at] = base
    return found


def visual_order(levels: Sequence[int]) -> list[int]:
    """The indices of runs with these levels, from left to right."""
    order = list(range(len(levels)))
    for level in range(max(levels, default=0), 0, -1):
        start = 0
        while start < len(order):
            end = start
            while end < len(order) and levels[order[end]] >= level:
                end += 1
            order[start:end] = order[start:end][::-1]
            start = max(end, start + 1)
    return order


def _resolve_weak(kinds: list[str], outer: str) -> None:
    """Rules W1 to W7: marks go with their letters, signs with their numbers."""
    before, strong = outer, outer
    for at, kind in enumerate(kinds):
        if kind in ("NSM", "BN"):
            kind = before
        if kind in _STRONG:
            strong = kind
        elif kind == "EN" and strong == "AL":
            kind = "AN"
        kinds[at] = before = kind
    for at in range(1, len(kinds) - 1):
        around = kinds[at - 1], kinds[at + 1]
        if (kinds[at] == "CS" and around in (("EN", "EN"), ("AN", "AN"))) or (
            kinds[at] == "ES" and around == ("EN", "EN")
        ):
            kinds[at] = around[0]
    for start, end in _spans(kinds, ("ET",)):
        if "EN" in (kinds[start - 1] if start else "", kinds[end] if end < len(kinds) else ""):
            kinds[start:end] = ["EN"] * (end - start)
    strong = outer
    for at, kind in enumerate(kinds):
        if kind in _STRONG:
            strong = kind
        kinds[at] = {"AL": "R", "EN": "L" if strong == "L" else "EN"}.get(kind, kind)


def _resolve_neutral(kinds: list[str], outer: str) -> None:
    """Rules N1 and N2: between two of one direction go along, else with the line."""
    numbers = {"EN": "R", "AN": "R"}
    neutral = [kind not in ("L", "R", "EN", "AN") for kind in kinds]
    for start, end in _spans(neutral, (True,)):
        before = kinds[start - 1] if start else outer
        behind = kinds[end] if end < len(kinds) else outer
        before, behind = numbers.get(before, before), numbers.get(behind, behind)
        kinds[start:end] = [before if before == behind else outer] * (end - start)


def _spans(values: Sequence[object], wanted: tuple[object, ...]) -> list[tuple[int, int]]:
    """Where the longest stretches of the `wanted` values begin and end."""
    found: list[tuple[int, int]] = []
    start = 0
    while start < len(values):
        end = start
        while end < len(values) and values[end] in wanted:
            end += 1
        if end > start:
            found.append((start, end))
        start = end + 1
    return found
