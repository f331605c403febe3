"""Words of a payload in an instruction: they end no quotes, and ask for nothing. Pure.

While a template is rendered, each value stands between two marks. Then the instruction is read as
the router reads it: what stands in the template's quotes must still stand in them, whatever quotes
the value itself has, and a value outside of quotes may not change what is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from nemovideo_nodes.language.quotes import HIDDEN, hidden
from nemovideo_nodes.language.routing import Action, route

__all__ = ["as_digested", "guarded", "mark"]

_BEGIN: Final = "\ue000"
_END: Final = "\ue001"
_VALUE = re.compile(f"{_BEGIN}([^{_BEGIN}{_END}]*){_END}")
_STAND_IN: Final = "cup"
"""Stands for a value while the template's own words are read."""
# Every mark that the router knows, as one that it does not know.
_NEUTRAL: Final = str.maketrans(
    {
        **dict.fromkeys('"＂“”„«»', "″"),
        **dict.fromkeys("'‘’‹›`", "′"),
        "「": "｢",
        "」": "｣",
        "『": "｢",
        "』": "｣",
        "《": "≪",
        "》": "≫",
        "〈": "＜",
        "〉": "＞",
        "【": "［",
        "】": "］",
    }
)


def mark(value: object) -> str:
    """A template's output with its marks; Jinja's `finalize`."""
    return f"{_BEGIN}{value}{_END}"


def guarded(rendered: str) -> str:
    """The instruction, each marked value in it made harmless."""
    parts = _VALUE.split(rendered)
    words, values = parts[0::2], parts[1::2]
    if not values:
        return words[0]
    frame = _joined(words, [_STAND_IN] * len(values))
    mask, asked = _read(frame)
    inside = _inside(words, mask)
    own = [_curled(value) for value in values]
    for change in (str, _without_own_ends, _neutral):
        chosen = [change(value) for value in own]
        if _still_inside(words, chosen, mask, inside):
            break
    else:
        chosen = [re.sub(r"[^\w\s.,:;!?%&+-]", " ", value) for value in values]
    if all(inside):
        return _joined(words, chosen)
    instruction = _joined(words, chosen)
    if route(instruction, begins=True) == asked:
        return instruction
    quoted = [
        value if is_inside or not value else f'"{value.replace(chr(34), "″")}"'
        for value, is_inside in zip(chosen, inside, strict=True)
    ]
    return _joined(words, quoted)


def as_digested(text: str) -> str:
    """`text` with the quotes that digests have had from the beginning."""
    return _curled(text)


@lru_cache(1024)
def _read(frame: str) -> tuple[str, tuple[Action, ...]]:
    """What of a template's words is hidden in quotes, and what they ask for: templates are few."""
    return hidden(frame), route(frame, begins=True)


def _curled(text: str) -> str:
    return re.sub(r'"([^"]*)"', r"“\1”", text).replace('"', "”")


def _without_own_ends(text: str) -> str:
    return text.replace("“", "‘").replace("”", "’")


def _neutral(text: str) -> str:
    kept = re.sub(r"(?<=[a-zA-Z])['’](?=[a-zA-Z])", "\ue002", text)
    return kept.translate(_NEUTRAL).replace("\ue002", "’")


def _joined(words: Sequence[str], values: Sequence[str]) -> str:
    pieces = [words[0]]
    for value, word in zip(values, words[1:], strict=True):
        pieces += (value, word)
    return "".join(pieces)


def _inside(words: Sequence[str], mask: str) -> list[bool]:
    """For each value whether the template puts it into quotes."""
    found, place = [], 0
    for word in words[:-1]:
        place += len(word)
        found.append(mask[place] == HIDDEN)
        place += len(_STAND_IN)
    return found


def _still_inside(
    words: Sequence[str], values: Sequence[str], mask: str, inside: Sequence[bool]
) -> bool:
    """Whether the template's words are read as before, and each value in quotes is all hidden."""
    now = hidden(_joined(words, values))
    place = before = 0
    for number, word in enumerate(words):
        if now[place : place + len(word)] != mask[before : before + len(word)]:
            # The words themselves are the same, so only what is hidden of them can differ.
            return False
        place, before = place + len(word), before + len(word)
        if number < len(values):
            size = len(values[number])
            if inside[number] and now[place : place + size].strip(HIDDEN):
                return False
            place, before = place + size, before + len(_STAND_IN)
    return True
