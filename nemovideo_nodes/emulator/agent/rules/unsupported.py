"""What people often ask for and nothing here does, taken out before a rule half reads it.

A voice-over's words are no title, an end card's ground is not the film's, and a fade at the end
is no transition. What is merely unknown needs no pattern here: `unread` names it.
"""

from __future__ import annotations

import re

from nemovideo_nodes.emulator.agent.film import Film
from nemovideo_nodes.emulator.agent.rules.pictures import REF, Referring
from nemovideo_nodes.emulator.agent.rules.reading import LEFT, QUOTE, Reading, words
from nemovideo_nodes.emulator.agent.rules.talk import CLAUSE
from nemovideo_nodes.emulator.agent.rules.wording import TITLE, TITLE_ZH

__all__ = ["leave_out_unsupported"]

_THING = (
    r"(?:voice[-\s]?overs?|narrat(?:ion|or|ing)|spoken (?:text|words|message)|speech|voice"
    r"|qr[-\s]?codes?|barcodes?|logos?|watermarks?|stickers?|emojis?|buttons?|badges?|stamps?"
    r"|icons?|arrows?|speech bubbles?|hashtags?)"
)
_THING_ZH = (
    r"(?:配音|旁白|解说词?|语音|口播|朗读|二维码|条形码|水印|logo|徽标|商标|贴纸|表情|按钮|图标"
    r"|箭头|角标)"
)
_SAYING = (
    r"(?:that\s)?(?:says?|saying|reads?|reading|telling|with(?:\sthe)?(?:\s(?:text|words|line))?"
    r"|containing|for|of|:)"
)
_WITH_WORDS = words(
    rf"\b(?:(?:add|with|include|put|use|insert|and)\s)?(?:(?:an?|the|our|my|your)\s)?(?:\w+\s)?"
    rf"{_THING}\s(?:(?:text|words)\s)?(?:{_SAYING}\s?)?{QUOTE}"
    rf"|{QUOTE}\s(?:as\s)?(?:an?\s|the\s|our\s)?{_THING}\b"
    rf"|\b(?:say|speak|narrate|read)\s{QUOTE}(?:\s(?:out loud|aloud))?"
    rf"|(?:加上?|用|配上?|带)?(?:一?[个段句])?{_THING_ZH}(?:内容|文字)?(?:说|念|写着?|是|为|:)*\s?"
    rf"{QUOTE}|{QUOTE}的?(?:{_THING_ZH})"
)
_NOTHING = rf"[^,.;。{QUOTE[1:-1]}{LEFT[1:-1]}]"
_BY_ITSELF = words(
    rf"\b(?:(?:an?|the|our|my|your|company|brand|male|female|animated)\s)*{_THING}\b"
    rf"{_NOTHING}{{0,40}}(?=$|[,.;])|(?:我们的|一?个)?{_THING_ZH}{_NOTHING}{{0,20}}(?=$|[,.;。])"
)
_CARD = words(
    rf"\b(?:(?:add|with|and|plus|include|then)\s)*(?P<what>(?:an?\s|the\s)?(?P<where>end|ending"
    rf"|closing|final|outro|intro|opening|title|start)[-\s](?:card|screen|slide|frame|page)s?\b"
    rf"[^.;{QUOTE[1:-1]}{LEFT[1:-1]}]{{0,80}}?)(?P<quote>{QUOTE})"
)
_EDGE_FADE = words(
    rf"\b(?:the\s|all\s)?(?:{TITLE}|music|sound)\s(?:should\s)?fad(?:e|es|ing)\s(?:in|out|up)\b"
    rf"|\bfad(?:e|es|ing)\s(?:in|out|up)?\s?(?:the\s|a\s|my\s)?(?:{TITLE}|music|sound)\b"
    r"(?:\s(?:in|out)\b)?"
    r"|\b(?:with\s)?(?:an?\s)?fad(?:e|es|ing)(?:[-\s](?:in|out|up|down|away)\b)?"
    r"(?:\s(?:to|from|into|through)\s(?:black|white)\b)?"
    r"\s(?:at|in|near|towards?)\sthe\s(?:very\s)?(?:end|start|beginning|close|finish)\b"
    r"|\b(?:ends?|ending|finish|close|start|begin|open)s?\s(?:it\s)?(?:with|on|in)\s(?:an?\s)?"
    r"fad\w+(?:[-\s](?:in|out)\b)?(?:\s(?:to|from)\s(?:black|white)\b)?"
    r"|\bfad(?:e|es|ing)[-\s](?:in|out)\b(?:\s(?:to|from)\s(?:black|white)\b)?"
    rf"|{TITLE_ZH}[^,。]{{0,6}}(?:淡入淡出|淡入|淡出|渐显|渐隐)"
    r"|\b(?:an?\s)?(?:different|varied|various|random|mixed|assorted)\s(?:\w+\s)?transitions?\b"
    r"(?:\s(?:for|on|between)\s(?:each|every|all)[^,.;]{0,20})?|(?:各种|不同|多种|随机)的?转场"
    r"|\bfad(?:e|es|ing)\s(?:to|from|through)\swhite\b(?:\sbetween[^,.;]{0,30})?"
    r"|(?:渐白|白场|闪白)(?:转场)?|(?:小红书|抖音|快手|视频号)风格"
    r"|(?:结尾|片尾|最后|末尾|开头|片头|开场)(?:处|的时候)?(?:渐变|渐|淡出|淡入|淡)(?:到|成|至|为|变)?"
    r"(?:白|黑)?(?:色|屏|场)?"
)
_OF_SOME = words(
    r"\b(?:transitions?|cross-?fad\w+|fad(?:e|es|ing)|zoom\w*|wip(?:e|es|ing)|crop\w*|background"
    r"|music|songs?|fill|pan(?:s|ning)?)\b|转场|过渡|放大|缩小|拉近|拉远|背景|音乐|配乐|裁剪"
)
_SOME_ONLY = words(
    rf"\b(?:on|in|into|between|after|before|for|under|over|during|of|from)\s(?:only\s)?{REF}"
    rf"|(?:在|给|从)?{REF}(?:和|与|到|的|时|之间|之后|后|前|上)*[^{REF[1:-3]},。]{{0,4}}"
    r"(?:转场|过渡|放大|缩小|拉近|拉远|背景|音乐|配乐|裁剪)|(?:放大|缩小|裁剪)" + REF
)


def leave_out_unsupported(film: Film, reading: Reading) -> None:
    """Take those words out; the reply names them."""
    reading.leave_out_all(_WITH_WORDS)
    reading.leave_out_all(_BY_ITSELF)
    _leave_out_cards(reading)
    reading.leave_out_all(_EDGE_FADE)
    _leave_out_parts(film, reading)


def _leave_out_cards(reading: Reading) -> None:
    """An end card is left out, and its words stand over the film's end instead."""
    while found := _CARD.search(reading.text):
        at_end = found["where"].lower() not in ("intro", "opening", "title", "start")
        start, end = found.span("what")
        sign = found["quote"]
        reading.leave_out(start, end)
        place = "at the end" if at_end else "at the start"
        reading.text = reading.text.replace(sign, f" {sign} {place} ", 1)


def _leave_out_parts(film: Film, reading: Reading) -> None:
    """What holds for a whole film is not half done where it is wanted for some pictures."""
    end = len(reading.text)
    # From the last clause to the first, so that the places of those before it stay right.
    for piece in reversed(CLAUSE.split(reading.text)):
        start = end - len(piece)
        if _OF_SOME.search(piece) and not re.search(QUOTE, piece):
            seen = Referring(film, Reading(piece), by_quote=False)
            if _SOME_ONLY.search(seen.text):
                reading.leave_out(start, end)
        end = start
