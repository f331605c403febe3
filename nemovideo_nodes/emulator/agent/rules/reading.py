"""An instruction while the rules read it: quotes put aside, understood words taken out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nemovideo_nodes.emulator.agent.film import Film
from nemovideo_nodes.emulator.agent.lexicon import NUMBER, UNIT, span_ms

__all__ = ["LEFT", "MARK", "QUOTE", "Edit", "Note", "Reading", "Rule", "first_ms", "span", "words"]

QUOTE = "[\ue000-\ue0ff]"
"""A pattern for the signs that stand in the text where quoted texts stood, each its own."""
LEFT = "[\ue300-\ue3ff]"
"""A pattern for the signs that stand where words were left out, each its own."""
MARK = "\uf000"
"""What stands where words have been understood."""

_SIGNS = f"{QUOTE}|{LEFT}"
_FIRST_QUOTE, _MOST_QUOTES = 0xE000, 256
_FIRST_LEFT, _MOST_LEFT = 0xE300, 256
_MOST_CHARACTERS, _MOST_QUOTED = 4_000, 120
_NEAR = 60
"""How far before a match the words stand that may forbid it."""
_QUOTED = re.compile(
    r"\"([^\"\n]+)\"|“([^”“\n]+)[”\"]|„([^“”\n]+)[“”]|«([^»\n]+)»|「([^」\n]+)」|『([^』\n]+)』"
    r"|《([^》\n]+)》|‘([^’‘\n]+)’(?!\w)|(?<!\w)'([^'\n]+)'(?!\w)|`([^`\n]+)`"
)
# Not the joiners U+200C and U+200D: Persian, Hindi and emoji are written with them.
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\ud800-\udfff\ue000-\uf8ff\ufff0-\uffff]"
)
_PERCENT = re.compile(r" ?\bper ?cent\b", re.IGNORECASE)
_LINE_END = "\ue7ff"
"""A sign that no cleaned text has."""
_MINUTES = re.compile(r"(?<![\d:])(\d{1,2}):([0-5]\d)\s?(?:minutes?|mins?)\b", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(
    r"(?<![\d.,])(\d{1,2}),([05])(?=[-\s]?(?:seconds?|secs?|minutes?|mins?|s|秒|分钟)(?![a-z]))",
    re.IGNORECASE,
)
_SPELLED = tuple(
    (re.compile(pattern, re.IGNORECASE | re.ASCII), plain)
    for pattern, plain in (
        (r"\b(?:one|1) and a half minutes?\b", "90 seconds"),
        (r"\b(?:two|2) and a half minutes?\b", "150 seconds"),
        (r"\bhalf[- ]minute\b", "30 seconds"),
        (r"\b(?:a )?quarter(?: of)?(?: a)? minute\b", "15 seconds"),
        (r"\b(?:an?|one|1)[- ]minute and a half\b", "90 seconds"),
        (r"\b(\d{1,3})[- ]?ish(?=[- ]s|[- ]min)", r"\1"),
        (r"(?<=\d)[\s-]?(?:sek(?:unden?)?|segundos?|secondes?)\b", " seconds"),
        (r"(?<![\d.])(\d{1,2})m (\d\d)(?![\d:])\b", r"\1 min \2 s"),
        (r"(\d|[一二两三])分(\d\d)(?![\d秒张个段条幅年月%])", r"\1分\2秒"),
        (r"(?:(?<![一-鿿])|(?<=[长为是约概成到]))一?百秒", "100秒"),
        (
            r"\b((?:length|duration)(?: ?[:=]| of| is)? ?\d{1,3})(?![\d.:]|[\s-]?(?:s|m|%|秒|分))",
            r"\1 seconds",
        ),
        (r"((?:时长|长度)(?:是|为|改成|改为)?[ :]?\d{1,3})(?![\d.: ]|秒|分|s)", r"\1秒"),
    )
)
"""Lengths as people spell them, and the same in the words that the rules read."""
_CLOCK = re.compile(r"(?<![\d:])0?0:(\d\d)(?![\d:])")

Note = tuple[str, str]
"""A sentence in English and in Chinese."""


@dataclass
class Reading:
    """What is left of an instruction, and what stood in quotes."""

    text: str
    has_clips: bool = False
    """Whether a clip was uploaded."""
    generating: bool = False
    """Whether a new film is being made, not an old one changed."""
    said: str = ""
    """The text as it was before any rule read it."""
    quotes: dict[str, str] = field(default_factory=dict)
    """The quoted texts by the sign that stands for each."""
    left: dict[str, str] = field(default_factory=dict)
    """What a rule left out on purpose, as it was written, by the sign that stands for it."""
    notes: list[Note] = field(default_factory=list)
    """What a person should know besides."""
    refused: set[str] = field(default_factory=set)
    """What the person does not want: `music`, `title`."""

    @classmethod
    def of(cls, instruction: str, **more: Any) -> Reading:
        """The reading of an instruction before any rule."""
        reading = cls("", **more)

        def keep(found: re.Match[str]) -> str:
            quoted = "".join(filter(None, found.groups())).replace(_LINE_END, " ")
            quoted = " ".join(quoted.split())[:_MOST_QUOTED]
            if not quoted or len(reading.quotes) == _MOST_QUOTES:
                return " "
            sign = chr(_FIRST_QUOTE + len(reading.quotes))
            reading.quotes[sign] = quoted
            return sign

        lines = instruction[:_MOST_CHARACTERS].split("\n")
        text = _LINE_END.join(_UNPRINTABLE.sub(" ", line) for line in lines)
        text = _QUOTED.sub(keep, text).replace(_LINE_END, " ; ")
        text = unicodedata.normalize("NFKC", text)[:_MOST_CHARACTERS].replace("’", "'")
        text = _PERCENT.sub("%", text)
        text = _DECIMAL_COMMA.sub(r"\1.\2", text)
        text = _MINUTES.sub(r"\1 min \2 s", text)
        for pattern, plain in _SPELLED:
            text = pattern.sub(plain, text)
        text = _CLOCK.sub(lambda found: f"{int(found[1])}s", text)
        # No run of spaces: a pattern of several `\s*` never has much to try.
        reading.text = reading.said = " ".join(text.split())
        return reading

    def take(
        self, pattern: re.Pattern[str], unless: re.Pattern[str] | None = None
    ) -> re.Match[str] | None:
        """The first match of `pattern`, whose words no later rule sees; quotes stay.

        A match is passed over where `unless` matches the text right before it.
        """
        for found in pattern.finditer(self.text):
            if unless is None or not _stands_before(unless, found):
                self.text = f"{self.text[: found.start()]}{_kept(found)}{self.text[found.end() :]}"
                return found
        return None

    def take_all(self, pattern: re.Pattern[str], unless: re.Pattern[str] | None = None) -> bool:
        """Take out every match of `pattern`, as `take` does one; whether there was any."""

        def cut(found: re.Match[str]) -> str:
            if unless is not None and _stands_before(unless, found):
                return found[0]
            return _kept(found)

        before, self.text = self.text, pattern.sub(cut, self.text)
        return self.text != before

    def cut(self, start: int, end: int, *, with_quotes: bool = False) -> None:
        """Take out a piece of the text; quotes in it stay, unless they go `with_quotes`."""
        signs = LEFT if with_quotes else _SIGNS
        kept = " ".join(re.findall(signs, self.text[start:end]))
        self.text = f"{self.text[:start]} {MARK} {kept} {self.text[end:]}"

    def leave_out(self, start: int, end: int) -> None:
        """Take out a piece, quotes and all, that nothing here can do; the reply names it."""
        words = self.as_written(self.text[start:end]).strip(" ,;:、")
        sign = MARK
        if words and len(self.left) < _MOST_LEFT:
            sign = chr(_FIRST_LEFT + len(self.left))
            self.left[sign] = words
        self.text = f"{self.text[:start]} {sign} {self.text[end:]}"

    def leave_out_all(self, pattern: re.Pattern[str]) -> bool:
        """Leave out every match of `pattern`; whether there was any."""
        found = list(pattern.finditer(self.text))
        for one in reversed(found):
            self.leave_out(one.start(), one.end())
        return bool(found)

    def as_written(self, piece: str) -> str:
        """A piece of the text as a person wrote it: quotes and left-out words in their places."""
        piece = re.sub(QUOTE, lambda found: f'"{self.quotes[found[0]]}"', piece)
        piece = re.sub(LEFT, lambda found: self.left[found[0]], piece)
        return " ".join(piece.replace(MARK, " ").split())

    def quote(self, start: int, end: int) -> None:
        """Treat a piece of the text as if it stood in quotes."""
        if len(self.quotes) < _MOST_QUOTES and (text := self.as_written(self.text[start:end])):
            sign = chr(_FIRST_QUOTE + len(self.quotes))
            self.quotes[sign] = text[:_MOST_QUOTED]
            self.text = f"{self.text[:start]} {sign} {self.text[end:]}"

    def says(self, pattern: re.Pattern[str]) -> bool:
        """Whether the text has a match of `pattern`."""
        return bool(pattern.search(self.text))

    def run_status(self) -> list[str]:
        """The quoted texts whose signs still stand in the text."""
        return [self.quotes[sign] for sign in re.findall(QUOTE, self.text)]


def _kept(found: re.Match[str]) -> str:
    """What stays of a match: its quotes, and what no rule has read (the groups named gap)."""
    gaps = [text for name, text in found.groupdict().items() if name.startswith("gap") and text]
    kept = " ".join(re.findall(_SIGNS, found[0]))
    return f" {MARK} {f' {MARK} '.join(filter(None, [kept, *gaps]))} "


def _stands_before(pattern: re.Pattern[str], found: re.Match[str]) -> bool:
    start = found.start()
    return bool(pattern.search(found.string[max(0, start - _NEAR) : start]))


@dataclass(frozen=True)
class Edit:
    """What one rule did: the film afterwards, and how a tool call and a person would say it."""

    film: Film
    tool: str
    args: dict[str, Any]
    english: str
    chinese: str

    @classmethod
    def draft(cls, film: Film, told: Note, op: str, **args: Any) -> Edit:
        """An edit of the draft, told in both languages."""
        return cls(film, "edit_draft", {"op": op, **args}, *told)


Rule = Callable[[Film, Reading], Edit | None]


def words(pattern: str) -> re.Pattern[str]:
    """A pattern that does not mind capitals."""
    return re.compile(pattern, re.IGNORECASE)


def span(place: int = 1) -> str:
    """A pattern for a length of time; `place` tells it from others in the same pattern."""
    return rf"(?P<n{place}>{NUMBER})[-\s]?(?P<u{place}>{UNIT})"


def first_ms(found: re.Match[str]) -> int:
    """The first length of time that `found` holds, in milliseconds."""
    groups = found.groupdict()
    place = next(place for place in range(1, 10) if groups.get(f"n{place}") is not None)
    return span_ms(groups[f"n{place}"], groups[f"u{place}"])
