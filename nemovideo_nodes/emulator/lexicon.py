"""How people name lengths, frames, music and the like, in English and Chinese: tables, no rules."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nemovideo_nodes.emulator.film import Music

__all__ = ["FRAMES", "NUMBER", "STYLES", "UNIT", "find_style", "span_ms"]

FRAMES: Sequence[tuple[re.Pattern[str], tuple[int, int], str, str]] = tuple(
    (re.compile(pattern, re.IGNORECASE), size, english, chinese)
    for pattern, size, english, chinese in (
        (
            r"9\s*[:：/xX×]\s*16|\bvertical(?:ly)?\b|\bportrait\b|\btik\s?tok\b|\breels?\b|\bshorts\b"
            r"|\bstor(?:y|ies) format\b|竖屏|竖版|竖向|竖着|抖音|快手|小红书",
            (1080, 1920),
            "vertical (9:16)",
            "竖屏（9:16）",
        ),
        (
            r"\b1\s*[:：]\s*1\b|\bsquare\b|\binstagram (?:post|feed)\b|正方形|方形|方版",
            (1080, 1080),
            "square (1:1)",
            "方形（1:1）",
        ),
        (
            r"16\s*[:：/xX×]\s*9|\blandscape\b|\bhorizontal(?:ly)?\b|\bwide\s?screen\b|\byoutube\b"
            r"|横屏|横版|横向|宽屏|西瓜视频|[bB]站",
            (1920, 1080),
            "landscape (16:9)",
            "横屏（16:9）",
        ),
    )
)
"""Words for a frame, its size in pixels, and its name in both languages; the first match wins."""

STYLES: Sequence[tuple[re.Pattern[str], Music, str]] = tuple(
    (re.compile(pattern, re.IGNORECASE), music, chinese)
    for pattern, music, chinese in (
        (r"\blo-?\s?fi\b|\bchill(?:ed)?\b|低保真", Music("Lo-fi", "lofi"), "Lo-fi"),
        (
            r"\bup-?beat\b|\bhappy\b|\benergetic\b|\bcheerful\b|\bfun\b|\bpop\b|\bpromo\w*\b"
            r"|欢快|轻快|活泼|动感|快乐|宣传|促销",
            Music("Upbeat", "upbeat"),
            "欢快",
        ),
        (
            r"\bcinematic\b|\bepic\b|\bdramatic\b|\borchestral\b|\bfilmic\b|电影感|史诗|大气|震撼",
            Music("Cinematic", "cinematic"),
            "电影感",
        ),
        (
            r"\bcalm(?:ing)?\b|\brelax(?:ed|ing)?\b|\bambient\b|\bsoft\b|\bgentle\b|\bpeaceful\b"
            r"|\bpiano\b|\bquiet\b|舒缓|平静|安静|轻柔|放松|柔和|钢琴",
            Music("Calm", "calm"),
            "舒缓",
        ),
    )
)
"""Words for a style of music, what they mean, and its Chinese name."""

_WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40,
    "forty-five": 45, "fifty": 50, "sixty": 60, "ninety": 90,
}  # fmt: skip
_DIGITS = {"零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8,
           "九": 9, "半": 0.5}  # fmt: skip

NUMBER = (
    r"(?:\d{1,4}(?:\.\d{1,3})?|(?<![a-z])(?:"
    + "|".join(sorted(_WORDS, key=len, reverse=True))
    + r")(?![a-z])|[零一二两三四五六七八九十半]{1,3})"
)
"""A number as people write it; not a group of its own."""

UNIT = (
    r"(?:milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m(?=\s*\d+\s*s)"
    r"|秒钟|秒|分钟半|分半|分钟|分(?=\s*[0-9零一二三四五六七八九十]+\s*秒))(?![a-z])"
)
"""A unit of time; not a group of its own."""


def span_ms(number: str, unit: str) -> int:
    """The milliseconds of a `NUMBER` and a `UNIT`."""
    value, unit = _value(number), unit.lower()
    if unit.startswith("分") and unit.endswith("半"):
        value += 0.5
    if unit.startswith(("ms", "milli")):
        return round(value)
    is_minutes = unit.startswith(("m", "分"))
    return round(value * (60_000 if is_minutes else 1_000))


def _value(number: str) -> float:
    number = " ".join(number.lower().split())
    if number in _WORDS:
        return _WORDS[number]
    if number[0].isdecimal():
        return float(number)
    tens, ten, ones = number.partition("十")
    if not ten:
        return _DIGITS.get(tens[-1], 0)
    return (_DIGITS.get(tens, 1) if tens else 1) * 10 + (_DIGITS.get(ones, 0) if ones else 0)


def find_style(text: str) -> tuple[Music, str] | None:
    """The style of music that `text` names, and its Chinese name."""
    return next(((music, zh) for pattern, music, zh in STYLES if pattern.search(text)), None)
