"""Wishes for titles: their words, when and where they stand, other words, and none."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace

from nemovideo_nodes.emulator.film import CAPTION, Film, Title
from nemovideo_nodes.emulator.lexicon import ORDINAL, number_of, ordinal_of
from nemovideo_nodes.emulator.rules.absence import ANY, NO_EN, NO_ZH, OFF_ZH, absent
from nemovideo_nodes.emulator.rules.reading import QUOTE, Edit, Note, Reading, words
from nemovideo_nodes.emulator.rules.timing import Timing, timing_in

__all__ = [
    "CAPTION_WORD",
    "TITLE",
    "TITLE_ZH",
    "add_titles",
    "change_title",
    "plain_title",
    "retime_title",
    "without_named",
    "without_titles",
]

_HEADING = r"(?:titles?|headings?|headlines?)"
_CAPTION = r"(?:captions?|sub\s?-?titles?)"
TITLE = rf"(?:{_HEADING}|{_CAPTION}|texts?|words)"
TITLE_ZH = r"(?:标题|字幕|文字|文案|题目|片名|大字|说明文字)"
CAPTION_WORD = words(rf"\b{_CAPTION}\b|字幕|说明文字")
_HEADING_WORD = words(rf"\b{_HEADING}\b|标题|题目|片名")
_NO_TITLE = absent(rf"(?:{ORDINAL}\s)?{TITLE}", rf"(?:第[一二三四五\d]个)?{TITLE_ZH}")
_NO_NAMED = words(
    rf"\b{NO_EN}{ANY}(?:{TITLE}\s)?(?P<q1>{QUOTE})(?:\s{TITLE}\b)?|{NO_ZH}{TITLE_ZH}?(?P<q2>{QUOTE})(?:这个|的)?{TITLE_ZH}?"
    rf"|把?(?:{TITLE_ZH})?(?P<q3>{QUOTE})(?:这个|的)?(?:{TITLE_ZH})?{OFF_ZH}"
)
_NTH = words(
    rf"(?P<nth>{ORDINAL})\s{TITLE}\b|第(?P<zh>[一二三四五六七八九十\d]{{1,2}})个?{TITLE_ZH}|(?P<last>最后一?个?{TITLE_ZH})"
)
_NO_TITLE_YET: Note = ("There is no title yet.", "现在还没有标题。")
_QUOTES_PLEASE: Note = (
    "Put the words of a title in quotes, and I will add it.",
    "请把标题文字放在引号里，我就可以加上。",
)


def without_named(film: Film, reading: Reading) -> Edit | None:
    """The title of these words is taken out."""
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
    """Titles, captions, or the one that is counted are taken out."""
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
    if _HEADING_WORD.search(found[0]) and any(title.role != CAPTION for title in titles):
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


_TO_EN = r"(?:\bto\s(?:say\s|read\s|be\s)?|\bwith\s|\binto\s|\bby\s|\bsay(?:s|ing)?\s|\bread(?:s|ing)?\s|\bas\s|:\s?)"
_TO_ZH = r"(?:改成|改为|换成|换为|变成|改叫|改|换|写成|设为|设成|为|成|:)"
_RENAME = words(
    rf"(?P<old>{QUOTE})[^{QUOTE[1:-1]},;。]{{0,24}}?(?:{_TO_EN}|{_TO_ZH})[^{QUOTE[1:-1]},;。]{{0,16}}?(?P<new>{QUOTE})"
)
_CHANGE_EN = r"(?:change|replace|rename|update|edit|rewrite|set|make|correct|fix|swap|switch)"
_CHANGE = words(
    rf"\b{_CHANGE_EN}\s(?:the\s|my\s|that\s|this\s)?(?P<what>(?:{ORDINAL}\s)?{TITLE})\b(?:'s)?(?:\s(?:text|words|wording))?\s{_TO_EN}(?P<new>{QUOTE})"
    rf"|\b(?:the\s)?(?P<what2>(?:{ORDINAL}\s)?{TITLE})\sshould\s(?:now\s)?(?:say|read|be)\s(?P<new2>{QUOTE})"
    rf"|(?P<what3>(?:第[一二三四五\d]个|最后一?个)?{TITLE_ZH})(?:内容|文字)?{_TO_ZH}(?:了)?(?P<new3>{QUOTE})"
)


def change_title(film: Film, reading: Reading) -> Edit | None:
    """Other words for a title or a caption, which keeps its time and place."""
    if reading.generating:
        return None
    if found := _RENAME.search(reading.text):
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
        return _reworded(film, at, scene, new)
    if found := _CHANGE.search(reading.text):
        if not film.titles:
            return None  # a first title, then
        what = found["what"] or found["what2"] or found["what3"]
        new = reading.quotes[found["new"] or found["new2"] or found["new3"]]
        at = _meant(film, what)
        end = found.end()
        timing = timing_in(_tail(reading.text, end))
        _take_timing(reading, end, timing)
        reading.cut(found.start(), found.end(), with_quotes=True)
        return _reworded(film, at, None, new, timing)
    return None


def _tail(text: str, start: int) -> str:
    """What stands behind a title, as far as it may be of the title."""
    found = re.search(rf"[,;。]|{QUOTE}|\b(?:and|then)\b", text[start:], re.IGNORECASE)
    return text[start : start + found.start()] if found else text[start:]


def _take_timing(reading: Reading, offset: int, timing: Timing) -> None:
    for start, end in sorted(timing.spans, reverse=True):
        reading.cut(offset + start, offset + end)


def _meant(film: Film, what: str) -> int:
    """The place of the title that is talked of: by its number, its role, or just the first."""
    if (at := _counted(what, film.titles)) is not None:
        return at
    is_caption = bool(CAPTION_WORD.search(what))
    fitting = [i for i, t in enumerate(film.titles) if (t.role == CAPTION) == is_caption]
    return fitting[0] if fitting else 0


def _reworded(
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
    return Edit.draft(_sorted(film), told, "change_title", text=text)


_MOVE_EN = r"(?:move|put|place|show|display|keep|make|have|set|shift|let|start|leave|want)"
_RETIME = words(
    rf"\b{_MOVE_EN}\s(?:all\s)?(?:the\s|my\s|that\s|this\s)?(?P<what>(?:{ORDINAL}\s)?{TITLE})\b(?P<rest>[^,;。]{{1,80}})"
    rf"|\b(?:the\s|my\s)(?P<what2>(?:{ORDINAL}\s)?{TITLE})\s(?:should|must|needs? to|has to|to|goes|belongs|only|at|in|from|for)\b(?P<rest2>[^,;。]{{1,80}})"
    rf"|^\s?(?P<what4>{TITLE})\s(?P<rest4>[^,;。]{{1,80}})"
    rf"|(?P<what3>(?:第[一二三四五\d]个|最后一?个|所有)?{TITLE_ZH})(?P<rest3>[^,;。]{{1,40}})"
)
_THEIR_LENGTH = words(
    r"(?P<more>\blonger\b|久一点|长一点|久一些)|(?P<less>\bshorter\b|短一点|短一些)"
)


def retime_title(film: Film, reading: Reading) -> Edit | None:
    """Another time or place for a title that is there."""
    if reading.generating:
        return None
    for found in _RETIME.finditer(reading.text):
        number = next(n for n in ("", "2", "3", "4") if found[f"what{n}"])
        what, rest = found[f"what{number}"], found[f"rest{number}"]
        if re.search(QUOTE, rest):
            continue
        # In "the title at the bottom" the word that parts them belongs to the place.
        offset = found.end(f"what{number}")
        rest = reading.text[offset : found.end()]
        timing = timing_in(rest)
        if not timing:
            length = _THEIR_LENGTH.search(rest)
            if not length or not film.titles:
                continue
            title = film.titles[_meant(film, what)]
            factor = 1.5 if length["more"] else 1 / 1.5
            timing = Timing(duration=round(title.duration * factor), spans=(length.span(),))
        if not film.titles:
            reading.notes.append(_NO_TITLE_YET)
            reading.cut(found.start(), found.end())
            return None
        every = re.search(r"s$|所有", what.lower()) and not CAPTION_WORD.search(what)
        at = _meant(film, what)
        chosen = set(range(len(film.titles))) if every else {at}
        titles = tuple(
            timing.put_on(title, film.duration) if i in chosen else title
            for i, title in enumerate(film.titles)
        )
        reading.cut(found.start(), found.end())
        told = "moved the title", "调整了标题"
        op = "set_title"
        return Edit.draft(_sorted(replace(film, titles=titles)), told, op)
    return None


_TITLE_WORD = words(
    rf"\b{TITLE}\b|\b(?:says?|saying|reads?|reading|titled|called|named|written)\b"
    rf"|{TITLE_ZH}|写着|写上|名为|叫做?"
)
_TITLE_VERB = words(
    r"\b(?:add|put|show|display|write|insert|include|with|overlay|set|have|end|start|open|close)\b"
    r"|加|添|显示|写|放|出现|打上|来"
)
_STOP = r"(?=\s(?:at|in|on|from|for|during|throughout|please|pls|and|then|instead|with|to)\b|\s?$|[,.;!?。、])"
_PLAIN = words(
    rf"\b(?:{TITLE}|{_HEADING})\s?:\s?(?P<t1>[^,.;。!?\n]{{1,80}})"
    rf"|{TITLE_ZH}(?:内容)?(?::|(?:改成|改为|换成|设为|叫做?|是|为|写))\s?(?P<t2>[^,;。!?、\n]{{1,60}})"
    rf"|\b(?P<change>{_CHANGE_EN}\s(?:the\s|my\s)?{TITLE}\s(?:to|into|with)\s)(?:say\s|read\s)?(?P<t3>(?!the\s(?:top|bottom|middle|end|start|cent)|be\b)[^,.;。!?\n]{{1,80}}?){_STOP}"
    rf"|\b{TITLE}\s(?:that\s)?(?:say|read)(?:s|ing)?\s(?P<t4>[^,.;。!?\n]{{1,80}}?){_STOP}"
    rf"|\b(?:titled|entitled|title it|call it)\s(?P<t5>[^,.;。!?\n]{{1,80}}?){_STOP}"
    rf"|\b(?:add|put|insert|with|include)\sthe\stitle\s(?P<t6>(?!at\b|in\b|on\b|from\b|for\b|to\b|here\b|there\b|back\b|again\b)[^,.;。!?\n]{{1,80}}?){_STOP}"
    rf"|(?:加上?|添加|加个|加一个)标题(?P<t7>[^,;。!?、在的字到\s\n][^,;。!?、\n]{{0,60}})"
)
_ONLY_PLACE = re.compile(
    r"^(?:quieter|louder|bigger|smaller|shorter|longer|larger|red|blue|bold|white|black)$", re.I
)


def plain_title(film: Film, reading: Reading) -> Edit | None:
    """A title whose words stand in no quotes: "title: Summer Sale"."""
    if re.search(QUOTE, reading.text) or not (found := _PLAIN.search(reading.text)):
        return None
    number = next(n for n in range(1, 8) if found[f"t{n}"])
    text = " ".join(re.sub("[\uf000]", " ", found[f"t{number}"]).split())
    if not text or _ONLY_PLACE.match(text) or timing_in(text):
        return None
    end = found.end()
    tail = _tail(reading.text, end)
    timing = timing_in(tail)
    _take_timing(reading, end, timing)
    caption = bool(CAPTION_WORD.search(found[0][: found.start(f"t{number}") - found.start()]))
    changing = found["change"] or re.search(r"改|换", found[0])
    reading.cut(found.start(), found.end())
    if changing and film.titles and not reading.generating:
        return _reworded(film, _meant(film, "caption" if caption else "title"), None, text, timing)
    return with_titles(film, [_new(text, timing, film, caption)])


def add_titles(film: Film, reading: Reading) -> Edit | None:
    """Titles in quotes, each with the time and the place that stand by it."""
    wanted = reading.generating or reading.says(_TITLE_WORD) or reading.says(_TITLE_VERB)
    signs = list(re.finditer(QUOTE, reading.text))
    if not signs or not wanted:
        if not signs and reading.says(_TITLE_WORD) and not reading.generating:
            reading.notes.append(_QUOTES_PLEASE)
        return None
    added: list[Title] = []
    cuts: list[tuple[int, int]] = []
    free = 0
    for start, sign, end in _zones(reading.text, signs):
        piece = reading.text[start:end]
        timing = timing_in(piece, loose=False)
        text = reading.quotes[sign[0]]
        title = _new(text, timing, film, bool(CAPTION_WORD.search(piece)))
        if timing.start is None and timing.anchor is None:
            if free >= film.duration:
                reading.notes.append(
                    (f'There is no time left for "{text}".', f"没有时间放“{text}”了。")
                )
                continue
            title = replace(title, start=free, duration=min(title.duration, film.duration - free))
        elif (timing.start or 0) >= film.duration:
            seconds = f"{film.duration / 1000:g}"
            reading.notes.append(
                (f"The video ends at {seconds} seconds.", f"视频只有{seconds}秒。")
            )
        free = max(free, title.start + title.duration) if not title.anchor else free
        added.append(title)
        cuts += [(start + a, start + b) for a, b in timing.spans]
        cuts.append(sign.span())
    for first, last in sorted(cuts, reverse=True):
        reading.cut(first, last, with_quotes=True)
    while reading.take(_WORD_ALONE):
        pass
    return with_titles(film, added) if added else None


_WORD_ALONE = words(rf"\b{TITLE}\b|{TITLE_ZH}")
_PARTING = words(r"[,;。、]|\b(?:and|then)\b|然后|并且|和|再")


def _zones(text: str, signs: Sequence[re.Match[str]]) -> list[tuple[int, re.Match[str], int]]:
    """For each quote the stretch of text that is about it: start, the quote, end."""
    borders = [0]
    for one, other in itertools.pairwise(signs):
        found = _PARTING.search(text, one.end(), other.start())
        borders.append(found.start() if found else one.end())
    borders.append(len(text))
    zones = []
    for sign, start, end in zip(signs, borders[:-1], borders[1:], strict=True):
        # The next clause is about something else, unless nothing but a time stands in it.
        found = _PARTING.search(text, sign.end(), end)
        while (
            found
            and timing_in(text[found.end() : end][:60])
            and not _has_verb(text[found.end() : end])
        ):
            found = _PARTING.search(text, found.end(), end)
        zones.append((start, sign, found.start() if found else end))
    return zones


_VERB = words(
    r"\b(?:make|set|change|remove|music|volume|video|transitions?|turn|cut|use|it)\b|音乐|视频|时长|转场|改|删|去|调"
)


def _has_verb(text: str) -> bool:
    return bool(_VERB.search(text))


def _new(text: str, timing: Timing, film: Film, caption: bool) -> Title:
    title = Title(text[:120], role=CAPTION if caption else "", place="bottom" if caption else "")
    return timing.put_on(title, film.duration)


def with_titles(film: Film, added: Sequence[Title]) -> Edit:
    """The film with more titles; a new one takes the place of one that it would lie upon."""
    fitted = []
    for title in added:
        if not title.place and film.has_captions:
            title = replace(title, place="top")
        fitted.append(title.within(film.duration))
    kept = tuple(
        old
        for old in (title.within(film.duration) for title in film.titles)
        if not any(_overlap(old, new) and _place(film, old) == _place(film, new) for new in fitted)
    )
    film = _sorted(replace(film, titles=(*kept, *fitted)))
    texts = [title.text for title in fitted]
    english = " and ".join(f'"{text}"' for text in texts)
    chinese = "、".join(f"“{text}”" for text in texts)
    told = f"added the title {english}", f"加上了标题{chinese}"
    return Edit.draft(film, told, "add_title", text=" / ".join(texts))


def _place(film: Film, title: Title) -> str:
    return title.place or film.default_place


def _overlap(one: Title, other: Title) -> bool:
    return one.start < other.start + other.duration and other.start < one.start + one.duration


def _sorted(film: Film) -> Film:
    return replace(film, titles=tuple(sorted(film.titles, key=lambda title: title.start)))
