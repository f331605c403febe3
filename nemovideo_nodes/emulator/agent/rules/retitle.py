"""Requests for the titles that are there: other words, another time or place, and none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from nemovideo_nodes.emulator.agent.film import CAPTION, Film, Title
from nemovideo_nodes.emulator.agent.lexicon import ORDINAL, number_of, ordinal_of
from nemovideo_nodes.emulator.agent.rules.absence import ANY, NO_EN, NO_ZH, OFF_ZH, absent
from nemovideo_nodes.emulator.agent.rules.reading import QUOTE, Edit, Note, Reading, words
from nemovideo_nodes.emulator.agent.rules.timing import Timing, take_timing_behind, timing_in
from nemovideo_nodes.emulator.agent.rules.wording import (
    CAPTION_WORD,
    CHANGE,
    HEADING_WORD,
    TITLE,
    TITLE_ZH,
)

__all__ = [
    "change_title",
    "in_order",
    "meant",
    "retime_title",
    "reworded",
    "without_named",
    "without_titles",
]

_ITS_LOOK = (
    r"(?!\s(?:backgrounds?|backdrops?|box(?:es)?|plates?|panels?|bars?|shadows?|fonts?|colou?rs?"
    r"|animations?|effects?|outlines?|borders?)\b)"
)
_ITS_LOOK_ZH = r"(?!的?(?:底框|底板|背景|框|颜色|阴影|动画|特效|边框|描边|字体))"
_NO_TITLE = absent(
    rf"(?:{ORDINAL}\s)?{TITLE}\b{_ITS_LOOK}",
    rf"(?:第[一二三四五\d]个)?{TITLE_ZH}{_ITS_LOOK_ZH}",
)
_NO_NAMED = words(
    rf"\b{NO_EN}{ANY}(?:{TITLE}\s)?(?P<q1>{QUOTE})(?:\s{TITLE}\b)?"
    rf"|{NO_ZH}{TITLE_ZH}?(?P<q2>{QUOTE})(?:这个|的)?{TITLE_ZH}?"
    rf"|把?(?:{TITLE_ZH})?(?P<q3>{QUOTE})(?:这个|的)?(?:{TITLE_ZH})?{OFF_ZH}"
)
_NTH = words(
    rf"(?P<nth>{ORDINAL})\s{TITLE}\b|第(?P<zh>[一二三四五六七八九十\d]{{1,2}})个?{TITLE_ZH}"
    rf"|(?P<last>最后一?个?{TITLE_ZH})"
)
_NO_TITLE_YET: Note = ("There is no title yet.", "现在还没有标题。")


def without_named(film: Film, reading: Reading) -> Edit | None:
    """Remove the title with these words."""
    if not (found := _NO_NAMED.search(reading.text)):
        return None
    sign = found["q1"] or found["q2"] or found["q3"]
    text = reading.quotes[sign]
    kept = tuple(title for title in film.titles if title.text.lower() != text.lower())
    scenes = tuple(
        replace(scene, caption="") if scene.caption.lower() == text.lower() else scene
        for scene in film.scenes
    )
    changed = replace(film, titles=kept, scenes=scenes)
    if changed == film and any(scene.name.lower() == text.lower() for scene in film.scenes):
        return None  # a picture, then
    reading.cut(found.start(), found.end(), with_quotes=True)
    if changed == film:
        reading.notes.append((f'There is no title "{text}".', f"没有标题“{text}”。"))
        return None
    return _removed(changed)


def without_titles(film: Film, reading: Reading) -> Edit | None:
    """Remove titles or captions, or "the second title"."""
    if not (found := reading.take(_NO_TITLE)):
        return None
    reading.refused.add("title")
    titles = film.titles
    if CAPTION_WORD.search(found[0]) and film.has_captions:
        bare = tuple(replace(scene, caption="") for scene in film.scenes)
        kept = tuple(title for title in titles if title.role != CAPTION)
        told = "took the captions out", "去掉了字幕"
        return Edit.draft(replace(film, titles=kept, scenes=bare), told, "remove_captions")
    if (at := _counted(found[0], titles)) is not None:
        return _removed(replace(film, titles=titles[:at] + titles[at + 1 :]))
    if HEADING_WORD.search(found[0]) and any(title.role != CAPTION for title in titles):
        return _removed(replace(film, titles=tuple(t for t in titles if t.role == CAPTION)))
    bare = tuple(replace(scene, caption="") for scene in film.scenes)
    return _removed(replace(film, titles=(), scenes=bare))


def _removed(film: Film) -> Edit:
    return Edit.draft(film, ("took the title out", "去掉了标题"), "remove_title")


def _counted(text: str, titles: Sequence[Title]) -> int | None:
    """The place of the title that "the second title" or 第二个标题 says, if there is one."""
    found = _NTH.search(text)
    if not found:
        return None
    number = -1 if found["last"] else 0
    if not number:
        number = ordinal_of(found["nth"]) if found["nth"] else int(number_of(found["zh"]))
    at = number - 1 if number > 0 else len(titles) - 1
    return at if 0 <= at < len(titles) else None


_TO_EN = (
    r"(?:\bto\s(?:say\s|read\s|be\s)?|\bwith\s|\binto\s|\bby\s|\bsay(?:s|ing)?\s"
    r"|\bread(?:s|ing)?\s|\bas\s|:\s?)"
)
_TO_ZH = r"(?:改成|改为|换成|换为|变成|改叫|改|换|写成|设为|设成|为|成|:)"
_RENAME = words(
    rf"(?P<old>{QUOTE})[^{QUOTE[1:-1]},;。]{{0,24}}?(?:{_TO_EN}"
    rf"|{_TO_ZH})[^{QUOTE[1:-1]},;。]{{0,16}}?(?P<new>{QUOTE})"
)
_INSTEAD = words(
    rf"(?P<new>{QUOTE})\s(?:instead of|rather than|in place of)\s(?:the\s)?(?:{TITLE}\s)?"
    rf"(?P<old>{QUOTE})"
)
_CHANGE = words(
    rf"\b{CHANGE}\s(?:the\s|my\s|that\s|this\s)?(?P<what>(?:{ORDINAL}\s)?{TITLE})\b(?:'s)?(?:\s"
    rf"(?:text|words|wording))?\s{_TO_EN}(?P<new>{QUOTE})"
    rf"|\b(?:the\s)?(?P<what2>(?:{ORDINAL}\s)?{TITLE})\sshould\s(?:now\s)?(?:say|read"
    rf"|be)\s(?P<new2>{QUOTE})"
    rf"|(?P<what3>(?:第[一二三四五\d]个|最后一?个)?{TITLE_ZH})(?:内容"
    rf"|文字)?{_TO_ZH}(?:了)?(?P<new3>{QUOTE})"
)


def change_title(film: Film, reading: Reading) -> Edit | None:
    """Change the words of a title or a caption."""
    if reading.generating:
        return None
    if found := _RENAME.search(reading.text) or _INSTEAD.search(reading.text):
        old, new = reading.quotes[found["old"]], reading.quotes[found["new"]]
        at = next((i for i, t in enumerate(film.titles) if t.text.lower() == old.lower()), None)
        scene = next(
            (
                i
                for i, s in enumerate(film.scenes)
                if s.caption and s.caption.lower() == old.lower()
            ),
            None,
        )
        reading.cut(found.start(), found.end(), with_quotes=True)
        if at is None and scene is None:
            reading.notes.append((f'There is no title "{old}".', f"没有标题“{old}”。"))
            return None
        return reworded(film, at, scene, new)
    if found := _CHANGE.search(reading.text):
        if not film.titles:
            return None  # a first title, then
        what = found["what"] or found["what2"] or found["what3"]
        new = reading.quotes[found["new"] or found["new2"] or found["new3"]]
        at = meant(film, what)
        timing = take_timing_behind(reading, found.end())
        reading.cut(found.start(), found.end(), with_quotes=True)
        return reworded(film, at, None, new, timing)
    return None


def meant(film: Film, what: str) -> int:
    """The place of the title that is talked of: by its number, its role, or just the first."""
    if (at := _counted(what, film.titles)) is not None:
        return at
    is_caption = bool(CAPTION_WORD.search(what))
    fitting = [i for i, t in enumerate(film.titles) if (t.role == CAPTION) == is_caption]
    return fitting[0] if fitting else 0


def reworded(
    film: Film, at: int | None, scene: int | None, text: str, timing: Timing | None = None
) -> Edit:
    if at is not None:
        new = replace(film.titles[at], text=text)
        new = timing.put_on(new, film.duration) if timing else new
        film = replace(film, titles=(*film.titles[:at], new, *film.titles[at + 1 :]))
    elif scene is not None:
        scenes = list(film.scenes)
        scenes[scene] = replace(scenes[scene], caption=text)
        film = replace(film, scenes=tuple(scenes))
    told = f'changed the title to "{text}"', f"标题改成了“{text}”"
    return Edit.draft(in_order(film), told, "change_title", text=text)


_MOVE_EN = r"(?:move|put|place|show|display|keep|make|have|set|shift|let|start|leave|want)"
_REST = rf"(?:(?!\b(?:and(?!\s\d)|then|but)\b)[^,;。{QUOTE[1:-1]}])"
_RETIME = words(
    rf"\b{_MOVE_EN}\s(?:all\s)?(?:the\s|my\s|that\s|this\s)?(?P<what>(?:{ORDINAL}\s)?{TITLE})\b"
    rf"(?P<rest>{_REST}{{1,80}})"
    rf"|\b(?:the\s|my\s)(?P<what2>(?:{ORDINAL}\s)?{TITLE})\s(?:should|must|needs? to|has to|to"
    rf"|goes|belongs|only|at|in|from|for)\b(?P<rest2>{_REST}{{1,80}})"
    rf"|(?:^|[,;.]|\band)\s?(?P<what4>{TITLE})\s(?P<rest4>{_REST}{{1,80}})"
    rf"|\bcent(?:er|re)\s(?:the\s|my\s)?(?P<what5>{TITLE})(?P<rest5>)\b"
    rf"|(?P<what3>(?:第[一二三四五\d]个|最后一?个|所有)?{TITLE_ZH})(?P<rest3>{_REST}{{1,40}})"
)
_THEIR_LENGTH = words(
    r"(?P<more>\blonger\b|久一点|长一点|久一些)|(?P<less>\bshorter\b|短一点|短一些)"
)


def retime_title(film: Film, reading: Reading) -> Edit | None:
    """Move a title: another time or place."""
    if reading.generating:
        return None
    for found in _RETIME.finditer(reading.text):
        number = next(n for n in ("", "2", "3", "4", "5") if found[f"what{n}"])
        what = found[f"what{number}"]
        # In "the title at the bottom" the word that parts them belongs to the place.
        offset = found.end(f"what{number}")
        rest = reading.text[offset : found.end()]
        timing = timing_in("in the middle" if number == "5" else rest)
        if not timing:
            length = _THEIR_LENGTH.search(rest)
            if not length or not film.titles:
                continue
            title = film.titles[meant(film, what)]
            factor = 1.5 if length["more"] else 1 / 1.5
            timing = Timing(duration=round(title.duration * factor), spans=(length.span(),))
        if not film.titles:
            reading.notes.append(_NO_TITLE_YET)
            reading.cut(found.start(), found.end())
            return None
        more = take_timing_behind(reading, found.end())
        every = re.search(r"s$|所有", what.lower()) and not CAPTION_WORD.search(what)
        at = meant(film, what)
        chosen = set(range(len(film.titles))) if every else {at}
        titles = tuple(
            more.put_on(timing.put_on(title, film.duration), film.duration)
            if i in chosen
            else title
            for i, title in enumerate(film.titles)
        )
        if number == "5":
            reading.cut(found.start(), found.end())
        else:
            # Words in between that say nothing of time and place stay, and are told.
            for start, end in sorted(timing.spans, reverse=True):
                reading.cut(offset + start, offset + end)
            reading.cut(found.start(), offset)
        told = "moved the title", "调整了标题"
        op = "set_title"
        return Edit.draft(in_order(replace(film, titles=titles)), told, op)
    return None


def in_order(film: Film) -> Film:
    """The film with its titles in the order in which they begin."""
    return replace(film, titles=tuple(sorted(film.titles, key=lambda title: title.start)))
