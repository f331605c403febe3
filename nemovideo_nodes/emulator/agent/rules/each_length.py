"""A length for each picture: "the first for 1 second, the second for 4", 分别1秒、4秒、2秒.

All of it is done, or all of it is left out: half of it would be another film than was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from nemovideo_nodes.emulator.agent.film import Film
from nemovideo_nodes.emulator.agent.lexicon import NUMBER, ORDINAL, UNIT, ordinal_of, span_ms
from nemovideo_nodes.emulator.agent.rules.length import leave_out_length, whole_length
from nemovideo_nodes.emulator.agent.rules.pictures import REF, Referring
from nemovideo_nodes.emulator.agent.rules.reading import QUOTE, Edit, Reading, words

__all__ = ["lengths_of_each"]

_SHORTEST, _LONGEST = 200, 60_000
_BETWEEN = (
    r"(?:\s?(?:should\s)?(?:be\s)?(?:for|is|should|be|stays?|lasts?|gets?|shows?|at|to|about|exactly|:|-|=|"
    r"the|on screen|to be|,? ?then|显示|停留|持续|展示|出现|放|播放|用|给|每一?张|每个|各))*"
)
_REST = (
    r"(?P<rest>(?:the\s)?(?:rest|others?|(?:all\s)?(?:the\s)?(?:other|remaining)"
    r"\s(?:ones|pictures|photos|images|slides))|(?:其余|其他|剩下)(?:的)?(?:图片|照片|图)?)"
)
_WHICH = (
    rf"(?:(?P<ref>{REF})|(?:the\s)?(?P<nth>{ORDINAL})(?:\sone)?"
    rf"|(?P<next>\bthen\b|然后|再)|{_REST}的?)"
)
_SPAN = rf"(?P<n>{NUMBER})(?:[-\s]?(?P<u>{UNIT})|(?=\s?(?:$|[,.;]|\band\b)))"
_ITEM = words(
    rf"(?:\b(?:use|show|keep|display|hold|give|with|and|for)\s|把|让|给)?"
    rf"{_WHICH}{_BETWEEN}\s?{_SPAN}(?:\s?(?:each|long)\b|钟)?"
)
_ITEM_BEHIND = words(
    rf"(?P<n>{NUMBER})(?:[-\s]?(?P<u>{UNIT}))?\s(?:for|on)\s(?:(?P<ref>{REF})|(?:the\s)?(?P<nth>{ORDINAL})(?:\sone)?|{_REST})"
    r"(?P<next>(?!))?"
)
_ROW = words(
    rf"(?<![\d:.])(?P<row>{NUMBER}\s?(?:{UNIT})?(?:\s?(?:,|/|、|\band\b|,\sand\b|和|&)\s?{NUMBER}\s?"
    rf"(?:{UNIT})?)+)(?:\s(?:respectively|each in turn))?"
)
_ONE = words(rf"(?P<n>{NUMBER})\s?(?P<u>{UNIT})?")
_SAYS_ROW = words(
    r"\brespectively\b|\bin (?:that|this) order\b|\blengths?\b|\bdurations?\b|\btimings?\b|分别"
    r"|依次|逐张|各自"
)
_AFTER_QUOTE = re.compile(rf"{QUOTE}\s(?:on|under|over|at|in|for)?\s?(?:the\s)?$")


def lengths_of_each(film: Film, reading: Reading) -> Edit | None:
    """A length for each of several pictures; the others keep theirs."""
    seen = Referring(film, reading, by_quote=False)
    for pattern in (_ITEM, _ITEM_BEHIND):
        items = [found for found in pattern.finditer(seen.text) if not _is_titles(seen, found)]
        named = [found for found in items if not found["next"]]
        if len(items) > 1 and named:
            return _by_items(film, reading, seen, items)
    return _by_row(film, reading)


def _is_titles(seen: Referring, found: re.Match[str]) -> bool:
    return bool(_AFTER_QUOTE.search(seen.text[: found.start()]))


def _by_items(
    film: Film, reading: Reading, seen: Referring, items: Sequence[re.Match[str]]
) -> Edit | None:
    count = len(film.scenes)
    unit = next((found["u"] for found in items if found["u"]), None)
    if unit is None:  # "2 for the first": of what?
        return None
    wanted: dict[int, int] = {}
    rest: int | None = None
    place, whole = -1, True
    for found in items:
        span = span_ms(found["n"], found["u"] or unit)
        if found["rest"]:
            rest = span
            continue
        if found["ref"]:
            places = seen.places(found)
        else:
            number = place + 2 if found["next"] else ordinal_of(found["nth"])
            at = number - 1 if number > 0 else count + number
            places = [at] if 0 <= at < count else []
        whole = whole and bool(places) and not set(places) & set(wanted)
        wanted |= dict.fromkeys(places, span)
        place = places[-1] if places else place
    if rest is not None:
        wanted = dict.fromkeys(range(count), rest) | wanted
    start, end = items[0].start(), items[-1].end()
    if not whole:
        reading.leave_out(start, end)
        return None
    reading.cut(start, end)
    return _with_lengths(film, reading, wanted)


def _by_row(film: Film, reading: Reading) -> Edit | None:
    for found in _ROW.finditer(reading.text):
        values = list(_ONE.finditer(found["row"]))
        if not values[-1]["u"] or len(values) < 2:
            continue
        ordered = _SAYS_ROW.search(reading.text)
        units = [value["u"] for value in values if value["u"]]
        # "1 minute and 30 seconds" is one length.
        if not ordered and (len(values) < 3 or len(values) != len(film.scenes)):
            continue
        spans = [span_ms(value["n"], value["u"] or units[-1]) for value in values]
        if len(spans) != len(film.scenes):
            reading.leave_out(found.start(), found.end())
            return None
        reading.cut(found.start(), found.end())
        reading.take_all(_SAYS_ROW)
        return _with_lengths(film, reading, dict(enumerate(spans)))
    return None


def _with_lengths(film: Film, reading: Reading, wanted: dict[int, int]) -> Edit:
    fade, starts = film.layout()
    before = [b - a for a, b in zip(starts, [*starts[1:], film.duration - fade], strict=True)]
    rest = len(film.scenes) - len(wanted)
    if (whole := whole_length(reading)) is not None:
        share = (whole - fade - sum(wanted.values())) // rest if rest else 0
        if share > 0:  # the others share what is left of the whole
            before = [share] * len(film.scenes)
        elif whole not in (sum(wanted.values()), sum(wanted.values()) + fade):
            leave_out_length(reading)
    spans = [
        min(max(wanted.get(place, span), _SHORTEST), _LONGEST) for place, span in enumerate(before)
    ]
    # Where each is named, their sum is the whole: the last one has the last transition's time.
    over = fade if rest == 0 and spans[-1] > 2 * fade else 0
    weights = [*spans[:-1], spans[-1] - over]
    scenes = tuple(
        replace(scene, weight=weight) for scene, weight in zip(film.scenes, weights, strict=True)
    )
    film = replace(film, scenes=scenes).lasting(sum(weights) + fade)
    told = ", ".join(f"{span / 1000:g}" for span in spans)
    return Edit.draft(
        film,
        (f"gave the pictures {told} seconds", f"图片分别显示{told.replace(', ', '、')}秒"),
        "set_scene_durations",
        seconds=[span / 1000 for span in spans],
    )
