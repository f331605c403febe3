"""Which pictures are meant: "the second picture", "the cat", 最后一张图, "the first two photos"."""

from __future__ import annotations

import re
from collections import Counter

from nemovideo_nodes.emulator.agent.film import Film
from nemovideo_nodes.emulator.agent.lexicon import NUMBER, ORDINAL, number_of, ordinal_of
from nemovideo_nodes.emulator.agent.rules.reading import Reading, words

__all__ = ["REF", "Referring"]

REF = "[\ue200-\ue2ff]\x01*"
"""A pattern for what stands in a `Referring.text` where pictures are meant."""

_FIRST, _MOST, _PAD = 0xE200, 256, "\x01"
_NOUN = r"(?:photos?|pictures?|pics?|images?|slides?|shots?|clips?|scenes?|frames?|ones?)"
_NOUN_ZH = r"(?:图片|图像|照片|相片|图|幅|画面|片段|镜头|页)"
_COUNT_ZH = r"(?:\d{1,3}|[一二两三四五六七八九十]{1,3})"
_NTH_ZH = rf"第{_COUNT_ZH}"
_RANGE = words(
    rf"(?:\bthe\s)?\b(?P<end>first|last|final)\s(?P<count>{NUMBER})\s{_NOUN}\b"
    rf"|(?P<end2>前面?|最前面?|最后面?|后面?)(?P<count2>{_COUNT_ZH})(?:张|个|幅){_NOUN_ZH}?"
)
_LIST = words(
    rf"(?:\bthe\s)?(?<![a-z\d]-)(?<!\d\s)(?P<nth>{ORDINAL}(?:\s?(?:,|and|&|,\sand)\s"
    rf"(?:the\s)?{ORDINAL}){{0,9}})\s{_NOUN}\b"
    rf"|\b{_NOUN}\s(?:number\s|no\.?\s?|#\s?)?(?P<numbers>(?:{NUMBER})(?:\s?(?:,|and"
    rf"|&)\s(?:{NUMBER})){{0,9}})(?![\d%]|\s?(?:s|sec\w*|min\w*|%)\b)"
    rf"|(?P<zh>{_NTH_ZH}(?:张|个|幅)?(?:{_NOUN_ZH})?(?:[和、与跟,]{_NTH_ZH}(?:张|个"
    rf"|幅)?(?:{_NOUN_ZH})?){{0,9}})(?<=[张幅图片像面头])"
    rf"|(?P<back>倒数{_NTH_ZH})(?:张|个|幅){_NOUN_ZH}?"
    rf"|(?P<last>最后一?|末尾那?一?)(?:张|幅){_NOUN_ZH}?|(?P<first>首张|开头那?一?张){_NOUN_ZH}?"
)
_EVERY = re.compile(rf"{ORDINAL}", re.IGNORECASE)
_EVERY_NUMBER = re.compile(NUMBER, re.IGNORECASE)
_EVERY_ZH = re.compile(rf"第({_COUNT_ZH})")
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "the and for photo photos picture pictures pic image images img slide shot clip clips scene"
        " video film music song title titles caption captions text one two three first second third"
        " last final end start all with make dsc screenshot untitled copy new old file plain"
        " backdrop time fade cut order length transition volume square vertical landscape portrait",
    )
)
"""What never means a picture."""
_OF_REQUESTS = frozenset(
    re.findall(
        r"\w+",
        "slideshow movie reel short story sound audio bgm voice narration subtitle headline logo"
        " watermark price tag intro outro background white black transitions effect effects motion"
        " movement zoom pan crop border borders blur frame format slow fast still wide instagram"
        " tiktok youtube facebook pinterest",
    )
)
"""What means no picture by a part of its name: "no motion" takes no motion_photo.jpg out."""
_PART = re.compile(r"[^\W\d_]{2,}")
_CHINESE = re.compile(r"[\u3400-\u9fff]")


_TOGETHER = words(rf"{REF}(?:,?\sand\s|\s?&\s?|和|、|跟|与){REF}")


class Referring:
    """A reading's text in which every mention of pictures is a sign of `REF`, at its own place."""

    def __init__(self, film: Film, reading: Reading, *, by_quote: bool = True) -> None:
        self._film = film
        self._reading = reading
        self._by_quote = by_quote
        self._signs: dict[str, tuple[int, ...]] = {}
        self.text = reading.text
        count = len(film.scenes)
        for found in self._all(_RANGE):
            many = max(1, int(number_of(found["count"] or found["count2"])))
            is_first = (found["end"] or found["end2"]).lower().startswith(("first", "前", "最前"))
            whole = range(count)
            self._sign(found, tuple(whole[:many] if is_first else whole[-many:]))
        for found in self._all(_LIST):
            self._sign(found, self._listed(found))
        for pattern, index in self._names():
            for found in self._all(pattern):
                self._sign(found, (index,))
        self._merge()

    def _merge(self) -> None:
        """One sign for what is named together: "the cat and the beach"."""
        while found := _TOGETHER.search(self.text):
            one, other = re.findall("[\ue200-\ue2ff]", found[0])
            self._signs[one] += self._signs[other]
            start, end = found.span()
            self.text = self.text[:start] + one.ljust(end - start, _PAD) + self.text[end:]

    def search(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The first match of `pattern`, in which `REF` stands for pictures."""
        return pattern.search(self.text)

    @staticmethod
    def count(found: re.Match[str]) -> int:
        """How many signs a match has."""
        return len(re.findall("[\ue200-\ue2ff]", found[0]))

    def places(self, found: re.Match[str], number: int = 0) -> list[int]:
        """The scenes that the match's sign of this number means; none if there are no such."""
        signs = re.findall("[\ue200-\ue2ff]", found[0])
        count = len(self._film.scenes)
        wanted = self._signs[signs[number]]
        places = list(dict.fromkeys(place for place in wanted if 0 <= place < count))
        if len(places) < len(wanted):
            self._reading.notes.append(
                (f"There are only {count} pictures.", f"一共只有{count}张图片。")
                if count > 1
                else ("There is only one picture.", "只有一张图片。")
            )
        return places

    def take(self, found: re.Match[str], *, with_quotes: bool = False) -> None:
        """Take the words of a match out of the reading."""
        gaps = [found.span(name) for name in found.groupdict() if name.startswith("gap")]
        start, end = found.span()
        for gap_start, gap_end in sorted(gaps, reverse=True):
            if gap_start >= 0:  # what stands between the words of a rule is not read by it
                self._reading.cut(gap_end, end, with_quotes=with_quotes)
                end = gap_start
        self._reading.cut(start, end, with_quotes=with_quotes)
        self.text = self._reading.text  # without signs: a `Referring` is good for one match

    def _all(self, pattern: re.Pattern[str]) -> list[re.Match[str]]:
        return list(pattern.finditer(self.text))

    def _sign(self, found: re.Match[str], places: tuple[int, ...]) -> None:
        if len(self._signs) == _MOST:
            return
        sign = chr(_FIRST + len(self._signs))
        self._signs[sign] = places
        start, end = found.span()
        self.text = self.text[:start] + sign.ljust(end - start, _PAD) + self.text[end:]

    def _listed(self, found: re.Match[str]) -> tuple[int, ...]:
        if found["nth"]:
            numbers = [ordinal_of(one) for one in _EVERY.findall(found["nth"])]
        elif found["numbers"]:
            numbers = [int(number_of(one)) for one in _EVERY_NUMBER.findall(found["numbers"])]
        elif found["zh"]:
            numbers = [int(number_of(one)) for one in _EVERY_ZH.findall(found["zh"])]
        elif found["back"]:
            numbers = [-int(number_of(one)) for one in _EVERY_ZH.findall(found["back"])]
        else:
            numbers = [-1 if found["last"] else 1]
        count = len(self._film.scenes)
        # A number that is too large for the film stays so, and is told.
        return tuple(n - 1 if n > 0 else count + n if n else -1 for n in numbers)

    def _names(self) -> list[tuple[re.Pattern[str], int]]:
        """Patterns for the pictures' names: quoted, whole, and the words that only one has."""
        patterns = []
        text = self.text.lower()
        parts = [self._parts(scene.name) for scene in self._film.scenes]
        quotes = self._reading.quotes if self._by_quote else {}
        owners = Counter(part for one in parts for part in one)
        for index, scene in enumerate(self._film.scenes):
            name = scene.name.lower()
            signs = [sign for sign, quoted in quotes.items() if quoted.lower() == name]
            patterns += [(words(f"(?:the\\s)?{sign}"), index) for sign in signs]
            mine = [name] if name not in _COMMON and not name.isdigit() and len(name) > 1 else []
            mine += [part for part in parts[index] if owners[part] == 1]
            for word in sorted(set(mine), key=len, reverse=True):
                if word in text:
                    patterns.append((_naming(word), index))
        return patterns

    @staticmethod
    def _parts(name: str) -> set[str]:
        found = {part.lower() for part in _PART.findall(name)}
        return {
            part
            for part in found
            if part not in _COMMON | _OF_REQUESTS and (len(part) > 2 or _CHINESE.search(part))
        }


def _naming(word: str) -> re.Pattern[str]:
    escaped = re.escape(word)
    if _CHINESE.search(word):
        return words(rf"{escaped}(?:的)?(?:那|这)?一?(?:张|幅)?{_NOUN_ZH}?")
    plural = "" if word.endswith("s") else "s?"
    return words(
        rf"(?:\b(?:the|my|a|that)\s)?(?<![\w]){escaped}{plural}(?:\.(?:jpe?g|png|webp"
        rf"|gif))?(?!\w)(?:\s{_NOUN})?"
    )
