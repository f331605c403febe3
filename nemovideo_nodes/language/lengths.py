"""The lengths that a sentence names, in English and in Chinese: "half a minute", 一分半. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from nemovideo_nodes.language.folding import SIMPLIFIED

__all__ = ["Length", "lengths_in"]

_ONES: Final = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "eighteen": 18,
}  # fmt: skip
_TENS: Final = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90,
}  # fmt: skip
_DIGITS: Final = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {
    "两": 2,
    "兩": 2,
}
_WORD: Final = rf"\b(?:(?:{'|'.join(_TENS)})(?:[- ](?:{'|'.join(_ONES)}))?|{'|'.join(_ONES)})"
_NUMBER: Final = (
    rf"(?:(?<![A-Za-z0-9_])(?<!\d[.,:])\d+(?:[.,]\d+)?|{_WORD}|[零一二两兩三四五六七八九十百]+)"
)
_MINUTES: Final = r"(?:min(?:ute[ns]?|s)?\b|minutos?\b|分(?:钟|鐘)?)"
_SECONDS: Final = r"(?:s|secs?|seconds?|sek|sekunden?|segundos?|secondes?)\b|秒[钟鐘]?"
_EACH = re.compile(r"\s*(?:each|per\b|every|for each|pro\b|je\b|每)", re.IGNORECASE)
_LENGTH = re.compile(
    # "1m30s", "1 min 30 s", 1分30秒, 1分30
    rf"(?P<m>{_NUMBER})\s?(?:m(?=\s?\d)|{_MINUTES})\s?(?:and\s)?(?:(?P<s>\d{{1,2}}|{_WORD}"
    rf"|[一二三四五六七八九十]+)\s?(?:{_SECONDS})|(?<=分)(?P<s2>\d\d)(?![\d张个段条幅年月%]))"
    # "half a minute", "a minute and a half", "one and a half minutes", 一分半, 半分钟
    r"|(?P<half>\bhalf[- ](?:a[- ])?minute\b|半分(?:钟|鐘))"
    r"|(?P<quarter>\b(?:a )?quarter(?: of)?(?: a)? minute\b)"
    rf"|(?P<more>\b(?:an?|one|1)[- ]minute and a half\b|(?P<halves>{_NUMBER}) and a half minutes?\b"
    rf"|(?P<halves2>{_NUMBER})分(?:(?:钟|鐘)半|半(?:钟|鐘)?))"
    # "length 12", 时长15
    r"|(?:\b(?:length|duration)(?: ?[:=]| of| is)? ?|(?:时长|长度)(?:是|为|改成|改为)?[ :：]?)"
    r"(?P<bare>\d{1,3})(?![\d.:]|[\s-]?(?:s|m|%|秒|分))"
    # "1:30 min", "0:15"
    r"|(?<![\d:])(?P<clock_m>\d{1,2}):(?P<clock_s>[0-5]\d)(?=\s?min)\s?min(?:ute)?s?\b"
    r"|(?<![\d:])0?0:(?P<clock>[0-5]\d)(?![\d:])"
    rf"|(?P<number>{_NUMBER})(?:[\s-]?ish)?[\s-]?(?:(?P<minutes>{_MINUTES})|{_SECONDS})"
    r"|(?<!in )(?<!wait )(?<!just )\b(?P<one>an?[- ]minute)\b(?!\s(?:later|ago))",
    re.IGNORECASE | re.ASCII,
)
"""ASCII, so that an English unit ends before a Chinese sign: 15s左右."""


@dataclass(frozen=True)
class Length:
    """A length in seconds, and where it stands."""

    seconds: float
    start: int
    end: int
    is_each: bool
    """Whether it is for each of several things: "3 seconds each"."""


def lengths_in(text: str) -> Iterator[Length]:
    """Each length that `text` names, in its order."""
    text = text.translate(SIMPLIFIED)  # sign for sign: the places stay
    for found in _LENGTH.finditer(text):
        is_each = _EACH.match(text, found.end()) is not None
        yield Length(_seconds(found), *found.span(), is_each)


def _seconds(found: re.Match[str]) -> float:
    if found["m"]:
        return _number(found["m"]) * 60 + _number(found["s"] or found["s2"])
    if found["half"]:
        return 30.0
    if found["quarter"]:
        return 15.0
    if found["more"]:
        return (_number(found["halves"] or found["halves2"] or "1") + 0.5) * 60
    if found["clock_m"]:
        return _number(found["clock_m"]) * 60 + _number(found["clock_s"])
    if plain := found["clock"] or found["bare"]:
        return _number(plain)
    if found["one"]:
        return 60.0
    return _number(found["number"]) * (60 if found["minutes"] else 1)


def _number(text: str) -> float:
    if text[0].isdecimal():
        return float(text.replace(",", "."))
    tens, _, ones = text.lower().replace("-", " ").partition(" ")
    if tens in _TENS or tens in _ONES:
        return float(_TENS.get(tens, _ONES.get(tens, 0)) + _ONES.get(ones, 0))
    total = at = 0
    for sign in text:
        if sign in _DIGITS:
            at = _DIGITS[sign]
        else:
            total += (at or 1) * (10 if sign == "十" else 100)
            at = 0
    return float(total + at)
