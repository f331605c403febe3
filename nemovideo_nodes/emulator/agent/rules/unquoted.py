"""Texts without quotes where the sentence is plain: "with the title Summer Sale", the price $29.99.

They are treated as if they stood in quotes, so that every rule about titles reads them alike.
"""

from __future__ import annotations

import re

from nemovideo_nodes.emulator.agent.lexicon import ORDINAL
from nemovideo_nodes.emulator.agent.rules.reading import LEFT, QUOTE, Reading, words

__all__ = ["quote_plain_texts"]

_SUM = r"\d+(?:,\d{3})*(?:\.\d{1,2})?"
_SUM_COMMA = r"\d+(?:\.\d{3})*,\d\d(?!\d|\s?[秒张幅s])"
_MONEY = re.compile(
    rf"(?<![A-Za-z0-9.,])(?:€\s?{_SUM_COMMA}|{_SUM_COMMA}\s?€"
    rf"|(?:US|CA|AU|HK|NT)?[$€£¥₹]\s?{_SUM}|{_SUM}\s?[€£¥]"
    rf"|{_SUM}(?:\s(?:USD|EUR|GBP|RMB|dollars|euros)\b|元))(?![A-Za-z0-9])"
)
_PRICED = words(
    r"\bprices?\b|\bprice tags?\b|\b(?:text|titled?|captions?|label|show|write|put)\b|价格|价签"
    r"|售价|标价|[字标文写]"
    r"|(?:[$€£¥₹]\s?[\d.,]+|[\d.,]+\s?[€£¥])\s(?:at|near|in)\sthe\s(?:very\s)?(?:end|start|beginning)\b"
)
_SIGNS = QUOTE[1:-1] + LEFT[1:-1]
_TITLED = re.compile(
    rf"\b(?i:titles?|headlines?|headings?|captions?|subtitles?|titled|entitled|called|cta"
    rf"|call[- ]to[- ]action)(?i:\s?:|\s(?:is|reads|reading|says|saying|of|as))?"
    rf"\s(?P<text>[A-Z0-9][^,.;:!?{_SIGNS}\uf000]*)"
)
_STOP = re.compile(
    r"\s(?:(?:at|in|on|from|for|during|throughout|over|until|after|before)\s(?=the\b|a\b|an\b|\d|each"
    r"|every|all|first|last|second|top|bottom|black|white)|(?:and|with|plus|then|but|to)\s(?=[a-z])"
    r"|(?:please|throughout|instead)\b)"
)
_NO_TEXT = re.compile(r"^(?:\d+(?:\.\d+)?\s?(?:s|sec|seconds?|px|%)?\b.{0,3}|[\W_]*)$")
_TITLED_ZH = re.compile(
    rf"(?:标题|片名|题目)(?P<text>(?![放改移去删加显在从到居的要大小字太很真不和与一第最会应可能再更出消淡"
    rf"是为叫用写换变保])[^,;:。!?、\s{_SIGNS}\uf000]{{2,30}})"
)
_MOST_WORDS = 8
_PICTURE = r"(?:photo|picture|pic|image|slide|shot)"
_NTH_PICTURE = words(rf"\b{ORDINAL}\s{_PICTURE}\b")
_NTH_ALONE = words(
    rf"(?<=on\s)(?P<the>the\s)?(?P<nth>{ORDINAL})(?=\s?(?:[,.;]|(?:and|put|write|add|show|say)\b|$))"
    rf"|\b(?P<says>{ORDINAL})(?=\s(?:says?|shows?|reads?|with|gets?|has)\s{QUOTE})"
)
_SUBTITLE_FIRST = words(
    rf"\b(?P<sub>subtitle)\s(?P<below>{QUOTE})\s(?:under|below|beneath|underneath)\s"
    rf"(?:the\s|my\s)?(?P<head>title|headline|heading)\s(?P<above>{QUOTE})"
)


def quote_plain_texts(reading: Reading) -> None:
    """Put prices and plainly named titles in quotes; name what "the second" is."""
    if _PRICED.search(reading.text):
        for found in reversed(list(_MONEY.finditer(reading.text))):
            reading.quote(found.start(), found.end())
    for found in reversed(list(_TITLED.finditer(reading.text))):
        text = found["text"]
        stop = _STOP.search(text)
        text = text[: stop.start()] if stop else text
        if not _NO_TEXT.match(text) and len(text.split()) <= _MOST_WORDS:
            reading.quote(found.start("text"), found.start("text") + len(text.rstrip()))
    if reading.generating:
        for found in reversed(list(_TITLED_ZH.finditer(reading.text))):
            reading.quote(found.start("text"), found.end("text"))
    if _NTH_PICTURE.search(reading.text):  # ""A" on the first picture, "B" on the second"
        reading.text = _NTH_ALONE.sub(r"\g<0> picture", reading.text)
    # The title first, as people see it.
    reading.text = _SUBTITLE_FIRST.sub(r"\g<head> \g<above>, \g<sub> \g<below>", reading.text)
