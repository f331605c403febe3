"""How people name lengths, numbers, frames, music and the like, in English and Chinese: tables."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nemovideo_nodes.emulator.agent.film import Music

__all__ = [
    "CROSSFADE",
    "CUTS",
    "FRAMES",
    "NUMBER",
    "ORDINAL",
    "PLATFORMS",
    "STYLES",
    "UNIT",
    "Frame",
    "find_style",
    "names_of",
    "number_of",
    "ordinal_of",
    "span_ms",
]


_FLAGS = re.IGNORECASE | re.ASCII
"""ASCII, so that a Latin word ends where a Chinese one begins: 换成Lo-fi音乐."""


def _table(*rows: tuple[str, ...]) -> list[tuple[re.Pattern[str], tuple[str, ...]]]:
    return [(re.compile(pattern, _FLAGS), rest) for pattern, *rest in rows]  # type: ignore[misc]


_NO_THING = r"(?!\s+(?:of|photos?|pictures?|images?|shots?|paintings?|photograph\w*)\b)"

Frame = tuple[re.Pattern[str], tuple[int, int], str, str]
"""A pattern, a size in pixels, and a name in both languages."""


def _frames(*rows: tuple[str, tuple[int, int], str, str]) -> Sequence[Frame]:
    return tuple((re.compile(pattern, _FLAGS), *rest) for pattern, *rest in rows)  # type: ignore[misc]


_NO_GRID = r"(?!\d|\s?(?:grid|collage|tiles?|inch(?:es)?|cm|m|feet|meters?)\b)"

_VERTICAL = (1080, 1920), "vertical (9:16)", "竖屏（9:16）"
_SQUARE = (1080, 1080), "square (1:1)", "方形（1:1）"
_LANDSCAPE = (1920, 1080), "landscape (16:9)", "横屏（16:9）"

FRAMES = _frames(
    (
        r"(?<!\d)9\s?(?:[:/x×*比]|by)\s?16(?!\d)|九比十六|"
        r"(?<!\d)(?:1080\s?[x×*]\s?1920|720\s?[x×*]\s?1280)(?!\d)"
        r"|\bupright (?:format|video|frame)\b|\b(?:phone|mobile) (?:format|frame|screen)\b"
        r"|\bvertical(?:ly)?\b|\bportrait\b"
        + _NO_THING
        + r"|[竖豎直][屏版]|[竖豎]向|竖着|竖的|直式",
        *_VERTICAL,
    ),
    (
        r"(?<!\d)1\s?(?:[:x×比]|by)\s?1(?!\d)|一比一|(?<!\d)1080\s?[x×*]\s?1080(?!\d)"
        r"|(?<!times )(?<!red )(?<!town )(?<!city )(?<!union )(?<!market )(?<!main )"
        r"(?<!the )\bsquare\b"
        r"|\bthe square (?:format|frame|one|version)\b|正方形|方形|方的|方版",
        *_SQUARE,
    ),
    (
        r"(?<!\d)16\s?(?:[:/x×*比]|by)\s?9(?!\d)|十六比九|"
        r"(?<!\d)(?:1920\s?[x×*]\s?1080|1280\s?[x×*]\s?720|3840\s?[x×*]\s?2160)(?!\d)"
        r"|\blandscape\b"
        + _NO_THING
        + r"|\bhorizontal(?:ly)?\b|\bwide\s?-?screen\b|\bmake (?:it|the (?:video|frame)) wider?\b"
        r"|[横橫][屏版]|[横橫]向|横着|横的|[宽寬]屏",
        *_LANDSCAPE,
    ),
    (
        rf"(?<!\d)4\s?(?:[:/x×比]|by)\s?5{_NO_GRID}|四比五|(?<!\d)1080\s?[x×*]\s?1350(?!\d)",
        (1080, 1350),
        "4:5",
        "4:5",
    ),
    (rf"(?<!\d)3\s?(?:[:/x×比]|by)\s?4{_NO_GRID}|三比四", (1080, 1440), "3:4", "3:4"),
    (rf"(?<!\d)4\s?(?:[:/x×比]|by)\s?3{_NO_GRID}|四比三", (1440, 1080), "4:3", "4:3"),
)
"""Words for a frame, its size in pixels, and its name in both languages."""

PLATFORMS = _frames(
    (
        r"\btik\s?toks?\b|\b(?:(?:instagram|insta|ig|facebook|fb)\s)?reels?\b|\b(?:youtube|yt)\s?-?shorts?\b"
        r"|\bshorts\b|\bsnap\s?chat\b|\bwhats\s?app status\b"
        r"|\bstor(?:y|ies) format\b|\b(?:instagram|insta|ig|facebook|fb) stor(?:y|ies)\b"
        r"|抖音|快手|小红书|视频号",
        *_VERTICAL,
    ),
    (r"\b(?:instagram|insta|ig|facebook|fb) (?:post|feed)\b", *_SQUARE),
    (r"\byoutube\b|西瓜视频|[bB]站|油管", *_LANDSCAPE),
)
"""Words for where a film will be shown, and the frame that is used there."""

STYLES: Sequence[tuple[re.Pattern[str], Music, str]] = tuple(
    (re.compile(pattern, _FLAGS), music, chinese)
    for pattern, music, chinese in (
        (
            r"\blo-?\s?fi\b(?:\sbeats?\b)?|\bchill(?:ed|out)?\b|\bhip-?\s?hop\b|\bjazzy?\b|低保真|慵懒|爵士|嘻哈",
            Music("Lo-fi", "lofi"),
            "Lo-fi",
        ),
        (
            r"\bup-?\s?beat\b|\bhappy\b|\benergetic\b|\bcheerful\b|\bfun\b|\bpop\b|\bpromo\w*\b"
            r"|\bdance\b|\belectro(?:nic)?\b|\bcorporate\b|\blively\b|\bfast(?:er)?\b|\bparty\b"
            r"|欢快|轻快|活泼|动感|快乐|开心|宣传|促销|流行|电子|节奏强|快节奏|有活力|节奏感(?:很?强)?",
            Music("Upbeat", "upbeat"),
            "欢快",
        ),
        (
            r"\bcinematic\b|\bepic\b|\bdramatic\b|\borchestra\w*\b|\bfilmic\b|\btrailer\b"
            r"|\bemotional\b|电影感|电影|史诗|大气|震撼|恢弘|交响|感人",
            Music("Cinematic", "cinematic"),
            "电影感",
        ),
        (
            r"\bcalm(?:ing|er)?\b|\brelax(?:ed|ing)?\b|\bambient\b|\bsoft\b|\bgentle\b"
            r"|\bpeaceful\b|\bpiano\b|\bquiet\b|\bslow(?:er)?\b|\bsoothing\b|\bromantic\b"
            r"|舒缓|平静|安静|轻柔|放松|柔和|钢琴曲?|温柔|慢一点|慢节奏|浪漫|治愈|轻音乐",
            Music("Calm", "calm"),
            "舒缓",
        ),
    )
)
"""Words for a style of music, what they mean, and its Chinese name."""

CUTS = _table(
    (r"wip(?:e|es|ing)|擦除|划像", "wipe", "wipes", "擦除"),
    (r"slid(?:e|es|ing)|滑动|滑入|平移", "slide", "slides", "滑动"),
    (r"zoom(?:s|ing)?|缩放|放大", "zoom", "zooms", "缩放"),
    (
        r"fad(?:e|es|ing) (?:to|through) black|dip(?:s)? to black|黑场|渐黑|闪黑",
        "dip",
        "dips to black",
        "黑场",
    ),
)
"""Words for a kind of transition, its type in the draft, and its plural names."""

_WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "twelve": 12, "fifteen": 15, "twenty": 20, "twenty-five": 25,
    "thirty": 30, "forty": 40, "forty-five": 45, "fifty": 50, "sixty": 60, "ninety": 90,
}  # fmt: skip
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
    "eighth": 8, "ninth": 9, "tenth": 10, "last": -1, "final": -1,
}  # fmt: skip
_DIGITS = {"零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8,
           "九": 9, "半": 0.5}  # fmt: skip

NUMBER = (
    r"(?:\d{1,4}(?:\.\d{1,3})?|(?<![a-z])(?:"
    + "|".join(sorted(_WORDS, key=len, reverse=True))
    + r")(?![a-z])|[零一二两三四五六七八九十半]{1,3})"
)
"""A number as people write it; not a group of its own."""

ORDINAL = rf"(?:\b(?:{'|'.join(_ORDINALS)})\b|(?<![\d.])\d{{1,3}}(?:st|nd|rd|th)\b)"
"""A place in a row, in English; not a group of its own."""

UNIT = (
    r"(?:milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m(?=\s?\d+\s?s)"
    r"|秒钟|秒半|秒|分钟半|分半|分钟|分(?=\s?[0-9零一二三四五六七八九十]+\s?秒))(?![a-z])"
)
"""A unit of time; not a group of its own."""


CROSSFADE = ("crossfade", "crossfades", "淡入淡出")
"""The kind of transition that a film has of which nothing else is said."""


def names_of(cut: str) -> tuple[str, ...]:
    """A kind of transition: its type in the draft, and its names in English and Chinese."""
    known = (names for _, names in CUTS if names[0] == cut)
    return next(known, CROSSFADE)


def span_ms(number: str, unit: str) -> int:
    """The milliseconds of a `NUMBER` and a `UNIT`."""
    value, unit = number_of(number), unit.lower()
    if unit.endswith("半"):
        value += 0.5
    if unit.startswith(("ms", "milli")):
        return round(value)
    is_minutes = unit.startswith(("m", "分"))
    return round(value * (60_000 if is_minutes else 1_000))


def number_of(number: str) -> float:
    """The value of a `NUMBER`."""
    number = number.lower()
    if number in _WORDS:
        return _WORDS[number]
    if number[0].isdecimal():
        return float(number)
    tens, ten, ones = number.partition("十")
    if not ten:
        return _DIGITS.get(tens[-1], 0)
    return (_DIGITS.get(tens, 1) if tens else 1) * 10 + (_DIGITS.get(ones, 0) if ones else 0)


def ordinal_of(ordinal: str) -> int:
    """The place that an `ORDINAL` says, from 1; -1 for the last."""
    ordinal = ordinal.lower()
    return _ORDINALS[ordinal] if ordinal in _ORDINALS else int(ordinal[:-2])


def find_style(text: str) -> tuple[Music, str] | None:
    """The style of music that `text` names, and its Chinese name."""
    return next(((music, zh) for pattern, music, zh in STYLES if pattern.search(text)), None)
