"""What people often ask for and nothing here does, taken out before a rule half reads it.

A voice-over's words are no title, an end card's ground is not the film's, and a fade at the end
is no transition. What is merely unknown needs no pattern here: `unread` names it.
"""

from __future__ import annotations

import re

from nemovideo_nodes.emulator.agent.film import Film
from nemovideo_nodes.emulator.agent.lexicon import ORDINAL
from nemovideo_nodes.emulator.agent.rules.absence import absent
from nemovideo_nodes.emulator.agent.rules.pictures import REF, Referring
from nemovideo_nodes.emulator.agent.rules.reading import LEFT, QUOTE, Reading, words
from nemovideo_nodes.emulator.agent.rules.talk import CLAUSE
from nemovideo_nodes.emulator.agent.rules.wording import TITLE, TITLE_ZH

__all__ = ["leave_out_unsupported"]

_THING = (
    r"(?:voice[-\s]?overs?|narrat(?:ion|or|ing)|text-to-speech|tts"
    r"|spoken (?:text|words|message)|speech|voice"
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
    rf"{_THING}(?:\s(?:(?:text|words)\s)?(?:{_SAYING}\s?:?\s?)?|\s?:\s?){QUOTE}"
    rf"|{QUOTE}\s(?:as\s)?(?:an?\s|the\s|our\s)?{_THING}\b"
    rf"|\b(?:the\s)?(?:song|track|tune|music)\s?:?\s(?:called\s|named\s|titled\s)?{QUOTE}"
    r"(?:\sby\s[^,.;]{1,40})?"
    rf"|(?:歌曲?|音乐|配乐)(?:是|用|:)?{QUOTE}"
    rf"|\b(?:say|speak|narrate|read)\s{QUOTE}(?:\s(?:out loud|aloud))?"
    rf"|(?:加上?|用|配上?|带)?(?:一?[个段句])?{_THING_ZH}(?:内容|文字)?(?:说|念|写着?|是|为|:)*\s?"
    rf"{QUOTE}|{QUOTE}的?(?:{_THING_ZH})"
    rf"|(?:用|让|由|请)?[^,。{QUOTE[1:-1]}]{{0,6}}?(?:念|朗读|读出?|[男女童人]声?说)(?:出|道|一?句|:)?\s?{QUOTE}"
)
_NOT_WANTED = absent(_THING, _THING_ZH)
_NOTHING = rf"(?:[^,.;。{QUOTE[1:-1]}{LEFT[1:-1]}]|\.(?=\w))"
_BY_ITSELF = words(
    rf"\b(?:(?:an?|the|our|my|your|company|brand|male|female|animated)\s)*{_THING}\b"
    rf"{_NOTHING}{{0,40}}(?=$|[,;]|\.(?!\w))|(?:我们的|一?个)?{_THING_ZH}{_NOTHING}{{0,20}}(?=$|[,.;。])"
)
_CARD = words(
    rf"\b(?:(?:add|with|and|plus|include|then)\s)*(?P<what>(?:an?\s|the\s)?(?P<where>end|ending"
    rf"|closing|final|outro|intro|opening|title|start)(?:[-\s](?:card|screen|slide|frame|page)s?\b"
    r"|(?<=[io][nu]tro)\b(?=[^.;]{0,40}\bback(?:ground|drop)\b))"
    rf"[^.;{QUOTE[1:-1]}{LEFT[1:-1]}]{{0,80}}?)(?P<quote>{QUOTE})"
)
_CARD_GROUND = words(r"^\s?(?:(?:on|over|with|in|against)\s)[^,.;]{0,30}?\bback(?:ground|drop)\b")
_CARD_ZH = words(
    r"(?<=片头|片尾|开头|结尾|开场|最后)(?:处|加上?|放|用|是|为|做|显示|一?[个张])*"
    r"(?:卡片|画面|页面|页|:|,)*[白黑红蓝绿黄灰粉紫橙]色?(?:底|背景),?(?:[白黑红蓝绿黄灰粉紫橙]色?(?:的?文?字))?"
)
_TWICE = words(
    r"\b(?:picture|photo|image)[-\s]in[-\s](?:picture|photo|image)\b"
    r"|\b(?:repeat|duplicate|replay|reuse)(?:s|d|ing)?\b[^,.;]{0,40}"
    r"|\b(?:show|use|play|display)\s[^,.;]{0,30}\b(?:picture|photo|image|slide|shot)s?\s(?:once\s)?"
    r"(?:again|twice)\b[^,.;]{0,30}"
    r"|\b(?:each|every|all|both)\b[^,.;]{0,20}\b(?:twice|thrice|(?:two|three|four|\d)\stimes)\b"
    r"|\b(?:start|begin|open)s?\sand\s(?:end|finish|close)s?\b[^,.;]{0,40}"
    r"|[^,.;]{0,40}\b(?:(?:twice|half|thrice)|\w+ times) as (?:long|short) as the\b[^,.;]{0,30}"
    r"|(?:图片|画面)?(?:随着?|跟着?|踩着?|按照?)(?:音乐)?的?(?:节拍|节奏|鼓点)[^,。]{0,8}"
    r"|\b(?:word|letter)\sby\s(?:word|letter)\b|逐字"
    r"|[^,。]{0,8}[两二三四\d][遍次]|(?:开头|片头)和(?:结尾|片尾)[^,。]{0,14}"
    r"|(?:重复|再次)[^,。]{0,14}|[^,。]{0,10}再(?:放|播放?|显示|出现)一[次遍]"
)
"""What would be another film if only the picture in it was read."""
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
    rf"|\bbetween\s(?:the\s)?{ORDINAL}"
    rf"|(?:在|给|从)?{REF}(?:和|与|到|的|时|之间|之后|后|前|上)*[^{REF[1:-3]},。]{{0,4}}"
    r"(?:转场|过渡|放大|缩小|拉近|拉远|背景|音乐|配乐|裁剪)|(?:放大|缩小|裁剪)" + REF
)


def leave_out_unsupported(film: Film, reading: Reading) -> None:
    """Take those words out; the reply names them, but for what is not wanted anyway."""
    reading.take_all(_NOT_WANTED)
    reading.leave_out_all(_WITH_WORDS)
    reading.leave_out_all(_BY_ITSELF)
    _leave_out_cards(reading)
    reading.leave_out_all(_CARD_ZH)
    reading.leave_out_all(_EDGE_FADE)
    reading.leave_out_all(_TWICE)
    _leave_out_parts(film, reading)


def _leave_out_cards(reading: Reading) -> None:
    """An end card is left out, and its words stand over the film's end instead."""
    while found := _CARD.search(reading.text):
        at_end = found["where"].lower() not in ("intro", "opening", "title", "start")
        start, end = found.span("what")
        sign = found["quote"]
        if ground := _CARD_GROUND.search(reading.text[found.end() :]):
            reading.leave_out(found.end(), found.end() + ground.end())
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
