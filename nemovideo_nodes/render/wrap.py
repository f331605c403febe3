"""Breaking a title into lines, Latin at spaces and Chinese between characters; pure."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterator

import regex

__all__ = ["clean", "is_whole", "wrap"]

# Chinese and Japanese break between any two characters, but no line starts with one of the first
# and none ends with one of the second (the usual rule of their typesetting).
_NOT_FIRST = "、。，．・：；？！’”）〕］｝〉》」』】ー々…,.!?;:)]}%—–"
_NOT_LAST = "‘“（〔［｛〈《「『【([{$¥￥"
# Chinese words have no spaces. The first belong to the character before them, the second to the one
# after them.
_SUFFIXES, _PREFIXES = "的了吗呢吧啊们着过得", "一二三四五六七八九十两几每这那第不很最"
_BETWEEN_WORDS, _INSIDE_PHRASE, _INSIDE_WORD = 0.05, 0.12, 0.4
"""The cost of a break, added to the squared unevenness of the lines; after a comma it is free."""
_WIDE = "\u2e80-\u303f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef"
# A word in katakana is written without spaces, and torn apart it cannot be read.
_KATAKANA = "\u30a1-\u30fa\u30fc-\u30fe"
_ADDRESS_PARTS = "/.?&=_@:#"
"""Behind one of these an address breaks, where it must."""
_JOINERS = "\u200c\u200d"
_IS_WIDE = re.compile(f"[{_WIDE}]")
_PIECES = re.compile(rf"\s+|[{_KATAKANA}]+|[{_WIDE}]|-*[^\s{_WIDE}-]+-*|-+")


def clean(text: str) -> str:
    """`text` composed, with single spaces, its own line breaks, and nothing invisible.

    Joiners stay within words: Persian, Hindi and emoji are written with them.
    """
    text = unicodedata.normalize("NFC", text)
    lines = ("".join(filter(_stays, line)) for line in text.splitlines())
    words = ([word.strip(_JOINERS) for word in line.split()] for line in lines)
    return "\n".join(filter(None, (" ".join(filter(None, line)) for line in words)))


def _stays(character: str) -> bool:
    kind = unicodedata.category(character)
    if character.isspace() or character in _JOINERS:
        return True
    # Not all of C: what is unassigned here may be an emoji of a newer Unicode.
    return kind not in ("Cc", "Cf", "Cs") and character not in "\ufe0e\ufe0f"


def wrap(text: str, width: float, length: Callable[[str], float]) -> list[str]:
    """`text` in lines of at most `width` by `length`: as few as can be, even, and broken behind
    punctuation or between scripts rather than inside a phrase. A word wider than a line is cut.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        units = [part for unit in _units(paragraph) for part in _split(unit, width, length)]
        lines += _best_lines(units, width, length)
    return lines


def is_whole(text: str, width: float, length: Callable[[str], float]) -> bool:
    """Whether no word of `text` is wider than a line, so that none must be cut."""
    units = (unit.rstrip() for line in text.split("\n") for unit in _units(line))
    return all(length(unit) <= width for unit in units)


def _units(paragraph: str) -> list[str]:
    """What is never broken: a word with the space after it, a character with its punctuation."""
    units: list[str] = []
    for piece in _PIECES.findall(paragraph):
        before = units[-1].rstrip()[-1:] if units else ""
        sticks = units and (piece.isspace() or piece[0] in _NOT_FIRST or before in _NOT_LAST)
        if sticks:
            units[-1] += piece
        else:
            units.append(piece)
    return units


def _split(unit: str, width: float, length: Callable[[str], float]) -> Iterator[str]:
    """`unit` in pieces that fit into a line; a character and its marks stay together."""
    clusters: list[str] = regex.findall(r"\X", unit)
    while len(clusters) > 1 and length("".join(clusters).rstrip()) > width:
        counts = range(len(clusters) - 1, 1, -1)
        fits = next((n for n in counts if length("".join(clusters[:n])) <= width), 1)
        seams = (n for n in range(fits, 2, -1) if clusters[n - 1] in _ADDRESS_PARTS)
        fits = next(seams, fits)
        yield "".join(clusters[:fits])
        clusters = clusters[fits:]
    yield "".join(clusters)


def _best_lines(units: list[str], width: float, length: Callable[[str], float]) -> list[str]:
    """The cheapest way to break, found from the end: fewest lines, then the least raggedness."""
    best: list[tuple[int, float, int]] = [(0, 0.0, 0)] * (len(units) + 1)
    widths, bare = [length(unit) for unit in units], [length(unit.rstrip()) for unit in units]
    even = max(1.0, sum(widths) / math.ceil(max(1.0, sum(widths)) / width))
    for first in range(len(units) - 1, -1, -1):
        choices = []
        before = 0.0
        for end in range(first + 1, len(units) + 1):
            taken = before + bare[end - 1]
            before += widths[end - 1]
            if taken > width and end > first + 1:
                break
            count, cost, _ = best[end]
            ragged = ((taken - even) / even) ** 2
            torn = _break_cost(units[end - 1], units[end]) if end < len(units) else 0.0
            choices.append((count + 1, cost + ragged + torn, end))
        best[first] = min(choices)
    lines: list[str] = []
    at = 0
    while at < len(units):
        end = best[at][2]
        lines.append("".join(units[at:end]).rstrip())
        at = end
    return lines


def _break_cost(unit: str, following: str) -> float:
    """The cost of a break here: none after punctuation or where the script changes."""
    before = unit.rstrip()[-1:]
    if before in _NOT_FIRST or _is_wide(before) != _is_wide(following[0]):
        return 0.0
    if before in _PREFIXES or following[0] in _SUFFIXES:
        return _INSIDE_WORD
    return _BETWEEN_WORDS if unit[-1].isspace() else _INSIDE_PHRASE


def _is_wide(character: str) -> bool:
    return bool(_IS_WIDE.match(character))
