"""Requests for new titles: their words, and when and where they stand."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace

from nemovideo_nodes.emulator.agent.film import CAPTION, END, Film, Title
from nemovideo_nodes.emulator.agent.rules.reading import QUOTE, Edit, Note, Reading, words
from nemovideo_nodes.emulator.agent.rules.retitle import in_order, meant, reworded
from nemovideo_nodes.emulator.agent.rules.timing import (
    PARTING,
    Timing,
    reach,
    take_timing_behind,
    timing_in,
)
from nemovideo_nodes.emulator.agent.rules.wording import (
    CAPTION_WORD,
    CHANGE,
    HEADING,
    TITLE,
    TITLE_ZH,
)

__all__ = ["add_titles", "plain_title", "with_titles"]

_QUOTES_PLEASE: Note = (
    "Put the words of a title in quotes, and I will add it.",
    "请把标题文字放在引号里，我就可以加上。",
)
_TITLE_WORD = words(
    rf"\b{TITLE}\b|\b(?:says?|saying|reads?|reading|titled|called|named|written)\b"
    rf"|{TITLE_ZH}|写着|写上|名为|叫做?"
)
_WANTS_TITLE = words(
    rf"\b(?:add|put|write|insert|include|with|want|need|give|show)\s(?:\w+\s){{0,3}}?{TITLE}\b"
    rf"|(?:加|添|来|写|打|配|要)[^,。]{{0,6}}{TITLE_ZH}"
    r"|\bsub\s?titles?\s(?:on|enabled)\b|[有带]字幕"
)
_TITLE_VERB = words(
    r"\b(?:add|put|show|display|write|insert|include|with|overlay|set|have|end|start|open|close)\b"
    r"|加|添|显示|写|放|出现|打上|来"
)
_STOP = (
    r"(?=\s(?:at|in|on|from|for|during|throughout|please|pls|and|then|instead|with|to)\b"
    r"|\s?$|[,.;!?。、])"
)
_PLAIN = words(
    rf"\b{TITLE}\s(?P<where>(?:at|on|in)\s(?:the\s)?[a-z]{{1,12}})\s?:\s?(?P<t8>"
    r"[^,.;。!?\n]{1,80})|"
    rf"(?:\b(?:{TITLE}|{HEADING})|{TITLE_ZH})\s?:\s?(?P<t1>[^,.;。!?\n]{{1,80}})"
    rf"|{TITLE_ZH}(?:内容)?(?::|(?:改成|改为|换成|设为|叫做?|是|为|写))\s?(?P<t2>"
    r"[^,;。!?、\n]{1,60})"
    rf"|\b(?P<change>{CHANGE}\s(?:the\s|my\s)?{TITLE}\s(?:to|into|with)\s)(?:say\s"
    r"|read\s)?(?P<t3>(?!the\s(?:top|bottom|middle|end|start|cent)"
    rf"|be\b)[^,.;。!?\n]{{1,80}}?){_STOP}"
    rf"|\b{TITLE}\s(?:that\s)?(?:say|read)(?:s|ing)?\s(?P<t4>[^,.;。!?\n]{{1,80}}?){_STOP}"
    rf"|\b(?:titled|entitled|title it|call it)\s(?P<t5>[^,.;。!?\n]{{1,80}}?){_STOP}"
    r"|\b(?:add|put|insert|with|include)\sthe\stitle\s(?P<t6>(?!at\b|in\b|on\b|from\b|for\b|to\b"
    rf"|here\b|there\b|back\b|again\b)[^,.;。!?\n]{{1,80}}?){_STOP}"
    rf"|(?:加上?|添加|加个|加一个)标题(?P<t7>[^,:;。!?、在的字到\s\n][^,;。!?、\n]{{0,60}})"
)
_ONLY_PLACE = re.compile(
    r"^(?:quieter|louder|bigger|smaller|shorter|longer|larger|red|blue|bold|white|black)$", re.I
)


def plain_title(film: Film, reading: Reading) -> Edit | None:
    """A title after a colon: "title: Summer Sale"."""
    if re.search(QUOTE, reading.text) or not (found := _PLAIN.search(reading.text)):
        return None
    number = next(n for n in range(1, 9) if found[f"t{n}"])
    text = " ".join(re.sub("[\uf000]", " ", found[f"t{number}"]).split())
    if not text or _ONLY_PLACE.match(text) or timing_in(text):
        return None
    timing = take_timing_behind(reading, found.end())
    head = _clause_before(reading.text, found.start(f"t{number}"))
    ahead = timing_in(reading.text[head : found.start(f"t{number}")])
    caption = bool(CAPTION_WORD.search(found[0][: found.start(f"t{number}") - found.start()]))
    changing = found["change"] or re.search(r"改|换", found[0])
    reading.cut(found.start(), found.end())
    for start, end in sorted(ahead.spans, reverse=True):
        if head + start < found.start():
            reading.cut(head + start, min(head + end, found.start()))
    if changing and film.titles and not reading.generating:
        return reworded(film, meant(film, "caption" if caption else "title"), None, text, timing)
    title = _new(text, timing, film, caption)
    return with_titles(film, [title if timing else ahead.put_on(title, film.duration)])


def _clause_before(text: str, end: int) -> int:
    """Where the clause begins that ends at `end`."""
    return max((found.end() for found in PARTING.finditer(text, 0, end)), default=0)


def add_titles(film: Film, reading: Reading) -> Edit | None:
    """Titles in quotes, each with its time and place."""
    wanted = reading.generating or reading.says(_TITLE_WORD) or reading.says(_TITLE_VERB)
    signs = list(re.finditer(QUOTE, reading.text))
    if not signs or not wanted:
        if not signs and reading.says(_WANTS_TITLE):
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
        untimed = timing.start is None and timing.anchor is None
        if untimed and added and _SUBTITLE.search(piece) and added[-1].place != "bottom":
            # Under the title that it belongs to, at the same time.
            head = added[-1]
            title = replace(
                title, start=head.start, duration=head.duration, anchor=head.anchor, place="bottom"
            )
        elif untimed and added and added[-1].anchor == END and _joined(reading.text, sign):
            # "End with the price $29 and "Shop now"": both stand there, one above the other.
            title = replace(title, anchor=END, place="bottom").within(film.duration)
            added[-1] = replace(added[-1], place="top")
        elif untimed:
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
    reading.take_all(_WORD_ALONE)
    return with_titles(film, added) if added else None


_AND = words(rf"{QUOTE}\s*(?:,\s?)?(?:and|&|和|及|与)\s?(?:the\s)?(?:text\s|words?\s|文字)?$")


def _joined(text: str, sign: re.Match[str]) -> bool:
    """Whether a quote stands together with the one before it."""
    return bool(_AND.search(text[: sign.start()]))


_SUBTITLE = words(r"\bsub\s?-?title\b|副标题")
_WORD_ALONE = words(rf"\b{TITLE}\b|{TITLE_ZH}")


def _zones(text: str, signs: Sequence[re.Match[str]]) -> list[tuple[int, re.Match[str], int]]:
    """For each quote the stretch of text that is about it: start, the quote, end."""
    borders = [0]
    for one, other in itertools.pairwise(signs):
        found = PARTING.search(text, one.end(), other.start())
        borders.append(found.start() if found else one.end())
    borders.append(len(text))
    zones = []
    for sign, start, end in zip(signs, borders[:-1], borders[1:], strict=True):
        zones.append((start, sign, reach(text, sign.end(), end)))
    return zones


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
    film = in_order(replace(film, titles=(*kept, *fitted)))
    texts = [title.text for title in fitted]
    english = " and ".join(f'"{text}"' for text in texts)
    chinese = "、".join(f"“{text}”" for text in texts)
    told = f"added the title {english}", f"加上了标题{chinese}"
    return Edit.draft(film, told, "add_title", text=" / ".join(texts))


def _place(film: Film, title: Title) -> str:
    return title.place or film.default_place


def _overlap(one: Title, other: Title) -> bool:
    return one.start < other.start + other.duration and other.start < one.start + one.duration
