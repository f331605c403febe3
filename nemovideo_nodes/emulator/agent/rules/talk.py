"""What is said and asks for nothing: questions, praise, small talk, and what is to stay as it is.

It is taken out before the rules read, so that "I love the music" is no request for music.
"""

from __future__ import annotations

import re

from nemovideo_nodes.emulator.agent.rules.reading import Reading, words

__all__ = ["CLAUSE", "drop_talk"]

_SENTENCE = re.compile(r"(?<=[!?。;])|(?<=\.)(?=\s|$)")
CLAUSE = words(
    r"([,.;!?。、]+(?!\d)|\b(?:and(?! white)|then|but|also|plus)\b|并且|而且|然后|同时|但是|不过)"
)

_REQUEST = words(
    r"\b(?:can|could|would|will|may) (?:you|we|u|i|the|it|they|my|this|that)\b|\bplease\b|\bpls\b"
    r"|\bis there (?:a|any) way\b|\bis it possible\b"
    r"|\b(?:how|what) about\b|\bwhy (?:not|don't)\b|\bwhat if\b|\b(?:shall|should) we\b|\blet's\b"
    r"|能|可以|可不可|请|麻烦|帮|好吗|行吗|好不好|行不行|怎么样|如何|要不"
)
_TELL = words(
    r"\b(?:tell|explain|describe|know|remember|recommend|suggest|help|hear|see|understand)\b"
    r"|告诉|解释|知道|说说|推荐|建议|看到|听到"
)
_ASKS = words(
    r"\?\s*$|^\s*(?:so |and |but |ok,? |hey,? )?(?:what|how|why)\b"
    r"|^\s*(?:is|are|was|were|am|does|did|do (?:you|we|i|they|the)|have (?:you|we)|has) ?\b"
    r"|[吗呢么]\s*[。!]?$|为什么|怎么(?!样)|多少|多长|几秒|是什么|什么(?:时候|意思|歌|音乐|样)"
)

_THINGS = (
    r"(?:music|sound\s?track|song|bgm|audio|volume|titles?|captions?|subtitles?|text|length"
    r"|duration|order|frame|format|aspect|ratio|transitions?|fades?|cuts?|pictures?|photos?|images?"
    r"|everything|rest|all|it|them|this|that|video|film)"
)
_ONLY = (
    r"\s+(?:only|just)\b|.{0,40}\b(?:first|second|third|last|whole|entire|throughout|until|visible"
    r"|screen|end|start|top|bottom|middle)\b"
)
_STAYS = words(
    rf"\b(?:keep|leave)\b(?!{_ONLY})(?!.{{0,30}}\b(?:un-?cropped|whole|in full|still)\b)"
    rf"[^,;.]{{0,40}}?\b{_THINGS}\b(?:\s+(?:as (?:it|they) (?:is|are"
    r"|was)"
    r"|alone|unchanged|untouched|(?:exactly )?the same|there|like (?:this|that|it is)|please))*\s*$"
    r"|\b(?:don't|do not|never|no need to|not to)\s+(?:\w+\s+)?(?:change|touch|remove|delete|cut"
    r"|alter"
    r"|edit|modify|drop|shorten|lengthen|move|swap|reverse|shuffle|make|replace|rename|turn"
    r"|mute|speed|slow|reorder|export|download|render)\b"
    r"|(?:不要|别|不用|不必|无需|不需要|勿)(?:再|去|把[^。]{0,12}?)?"
    r"(?:改|动(?!画|感)|删|去掉|移除|调|换|变|移|打乱|导出|下载|剪|碰|加快|放慢|缩短|延长)"
    r"|保持|(?<!只)保留(?!第|前|最后)|不变|原样|不动$|留着"
)
_TALK = words(
    r"^\s*(?:oh |well |hey |and )?(?:i|we|my \w+|everyone|they|people)\s+(?:\w+ly |just |also )?"
    r"(?:like|love|enjoy|adore|hate|think|thought|feel|felt|saw|watched|waited|listened)\b"
    r"(?!.{0,60}\b(?:too|should|could|would)\b)"
    r"|\b(?:is|are|looks?|sounds?|was|were|feels?)\s+(?:\w+ly |very |so |just |pretty |quite )?"
    r"(?:great|perfect|nice|good|lovely|beautiful|fine|awesome|amazing|ok|okay|wonderful|cool"
    r"|boring|ugly|bad|gorgeous|catchy)\b"
    r"|\b(?:took|takes|waited|waiting|ago|yesterday|be back|come back|hold on|hang on|brb)\b"
    r"|^\s*(?:this|it|that) is (?:for|about|from)\b|用在|用于|\b(?:minutes?|seconds?|secs?|s) of"
    r" (?!the\b|video|film|footage|music|fades?)"
    r"|\bwait\b|\bgive me .{1,20}(?:minutes?|seconds?|mins?|secs?)\s*$"
    r"|(?:等|花|耗)了|稍等|等一下|等等|刚才|昨天|以前|等我"
    r"|^(?:我|大家|朋友们?|同事们?)(?:都|很|非常|也|挺|真|好)*(?:喜欢|爱|觉得)(?!.{0,30}(?:太|应该"
    r"|要))"
    r"|(?:很|真|太|非常|挺|好|最)(?:好看|好听|棒|不错|漂亮|完美|好|美|赞|喜欢)"
)


def drop_talk(reading: Reading) -> None:
    """Take out the sentences that ask, and the clauses that ask for nothing."""
    sentences = [part for part in _SENTENCE.split(reading.text) if not _is_question(part)]
    pieces = CLAUSE.split("".join(sentences))
    # Clauses stand at the even places, what parts them at the odd ones.
    pieces[::2] = [
        "" if _STAYS.search(piece) or _TALK.search(piece) else piece for piece in pieces[::2]
    ]
    reading.text = "".join(pieces) if any(piece.strip() for piece in pieces[::2]) else ""


def _is_question(sentence: str) -> bool:
    if not _ASKS.search(sentence):
        return False
    return not _REQUEST.search(sentence) or bool(_TELL.search(sentence))
