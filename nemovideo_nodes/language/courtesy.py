"""Thanks, praise and agreement: sentences that ask for nothing. Pure.

They are read whole, phrase by phrase: "thanks, shorter please" and "a thank you video" ask for
something, since not all of their words belong to such a phrase.
"""

from __future__ import annotations

import re
from typing import Final

from nemovideo_nodes.language.folding import EMOJI, plain_letters

__all__ = ["agrees", "asks_nothing", "is_aside"]

_LONGEST: Final = 160
_VERY: Final = (
    r"(?:(?:so|very|really|absolutely|totally|just|pretty|quite|simply|truly|all|even|much) )*"
)
_FINE: Final = (
    r"(?:perfect|great|awesome|amazing|wonderful|lovely|beautiful|brilliant|excellent|fantastic"
    r"|super|superb|cool|nice|good|fine|incredible|gorgeous|stunning|outstanding|impressive|neat"
    r"|sweet|fabulous|marvell?ous|terrific|splendid|better now|a lot better|much better|fire|dope"
    r"|flawless|spot on|on point)"
)
_VIDEO: Final = (
    r"(?:(?:great|nice|lovely|beautiful|amazing|new|final|whole) )*(?:video|clip|film|movie|result"
    r"|version|music|song|title|edit|ending|one)"
)
_IT: Final = rf"(?:it|this one|this|that|these|everything|the {_VIDEO}|this {_VIDEO})"
_THANKS_EN: Final = (
    r"(?:(?:many|ok|okay|a million) )?(?:thank you|thankyou|thanks?|thanx|thn?x|thnks|tysm"
    r"|ty|cheers|merci|danke|gracias)"
    r"(?: (?:so|very|really) much(?: indeed)?| a (?:lot|bunch|million|ton)| loads| again| already"
    r"| in advance| to you| guys| team| man| mate| m8| dude| bro| buddy)*"
    r"(?: for (?:(?:all|your|the|this|that|everything|being so) ?)+(?:(?:great|quick|good|nice|hard"
    r"|fast|amazing|new|kind) )*(?:help|work|effort|support|time|patience|update|info|reply|answer"
    rf"|explanation|job|{_VIDEO})?| for (?:making|doing|creating|helping)(?: (?:me|us|with|all))*"
    rf"(?: {_IT})?)?",
    r"that was (?:so |really |very )?(?:quick|fast|easy|great|helpful)|not bad(?: at all)?",
    r"(?:(?:it is|it's|that's) )?(?:(?:much|really|very much|greatly) )?appreciated"
    rf"|(?:i )?(?:(?:really|do) )?appreciate (?:{_IT}|(?:all )?(?:your|the) (?:help|work|effort))",
    # Praise
    rf"{_VERY}{_FINE}(?: (?:job|work|stuff|result|one|idea))?(?: as always)?",
    rf"(?:{_IT} ?)?(?:'s| is| are|looks?|sounds|turned out|came out|works|feels|reads|seems|was)"
    rf" {_VERY}(?:{_FINE}|wow|finished now)(?: (?:to me|for me|now|already|like this|like that|as"
    r" it is|so far|here|this time))*",
    rf"{_IT} (?:looks|sounds|works|turned out|came out|is) {_VERY}{_FINE}",
    rf"(?:(?:i|we)(?:'m| am|'re| are) )?{_VERY}(?:happy|satisfied|pleased|thrilled|impressed"
    rf"|delighted)(?: with {_IT})?",
    rf"(?:(?:i|we) )?{_VERY}(?:do )?(?:love|like|loved|liked|adore) (?:{_IT}|how it (?:looks"
    r"|turned out|came out)|what you (?:did|made|have done))(?: (?:so|very) much| a lot| now"
    r"| already| too)*",
    r"(?:(?:it|this|that)(?: is|'s) )?(?:exactly|just|precisely) (?:what|how|as|like) (?:i|we)"
    r" (?:wanted|needed|imagined|hoped for|asked for|had in mind|was looking for|expected"
    r"|like it)(?: it)?",
    r"(?:that(?:'s| is|'ll be| will be) (?:all|it)|nothing else|no (?:more|further|other)"
    r" (?:changes|edits|questions|requests)|no changes|all (?:set|good|done))"
    r"(?: needed| for now| for today| from me| then| now)*",
    r"(?:i'?ll |i will |will )(?:do|check|look at|watch|review|have a look at|take a look at)"
    r"(?: (?:it|this|that))?(?: (?:later|tomorrow|now|tonight|soon))*|talk (?:later|soon)"
    r"|see you(?: later| soon| tomorrow)?",
    r"(?:it|this|that) works(?: for me| well| great| fine)?|(?:you )?nailed it|thumbs up|10/10|100%"
    r"|keep up the (?:good|great) work|(?:the|my|our) (?:client|boss|team|customer|customers)"
    r" (?:loves?|likes?|loved|liked|is happy|are happy|was happy)(?: it| with it| this)?",
    r"wow|yay|bravo|lgtm|well done|got it|understood|noted|bye|goodbye|have a (?:nice|good|great)"
    r" (?:day|one|evening|weekend)|(?:you're|you are|your) (?:the best|awesome|amazing|great)"
    r"|you rock|(?:hi|hello|hey)\s*\?+|hi|hello|hey|hi there|hello there|hey there|oh|ah|haha|lol"
    r"|omg|no (?:thanks|thank you)",
)
_STRONG_EN: Final = (
    r"(?:oh )?(?:yes|yeah|yep|yup|yess+)(?: (?:please|of course|sure|indeed|that's right))?",
    r"sure(?: thing)?|of course|(?:please )?go ahead|please do|please|definitely|absolutely"
    r"|agreed|correct|that's right",
)
_WEAK_EN: Final = (
    r"ok|okay|oki|k|kk|alright|all right|(?:that )?sounds (?:good|great|fine)|works for me"
    r"|no|nope|nah|no need|not now|never ?mind|not really",
)
_MUCH_ZH: Final = "(?:太|很|真的?|好|非常|十分|万分|超级?|特别|挺|蛮|都|也|还|相当|更)*"
_SUBJECT_ZH: Final = (
    r"(?:(?:我们?|这个?|这样|视频|片子|效果|整体|看起来|看着|感觉|一切"
    r"|做得|做的|剪得|音乐|你|客户|老板|领导|大家)都?)*"
)
_THANKS_ZH: Final = (
    rf"{_MUCH_ZH}(?:感谢|谢谢|多谢|谢)(?:你们?|您|老板|亲)?(?:的?(?:帮助|帮忙|努力|工作|支持|视频|耐心"
    r"|制作|回复))?[了啦啊呀哦]*",
    rf"{_MUCH_ZH}辛苦(?:你们?|您)?[了啦]*|麻烦(?:你|您)[了啦]|3q",
    rf"{_SUBJECT_ZH}{_MUCH_ZH}(?:棒|好看|好|完美|不错|满意|美|漂亮|喜欢|赞|厉害|牛|酷|精彩|优秀|给力"
    r"|到位)(?:极了|呆了|爆了)?[了啦的啊呀哦]*",
    rf"我?{_MUCH_ZH}(?:喜欢|满意)(?:它|这个?(?:视频|版本|效果|音乐)?|这样)?[了啦的啊呀]*",
    r"(?:没有?|没什么)(?:别的|其他|其它|什么)*(?:问题|要求|要改的|修改|事|别的|其他|其它)的?[了啦]?"
    r"|就这样(?:吧|了|可以了|就行|就好)?|收到[了啦]?|明白[了啦]?|知道[了啦]|没有了|暂时没有?了?|没毛病|就(?:用|要)?这个(?:了|吧)?|定稿|不用再?改了?|6{3,}|哇+塞?|哈+|再见|拜拜|你好|您好|嗨|哈喽",
)
_STRONG_ZH: Final = ("是的?|对的?|没错|要的?|同意|当然(?:可以)?|可以的?|行的?",)
_WEAK_ZH: Final = (
    "好的?[吧呀啊嘞呢滴哒]*|okk+|可以[了呀啊吧]*|行[了吧]*|嗯+|不用[了啦]?|不要了|不需要[了啦]?|够了|没问题[了啦]?",
)
_FILLER: Final = (
    r"sorry(?: to (?:bother|disturb|ask)(?: you)?)?(?: again)?|excuse me|no (?:rush|pressure|hurry)"
    r"|it(?:'s| has) been (?:an?|\d+|over an?|a few|two|three|some) (?:hours?|minutes?|mins?|days?"
    r"|hrs?|while|time)(?: now| already)?|i(?:'ve| have) been waiting.*|(?:i )?(?:just )?"
    r"can(?:'t|not) wait(?: to see it)?|(?:i'm )?so excited|i(?:'ve| have)? (?:just )?"
    r"(?:uploaded|sent|added|attached) (?:(?:my|the|you|all|some"
    r"|two|three|four|five|\d+) )*(?:photos?|pictures?|pics?|images?|files?|videos?|clips?)"
    r"|one (?:more |quick )?(?:question|thing)",
    "不好意思|亲爱?的?|老师|客服|小助手|打扰[了一下]*|另外|对了|还有|顺便问?一?下?",
)
_APPROVING: Final = "👍👌🙏❤♥😊😀😃😄😁🙂😍🥰😘🎉👏💯🔥💪🙌✨⭐🌟🤩😎✅✔💕💖💗💙💚💛💜🧡🤝🥳☺💐🌹"
_APPROVES = re.compile(f"[{_APPROVING}]")
_IGNORED = re.compile("[\ufe0f\u200d\U0001f3fb-\U0001f3ff]")
_SIGNS = re.compile(r"[\s.,!~…。，！、～;；:：()（）\-–—]+")


def _phrases(*forms: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(rf"(?:{one})(?![a-z0-9'])", re.ASCII) for form in forms for one in form)


_THANKS = _phrases(_THANKS_EN, _THANKS_ZH)
_STRONG = _phrases(_STRONG_EN, _STRONG_ZH)
_WEAK = _phrases(_WEAK_EN, _WEAK_ZH)
_FILL = _phrases(_FILLER)
_LINK = _phrases((r"and|but|so|then|well|already|now|for now",))


def asks_nothing(instruction: str) -> bool:
    """Whether it only thanks, praises, greets or agrees: no message has to be sent for it."""
    return _kinds(instruction) is not None


def agrees(instruction: str, *, loosely: bool = False) -> bool:
    """Whether it only says yes (or, `loosely`, "ok" or "no"), as an answer to a question does.

    "Ok, thanks" is an end, not an answer; `loosely` it is one.
    """
    kinds = _kinds(instruction) or frozenset()
    if loosely:
        return bool(kinds & {"strong", "weak"})
    return "strong" in kinds or kinds == {"weak"}


def is_aside(clause: str) -> bool:
    """Whether a clause, folded, asks for nothing beside others: "sorry to bother you", 辛苦了."""
    return _read(clause, [*_FILL, *_LINK, *_THANKS, *_WEAK, *_STRONG]) is not None


def _kinds(instruction: str) -> frozenset[str] | None:
    """What its phrases are: `thanks`, `strong` and `weak` agreement; None: it says more."""
    if len(instruction) > _LONGEST:
        return None
    text = _IGNORED.sub("", plain_letters(instruction))
    found = {"thanks"} if _APPROVES.search(text) else set()
    text = _APPROVES.sub(" ", text)
    if EMOJI.search(text):
        return None
    words = _read(text, [*_STRONG, *_WEAK, *_THANKS, *_LINK])
    if words is None:
        return None
    for kind, patterns in (("thanks", _THANKS), ("strong", _STRONG), ("weak", _WEAK)):
        if any(one in patterns for one in words):
            found.add(kind)
    return frozenset(found) or None


def _read(text: str, patterns: list[re.Pattern[str]]) -> list[re.Pattern[str]] | None:
    """The patterns of the phrases, the longest at each place; None where one is of no phrase."""
    found: list[re.Pattern[str]] = []
    at = 0
    while True:
        if signs := _SIGNS.match(text, at):
            at = signs.end()
        if at >= len(text):
            return found
        matches = [match for one in patterns if (match := one.match(text, at))]
        longest = max(matches, key=lambda match: match.end(), default=None)
        if longest is None or longest.end() == at:
            return None
        at = longest.end()
        found.append(longest.re)
