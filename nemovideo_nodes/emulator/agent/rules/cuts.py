"""Requests for transitions: their kind, their length, and none."""

from __future__ import annotations

import re
from dataclasses import replace

from nemovideo_nodes.emulator.agent.film import DEFAULT_FADE, Film
from nemovideo_nodes.emulator.agent.lexicon import CROSSFADE, CUTS, names_of
from nemovideo_nodes.emulator.agent.rules.absence import absent
from nemovideo_nodes.emulator.agent.rules.reading import MARK, Edit, Reading, first_ms, span, words

__all__ = ["one_kind_for_another", "transitions", "without_transitions"]

_FADES = r"(?:cross-?\s?fad(?:e|es|ing)|fad(?:e|es|ing)|dissolv(?:e|es|ing)|cross-?\s?dissolves?)"
_CUTS = rf"(?:transitions?|{_FADES})"
_FADES_ZH = r"(?:淡入淡出|叠化|溶解|交叉渐变|渐变|交叉淡化)"
_CUTS_ZH = rf"(?:转场(?:效果|动画)?|过渡(?:效果|动画)?|{_FADES_ZH})"
_HARD = r"(?:(?:hard|straight|simple|jump) cuts?)"
_HARD_ZH = r"(?:硬切|直接切换)"
_KIND = (
    rf"(?:{'|'.join(pattern.pattern for pattern, _ in CUTS)}|{_FADES})(?:\stransitions?)?|{_HARD}"
)
_KIND_ZH = rf"{_FADES_ZH}|{_HARD_ZH}|擦除|划像|滑动|黑场|渐黑|闪黑"
_OLD = rf"(?:the\s|any\s)?(?:wip(?:e|es|ing)|slid(?:e|es|ing)|{_CUTS}|{_HARD})(?:\stransitions?)?"
_AT_END = r"(?=\s?(?:$|[,.;!]|\b(?:please|instead|between|everywhere|throughout|for\b|of\s\d)))"
_RATHER = r"(?:instead of|rather than|in place of|and not|but not|not)"
_ONE_FOR_ANOTHER = words(
    rf"\b(?:no|not|without|don't use|do not use|instead of|rather than)\s{_OLD}\s?,?\s?"
    rf"(?:(?:but|just|only|rather|use|with|please)\s)*(?:a\s|some\s)?(?P<to1>{_KIND})\b{_AT_END}"
    rf"|\b(?P<to2>{_KIND})\s?,?\s?\b{_RATHER}\s{_OLD}\b"
    rf"|\b(?:replace|swap|change|turn|switch)\s{_OLD}\s(?:with|by|to|into|for)\s(?:a\s|some\s)?"
    rf"(?P<to3>{_KIND})\b"
    rf"|(?:不要|不用|别用|不是|不想要)(?:{_CUTS_ZH}|{_KIND_ZH})[,、]?(?:而是|改成|改为|改用|换成|只用|用|要)"
    rf"(?P<to4>{_KIND_ZH})"
    rf"|用?(?P<to5>{_KIND_ZH})(?:来|去)?(?:代替|替换|取代|替代|而不是|而不用|不要用?)(?:{_CUTS_ZH}|{_KIND_ZH})"
    rf"|(?:把|将)?(?:{_CUTS_ZH}|{_KIND_ZH})(?:都|全部?)?(?:换成|改成|改为|变成|替换成|替换为)"
    rf"(?P<to6>{_KIND_ZH})"
)
_CHINESE = re.compile(r"[\u3400-\u9fff]")


def one_kind_for_another(film: Film, reading: Reading) -> Edit | None:
    """One kind of transition instead of another: "no crossfades but wipes"."""
    for found in reversed(list(_ONE_FOR_ANOTHER.finditer(reading.text))):
        wanted = next(filter(None, found.groups()))
        if not re.search(rf"{_HARD}|{_HARD_ZH}|transitions?$", wanted, re.IGNORECASE):
            wanted += "转场" if _CHINESE.search(wanted) else " transitions"
        reading.text = (
            f"{reading.text[: found.start()]} {MARK} {wanted} {reading.text[found.end() :]}"
        )
    return None


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
