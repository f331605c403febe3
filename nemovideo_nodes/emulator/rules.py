"""The composer's rules: each reads one wish out of an instruction and changes the film for it.

`RULES` is the table. Its order matters: a rule takes the words that it has understood out of the
text, so that "without music" is no wish for music and a title's seconds are not the film's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nemovideo_nodes.emulator.film import DEFAULT_FADE, DEFAULT_TITLE, Film, Music, Title
from nemovideo_nodes.emulator.lexicon import FRAMES, NUMBER, UNIT, find_style, span_ms

__all__ = ["QUOTE", "RULES", "Edit", "Reading", "Rule"]

QUOTE = "\ufffc"
"""What stands in the text where a quoted text stood."""

SHORTEST, LONGEST = 1_000, 600_000
_QUOTED = re.compile(
    r"\"([^\"\n]+)\"|“([^”“\n]+)[”\"]|„([^“”\n]+)[“”]|«([^»\n]+)»|「([^」\n]+)」|『([^』\n]+)』"
    r"|《([^》\n]+)》|‘([^’‘\n]+)’(?!\w)|(?<!\w)'([^'\n]+)'(?!\w)"
)
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ud800-\udfff\ufff0-\uffff]"
)


@dataclass
class Reading:
    """An instruction while it is read: what is left of it, and what stood in quotes."""

    text: str
    generating: bool = False
    """Whether a new film is being made, not an old one changed."""
    quotes: list[str] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    """What a person should know besides, in English and Chinese."""

    @classmethod
    def of(cls, instruction: str) -> Reading:
        """The reading of an instruction before any rule."""
        reading = cls("")

        def keep(found: re.Match[str]) -> str:
            text = " ".join(_UNPRINTABLE.sub(" ", "".join(filter(None, found.groups()))).split())
            if not text:
                return " "
            reading.quotes.append(text[:120])
            return QUOTE

        reading.text = _QUOTED.sub(keep, _UNPRINTABLE.sub(" ", instruction[:4_000]))
        return reading

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The first match of `pattern`, whose words no later rule sees; quotes stay."""
        found = pattern.search(self.text)
        if found:
            kept = QUOTE * found[0].count(QUOTE)
            self.text = f"{self.text[: found.start()]} {kept} {self.text[found.end() :]}"
        return found

    def says(self, pattern: re.Pattern[str]) -> bool:
        """Whether the text has a match of `pattern`."""
        return bool(pattern.search(self.text))


@dataclass(frozen=True)
class Edit:
    """What one rule did: the film afterwards, and how a tool call and a person would say it."""

    film: Film
    tool: str
    args: dict[str, Any]
    english: str
    chinese: str


Rule = Callable[[Film, Reading], Edit | None]


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_NO_EN = (
    r"(?:without|no|remove|drop|delete|cut|turn off|get rid of|take (?:out|away)"
    r"|(?:don'?t|do not) (?:add|want|use|need))"
)
_ANY = r"(?:\s+(?:the|any|all|a|an|some|that|this|of|existing|current|background))*\s+"
_NO_ZH = (
    r"(?:不要|不需要|去掉|去除|删除|删掉|移除|取消|没有|不加|不用|关掉|关闭|别加|无)"
    r"(?:任何|所有|背景|的)?"
)
_OFF_ZH = r"(?:都)?(?:去掉|去除|删除|删掉|移除|取消|关掉|关闭|不要)"
_MUSIC = r"(?:music|sound\s?track|bgm|songs?|audio|sound)"
_MUSIC_NOUN_ZH = r"音乐|配乐|背景乐|bgm|歌曲"
_MUSIC_ZH = rf"(?:{_MUSIC_NOUN_ZH}|声音)"
_TITLE = r"(?:titles?|captions?|sub\s?titles?|headings?|headlines?|text)"
_TITLE_ZH = r"(?:标题|字幕|文字|文案|题目|片名)"
_CUTS = r"(?:transitions?|cross-?\s?fad(?:e|es|ing)|fad(?:e|es|ing)|dissolv(?:e|es|ing))"
_CUTS_ZH = r"(?:转场|淡入淡出|叠化|溶解|过渡|交叉渐变|渐变)"
_PICTURE = r"(?:photos?|pictures?|images?|slides?|shots?|clips?|frames?|scenes?)"
_BEFORE = r"(?<![A-Za-z0-9.:])"


def _span(place: int = 1) -> str:
    """A pattern for a length of time; `place` tells it from others in the same pattern."""
    return rf"(?P<n{place}>{NUMBER})[-\s]*(?P<u{place}>{UNIT})"


def _ms(found: re.Match[str]) -> int:
    """The first length of time that `found` holds, in milliseconds."""
    groups = found.groupdict()
    place = next(place for place in range(1, 9) if groups[f"n{place}"] is not None)
    return span_ms(groups[f"n{place}"], groups[f"u{place}"])


def _absent(english: str, chinese: str, more: str = "") -> re.Pattern[str]:
    return _words(
        rf"\b{_NO_EN}{_ANY}{english}\b|{_NO_ZH}{chinese}|{chinese}{_OFF_ZH}" + (more and f"|{more}")
    )


_NO_MUSIC = _absent(_MUSIC, _MUSIC_ZH, r"\bmuted?\b(?: it)?|\bsilent\b|静音")
_NO_CUTS = _absent(_CUTS, _CUTS_ZH, r"\b(?:hard|straight|simple) cuts?\b|硬切|直接切换")
_NO_TITLE = _absent(_TITLE, _TITLE_ZH)
_NO_NAMED_TITLE = _words(
    rf"\b{_NO_EN}{_ANY}(?:{_TITLE}\s+)?{QUOTE}(?:\s+{_TITLE}\b)?|{_NO_ZH}{_TITLE_ZH}?{QUOTE}"
    rf"|把(?:{_TITLE_ZH})?{QUOTE}的?(?:{_TITLE_ZH})?{_OFF_ZH}"
)


def without_music(film: Film, reading: Reading) -> Edit | None:
    if not reading.take(_NO_MUSIC):
        return None
    film = replace(film, music=None)
    return Edit(film, "edit_draft", {"op": "remove_bgm"}, "took the music out", "去掉了配乐")


def without_transitions(film: Film, reading: Reading) -> Edit | None:
    if not reading.take(_NO_CUTS):
        return None
    args = {"op": "set_transition", "type": "none"}
    return Edit(replace(film, fade=0), "edit_draft", args, "made the cuts hard", "改成了直接切换")


def without_title(film: Film, reading: Reading) -> Edit | None:
    named: set[str] = set()
    if reading.take(_NO_NAMED_TITLE):
        named = {text.lower() for text in reading.quotes}
        reading.quotes.clear()  # so that nobody takes them for new titles
    elif not reading.take(_NO_TITLE):
        return None
    kept = tuple(title for title in film.titles if named and title.text.lower() not in named)
    film = replace(film, titles=kept)
    return Edit(film, "edit_draft", {"op": "remove_title"}, "took the title out", "去掉了标题")


_EACH = _words(
    rf"\bevery\s+{_span(4)}|{_BEFORE}{_span()}\s*(?:for\s+)?(?:each\b|per\b|every\b|apiece\b|a(?=\s+{_PICTURE}\b))(?:\s+{_PICTURE}\b)?"
    rf"|\b(?:each|every|per)\s+(?:{_PICTURE}|one)\b[^.,;\d]{{0,30}}?{_span(2)}"
    rf"|(?:每一?(?:张|幅|个|页)|一张)(?:图片|图像|照片|图|画面|片段)?[^，。,.\d]{{0,6}}?"
    rf"{_span(3)}"
)


def length_of_each(film: Film, reading: Reading) -> Edit | None:
    found = reading.take(_EACH)
    if not found:
        return None
    return _with_length(film, _ms(found) * len(film.scenes))


_EDGE = (
    r"\b(?:first|opening|(?<=the )(?:last|final|closing))\b"
    r"|最前面?|前面?|开头|开始|最后|最末|末尾|结尾"
)
_TITLE_TIME = _words(
    rf"(?:\bfor\s+|\bin\s+|\bduring\s+|在)?(?:\bthe\s+)?(?P<edge>{_EDGE})"
    rf"(?:的)?\s*{_span()}(?:\s*钟)?(?:内|里)?"
)
_TITLE_FOR = _words(
    rf"{QUOTE}[\s,，]*(?:(?:shown?|displayed|lasting|visible)\s+)?(?:\bfor\b|显示|持续|停留|出现|展示)\s*{_span()}"
)
_TITLE_END = _words(
    r"\b(?:at|near|towards?|in) the (?:very )?end\b|\b(?:closing|end) (?:title|card)\b"
    r"|片尾|(?:视频)?(?:结尾|末尾|最后)(?:处|的时候)?"
)
_TITLE_WORD = _words(
    rf"\b{_TITLE}\b|\b(?:says?|saying|reads?|reading|titled|called|named|words|written)\b"
    rf"|{_TITLE_ZH}|写着|写上|名为|叫做?"
)
_TITLE_VERB = _words(
    r"\b(?:add|put|show|display|write|insert|include|with|overlay|change|replace|rename|set)\b"
    r"|加|添|显示|写|放|改|换"
)
_TITLE_PLAIN = _words(
    rf"(?:\b{_TITLE}|{_TITLE_ZH})\s*(?:[:：]|为(?=\S))\s*(?P<text>[^,，。;；\n{QUOTE}]{{1,120}})"
)
_RENAME = _words(rf"{QUOTE}[^{QUOTE}]*(?:\bto\b|\bwith\b|\binto\b|成|为|换)[^{QUOTE}]*{QUOTE}")


def title(film: Film, reading: Reading) -> Edit | None:
    # Read first, so that the seconds of a title are not taken for the film's.
    span = reading.take(_TITLE_FOR) or reading.take(_TITLE_TIME)
    texts = list(reading.quotes)
    wanted = reading.generating or reading.says(_TITLE_WORD) or reading.says(_TITLE_VERB)
    if not texts and (plain := reading.take(_TITLE_PLAIN)):
        texts, wanted = [plain["text"].strip()], True
    texts = [text for text in texts if text]
    if not texts or not wanted:
        if not texts and reading.says(_TITLE_WORD):
            reading.notes.append(
                (
                    "Put the words of a title in quotes, and I will add it.",
                    "请把标题文字放在引号里，我就可以加上。",
                )
            )
        return None
    duration = max(200, _ms(span)) if span else DEFAULT_TITLE
    edge = (span.groupdict().get("edge") or "") if span else ""
    at_end = edge.lower() in ("last", "final", "closing", "最后", "最末", "末尾", "结尾") or (
        not edge and bool(reading.take(_TITLE_END))
    )
    if reading.says(_RENAME) and len(texts) == 2 and not reading.generating:
        old, texts = texts[0], texts[1:]
        known = next((kept for kept in film.titles if kept.text.lower() == old.lower()), None)
        if known:
            titles = tuple(replace(t, text=texts[0]) if t is known else t for t in film.titles)
            return _with_titles(film, titles, texts[0])
    start = max(0, film.duration - duration) if at_end else 0
    added = []
    for text in texts:
        if start < film.duration:
            added.append(Title(text, start, min(duration, film.duration - start), at_end))
            start += duration
    # A new title takes the place of one that it would lie upon.
    kept = tuple(t for t in film.titles if not any(_overlap(t, new) for new in added))
    return _with_titles(film, kept + tuple(added), *(t.text for t in added))


def _with_titles(film: Film, titles: Sequence[Title], *texts: str) -> Edit:
    film = replace(film, titles=tuple(sorted(titles, key=lambda t: t.start)))
    args = {"op": "add_title", "text": " / ".join(texts)}
    english = " and ".join(f'"{text}"' for text in texts)
    chinese = "、".join(f"“{text}”" for text in texts)
    return Edit(film, "edit_draft", args, f"added the title {english}", f"加上了标题{chinese}")


def _overlap(one: Title, other: Title) -> bool:
    return one.start < other.start + other.duration and other.start < one.start + one.duration


_FADE_LENGTH = _words(
    rf"{_BEFORE}{_span()}\s+(?:long\s+)?{_CUTS}\b|{_BEFORE}{_span(3)}的?{_CUTS_ZH}"
    rf"|(?:\b{_CUTS}\s+(?:of|lasting|to|for)\s+|{_CUTS_ZH}(?:时长|时间|长度)?(?:为|是|改成|设为)?)"
    rf"{_span(2)}"
)
_OTHER_CUTS = _words(
    r"\b(wipe|slide|zoom|push|spin|glitch|flash)s?\s+transitions?\b|(?:擦除|滑动|缩放|闪白|推移)转场"
)
_ANY_CUTS = _words(rf"\b{_CUTS}\b|{_CUTS_ZH}")


def transitions(film: Film, reading: Reading) -> Edit | None:
    length = reading.take(_FADE_LENGTH)
    if reading.take(_OTHER_CUTS):
        reading.notes.append(
            ("Crossfades are the only transitions that I have.", "我这里只有交叉淡化这一种转场。")
        )
    elif not length and not reading.take(_ANY_CUTS):
        return None
    fade = film.fade or DEFAULT_FADE
    if length:
        fade = min(max(_ms(length), 100), 3_000)
    args = {"op": "set_transition", "type": "crossfade", "duration": fade}
    film = replace(film, fade=fade)
    told = "set crossfades between the pictures", "图片之间加上了淡入淡出转场"
    return Edit(film, "edit_draft", args, *told)


_LENGTH = _words(
    rf"{_BEFORE}(?:{_span()}(?:\s*(?:and\s+)?{_span(2)})?"
    r"|(?P<half>half\s+a\s+minute)|(?P<one>(?:a|one)[-\s]minute))"
    r"(?!\s*(?:style|music|vibes?|retro|songs?|look|hits|风))"
)


def length(film: Film, reading: Reading) -> Edit | None:
    found = reading.take(_LENGTH)
    if not found:
        return None
    if found["n1"] is None:
        return _with_length(film, 30_000 if found["half"] else 60_000)
    total = _ms(found)
    if found["n2"] is not None:
        total += span_ms(found["n2"], found["u2"])
    return _with_length(film, total)


def _with_length(film: Film, wanted: int) -> Edit:
    film = replace(film, duration=min(max(wanted, SHORTEST), LONGEST))
    seconds = f"{film.duration / 1000:g}"
    args = {"op": "set_duration", "seconds": film.duration / 1000}
    told = f"set the length to {seconds} seconds", f"时长设为{seconds}秒"
    return Edit(film, "edit_draft", args, *told)


_FRAME = _words("|".join(f"(?:{pattern.pattern})" for pattern, *_ in FRAMES))


def frame(film: Film, reading: Reading) -> Edit | None:
    for pattern, size, english, chinese in FRAMES:
        if reading.take(pattern):
            while reading.take(_FRAME):  # "vertical 9:16 for TikTok" is one wish
                pass
            args = {"op": "set_canvas", "width": size[0], "height": size[1]}
            told = f"made the frame {english}", f"画面改为{chinese}"
            return Edit(replace(film, canvas=size), "edit_draft", args, *told)
    return None


_VOLUME = _words(
    r"\b(?:volume|loudness)\b\D{0,20}?(?P<n>\d{1,3})\s*[%％]|(?P<n2>\d{1,3})\s*[%％]\s+volume"
    r"|(?:音量|声音)\D{0,8}?(?P<n3>\d{1,3})\s*[%％]"
)
_LOUDER = _words(r"\blouder\b|\bturn (?:it |the music )?up\b|调大|大声|大一点")
_SOFTER = _words(r"\b(?:quieter|softer)\b|\bturn (?:it |the music )?down\b|调小|小声|小一点|轻一点")


def volume(film: Film, reading: Reading) -> Edit | None:
    if film.music is None:
        return None
    if found := reading.take(_VOLUME):
        wanted = int(found["n"] or found["n2"] or found["n3"]) / 100
    elif reading.take(_LOUDER):
        wanted = film.music.volume * 1.5
    elif reading.take(_SOFTER):
        wanted = film.music.volume / 1.5
    else:
        return None
    level = round(min(1.0, max(0.0, wanted)), 2)
    film = replace(film, music=replace(film.music, volume=level))
    args = {"op": "set_volume", "volume": level}
    told = f"set the music to {level:.0%}", f"音量设为{level:.0%}"
    return Edit(film, "edit_draft", args, *told)


_ANY_MUSIC = _words(rf"\b(?:music|sound\s?track|bgm|song)\b|\blo-?\s?fi\b|{_MUSIC_NOUN_ZH}")
_DEFAULT_MUSIC = Music("Lo-fi", "lofi")


def music(film: Film, reading: Reading) -> Edit | None:
    if not reading.says(_ANY_MUSIC):
        return None
    found, chinese = find_style(reading.text) or (film.music or _DEFAULT_MUSIC, "")
    level = film.music.volume if film.music else found.volume
    chosen = replace(found, volume=level)
    chinese = chinese or chosen.name
    args = {"style": chosen.style, "volume": chosen.volume}
    told = f"added {chosen.name} music", f"配上了{chinese}音乐"
    return Edit(replace(film, music=chosen), "add_bgm", args, *told)


RULES: Sequence[Rule] = (
    without_music,
    without_transitions,
    without_title,
    length_of_each,
    title,
    transitions,
    length,
    frame,
    music,
    volume,
)
"""Every rule, in the order in which they read."""
