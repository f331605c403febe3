"""Requests for captions: one for each picture, for some, or one through the whole film."""

from __future__ import annotations

import re
from dataclasses import replace

from nemovideo_nodes.emulator.agent.film import CAPTION, WHOLE, Film, Title
from nemovideo_nodes.emulator.agent.lexicon import NUMBER, UNIT
from nemovideo_nodes.emulator.agent.rules.absence import NO_EN, NO_ZH, OFF_ZH
from nemovideo_nodes.emulator.agent.rules.pictures import REF, Referring
from nemovideo_nodes.emulator.agent.rules.reading import QUOTE, Edit, Note, Reading, words
from nemovideo_nodes.emulator.agent.rules.titles import with_titles
from nemovideo_nodes.emulator.agent.rules.wording import CAPTION_WORD, HEADING, TITLE, TITLE_ZH

__all__ = ["caption_each", "caption_one", "running_caption", "uncaption_one"]

_NOUN = r"(?:photos?|pictures?|pics?|images?|slides?|shots?|clips?)"
_NO_SECONDS = r"(?<!seconds )(?<!second )(?<!secs )(?<!sec )(?<!\ds )"
"""Not behind a length: "3 seconds per picture" asks for no text."""
_NO_LENGTH = (
    rf"(?!(?:\s(?:is|be|shown|stays?|lasts?|for|at))*\s{NUMBER}[-\s]?{UNIT})"
    rf"(?!(?:图片|照片|图)?(?:停留|显示|展示|播放|持续)?{NUMBER}{UNIT})"
)
"""Nor before one: "each picture for 3 seconds", 每张3秒."""
_EACH = words(
    rf"{_NO_SECONDS}\b(?:each|every|per)\s(?:of the\s|single\s)?{_NOUN}\b{_NO_LENGTH}"
    rf"|\b(?:all|under|on|for)\s(?:of\s)?(?:the|my)\s{_NOUN}\b"
    r"|\bcaption\s(?:the|my|them|all)\b|\bone\sby\sone\b|\brespectively\b"
    rf"|每一?(?:张|幅|个){_NO_LENGTH}(?:图片|照片|图)?|分别|依次|逐张"
)
_BY_NAME = words(r"\b(?:file\s?)?names?\b|\bwhat(?:'s| is) on (?:it|them)\b|文件名|名字|名称|图名")
_CAPTION_EACH = words(
    rf"\bcaption\s(?:each|every|all|the)(?:\sof)?(?:\sthe)?\s{_NOUN}\b|\bcaptions?\b"
    r"|\bsub\s?titles?\b|字幕|说明文字"
)
_TEXT_WORD = words(rf"\b{TITLE}\b|\b(?:write|put|print|show)\b|{TITLE_ZH}|写|加|显示|配(?!乐)")
_TITLED = words(
    rf"(?:\b(?:{HEADING}|titled|entitled|called)\s?:?\s?|(?:标题|题目|片名)(?:是|为|叫|:)?\s?)({QUOTE})"
)
_ROW = words(rf"{QUOTE}\s?(?:,|、|and|&|和)*\s?{QUOTE}")
_PRICE_TAGS = words(r"\bprice\s?(?:tags?|labels?)\b|\bprices\b|价格标签|价签|价格(?=:)")
_NAMES_USED: Note = (
    "I do not look into pictures, so I wrote their names.",
    "我不会看图片内容，所以用了图片的名字。",
)


def caption_each(film: Film, reading: Reading) -> Edit | None:
    """A caption for each picture: the quoted texts in order, else the pictures' names."""
    titled = _TITLED.findall(reading.text)
    signs = [sign for sign in re.findall(QUOTE, reading.text) if sign not in titled]
    says_each, says_caption = reading.says(_EACH), reading.says(CAPTION_WORD)
    in_row = bool(_ROW.search(reading.text))
    are_prices = len(signs) == len(film.scenes) > 1 and reading.says(_PRICE_TAGS)
    if (
        are_prices
        or (says_caption and (says_each or (len(signs) > 1 and in_row)) and len(signs) != 1)
        or (says_each and len(signs) > 1 and reading.says(_TEXT_WORD))
    ):
        pass
    else:
        return None
    texts = [reading.quotes[sign] for sign in signs]
    if not texts:
        if not reading.says(_BY_NAME):
            reading.notes.append(_NAMES_USED)
        texts = [scene.name for scene in film.scenes]
    count = len(film.scenes)
    if len(texts) < count:
        reading.notes.append(
            (
                f"There are {count} pictures and {len(texts)} texts; the rest have no caption.",
                f"有{count}张图片、{len(texts)}句文字，其余图片没有字幕。",
            )
        )
    elif len(texts) > count:
        left = ", ".join(f'"{text}"' for text in texts[count:])
        reading.notes.append((f"No picture was left for {left}.", f"没有图片放{left}了。"))
    for sign in signs:
        at = reading.text.index(sign)
        reading.cut(at, at + 1, with_quotes=True)
    for pattern in (_EACH, _BY_NAME, _CAPTION_EACH, _PRICE_TAGS):
        reading.take_all(pattern)
    padded = [*texts[:count], *[""] * (count - len(texts))]
    scenes = tuple(
        replace(scene, caption=text[:120]) for scene, text in zip(film.scenes, padded, strict=True)
    )
    kept = tuple(title for title in film.titles if title.role != CAPTION)
    told = "captioned the pictures", "给图片配上了字幕"
    film = replace(film, scenes=scenes, titles=kept)
    return Edit.draft(film, told, "add_captions", texts=texts[:count])


_GAP = rf"[^,;。{QUOTE[1:-1]}\ue200-\ue2ff]{{0,24}}?"
_ON_ONE = words(
    rf"(?P<q1>{QUOTE})\s?(?:as (?:a |the )?(?:caption|text|subtitle)\s)?(?:on|under|over|onto|to"
    rf"|for|below|beneath|when|while)\s(?:we see |showing )?{REF}"
    rf"|\b(?:caption|subtitle|label)\s{REF}\s?(?:with|as|:|to)?\s?(?P<q2>{QUOTE})"
    rf"|\b(?:caption|subtitle|text|title)\s(?:of|for|on|under|over)\s{REF}\s?(?:to|is|as|:"
    rf"|should (?:be|say|read)|reads?|says?)?\s?(?:say\s|read\s|be\s)?(?P<q3>{QUOTE})"
    rf"|\b(?:on|under|over|for|below)\s{REF}(?P<gap1>{_GAP})(?P<q4>{QUOTE})"
    rf"|{REF}(?:上面|上|下面|下|的)?(?P<gap2>{_GAP})(?P<q5>{QUOTE})"
)
_TEXT_ALONE = words(rf"\b{TITLE}\b|{TITLE_ZH}")
_ROW_BEFORE = words(rf"(?:{QUOTE}\s?(?:,|、|and|&|和)*\s?)+$")
_PICTURE = words(r"\b(?:pictures?|photos?|images?)\b")
_ON_ONE_SAYS = words(
    rf"\b{TITLE}\b|\b(?:write|put|add|show|label|overlay|place)\b|{TITLE_ZH}|写|加|配|显示|放"
)


def caption_one(film: Film, reading: Reading) -> Edit | None:
    """A caption for one picture, or for several that are named together."""
    if not reading.says(_ON_ONE_SAYS) and not (reading.generating and reading.says(_PICTURE)):
        return None
    edit = None
    while re.search(QUOTE, reading.text) and (more := _caption_next(film, reading)):
        edit, film = more, more.film
    if edit:
        reading.take_all(_CAPTION_EACH)
        if not re.search(QUOTE, reading.text):  # "add text": it was this text
            reading.take_all(_TEXT_ALONE)
    return edit


def _caption_next(film: Film, reading: Reading) -> Edit | None:
    seen = Referring(film, reading, by_quote=False)
    if not (found := seen.search(_ON_ONE)):
        return None
    text = reading.quotes[next(found[f"q{n}"] for n in range(1, 6) if found[f"q{n}"])]
    places = seen.places(found)
    row = _ROW_BEFORE.search(reading.text[: found.start()]) if found["q1"] else None
    texts = [reading.quotes[sign] for sign in re.findall(QUOTE, row[0])] if row else []
    if row is None or len(texts) + 1 != len(places):
        row, texts = None, [text] * len(places)
    else:  # as many texts as pictures: one for each
        texts.append(text)
    seen.take(found, with_quotes=True)
    if row is not None:
        reading.cut(row.start(), row.end(), with_quotes=True)
    if not places:
        return None
    by_place = dict(zip(places, texts, strict=True))
    scenes = tuple(
        replace(scene, caption=by_place.get(place, scene.caption))
        for place, scene in enumerate(film.scenes)
    )
    names = [film.scenes[place].name for place in places]
    text = " / ".join(dict.fromkeys(texts))
    told = f'wrote "{text}" under {", ".join(names)}', f"给{'、'.join(names)}配上了“{text}”"
    film = replace(film, scenes=scenes)
    texts = [scene.caption for scene in scenes if scene.caption]
    return Edit.draft(film, told, "add_captions", texts=texts)


_OFF_ONE = words(
    rf"\b{NO_EN}(?:\s(?:the|any|a))*\s(?:caption|subtitle|text)s?\s(?:of|for|from|on|under"
    rf"|over)\s{REF}"
    rf"|{NO_ZH}{REF}(?:上|下|上面|下面)?的?{TITLE_ZH}|{REF}(?:上|下|上面"
    rf"|下面)?的?{TITLE_ZH}{OFF_ZH}"
)


def uncaption_one(film: Film, reading: Reading) -> Edit | None:
    """Remove the caption of one picture."""
    seen = Referring(film, reading, by_quote=False)
    if not (found := seen.search(_OFF_ONE)):
        return None
    places = seen.places(found)
    seen.take(found)
    scenes = tuple(
        replace(scene, caption="") if place in places else scene
        for place, scene in enumerate(film.scenes)
    )
    told = "took the caption out", "去掉了字幕"
    return Edit.draft(replace(film, scenes=scenes), told, "remove_captions")


_RUNNING = words(
    r"\b(?:running|scrolling|permanent|constant)\s(?:captions?|sub\s?titles?|text|line|ticker)\b"
    r"|\bticker\b"
    r"|(?:滚动|常驻|固定|全程)(?:的)?(?:字幕|文字)"
)
_ON_EACH = words(rf"\b(?:on|under)\s(?:each|every)\s{_NOUN}\b|每一?张{_NO_LENGTH}(?:图片|照片|图)?")
_THROUGHOUT = words(
    r"\bthroughout\b|\bthe (?:whole|entire) (?:time|video|film|clip)\b|\ball the time\b"
    rf"|\b(?:on|for|under)\s(?:each|every)\s{_NOUN}\b|\ball (?:of )?(?:the |my )?{_NOUN}\b"
    rf"|全程|一直|始终|从头到尾|整个视频|每一?(?:张|幅){_NO_LENGTH}(?:图片|照片|图)?"
)


def running_caption(film: Film, reading: Reading) -> Edit | None:
    """One text at the bottom, during the whole video."""
    found = re.search(QUOTE, reading.text)
    is_running = (
        reading.says(_RUNNING)
        or (reading.says(CAPTION_WORD) and reading.says(_THROUGHOUT))
        or (reading.says(_ON_EACH) and reading.says(_TEXT_WORD))
    )
    if not found or not is_running or len(re.findall(QUOTE, reading.text)) > 1:
        return None
    text = reading.quotes[found[0]]
    reading.cut(found.start(), found.end(), with_quotes=True)
    for pattern in (_RUNNING, _THROUGHOUT, _CAPTION_EACH):
        reading.take_all(pattern)
    bare = tuple(replace(scene, caption="") for scene in film.scenes)
    title = Title(text, 0, film.duration, anchor=WHOLE, place="bottom", role=CAPTION)
    return with_titles(replace(film, scenes=bare), [title])
