"""Requests for the frame: vertical, square, 16:9. A film has one; further ones are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nemovideo_nodes.emulator.agent.film import Film
from nemovideo_nodes.emulator.agent.lexicon import FRAMES, PLATFORMS, Frame
from nemovideo_nodes.emulator.agent.rules.reading import Edit, Reading, words

__all__ = ["frame", "versions"]

_SENT_THERE = words(
    r"\b(?:upload|post|publish|share|send)\b[^,.;]{0,30}$|(?:上传|发布|分享)[^,。]{0,8}$"
)
_NOT_THAT = words(
    r"\b(?:instead of|rather than|not|no|never|without|from)\s(?:in\s)?(?:the\s|a\s|an\s)?$"
    r"|(?:不要|不是|不用|别用|别|从)$"
)
_RATIO = words(r"(?<![\d:])(\d{1,2}) ?: ?(\d{1,2})(?![\d:])")
_JOINED = words(
    r"^[\s,(（]*(?:format|frame|video|ratio|aspect|screen|size|的|画幅|比例)*[\s(（:]*$"
)
_ARTICLE = words(r"(?:\b(?:an?|the|one|another|second|in|for)\s)+$")
_VERSION = words(r"^(?:\s?(?:versions?|format|crop|cut|one|copy|video|edit)\b|版本?|的?版)")
_SECOND_VERSION = words(
    r"\b(?:and\s|plus\s|also\s)?(?:an?\s|the\s)?(?:second|another|additional|extra|alternat\w+|two"
    r"|three|both|several|different|\d)\s(?:\w+\s)?versions?\b(?!\sof)[^,.;]{0,40}"
    r"|\b(?:make|create|produce|give me|need|want)\s(?:me\s|us\s)?(?:two|three|four|[2-9])\s"
    r"(?:\w+\s)?(?:videos|clips|films|reels|cuts)\b"
    r"|(?:再|另外?|同时)(?:做|出|来)?(?:一?个|一版|一份)?[^,。]{0,8}版本?|(?:两|三|多)个版本"
)
_EACH = words(
    r"(?<=\d|s)\s(?:each|apiece|per version|for each(?: version| one)?)\b|(?:每个|各)(?=\s?\d)"
)


@dataclass(frozen=True)
class _Named:
    """A frame that a message names."""

    start: int
    end: int
    size: tuple[int, int]
    english: str
    chinese: str
    is_number: bool


def _named(reading: Reading) -> list[_Named]:
    """The frames that are asked for, in their order; a platform counts where no shape is named."""
    found = _all(FRAMES, reading)
    merged: list[_Named] = []
    for one in found:
        before = merged[-1] if merged else None
        gap = reading.text[before.end : one.start] if before else ""
        # "portrait 4:5" is one frame, and numbers say it better than words.
        if before and before.is_number != one.is_number and _JOINED.search(gap):
            better = before if before.is_number else one
            merged[-1] = replace(better, start=before.start, end=one.end)
        else:
            merged.append(one)
    return merged or _all(PLATFORMS, reading)


def _all(table: Sequence[Frame], reading: Reading) -> list[_Named]:
    named: list[_Named] = []
    for pattern, size, english, chinese in table:
        for found in pattern.finditer(reading.text):
            before = reading.text[max(0, found.start() - 60) : found.start()]
            if not _SENT_THERE.search(before) and not _NOT_THAT.search(before):
                is_number = found[0][0].isdecimal()
                named.append(_Named(*found.span(), size, english, chinese, is_number))
    named.sort(key=lambda one: (one.start, -one.end))
    kept: list[_Named] = []
    for one in named:
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def versions(film: Film, reading: Reading) -> Edit | None:
    """One video is made: a second frame or version is left out, "8 seconds each" is its length."""
    named = _named(reading)
    others = [one for one in named[1:] if one.size != named[0].size]
    for other in reversed(others):
        before, behind = reading.text[: other.start], reading.text[other.end :]
        start = found.start() if (found := _ARTICLE.search(before)) else other.start
        end = other.end + (found.end() if (found := _VERSION.search(behind)) else 0)
        reading.leave_out(start, end)
    if reading.leave_out_all(_SECOND_VERSION) or others:
        reading.take_all(_EACH)
    return None


def frame(film: Film, reading: Reading) -> Edit | None:
    """A frame: vertical, square, landscape, 4:5, or a platform by name."""
    named = _named(reading)
    if named:
        one = named[0]
        for pattern, *_ in (*FRAMES, *PLATFORMS):
            reading.take_all(pattern, unless=_SENT_THERE)
        width, height = one.size
        told = f"made the frame {one.english}", f"画面改为{one.chinese}"
        return Edit.draft(
            replace(film, canvas=one.size), told, "set_canvas", width=width, height=height
        )
    if ratio := reading.take(_RATIO):
        known = ", ".join(english for _, _, english, _ in FRAMES)
        reading.notes.append(
            (
                f"I have no frame of {ratio[1]}:{ratio[2]}; there are {known}.",
                f"没有{ratio[1]}:{ratio[2]}的画幅，可以用{'、'.join(row[3] for row in FRAMES)}。",
            )
        )
    return None
