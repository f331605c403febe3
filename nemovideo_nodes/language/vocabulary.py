"""The words of commands, as tables: what `instructions` reads by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from nemovideo_nodes.language.folding import MASK
from nemovideo_nodes.language.quotes import HIDDEN

__all__ = [
    "COMMANDS",
    "COMPOUNDS",
    "IMPERATIVE",
    "JOINER",
    "LIST_MARK",
    "NEGATIONS",
    "OPENER",
    "POLITE",
    "REMINDERS",
    "SENTENCE_END",
    "WEAK_JOINER",
    "Command",
    "Words",
    "patterns",
]

SENTENCE_END = re.compile(r"[.!?…](?=[\s\W]|$)|[。！？\n\r]|(?<=[^\W\d])[.!?](?=[^\W\d])")
LIST_MARK = re.compile(
    r"(?m)^[ \t>]*(?:(?:[-*•–]|\d{1,2}[.)、])\s*|step \d+\s*[:：.)]?\s*"
    r"|第[一二三四五六七八九十\d]+步\s*[:：，]?)"
)
COMPOUNDS = re.compile(
    r"\b(?:(?:up|down)loads?|imports?|exports?|save)(?:ing)?\s*(?:and|&|/|or)\s*"
    r"(?:(?:up|down)load|import|export)(?:s|ing)?\b|(?:上传|下载|导入|导出)(?:和|与|及|/)(?:上传"
    r"|下载|导入|导出)",
    re.ASCII,
)
"""Two commands joined directly ("upload and download") are a topic, not commands."""

WEAK_JOINER = re.compile(r",?\s*(?:,|and|&|\+|plus|or|后|之后|以后)")
JOINER = re.compile(
    r"\s*[,，;；]\s*(?:(?:and then|then|afterwards|after that|but|and|or)\b\s*)?"
    r"|\s+(?:and then|then|afterwards|after that|but|and|&|plus|or|\+|-|–)\s+|\s*—+\s*"
    r"|然后|接着|随后|最后|并且|但是?|再|(?<!合)并|(?<!合)(?:之后|以后)(?!的)"
    r"|(?<=[一-龥])后(?![的面来期台续])"
)
"""Where a sentence is split into clauses."""

OPENER = re.compile(
    r"\b(?:how to|says?|saying|titled|called|named|reads?|reading|label(?:l?ed|s)?|captioned"
    r"|words?|buttons?|icons?|text)\b"
    r"|写着|写上|标题[是为叫]|题为|名为|叫做?|按钮|图标|如何|口号",
    re.ASCII,
)
"""Introduces content that is not in quotes."""

NEGATIONS = re.compile(
    r"\b(?:don'?t|do not|not?|never|without|no need to|stop|cancel|hold off on|wait with|skip"
    r"|yet|any|anything)\b"
    r"|先?不[要用必需]|先?别|先不|暂(?:时)?不?[要用必需]?|无需|不必|不想|还不|停止|取消",
    re.ASCII,
)
IMPERATIVE = re.compile(
    r"(?:please|can|could|i|we|let's|just|also|then|now|make|create|add|put|turn|use|change|set"
    r"|remove|delete|trim|cut|crop|speed|slow|replace|insert|apply|edit|generate|build|produce"
    r"|animate|include|give|keep|let|start|do|try|fix|write|show|tell|send|go|render|mix|blend"
    r"|shorten|extend|convert|combine|stitch|merge|export|download|upload)\b"
    r"|[请帮把将给用做加改换去剪配发调设删移放插生制]|告诉",
    re.ASCII,
)
"""Begins a request of its own."""


@dataclass(frozen=True)
class Words:
    """A vocabulary: English words, and Chinese ones, which are written without spaces."""

    english: frozenset[str]
    chinese: frozenset[str]

    @classmethod
    def of(cls, english: str, chinese: str, *more: Words) -> Words:
        """The vocabulary of words written with spaces, and of the vocabularies in `more`."""
        return cls(
            frozenset(english.split()).union(*(words.english for words in more)),
            frozenset(chinese.split()).union(*(words.chinese for words in more)),
        )

    def cover(self, text: str) -> bool:
        """Whether `text` has no word but these."""
        return all(self._knows(token) for token in _TOKEN.findall(text))

    def _knows(self, token: str) -> bool:
        if _CHINESE.match(token):
            return bool(self._chinese.fullmatch(token))
        return token in self.english

    @cached_property
    def _chinese(self) -> re.Pattern[str]:
        longest_first = sorted(self.chinese, key=lambda word: (-len(word), word))
        # Atomic: a long text is read once, never over again.
        return re.compile(rf"(?>{'|'.join(longest_first)})++")


_TOKEN = re.compile(rf"[一-龥]+|[{HIDDEN}]+|[{MASK}\ufffe]|[^\W_一-龥](?:[^\W_一-龥]|'(?=\w))*|_+")
_CHINESE = re.compile(r"[一-龥]")


class Searchable(Protocol):
    """A pattern, or forms that become one."""

    def search(self, text: str, /) -> re.Match[str] | None: ...


@dataclass(frozen=True)
class Command:
    """One row of the table: what triggers it, and the words that may be used around that."""

    name: str
    is_verb: bool
    triggers: tuple[re.Pattern[str], ...]
    """Each of them triggers the command by itself."""
    plain: re.Pattern[str]
    """What makes a command more than a bare word ("export" against "export it")."""
    words: Words
    certain: Sequence[Searchable] = ()
    """Each decides alone, whatever else the piece says."""
    only_asks: bool = False
    """A question in other words than the command's own: a request beside it takes precedence."""
    with_request: re.Pattern[str] | None = None
    """The command, together with requests that its vocabulary does not know."""

    def asks(self, text: str) -> bool:
        return any(trigger.search(text) for trigger in self.triggers)

    def is_certain(self, text: str) -> bool:
        return any(one.search(text) for one in self.certain)

    def is_plain(self, text: str) -> bool:
        return bool(self.plain.search(text))


def patterns(texts: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    """Compiled triggers."""
    # ASCII, so that a Chinese character beside an English word ends the word.
    return tuple(re.compile(pattern, re.ASCII) for pattern in texts)


POLITE = Words.of(
    "please pls plz kindly can could would will may u you i i'd i'll we we'd we'll let let's lets "
    "me us my for to want need wanna would like love go ahead ok okay k alright great perfect good "
    "nice cool awesome amazing wonderful lovely fine thanks thank thx ty cheers hi hey hello dear "
    "now right just simply asap immediately so also finally next first lastly well done it's its "
    "it that this that's is the a an quickly again already yes yeah yep sure looks look looking "
    "then and with happy satisfied sounds all very really much here i'm time ready help possible "
    "if when once after as "
    "soon there quick question checking curious wondering rn",
    "请 请问 麻烦 你 您 帮 帮我 帮忙 给我 可以 可不可以 能 能不能 能否 我 我们 我想 我要 想 想要 "
    "需要 现在 马上 立刻 立即 "
    "问 问一下 想问 想问一下 请教 "
    "好 好的 好了 很好 行 嗯 那 那么 就 直接 一下 快 赶紧 赶快 先 顺便 吧 啊 呀 呢 吗 嘛 哦 哈 了 "
    "谢谢 多谢 感谢 "
    "你好 您好 没问题 不错 完美 满意 太棒了 可以了 行了 就行 就好 即可 也 都 是 有 看 一定 务必 "
    "要 会 下 来 去 的话 没 然后 "
    "这样 完成 这 那个",
)
"""Words that request nothing by themselves."""

REMINDERS = re.compile(
    r"\b(?:(?:don'?t|do not) forget (?:to|the)|remember to|(?:make|be) sure (?:to|you))\b"
    r"|别忘(?:了|记)|不要忘(?:了|记)|记得",
    re.ASCII,
)
"""They look like refusals, and are requests."""

_VIDEO = (
    "video videos movie film clip file files result results output version versions copy cut edit "
    "project final finished full complete completed whole edited new latest current rendered"
)
_VIDEO_ZH = (
    "视频 影片 片子 成片 短片 文件 结果 成品 作品 项目 版本 这个 我的 最终 最终的 最后 做好 "
    "做好的 完整 完整的 的 把 将 它"
)

_EXPORT = r"\b(?:export(?:ing|s)?|exprot|download(?:ing|s)?|donwload|dowload)\b|导出|下载"
_EXPORTED = r"(?!.*(?:可以|能)).*(?:导出|下载)(?:好|完|完成)?了(?:吗|没)"
_DEFINITE = r"(?:\b(?:it|this|that|them|everything|the|my|our|link|mp4|files?|copy|video)\b)"
_THAT_ONE = rf"(?!.*\ban? (?:new )?(?:video|movie|film|clip)\b)(?=.*{_DEFINITE})"

COMMANDS = (
    Command(
        name="export",
        is_verb=True,
        triggers=patterns(
            (
                # "Has it been exported?" asks for the state.
                rf"^(?!(?:is|has|was|did|why)\b|为什么)(?!{_EXPORTED})(?=.*(?:{_EXPORT}))",
                # "Give me a video" is a request: what is sent must exist.
                rf"\b(?:give|get|hand|share|forward|mail)\b(?=.*\b(?:me|us)\b){_THAT_ONE}",
                rf"\b(?:send|email|deliver)\b{_THAT_ONE}",
                r"\bget\b(?=.*\b(?:the|my|our|this)\b).*"
                r"\b(?:video|movie|film|clip|file|mp4|result)(?: now| please)*$",
                rf"\b(?<!how much you )(?<!how much we )(?:save|render)\b(?=$|.*{_DEFINITE})",
                r"^(?:(?:the|my|a|an|final|full|hd) )*(?:mp4|video file)\b",
                r"\b(?:have|like|want|need)\b.*\b(?:mp4|file)\b",
                r"\b(?:have|see|show me)\b.*\b(?:the|my) (?:final |finished )?(?:video|movie|film"
                r"|result)$",
                r"发(?:给)?我|传(?:给)?我|给我(?:成片|视频|文件|链接)|(?:保存|存)到|(?:保存|输出"
                r"|渲染)(?:视频|成|为|它)",
            )
        ),
        plain=re.compile(
            rf"{_DEFINITE}|\b(?:send|give|as|in|at|mp4|please)\b|视频|影片|成片|片子|它|发|传|成"
            rf"|为|保存",
            re.ASCII,
        ),
        words=Words.of(
            "export exporting exprot download downloading donwload dowload send email mail give "
            "hand forward deliver share get show see save render link over back have am do does "
            "how where "
            "timeline as in at with without of each and from on only everything them any mp4 mov "
            "h264 hd uhd 4k "
            "2k 1080p 720p high highest best max maximum quality resolution format computer laptop "
            "desktop phone disk drive device local folder inbox watermark ready start run begin "
            f"are soon by {HIDDEN} {_VIDEO}",
            "导出 下载 下来 下载下来 出来 发给我 发我 传给我 传我 发给 链接 保存 存 保存到 存到 "
            "输出 渲染 成 为 到 "
            "电脑 手机 本地 桌面 高清 超清 原画 格式 画质 最高 最高画质 怎么 如何 哪里 在哪里 "
            "在哪 在哪儿 哪 从哪里 等 "
            f"给 再 一次 一个 一份 要 全部 开始 按钮 点 点击 按 {_VIDEO_ZH}",
            POLITE,
        ),
        with_request=re.compile(
            r"^(?:(?:please|now|ok|okay|can you|could you|just|and|then|also) )*"
            r"(?:export|download|send me)(?: it| this| that| everything"
            r"|(?: the| my| our| this| that)(?: (?:final|finished|new|whole))?"
            r" (?:video|movie|film|clip|file|result|version))"
            r" (?:as|in|with|without|at|to|into|for|but|using|after|before)\b"
            r"|^请?导出(?:时|的时候)|^请?(?:帮我)?[把将](?:这个|我的)?(?:视频|影片|成片|片子"
            r"|它)(?:导出|下载|输出)[成为]",
            re.ASCII,
        ),
    ),
    Command(
        name="credits",
        is_verb=False,
        triggers=patterns((r"\bcredits?\b|\bbalance\b|\bbilling\b|积分|余额",)),
        plain=re.compile(
            r"\b(?:how|what|what's|whats|check|my|left|remaining|tell|enough|have|account|top"
            r"|buy)\b"
            r"|多少|查|看|够|还|我的|几",
            re.ASCII,
        ),
        words=Words.of(
            "credits credit balance billing account how many much do does have has got i've left "
            "remaining remain available what what's whats are there enough any out of run am check "
            "show see tell view get give current in on use used cost costs take more still top up "
            "buy purchase recharge ran and know wonder wondering",
            "积分 余额 账户 账号 帐户 我的 多少 还有 还剩 剩 剩余 剩下 够 够吗 够不够 用 可用 "
            "用完 查 查一下 查询 查看 看看 "
            "看一下 告诉我 显示 几 还 的 充值 个 没有 怎么办 当前 目前 里 和",
            POLITE,
        ),
        certain=patterns(
            (
                r"^how (?:many|much) credits?\b|(?:要|需要|花费?|消耗)(?:多少|几个?)积分$",
                r"^do i (?:have|need) (?:enough |more |any )?credits?\b",
            )
        ),
    ),
    Command(
        name="state",
        is_verb=False,
        triggers=patterns(
            (
                r"\b(?:status|state|progress|timeline|tracks?)\b|状态|进度|时间线|时间轴|轨道",
                r"^(?:(?:so|and|ok|hey|hi|now) )*(?:is|are)\b.*\b(?:done|ready|finished"
                r"|complete)\b",
                r"\bhow(?:'s| is| are) (?:it|things) going\b|\bhow (?:long|far) .*\b(?:is|are)\b",
                r"\bwhat.* so far$|\bwhere(?: is|'s)\b.*\b(?:it|video)\b|\b(?:list|what|which"
                r"|how many)\b.*\bclips\b",
                r"^(?:is|has|was)\b.*\b(?:exported|rendered|downloaded)\b|^(?:is"
                r"|has)\b.*\bexport\b",
                rf"{_EXPORTED}|预览|效果$|(?:视频|片子)在哪",
                r"\bwhat (?:have|did) you (?:done|do|made|make|got)\b|\bwhat do (?:we"
                r"|i) have so far",
                r"\b(?:let me see|preview|show me a preview)\b",
                r"(?:做好|弄好|好|完成|做完)了?(?:吗|没|没有|么)$|做到哪|到哪一?步|(?:现在"
                r"|视频)有?多长",
            )
        ),
        plain=re.compile(
            r"\b(?:show|list|what|what's|whats|which|how|how's|is|check|see|view|give|display"
            r"|tell)\b"
            r"|什么|哪|看|显示|查|吗|没|怎么样|多长|几",
            re.ASCII,
        ),
        words=Words.of(
            "status state progress timeline track tracks update updates what what's whats which "
            "whose are there on of in do does have has we show list see view check display tell "
            "give get currently how how's long far along going far yet been made did got "
            "happening clips "
            f"clip titles export download render preview things many with and where exported "
            f"downloaded been 1 2 3 4 5 {_VIDEO}",
            "状态 进度 时间线 时间轴 轨道 上 里 什么 哪些 哪一步 哪 哪里 到 做 做到 做好了 弄好了 "
            "完成了 做完了 没有 么 "
            "怎么样 怎样 如何 显示 查看 查 看看 看一下 告诉我 列出 所有 全部 当前 目前 多长 多久 "
            "几个 "
            "几 个 段 片段 预览 效果 在 在哪 多少 还 和 导出 "
            f"给我看 给我看看 给我看一下 {_VIDEO_ZH}",
            POLITE,
        ),
    ),
    Command(
        name="upload",
        is_verb=True,
        triggers=patterns((r"\bupload(?:ing)?\b|上传",)),
        plain=re.compile(
            rf"\b(?:photos?|images?|pictures?|pics?|files?|attach\w*|videos?|clips?|i|how|my)\b"
            rf"|图|照片|文件|附件|素材|音乐|我要|怎么|{MASK}|{HIDDEN}",
            re.ASCII,
        ),
        words=Words.of(
            "upload uploading these those some few more another other attached attachment "
            "attachments photo photos image images picture pictures pic pics logo media song "
            "music audio asset assets from of how do does where here's are two three four five "
            f"both and with {MASK} {HIDDEN} {_VIDEO}",
            "上传 图 图片 图像 照片 文件 附件 素材 音乐 视频 资料 这些 这几张 几张 这张 这 张 些 "
            "几个 一些 我的 和 与 怎么 "
            "如何 在哪 哪里 新 新的 的 个 把 将 两张 三张",
            POLITE,
        ),
    ),
)
"""The table. The first command that covers a piece wins."""
