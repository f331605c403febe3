"""Requests for transitions: their kind, their length, and none."""

from __future__ import annotations

from dataclasses import replace

from nemovideo_nodes.emulator.agent.film import DEFAULT_FADE, Film
from nemovideo_nodes.emulator.agent.lexicon import CROSSFADE, CUTS, names_of
from nemovideo_nodes.emulator.agent.rules.absence import absent
from nemovideo_nodes.emulator.agent.rules.reading import Edit, Reading, first_ms, span, words

__all__ = ["transitions", "without_transitions"]

_FADES = r"(?:cross-?\s?fad(?:e|es|ing)|fad(?:e|es|ing)|dissolv(?:e|es|ing)|cross-?\s?dissolves?)"
_CUTS = rf"(?:transitions?|{_FADES})"
_FADES_ZH = r"(?:淡入淡出|叠化|溶解|交叉渐变|渐变|交叉淡化)"
_CUTS_ZH = rf"(?:转场(?:效果|动画)?|过渡(?:效果|动画)?|{_FADES_ZH})"
_NONE = absent(
    _CUTS,
    _CUTS_ZH,
    r"\b(?:hard|straight|simple|jump) cuts?\b|\b(?:just )?cut (?:hard|straight|directly)\b"
    r"(?:\sbetween\s(?:the\s|them|each)*(?:pictures?|photos?|images?)?)?"
    r"|\bjust cuts?\b|硬切|直接切换|直接切",
)
_SHORTEST, _LONGEST = 100, 3_000


def without_transitions(film: Film, reading: Reading) -> Edit | None:
    """Hard cuts instead of transitions."""
    if not reading.take_all(_NONE):
        return None
    told = "made the cuts hard", "改成了直接切换"
    return Edit.draft(replace(film, fade=0), told, "set_transition", type="none")


_FADE_LENGTH = words(
    rf"\b(?:(?:longer|shorter|slower|quicker)\s)?{_CUTS},?\s(?:be\s|are\s)?{span(4)}(?=\s(?:long|each)\b)"
    rf"|\btransitions?(?:\s|:\s|\s=\s){span(5)}"
    rf"|(?<![A-Za-z0-9.:]){span()}\s(?:long\s)?(?=(?:\w+\s)?{_CUTS}\b)"
    rf"|(?<![A-Za-z0-9.:]){span(3)}的?(?={_CUTS_ZH})"
    rf"|(?:\b{_CUTS}\s(?:of|lasting|to|for|last|take|should (?:take|last))\s"
    rf"|{_CUTS_ZH}(?:时长|时间|长度)?(?:为|是|改成|改为|设为|设成|用)?){span(2)}"
)
_LONGER = words(
    rf"\b(?:longer|slower|smoother|softer|gentler)\s{_CUTS}\b|\b{_CUTS}\s(?:\w+\s)?(?:longer"
    r"|slower|smoother)\b"
    rf"|{_CUTS_ZH}(?:时间|时长)?(?:再|更)?(?:慢|长|柔和|平滑)(?:一点|一些|点)?|放慢{_CUTS_ZH}"
)
_SHORTER = words(
    rf"\b(?:shorter|faster|quicker|snappier)\s{_CUTS}\b|\b{_CUTS}\s(?:\w+\s)?(?:shorter|faster"
    r"|quicker)\b"
    rf"|{_CUTS_ZH}(?:时间|时长)?(?:再|更)?(?:快|短)(?:一点|一些|点)?|加快{_CUTS_ZH}"
)
_BETWEEN = r"(?:\s(?:between|from|in between)\b|\seffects?\b)"
_KINDS = [
    (
        words(
            rf"{pattern.pattern if names[0] == 'dip' else '(?!)'}"
            rf"|\b(?:{pattern.pattern})\s(?:transitions?|effects?)\b"
            rf"|\btransitions?:?\s(?:to|with|of|into|like|=)?\s?(?:a\s)?(?:{pattern.pattern})(?!\w)"
            rf"|\b(?:use|add|with|want|try|put)\s(?:a\s|some\s)?(?:{pattern.pattern})(?:{_BETWEEN}"
            r"|\s?$|(?=\s?[,.]))"
            rf"|(?:{pattern.pattern})(?:的)?(?:转场|过渡|效果|切换)|(?:转场"
            rf"|过渡)[^,。]{{0,6}}(?:{pattern.pattern})"
        ),
        names,
    )
    for pattern, names in CUTS
]
_NAMES = {names[0]: words(rf"\b(?:{pattern.pattern})\b") for pattern, names in CUTS}
_FADE = words(rf"\b{_FADES}\b|{_FADES_ZH}")
_ANY = words(rf"\b{_CUTS}\b|{_CUTS_ZH}")


def transitions(film: Film, reading: Reading) -> Edit | None:
    """A kind of transition, its length, or just transitions."""
    named = next((names for pattern, names in _KINDS if reading.says(pattern)), None)
    says_fade = reading.says(_FADE)
    found = reading.take(_FADE_LENGTH)
    fade = min(max(first_ms(found), _SHORTEST), _LONGEST) if found else film.fade or DEFAULT_FADE
    if reading.take(_LONGER):
        fade = min(round(fade * 1.5), _LONGEST)
    elif reading.take(_SHORTER):
        fade = max(round(fade / 1.5), _SHORTEST)
    elif not found and not named and not reading.says(_ANY):
        return None
    for pattern in (*(pattern for pattern, _ in _KINDS), _ANY):
        reading.take_all(pattern)
    if named:
        reading.take_all(_NAMES[named[0]])
    kind, english, chinese = named or (CROSSFADE if says_fade else names_of(film.cut))
    film = replace(film, fade=fade, cut=kind)
    told = f"set {english} of {fade / 1000:g} s between the pictures", f"图片之间用了{chinese}转场"
    return Edit.draft(film, told, "set_transition", type=kind, duration=fade)
