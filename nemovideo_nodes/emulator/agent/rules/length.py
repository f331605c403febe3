"""Requests for time: the film's length, a picture's time, and the pace."""

from __future__ import annotations

import re
from dataclasses import replace

from nemovideo_nodes.emulator.agent.film import Film
from nemovideo_nodes.emulator.agent.lexicon import NUMBER, ORDINAL, UNIT, number_of, span_ms
from nemovideo_nodes.emulator.agent.rules.pictures import REF, Referring
from nemovideo_nodes.emulator.agent.rules.reading import Edit, Reading, first_ms, span, words

__all__ = [
    "hold",
    "leave_out_length",
    "length",
    "length_of_each",
    "longer_or_shorter",
    "pace",
    "whole_length",
]

_PICTURE = r"(?:photos?|pictures?|pics?|images?|slides?|shots?|clips?|frames?|scenes?)"
_BEFORE = r"(?<![A-Za-z0-9.])(?<!\d:)"

_EACH = words(
    rf"\bevery\s{span(4)}|{_BEFORE}{span()}\s?(?:for\s)?"
    rf"(?:each\b|per\b|every\b|apiece\b|a(?=\s{_PICTURE}\b))(?:\s{_PICTURE}\b)?"
    rf"|\b(?:each|every|per)\s(?:single\s)?(?:{_PICTURE}|one)\b(?P<gap1>[^.,;\d]{{0,30}}?){span(2)}"
    rf"|\ball\s(?:the\s|my\s|of\sthe\s)?{_PICTURE}\s(?:should\s)?(?:be\s|stay\s|last\s|for\s"
    rf"|to\s)*{span(5)}"
    r"|(?:每一?(?:张|幅|个|页)|(?<!第)一张)(?:图片|图像|照片|图|画面|片段)?(?P<gap2>[^,。\d]{0,6}?)"
    rf"{span(3)}"
)


_SOME = rf"(?:first|last|final|middle|other)\s(?:{NUMBER}\s)?{_PICTURE}\b"
_EACH_OF_SOME = words(
    rf"(?:\bthe\s)?\b{_SOME}[^,.;\d]{{0,20}}{_BEFORE}{span()}\seach\b"
    rf"|{_BEFORE}{span(2)}\s(?:for\s)?each\sof\s(?:the\s)?{_SOME}"
    rf"|(?:前|后|最后)(?:\d|[两二三四五六])[张幅](?:图片|照片|图)?(?:每一?[张幅]|各)[^,。\d]{{0,6}}{span(3)}"
)
"""The same length for some of the pictures is left out as a whole."""
_OF_CUTS = words(r"\b(?:transitions?|(?:cross-?\s?)?(?:fades?|dissolves?))\b[^.;。]{0,12}$")


def length_of_each(film: Film, reading: Reading) -> Edit | None:
    """The same number of seconds for each picture."""
    for some in reversed(list(_EACH_OF_SOME.finditer(reading.text))):
        reading.leave_out(some.start(), some.end())
    if not (found := reading.take(_EACH, unless=_OF_CUTS)):
        return None
    even = replace(film, scenes=tuple(replace(scene, weight=1_000) for scene in film.scenes))
    return _with_length(even, first_ms(found) * len(film.scenes))


_HOLD = words(
    rf"{REF}\s?(?:(?:by|for|stay|last)\s)?(?:about\s|another\s)?{span(3)}\s(?:longer|more)\b|"
    rf"{REF}(?P<gap1>[^,.;。]{{0,16}}?)(?P<more>\blonger\b|久一点|长一点)"
    rf"|{REF}(?P<gap2>[^,.;。]{{0,16}}?)(?P<less>\bshorter\b|短一点)"
    rf"|{REF}(?:\s(?:is|should be|=|-))?\s?{span(2)}"
    rf"|{REF}(?P<gap3>[^,.;。]{{0,24}}?)(?:\bfor\s|\bat\s|显示|停留|持续|展示|出现|放|播放|改成"
    rf"|改为){{1,2}}(?:about\s|another\s|an extra\s)?{span()}"
    r"(?:\s(?:longer|more)\b)?"
)


_MORE = words(r"多|\bmore\b|\bextra\b|\banother\b|\blonger\b")


def hold(film: Film, reading: Reading) -> Edit | None:
    """A length for one picture; the others keep theirs."""
    seen = Referring(film, reading)
    if not (found := seen.search(_HOLD)):
        return None
    chosen = seen.places(found)
    seen.take(found)
    if not chosen:
        return None
    fade, starts = film.layout()
    spans = [b - a for a, b in zip(starts, [*starts[1:], film.duration - fade], strict=True)]
    explicit = any(found[name] is not None for name in ("n1", "n2", "n3"))
    if explicit:
        wanted = first_ms(found)
        if _MORE.search(found[0]):
            wanted += spans[chosen[0]]
    else:
        wanted = round(spans[chosen[0]] * (1.5 if found["more"] else 1 / 1.5))
    wanted = min(max(wanted, 200), 60_000)
    scenes = [
        replace(scene, weight=wanted if index in chosen else spans[index])
        for index, scene in enumerate(film.scenes)
    ]
    rest = len(scenes) - len(chosen)
    whole = whole_length(reading) if explicit else None
    share = (whole - fade - wanted * len(chosen)) // rest if whole and rest else 0
    if share > 0:  # the whole is named, too: the others share what is left of it
        scenes = [
            scene if index in chosen else replace(scene, weight=share)
            for index, scene in enumerate(scenes)
        ]
    total = sum(scene.weight for scene in scenes)
    film = replace(film, scenes=tuple(scenes)).lasting(total + fade)
    names = [film.scenes[index].name for index in chosen]
    seconds = f"{wanted / 1000:g}"
    told = (
        f"gave {', '.join(names)} {seconds} seconds",
        f"{'、'.join(names)}显示{seconds}秒",
    )
    return Edit.draft(film, told, "set_scene_duration", images=names, seconds=wanted / 1000)


_BY = words(
    rf"{_BEFORE}{span()}\s(?P<more1>longer|more|extra)\b|{_BEFORE}{span(2)}\s(?P<less2>shorter"
    r"|less|off)\b"
    rf"|\b(?P<more3>add|extend(?: it| the video)? by|lengthen(?: it| the video)? by)"
    rf"\s(?:another\s|an extra\s)?{span(3)}(?:\s(?:more|longer|to (?:the )?(?:video|film|it"
    r"|length)))?"
    rf"|\b(?P<less4>cut|trim|shave|shorten|reduce)(?: it| the video| off)?(?: off| by)?\s{span(4)}"
    r"|(?P<more5>延长|加长|增加|再加|多加|再长|更长|多长|(?<![时片全总])长(?=出))(?:个"
    rf"|出)?{span(5)}(?!的)"
    rf"|(?P<less6>缩短|剪掉|减少|砍掉|再短|减|短)(?:个|了)?{span(6)}"
)
_LONGER = words(
    r"\b(?:(?P<much>much|a lot|way) |(?P<bit>a (?:little|tiny)(?: bit)?|a bit|slightly) )?"
    r"(?:(?P<longer>longer|lengthen|too short)|(?P<shorter>shorter|shorten|too long))\b"
    r"|(?P<bit2>稍微|略微|稍)?(?:(?P<longer2>太短|长一点|长一些|长点|延长一[点些下]|加长|更长|拉长)"
    r"|(?P<shorter2>太长|短一点|短一些|短点|缩短一[点些下]|缩短|更短|剪短|改短))(?P<much2>很多)?"
)
_OF_ANOTHER = words(
    r"\b(?:titles?|captions?|text|music|songs?|transitions?|fades?)(?:\s(?:is|are|was|be"
    r"|should be))?\s$"
    r"|(?:标题|字幕|文字|音乐|配乐|歌|转场)(?:时间|时长|有点|显示|的?节奏)?$"
)
_TIMES = words(
    r"\b(?:(?P<double>twice as long(?! as\b)|double the (?:length|duration)|twice the length)"
    r"|(?P<half>half as long|half the length|half the duration|halve (?:it|the length)))\b"
    r"|(?P<double2>时长翻倍|长一倍|两倍长)|(?P<half2>时长减半|短一半|一半长)"
)


def longer_or_shorter(film: Film, reading: Reading) -> Edit | None:
    """Longer or shorter: by seconds, by a factor, or "a bit"."""
    if found := reading.take(_BY):
        by = first_ms(found)
        is_more = any(found[name] for name in ("more1", "more3", "more5"))
        return _with_length(film, film.duration + (by if is_more else -by))
    if found := reading.take(_TIMES):
        double = found["double"] or found["double2"]
        return _with_length(film, film.duration * 2 if double else film.duration // 2)
    if found := reading.take(_LONGER, unless=_OF_ANOTHER):
        if _has_length(reading):  # "shorten it to 10 seconds"
            return None
        rate = _degree(bool(found["much"] or found["much2"]), bool(found["bit"] or found["bit2"]))
        more = bool(found["longer"] or found["longer2"])
        return _with_length(film, _scaled(film.duration, rate if more else 1 / rate))
    return None


_MUSIC_NEXT = (
    r"(?!\s?(?:-?paced\s|-?tempo\s)?(?:(?!and\b)\w+\s){0,2}"
    r"(?:music|song|tune|beats?|bgm|piano|transitions?|cross|fades?|cuts?)"
    r"|的?(?:音乐|配乐|歌|钢琴|转场))"
)
_PACE = words(
    rf"\b(?P<by>{NUMBER})\s?(?:x|times)\s?(?:as fast|faster|speed)\b|(?P<by2>{NUMBER})倍速"
    rf"|\bspeed\b[^,.;]{{0,20}}?\s(?:by\s)?(?P<by3>{NUMBER})\s?(?:x\b|times)"
    r"|\b(?P<twice>twice as fast|double(?: the)? speed|at double speed)\b|(?P<twice2>快一倍|两倍速"
    r"|翻倍速)"
    r"|\b(?P<half>half(?: the| as)? (?:speed|fast)|half-speed)\b|(?P<half2>半速)"
    r"|\b(?:(?P<much>much|a lot|way|far) |(?P<bit>a (?:little|tiny)(?: bit)?|a bit|slightly) )?"
    r"(?:(?P<fast>faster|quicker|speed (?:it |things |the \w+ )?up|pick up the pace|too slow"
    r"|snappier|fast-?\s?paced|quick(?:er)?-?\s?paced|(?:a )?(?:fast|quick) pace)"
    r"|(?P<slow>slower|slow (?:it |things |the \w+ )?down|too fast|slow-?\s?paced"
    rf"|(?:a )?slow(?:er)? pace))\b{_MUSIC_NEXT}"
    r"|(?P<bit2>稍微|略微|稍)?(?:节奏|速度|画面|切换|播放)?(?:再|更|要|放|调|改)?"
    r"(?:(?P<fast2>(?<![欢轻])(?:快一点|快一些|快点)|加快|太慢|快节奏|提速|加速|快(?=很多|得多|些))"
    r"|(?P<slow2>慢一点|慢一些|慢点|放慢|太快|慢节奏|减速|慢下来|慢(?=很多|得多|些)))"
    rf"(?:一[点些下])?(?P<much2>很多|得多)?(?:节奏|速度)?{_MUSIC_NEXT}"
)
_SLOW_EACH, _FAST_EACH = 6_000, 2_500


def pace(film: Film, reading: Reading) -> Edit | None:
    """Faster or slower: each picture gets less or more time."""
    if (found := _PACE.search(reading.text)) and _has_length(reading):
        if _OF_ANOTHER.search(reading.text[: found.start()]):
            return None
        reading.leave_out(*found.span())  # the length is what was said, and it decides the pace
        return None
    if not (found := reading.take(_PACE, unless=_OF_ANOTHER)):
        return None
    if by := found["by"] or found["by2"] or found["by3"]:
        rate = min(max(number_of(by), 0.1), 10)
    elif found["twice"] or found["twice2"]:
        rate = 2.0
    elif found["half"] or found["half2"]:
        rate = 0.5
    else:
        rate = _degree(bool(found["much"] or found["much2"]), bool(found["bit"] or found["bit2"]))
        fast = bool(found["fast"] or found["fast2"])
        if reading.generating:
            each = _FAST_EACH if fast else _SLOW_EACH
            return _with_length(film, each * len(film.scenes))
        rate = rate if fast else 1 / rate
    film = film.lasting(_scaled(film.duration, 1 / rate))
    told = (
        f"made it {'faster' if rate > 1 else 'slower'}: {film.duration / 1000:g} seconds",
        f"节奏{'加快' if rate > 1 else '放慢'}了，现在是{film.duration / 1000:g}秒",
    )
    return Edit.draft(film, told, "set_pace", rate=round(rate, 3))


_FROM = (
    rf"(?:(?:\bbetween\s)?{NUMBER}(?:\s?{UNIT})?\s?(?:-|–|~|\bto\b|到|至)\s?"
    rf"|\bbetween\s{NUMBER}(?:\s?{UNIT})?\sand\s)?"
)
"""The lower end of "10 to 15 seconds": the upper one is within what is asked for."""
_MINUTES = r"(?:(?<=m)|(?<=min)|(?<=mins)|(?<=minute)|(?<=minutes)|(?<=分)|(?<=分钟))"
"""Behind these, seconds are a part of the same length; "15 s and 30 s" are two."""
_LENGTH = words(
    rf"{_BEFORE}{_FROM}(?:{span()}(?:{_MINUTES}\s?(?:and\s)?{span(2)})?"
    r"|(?P<half>half\sa\sminute)|(?P<one>(?:a|one)[-\s]minute))"
    r"(?!\s?(?:style|music|vibes?|retro|songs?|look|hits|风|(?:long\s)?(?:intro|outro|pause|delay"
    r"|gap|countdown|freeze|break|fade|preview|title)\b|mark\b|in\b(?!"
    r" total)|later\b|earlier\b|前|后|处))"
)
_OTHER_TIME = words(
    r"(?:\b(?:at|after|before|from|until|till|within|first|next|final"
    r"|(?<!should )(?<!to )(?<!will )(?<!must )(?<!it )last|opening|closing|past)"
    r"(?:\s(?:the|about|second))*\s?|第|从|前|后|最后|开头|每隔)$"
    rf"|{ORDINAL}(?:\sone)?\s(?:should\s|must\s)?(?:be|is|for|lasts?|stays?)\s(?:for\s)?$"
)


def _has_length(reading: Reading) -> bool:
    found = _LENGTH.search(reading.text)
    return found is not None and not _OTHER_TIME.search(reading.text[: found.start()])


def whole_length(reading: Reading) -> int | None:
    """The whole film's length in milliseconds, where the message names one; it is not taken."""
    for found in _LENGTH.finditer(reading.text):
        if not _OTHER_TIME.search(reading.text[: found.start()]):
            return _length_ms(found)
    return None


def leave_out_length(reading: Reading) -> None:
    """The whole film's length contradicts those of its pictures."""
    for found in _LENGTH.finditer(reading.text):
        if not _OTHER_TIME.search(reading.text[: found.start()]):
            reading.leave_out(found.start(), found.end())
            return


def _length_ms(found: re.Match[str]) -> int:
    if found["n1"] is None:
        return 30_000 if found["half"] else 60_000
    total = first_ms(found)
    return total + (span_ms(found["n2"], found["u2"]) if found["n2"] is not None else 0)


def length(film: Film, reading: Reading) -> Edit | None:
    """A length for the whole video."""
    found = reading.take(_LENGTH, unless=_OTHER_TIME)
    if not found:
        return None
    return _with_length(film, _length_ms(found))


def _degree(much: bool, bit: bool) -> float:
    return 1.5 if much else 1.1 if bit else 1.25


def _scaled(duration: int, rate: float) -> int:
    return round(duration * rate / 100) * 100


def _with_length(film: Film, wanted: int) -> Edit:
    film = film.lasting(wanted)
    seconds = film.duration / 1000
    told = f"set the length to {seconds:g} seconds", f"时长设为{seconds:g}秒"
    return Edit.draft(film, told, "set_duration", seconds=seconds)
