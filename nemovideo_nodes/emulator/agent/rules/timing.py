"""When and where a title stands: "from 2s to 5s", "in the last 3 seconds", "at the bottom"."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from nemovideo_nodes.emulator.agent.film import DEFAULT_TITLE, END, WHOLE, Title
from nemovideo_nodes.emulator.agent.lexicon import NUMBER, UNIT, span_ms
from nemovideo_nodes.emulator.agent.rules.reading import QUOTE, Reading, first_ms, span, words

__all__ = ["PARTING", "Timing", "reach", "take_timing_behind", "timing_in"]

_SHORTEST = 200
_TO = r"\s?(?:\bto\b|\buntil\b|\btill\b|\band\b|\bthrough\b|-|–|—|~|到|至)\s?"

_WHOLE = words(
    r"\bthroughout(?: the (?:whole |entire )?(?:video|film|clip))?\b"
    r"|\b(?:for |during |over |across )?the (?:whole|entire) (?:time|video|film|clip|thing"
    r"|duration)\b"
    r"|\ball the time\b|\ball the way through\b|\bfrom start to (?:finish|end)\b|\balways\b"
    r"|\bthe whole way(?: through)?\b"
    r"|全程|一直|始终|从头到尾|贯穿(?:全片|始终|整个视频)?|整个视频|整段视频|全片"
)
_FROM_TO = words(
    rf"(?:\bfrom\s|\bbetween\s|从|在)?(?:\bseconds?\s|第)?(?P<a>{NUMBER})\s?(?P<au>{UNIT})?{_TO}"
    rf"(?:第)?(?P<n1>{NUMBER})\s?(?P<u1>{UNIT})"
    rf"|\bfrom\s(?:the\s)?seconds?\s(?P<a2>{NUMBER}){_TO}(?:the\s)?(?:seconds?\s)?(?P<b2>{NUMBER})"
)
_EDGE = (
    r"\b(?:first|opening|(?:(?<=the )|(?<![a-z] ))(?:last|final|closing))\b"
    r"|最前面?|前面?|开头|开始|最后面?|最末|末尾|结尾"
)
_AT_EDGE = words(
    rf"(?:\b(?:for|in|during|over)\s|在)?(?:\bthe\s)?(?P<edge>{_EDGE})的?\s?{span()}(?:钟)?(?:内"
    r"|里)?"
)
_FOR = words(
    rf"\b(?:for|lasting|during|stays?|visible for)\s(?:about\s|only\s|just\s)?{span()}"
    rf"|(?:显示|持续|停留|出现|展示|停|时长(?:为|是)?)\s?{span(2)}"
)
_START = words(
    rf"\b(?:at|after|from|starting (?:at|from)|beginning at)\s(?:the\s)?(?:about\s)?{span()}"
    r"(?:\smark\b|\son\b|\sonwards?\b)?"
    rf"|(?:从)?第{span(2)}(?:的时候|时|处|开始|起)?|(?:在|从){span(3)}(?:的时候|时|处|开始|起)"
    rf"|{span(4)}(?:之?后|处|的时候|时|开始)"
    rf"|\b(?:at|from|starting at)\s(?:the\s)?second\s(?P<at>{NUMBER})"
)
_AT_END = words(
    r"\b(?:at|near|towards?|in|to) the (?:very )?end(?: of (?:the|it|my|this)(?: (?:video|film"
    r"|clip))?)?\b"
    rf"|\b(?:end|ending|closing|outro)\s?:\s?(?={QUOTE})"
    r"|\b(?:the )?end of (?:the|my|this) (?:video|film|clip)\b"
    r"|\b(?:closing|ending|end|final|outro) (?:title|text)\b|\blast (?:frame|slide|screen)\b"
    r"|\blast\b$"
    r"|\b(?:end|finish|close|conclude|wrap up)(?:s|es|ing)?\s(?:it\s|the (?:video|film|clip)\s)?"
    r"(?:with|on)\b(?:\san?\s(?:call[-\s]to[-\s]action|cta))?"
    r"|\b(?:with\s)?(?:an?\s|the\s)?(?:call[-\s]to[-\s]action|cta)\b"
    r"|片尾|(?:视频|影片)?(?:结尾|末尾|最后)(?:处|的时候|面)?"
)
_AT_START = words(
    r"\b(?:at|in) the (?:very )?(?:start|beginning|opening)(?: of (?:the|it|my|this)(?: (?:video"
    r"|film|clip))?)?\b"
    r"|片头|(?:视频|影片)?(?:开头|开场|一开始)(?:处|的时候)?"
)
_PLACES = (
    (
        "top",
        words(
            r"\b(?:at|on|to|in|near|towards?|along)? ?(?:the )?(?:very )?top(?:-"
            r"| )?(?:of (?:the )?(?:screen|frame|picture|video|image))?\b"
            r"|\b(?:up )?higher\b|\babove\b|(?:画面|屏幕|视频)?(?:的)?(?:顶部|上方|顶上|顶端"
            r"|最上面|上面|上边|上部)"
        ),
    ),
    (
        "bottom",
        words(
            r"\b(?:at|on|to|in|near|towards?|along)? ?(?:the )?(?:very )?bottom(?: of (?:the )?"
            r"(?:screen|frame|picture|video|image))?\b"
            r"|\b(?:down )?lower(?: third)?\b|\bbelow\b|(?:画面|屏幕|视频)?(?:的)?(?:底部|下方"
            r"|底下|底端|最下面|下面|下边|下部)"
        ),
    ),
    (
        "middle",
        words(
            r"\b(?:at|on|to|in|into|near)? ?(?:the )?(?:very )?(?:middle|cent(?:er|re)(?:ed"
            r"|d)?)(?: of (?:the )?(?:screen|frame|picture|video|image))?\b"
            r"|(?:画面|屏幕|视频)?(?:的)?(?:正?中间|正?中央|居中|中部|正中)"
        ),
    ),
)


@dataclass(frozen=True)
class Timing:
    """What a piece of text says of a title's time and place; None where it says nothing."""

    start: int | None = None
    duration: int | None = None
    anchor: str | None = None
    place: str | None = None
    spans: tuple[tuple[int, int], ...] = ()
    """Where the words for it stand in the piece."""

    def __bool__(self) -> bool:
        return bool(self.spans)

    def put_on(self, title: Title, length: int) -> Title:
        """`title` as the words want it, in a film of `length` milliseconds."""
        if self.place is not None:
            title = replace(title, place=self.place)
        if self.duration is not None:
            wanted = min(max(self.duration, _SHORTEST), length)
            title = replace(
                title, duration=wanted, anchor="" if title.anchor == WHOLE else title.anchor
            )
        if self.start is not None:
            title = replace(title, start=self.start, anchor="")
        if self.anchor is not None:
            if title.anchor == WHOLE and self.anchor != WHOLE and self.duration is None:
                title = replace(title, duration=DEFAULT_TITLE)
            title = replace(title, anchor=self.anchor)
        return title.within(length)


def timing_in(piece: str, *, loose: bool = True) -> Timing:
    """What `piece` says of time and place.

    A bare "for 4 seconds" counts only where it stands behind the title (a quote), or `loose`.
    """
    timing, rest = _time_in(piece, loose)
    place, at = _place_in(rest)
    if at:
        timing = replace(timing, place=place, spans=(*timing.spans, at))
    return timing


def _place_in(piece: str) -> tuple[str | None, tuple[int, int] | None]:
    """The place that is named, and where."""
    for place, pattern in _PLACES:
        if found := pattern.search(piece):
            return place, found.span()
    return None, None


def _time_in(piece: str, loose: bool) -> tuple[Timing, str]:
    def without(found: re.Match[str]) -> str:
        return piece[: found.start()] + " " * len(found[0]) + piece[found.end() :]

    behind = 0 if loose else max((q.end() for q in re.finditer(QUOTE, piece)), default=len(piece))
    if found := _WHOLE.search(piece):
        return Timing(0, None, WHOLE, spans=(found.span(),)), without(found)
    found = _FROM_TO.search(piece, behind) or _FROM_TO.search(piece)
    # "8-12 seconds" before a title is the film's length.
    if found and (found.start() >= behind or not found[0][0].isdecimal()):
        start, end = _ends(found)
        if end > start:
            return Timing(start, end - start, spans=(found.span(),)), without(found)
    if found := _AT_EDGE.search(piece):
        edge = found["edge"].lower()
        at_end = edge.startswith(("last", "final", "closing", "最后", "最末", "末尾", "结尾"))
        timing = Timing(
            None if at_end else 0, first_ms(found), END if at_end else "", spans=(found.span(),)
        )
        return timing, without(found)
    timing = Timing()
    if found := _FOR.search(piece, behind):
        timing = Timing(duration=first_ms(found), spans=(found.span(),))
        piece = without(found)
    if found := _START.search(piece):
        start = span_ms(found["at"], "s") if found["at"] else first_ms(found)
        timing = replace(timing, start=start, anchor="")
    elif found := _AT_END.search(piece):
        timing = replace(timing, anchor=END)
    elif found := _AT_START.search(piece):
        timing = replace(timing, start=0, anchor="")
    else:
        return timing, piece
    return replace(timing, spans=(*timing.spans, found.span())), without(found)


def _ends(found: re.Match[str]) -> tuple[int, int]:
    if found["a2"]:
        return span_ms(found["a2"], "s"), span_ms(found["b2"], "s")
    unit = found["u1"]
    return span_ms(found["a"], found["au"] or unit), span_ms(found["n1"], unit)


PARTING = words(r"[,;。、]|\.(?=\s)|\b(?:and|then)\b|然后|并且|和|再")
_VERB = words(
    r"\b(?:make|set|change|remove|music|volume|video|transitions?|turn|cut|use|it)\b"
    r"|音乐|视频|时长|转场|改|删|去|调"
)


_LABEL = re.compile(r"\s?[\w -]{1,30}:")
"""What begins with a label is about another text: "CTA: Shop now"."""


def reach(text: str, start: int, end: int) -> int:
    """How far the words behind a title are about it: its clause, and clauses that only time it."""
    quote = re.compile(QUOTE).search(text, start, end)
    end = quote.start() if quote else end
    found = PARTING.search(text, start, end)
    while found:
        rest = text[found.end() : end]
        if not timing_in(rest[:60]) or _VERB.search(rest) or _LABEL.match(rest):
            return found.start()
        found = PARTING.search(text, found.end(), end)
    return end


def take_timing_behind(reading: Reading, at: int) -> Timing:
    """What stands behind place `at` of the text about a title's time and place, taken out."""
    timing = timing_in(reading.text[at : reach(reading.text, at, len(reading.text))])
    for start, end in sorted(timing.spans, reverse=True):
        reading.cut(at + start, at + end)
    return timing
