"""Requests for the pictures: their order, and which of them are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nemovideo_nodes.emulator.agent.film import Film, Scene
from nemovideo_nodes.emulator.agent.lexicon import ORDINAL, number_of, ordinal_of
from nemovideo_nodes.emulator.agent.rules.absence import NO_EN, NO_ZH, OFF_ZH
from nemovideo_nodes.emulator.agent.rules.pictures import REF, Referring
from nemovideo_nodes.emulator.agent.rules.reading import Edit, Reading, words

__all__ = ["drop", "keep_only", "move", "order"]

_REVERSED = words(
    r"\breverse(?:d)?(?: (?:the )?(?:order|pictures?|photos?|images?|it|them|everything|slides?"
    r"|clips?))?"
    r"(?: of (?:the |my )?(?:pictures?|photos?|images?|slides?|clips?))?\b"
    r"|\bback ?wards\b|\b(?:the )?other way (?:round|around)\b|\b(?:from )?last to first\b"
    r"|\bflip the order\b|倒序|逆序|反序|(?:顺序|次序)?(?:反过来|倒过来|颠倒(?:一下"
    r"|过来)?)(?:顺序)?|从后往前"
)
_SWAP = words(r"\b(?:swap|switch|exchange|trade)\b|交换|互换|对调|调换|对换")
_IN_TURN = words(
    rf"(?:\border\b|\bsequence\b|顺序)[^,.;。\ue200-\ue2ff]{{0,12}}{REF}"
    rf"(?:\s?(?:,|->|>|→|-|再|然后|\bthen\b|\band\b|\s){{1,5}}{REF}){{0,19}}"
)


def _in_turn(film: Film, reading: Reading) -> list[Scene] | None:
    """The order that a list of pictures says; what it leaves out comes behind."""
    seen = Referring(film, reading)
    if reading.says(_SWAP) or not (found := seen.search(_IN_TURN)):
        return None
    named = [place for at in range(seen.count(found)) for place in seen.places(found, at)]
    if len(set(named)) < 2:
        return None
    seen.take(found)
    rest = [place for place in range(len(film.scenes)) if place not in named]
    return [film.scenes[place] for place in dict.fromkeys([*named, *rest])]


def order(film: Film, reading: Reading) -> Edit | None:
    """Reverse the pictures, or list them in an order."""
    scenes: Sequence[Scene]
    if listed := _in_turn(film, reading):
        scenes, told = listed, ("put the pictures in that order", "按这个顺序排好了")
    elif reading.take(_REVERSED):
        scenes, told = film.scenes[::-1], ("reversed the order", "把顺序倒过来了")
    else:
        return None
    return _ordered(film, scenes, *told)


def _ordered(film: Film, scenes: Sequence[Scene], english: str, chinese: str) -> Edit:
    film = replace(film, scenes=tuple(scenes))
    names = [scene.name for scene in scenes]
    return Edit.draft(film, (english, chinese), "reorder", images=names)


_PUT = r"(?:put|move|place|bring|show|have|want|play|let|get|shift|make)"
_TO_FIRST = words(
    rf"\b(?:start|begin|open|kick off)s?\s(?:it\s|the (?:video|film)\s)?with\s{REF}"
    rf"|{REF}\s(?:to |at |in |comes? |goes |go |should (?:be|come|go) |must come |as "
    r"|be )?(?:the )?(?:very )?(?:first|front|beginning|start|opening)\b(?:\s(?:one|place"
    r"|picture))?"
    rf"|\b{_PUT}\sfirst\s{REF}"
    rf"|{REF}(?:要|应该)?(?:放|移|挪|调|排|提|改|换)?(?:到|在|去|成)?(?:最前面?|最开头|最开始|开头"
    r"|开始|前面|第一(?:张|个|位)?|首位)"
    rf"|(?:先|首先)(?:放|显示|播放?|出现|展示|出)?{REF}|(?:从|以|用){REF}(?:开始|开头|开场)"
)
_TO_LAST = words(
    rf"\b(?:end|finish|close|conclude)s?\s(?:it\s|the (?:video|film)\s)?(?:with|on)\s{REF}"
    rf"|{REF}\s(?:to |at |in |comes? |goes |go |should (?:be|come|go) |must come |as "
    r"|be )?(?:the )?(?:very )?(?:last|end|back|final)\b(?:\s(?:one|place|picture))?"
    rf"|\bsave\s{REF}\sfor (?:the )?(?:end|last)"
    rf"|{REF}(?:要|应该)?(?:放|移|挪|调|排|留|改|换)?(?:到|在|去|成)?(?:最后面?|最末尾?|末尾|结尾"
    r"|最末|末位)"
    rf"|最后(?:再)?(?:放|显示|播放?|出现|展示){REF}|以{REF}(?:结束|结尾|收尾)|用{REF}(?:结束|结尾"
    r"|收尾)"
)
_BEFORE = words(
    rf"{REF}\s(?:\w+\s)?(?:right |just )?(?:before|in front of|ahead of)\s{REF}"
    rf"|{REF}(?:放|移|挪|调|排)?(?:到|在)?{REF}(?:的)?(?:前面|之前|前边|前)"
)
_AFTER = words(
    rf"{REF}\s(?:\w+\s)?(?:right |just )?(?:after|behind|following)\s{REF}"
    rf"|{REF}(?:放|移|挪|调|排)?(?:到|在)?{REF}(?:的)?(?:后面|之后|后边|后)"
)
_BETWEEN = words(
    rf"{REF}\s(?:\w+\s)?(?:in\s)?between\s{REF}"
    rf"|{REF}(?:放|移|挪|调|排)?(?:到|在){REF}(?:的)?(?:之间|中间)"
)
_SWAPPED = words(
    rf"\b(?:swap|switch|exchange|trade)\s(?:the order of\s|around\s)?{REF}\s(?:and|with|for)\s{REF}"
    rf"|\b(?:swap|switch|exchange)\s(?:the (?:order|places?|positions?) of\s)?{REF}"
    rf"|(?:交换|互换|对调|调换)(?:一下)?{REF}(?!和|与|跟|、)|(?:交换|互换|对调"
    rf"|调换)(?:一下)?{REF}(?:和|与|跟|、){REF}(?:的)?(?:位置|顺序)?"
    rf"|{REF}(?:和|与|跟|、){REF}(?:的)?(?:位置|顺序)?(?:交换|互换|对调|调换|换一下|换个位置"
    r"|换过来|对换)(?:一下|位置)?"
    rf"|{REF}(?:的)?(?:位置|顺序)?(?:交换|互换|对调|调换|换一下|换个位置|对换)(?:一下|位置)?"
)

_TO_PLACE = words(
    rf"{REF}\s(?:to|in|at|into|as)\s(?:be\s)?(?:the\s)?(?:(?P<nth>{ORDINAL})(?:\s(?:place|position"
    r"|spot|slot|one))?|(?:position|place|slot|number|spot)\s(?P<n>\d{1,3}))"
    rf"|{REF}(?:(?:放|移|挪|调|排|换|改)(?:到|在|成)|\s(?:to|as|to be|into|at)\s)(?P<slot>{REF})"
    rf"|\bmake\s{REF}\s(?P<slot2>{REF})"
    rf"|{REF}(?:放|移|挪|调|排)(?:到|在)?第(?P<zh>\d{{1,3}}|[一二三四五六七八九十]{{1,3}})(?:张|个"
    r"|位|的位置)?"
)


def move(film: Film, reading: Reading) -> Edit | None:
    """Move a picture: first, last, before, after, between; or swap two."""
    seen = Referring(film, reading)
    everything = list(range(len(film.scenes)))
    if found := seen.search(_SWAPPED):
        places = [place for at in range(seen.count(found)) for place in seen.places(found, at)]
        if len(places) != 2:
            return None
        one, other = places
        everything[one], everything[other] = other, one
        told = "swapped two pictures", "交换了两张图片的位置"
    elif found := seen.search(_BETWEEN):
        moved, target = seen.places(found), seen.places(found, 1)
        if not moved or len(target) != 2 or set(target) & set(moved):
            return None
        rest = [place for place in everything if place not in moved]
        at = max(map(rest.index, target))
        everything = [*rest[:at], *moved, *rest[at:]]
        told = _moved(film, moved)
    elif found := seen.search(_BEFORE) or seen.search(_AFTER):
        moved, target = seen.places(found), seen.places(found, 1)
        if not moved or not target or target[0] in moved:
            return None
        is_after = _AFTER.fullmatch(found[0]) is not None
        rest = [place for place in everything if place not in moved]
        at = rest.index(target[0]) + is_after
        everything = [*rest[:at], *moved, *rest[at:]]
        told = _moved(film, moved)
    elif found := seen.search(_TO_FIRST):
        moved = seen.places(found)
        everything = [*moved, *(place for place in everything if place not in moved)]
        told = _moved(film, moved, "first", "最前面")
    elif found := seen.search(_TO_LAST):
        moved = seen.places(found)
        everything = [*(place for place in everything if place not in moved), *moved]
        told = _moved(film, moved, "last", "最后")
    elif found := seen.search(_TO_PLACE):
        moved = seen.places(found)
        if found["slot"] or found["slot2"]:
            number = next(iter(seen.places(found, 1)), -1) + 1
        elif found["nth"]:
            number = ordinal_of(found["nth"])
        else:
            number = int(number_of(found["n"] or found["zh"]))
        rest = [place for place in everything if place not in moved]
        at = min(max(number - 1, 0), len(rest)) if number > 0 else len(rest)
        everything = [*rest[:at], *moved, *rest[at:]]
        told = _moved(film, moved)
    else:
        return None
    seen.take(found)
    return _ordered(film, [film.scenes[place] for place in everything], *told)


def _moved(film: Film, places: list[int], where: str = "", wo: str = "") -> tuple[str, str]:
    names = [film.scenes[place].name for place in places]
    if not where:
        return f"moved {', '.join(names)}", f"移动了{'、'.join(names)}"
    return f"put {', '.join(names)} {where}", f"把{'、'.join(names)}放到了{wo}"


_NO_REF = words(
    rf"\b{NO_EN}(?:\s(?:the|any|out))*\s{REF}(?:\sout\b)?|{NO_ZH}{REF}|{REF}{OFF_ZH}"
    rf"|\btake\s{REF}\sout\b"
)
_ONLY_REF = words(
    rf"\b(?:only|just)\s(?:use|keep|show|want|include)?\s?{REF}|\b(?:use|keep|show|include"
    rf"|want)\s(?:only|just)\s{REF}"
    rf"|(?<!\bon\s)(?<!\bin\s)(?<!\bfor\s)(?<!\bunder\s)(?<!\bover\s){REF}\s(?:only|alone)\b|\bkeep\s{REF}(?=\s?(?:$|[,.;]))"
    rf"|(?:只|仅|就)(?:要|用|留下?|保留|显示|放|需要)?{REF}"
)
_ONE_MUST_STAY = (
    "A film needs at least one picture, so I kept them.",
    "视频至少要有一张图片，所以没有删。",
)


def drop(film: Film, reading: Reading) -> Edit | None:
    """Remove pictures; the video gets shorter by their time."""
    seen = Referring(film, reading)
    if not (found := seen.search(_NO_REF)):
        return None
    gone = seen.places(found)
    seen.take(found, with_quotes=True)
    return _without(film, reading, gone)


def keep_only(film: Film, reading: Reading) -> Edit | None:
    """Use only some of the pictures."""
    seen = Referring(film, reading)
    if not (found := seen.search(_ONLY_REF)):
        return None
    kept = seen.places(found)
    seen.take(found, with_quotes=True)
    if not kept:
        return None
    return _without(film, reading, [at for at in range(len(film.scenes)) if at not in kept])


def _without(film: Film, reading: Reading, gone: list[int]) -> Edit | None:
    if len(gone) == len(film.scenes):
        reading.notes.append(_ONE_MUST_STAY)
        return None
    names = [film.scenes[place].name for place in gone]
    dropped = [film.scenes[place].source for place in gone]
    kept = [scene for place, scene in enumerate(film.scenes) if place not in gone]
    film = film.of_scenes(kept)
    film = replace(film, dropped=(*film.dropped, *filter(None, dropped)))
    told = f"took out {', '.join(names)}", f"去掉了{'、'.join(names)}"
    return Edit.draft(film, told, "remove_images", images=names)
