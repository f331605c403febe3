"""Breaking a title into lines, Latin at spaces and Chinese between characters; pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

__all__ = ["clean", "wrap"]

# Chinese and Japanese break between any two characters, but a line begins with none of the
# first and ends with none of the second (the usual rule of their typesetting).
_NOT_FIRST = "、。，．・：；？！’”）〕］｝〉》」』】ー々…,.!?;:)]}%"
_NOT_LAST = "‘“（〔［｛〈《「『【([{$¥￥"
_WIDE = "\u2e80-\u303f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef"
_PIECES = re.compile(rf"\s+|[{_WIDE}]|[^\s{_WIDE}]+")


def clean(text: str) -> str:
    """`text` composed, with single spaces, its own line breaks, and nothing invisible."""
    text = unicodedata.normalize("NFC", text)
    lines = ("".join(filter(_visible, line)) for line in text.splitlines())
    return "\n".join(filter(None, (" ".join(line.split()) for line in lines)))


def _visible(character: str) -> bool:
    kind = unicodedata.category(character)
    return character.isspace() or not (kind.startswith("C") or character in "\ufe0e\ufe0f")


def wrap(text: str, width: float, length: Callable[[str], float]) -> list[str]:
    """`text` in lines of at most `width` by `length`, as even as their number allows.

    A word that is wider than a line is cut.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines += _even_lines(_units(paragraph), width, length)
    return lines


def _units(paragraph: str) -> list[str]:
    """What must not be broken: words with the space behind them, characters with their marks."""
    units: list[str] = []
    for piece in _PIECES.findall(paragraph):
        sticks = units and (
            piece.isspace() or piece[0] in _NOT_FIRST or units[-1][-1:] in _NOT_LAST
        )
        if sticks:
            units[-1] += piece
        else:
            units.append(piece)
    return units


def _even_lines(units: list[str], width: float, length: Callable[[str], float]) -> list[str]:
    lines = _greedy(units, width, length)
    if len(lines) < 2:
        return lines
    # The narrowest measure that needs no more lines; eight halvings are finer than a letter.
    low, high = width / len(lines) / 2, width
    for _ in range(8):
        middle = (low + high) / 2
        tried = _greedy(units, middle, length)
        if len(tried) <= len(lines) and max(map(length, tried)) <= middle:
            high, lines = middle, tried
        else:
            low = middle
    return lines


def _greedy(units: list[str], width: float, length: Callable[[str], float]) -> list[str]:
    lines: list[str] = []
    line = ""
    for unit in units:
        if line and length((line + unit).rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += unit
        while len(line) > 1 and length(line.rstrip()) > width:
            fits = next(
                (n for n in range(len(line) - 1, 0, -1) if length(line[:n]) <= width), 1
            )
            lines.append(line[:fits].rstrip())
            line = line[fits:].lstrip()
    return [*lines, line.rstrip()] if line.strip() else lines
