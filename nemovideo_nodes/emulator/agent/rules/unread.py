"""What no rule has read of a message: the reply names it, so that nothing is lost in silence."""

from __future__ import annotations

import re

from nemovideo_nodes.emulator.agent.rules.reading import LEFT, MARK, QUOTE, Reading, words

__all__ = ["left_out"]

_MOST_CHARACTERS = 80
_MEDIUM = (
    r"(?:videos?|films?|clips?|movies?|slide ?-?shows?|reels?|shorts?|teasers?|trailers?|promos?"
    r"|ads?|adverts?|advertisements?|commercials?|montages?|stories|story|animations?|mp4"
    r"|presentations?|intros?|posts?|content|versions?|cuts?|edits?|photo videos?)"
)
_ACTION = (
    r"(?:rotat|spin|sparkl|danc|explod|fly|flies|talk|sing|morph|3d|black|filter|slow|lapse|split"
    r"|voice|logo|watermark|boomerang|loop|with\b|then\b)"
)
_SUBJECT = words(
    rf"(?:\b{_MEDIUM}|^\W*something(?: \w+)?)\s(?:made\s)?(?:of|about|for|from|showing|featuring"
    r"|introducing|promoting|presenting|out of|to promote|to show|to introduce|to present"
    rf")\b(?:(?!\b{_ACTION})[^,.;:!?{QUOTE[1:-1]}{LEFT[1:-1]}{MARK}])*"
)
"""What a new film is about: nothing that is asked for, since nobody here looks at pictures."""
_MOOD_EN = (
    r"(?:calm(?:ing)?|relax(?:ed|ing)|peaceful|gentle|soft|soothing|quiet|slow|romantic|emotional"
    r"|warm|cozy|cosy|dreamy|nostalgic|serene|tender|upbeat|happy|joyful|cheerful|fun|funny|lively"
    r"|playful|vibrant|bright|colou?rful|cinematic|epic|dramatic|powerful|bold|inspiring"
    r"|inspirational|uplifting|minimal(?:ist)?|luxurious|luxury|cute|sweet|fresh|festive|exciting)"
)
_MOOD_ZH = (
    r"舒缓|平静|安静|轻柔|放松|柔和|温柔|浪漫|治愈|温暖|怀旧|欢快|轻快|活泼|快乐|开心|有趣|可爱|清新"
    r"|节日|喜庆|震撼|大气|史诗|感人|励志|唯美|极简|奢华|电影感|动感|梦幻"
)
_MOOD = words(
    rf"(?P<mood>\b{_MOOD_EN}\b(?=[^.;:!?]{{0,40}}\b{_MEDIUM}\b)"
    rf"|(?:{_MOOD_ZH})(?=的?[^。;!?]{{0,16}}(?:视频|短片|影片|片子|幻灯片|动画|广告|宣传片)))"
)
"""How a new film is to feel: nothing that can be left out, since each of ours feels so to some."""
_PARTS = re.compile(
    rf"(?<=[.,;:!?])[.,;:!?]+|\.(?![\w/])|[,;:!?。、()|]+(?!\d)|{MARK}|{QUOTE}|\s[-–—]+\s"
    r"|\b(?:then|but|also|plus)\b|并且|而且|然后|同时|但是|不过"
)
_FILLER_EN = (
    r"(?:please|pls|thanks?|thank|you|your|it|its|it's|the|an?|now|just|only|that|this|these|those"
    r"|there|here|for|me|my|mine|our|us|hi|hello|hey|ok|okay|great|cool|to|be|is|are|was|am|can"
    r"|could|would|should|will|shall|must|may|might|like|i|i'd|i'll|i'm|we|we're|they|them|their"
    r"|want|need|let's|let|so|well|too|very|really|with|without|of|on|in|at|by|as|into|onto|from"
    r"|between|over|under|behind|up|out|off|and|or|nor|not|make|making|made|do|does|set|have|has"
    r"|get|give|go|goes|use|using|used|add|adding|put|turn|change|replace|swap|create|creating|produce|build"
    r"|generate|convert|show|shows|showing|display|keep|try|try to|maybe|perhaps|again|instead"
    r"|first|last|second|finally|all|each|every|both|any|one|ones|two|three|yes|no|sure|alright"
    r"|right|possible|if|when|while|until|where|which|who|what|how|about|time|times|some|more"
    r"|most|bit|little|lot|much|many|few|else|same|other|another|next|new|own|good|nice|lovely"
    r"|perfect|awesome|wonderful|beautiful|stunning|amazing|elegant|professional|polished|engaging"
    r"|eye-?catching|attractive|catchy|modern|smooth|smoothly|simple|clean|short|quick|animated"
    r"|animate|dynamic|promotional|marketing|product|social|media|matching|suitable|fitting"
    r"|appropriate|proper|everything|something|anything|rest|whole|entire|exactly|around|about"
    r"|export|download|render|send|save|share|post|upload|publish|done|ready|file|files|final"
    r"|feel|look|looks|looking|feeling|style|format|ratio|aspect|frame|size|resolution|screen"
    r"|version|photos?|pictures?|pics?|images?|slides?|shots?|scenes?|music|songs?|soundtrack"
    r"|background|titles?|headlines?|captions?|texts?|words?|subtitles?|transitions?|effects?"
    r"|seconds?|secs?|length|long|duration|says?|saying|reads?|reading|reel|called|named|written"
    r"|start|starts|begin|mode|end|ends|ending|beginning|top|bottom|middle|center|centre|per|way"
    r"|because|since|than|them|once|come|comes|take|takes|place|play|position|order|price|prices"
    r"|volume|overlays?|titled|entitled|instagram|facebook|linkedin|pinterest|snapchat|move|moved"
    r"|something|write|writing|lower|raise|energetic|faster|slower|don't|won't"
    r"|hold|holds|holding"
    r"|lasting|lasts?|long|total|overall|at most|least|max|maximum|minimum|approximately|roughly"
    rf"|almost|nearly|best|better|fine|even|still|back|down|through|via|{_MEDIUM})"
)
_FILLER_ZH = (
    r"停留|配文|总时长|总长|总共|一共|微信|只要|一句|文案|一张|之间|不超过|最多|至少|左右(?=$|[,。])|以内|大约"
    r"|请|帮我|帮忙|帮|谢谢|好的|好|一下|吧|了|的|地|得|视频|影片|片子|短片|短视频|幻灯片|动画|广告"
    r"|宣传片|图文|图片|照片|图|张|把|我们|我|你|您|麻烦|啊|呢|吗|呀|嗯|那|就|再|也|都|给|要|想|做"
    r"|改成|变成|换成|一个|一段|一条|一首|个|段|条|首|这|将|让|可以|能|行|现在|最后|先|导出|下载|发"
    r"|整个|还有|还|加上|加入|添加|加|和|与|跟|是|在|用|为|成|到|上|里|内|配上|配|带|放|显示|标题|字幕"
    r"|流畅|精美|好看|漂亮|高级感?|专业|炫酷|酷炫|吸引人|有趣|简单|简洁|时尚|温馨|高质量|优质"
    r"|展示|出现|多|调到|调低到|调|之间|感|朋友圈|切换|播放|速度|位置|下面|上面|宣传|声|请问|不"
    r"|问|作|改|换|钟|后|前|三|两|大|小"
    r"|文字|音乐|配乐|转场|效果|画面|时长|时间|长|秒|每|全部|所有|一些|一点|点|些|有|需要|希望|产品"
    r"|制作|生成|剪|转|合成|风格|封面|价格|标签|写|着|叫|版|式|格式|尺寸|比例|画幅|中|以|并|且"
)
_EDGE = (
    r"(?:an?|and|or|with|add|adding|put|use|using|make|please|pls|also|then|plus|to|in|on|for|of|it|its"
    r"|is|so|that|this|have|has|by|as|i|you|we|want|need|can|could|would|like|me|my|our|some|just"
    r"|include|including|apply|the|be|turn|these|into|should|long|create|give|do|but|video|animate)"
)
_START = words(
    rf"^(?:[^\w\"“「(#@$]|{_EDGE}(?![\w'-])|请|帮我|帮|加上|加入|添加|加|配上|配(?!音)|用|把|给"
    r"|做成|做|要|和|与|跟(?!着)|再|也|的|了|一个|一段|我们的|我们|我|显示|视频)+"
)
_END = words(rf"(?:(?<![\w'-]){_EDGE}|[^\w%\"”」)]|的|了|吧|一下|和|与|视频|效果)+$")
_BLANK = words(
    rf"\b\d+\s(?:photos?|pictures?|pics?|images?|slides?)\b|\d+[张幅个]"
    rf"|(?<![\w'-]){_FILLER_EN}(?![\w'-])|{_FILLER_ZH}"
)
_WORD = re.compile(r"[^\W\d_]{2,}|\d|[\u3400-\u9fff]")


def left_out(reading: Reading) -> list[str]:
    """The words that no rule has read, as they were written and in their order.

    What stands in quotes, what a new film is said to be about, and words that ask for nothing
    are no part of it.
    """
    text = reading.text
    if reading.generating:
        moods = {found["mood"] for found in _MOOD.finditer(reading.said)}
        text = words("|".join(map(_alone, moods)) or "(?!)").sub(" ", text)
        text = _SUBJECT.sub(f" {MARK} ", text)
    left: list[str] = []
    for piece in re.split(f"({LEFT})", text):
        if piece in reading.left:
            left.append(_trimmed(reading.left[piece], at_end=False) or reading.left[piece])
            continue
        for part in _PARTS.split(piece):
            left += _unread(part, reading)
    return list(dict.fromkeys(left))


def _alone(word: str) -> str:
    return rf"\b{word}\b" if word.isascii() else word


def _unread(part: str, reading: Reading) -> list[str]:
    known = {word.lower() for text in reading.quotes.values() for word in text.split()}
    content = " ".join(word for word in part.split() if word.lower() not in known)
    if not _WORD.search(_BLANK.sub(" ", content)):
        return []
    return [_trimmed(part)[:_MOST_CHARACTERS].strip()]


def _trimmed(part: str, *, at_end: bool = True) -> str:
    """Without the words at its start, and at its end, that say nothing."""
    before = ""
    while part != before:
        before, part = part, _START.sub("", part)
        part = _END.sub("", part) if at_end else part
    return part
