"""Sentences that only ask, as tables: they read the balance or the state, and cost nothing.

A question about anything else ("what makes our coffee special?") may be the subject of a video, and
stays a message; so does a request in the form of a question ("can you make it brighter?").
"""

from __future__ import annotations

import re
from typing import Final

from nemovideo_nodes.language.vocabulary import POLITE, Command, Words, patterns

__all__ = ["QUESTIONS"]

_LEAD: Final = (
    r"^(?:(?:so|and|ok|okay|well|but|hey|hi|hello|now|please|also|then|just|i wonder"
    r"|(?:i|we)(?:'d| would)? (?:want|like|need) to know|(?:i'm|i was|just) wondering"
    r"|do you know|(?:can|could|would|will) you (?:please )?tell (?:me|us)|tell (?:me|us)) )*"
)
_SUBJECT: Final = (
    "(?:it|this|that|these|those|they|we|you|i|the|my|our|your|there|all|everything|anything"
    "|something|music|both)"
)
_VIDEO: Final = (
    "video videos movie film clip clips file timeline track tracks scene scenes shot shots slide "
    "slides picture pictures photo photos image images pic pics music song soundtrack audio sound "
    "title titles caption captions subtitle subtitles text texts transition transitions effect "
    "effects second seconds minute minutes frame frames format ratio aspect size resolution length "
    "duration orientation version project edit edits draft export render"
)
_VIDEO_ZH: Final = (
    "视频 影片 片子 成片 短片 时间线 时间轴 轨道 片段 镜头 场景 图片 照片 图 素材 音乐 歌 歌曲 "
    "背景音乐 配乐 声音 标题 字幕 文字 转场 特效 秒 分钟 画幅 比例 尺寸 分辨率 格式 时长 版本 草稿"
)

QUESTIONS: Final = (
    Command(
        name="credits",
        is_verb=False,
        only_asks=True,
        triggers=patterns(
            (
                _LEAD + r"how (?:many|much)\b.*\b(?:left|remain|remains|remaining|cost|costs|spent"
                r"|spend|used up|pay|paid)\b",
                _LEAD + r"(?:what's|whats|what is) (?:still )?(?:left|remaining)$",
                _LEAD + r"(?:any |my )?quota(?: is)?(?: still)? (?:left|remaining)$",
                _LEAD + r"what (?:did|does|do|will|would|has) .*\bcost\b",
                _LEAD + r"(?:do|have) (?:i|we)\b.*\b(?:any|some|enough) left$",
                _LEAD + r"(?:can|could) (?:i|we) (?:still )?afford\b",
                _LEAD + r"do (?:i|we) (?:need|have) to pay\b|" + _LEAD + r"(?:what|which) plan\b",
                r"(?:剩|剩下|剩余|余下|花|花费|用|用掉|消耗)了?(?:我|我们)?(?:多少|几)"
                r"|还有多少(?:次|点|钱|额度|配额)?(?:了|呢|吗)?$|多少(?:钱|次)|够不够|够吗$"
                r"|还能做(?:几|多少)",
            )
        ),
        plain=re.compile(""),
        words=Words.of(
            "how many much left remain remains remaining cost costs spent spend used up pay paid "
            "what what's whats did do does has have had will would still any some enough can could "
            "afford another one more video videos that this it all edit edits message messages "
            "render run so far are there in total altogether credit credits been got we've i've "
            "next time quota my on account balance know wonder wondering tell need plan am",
            "额度 配额 "
            "剩 剩下 剩余 余下 花 花费 用 用掉 消耗 多少 几 还有 还剩 还能 还要 钱 次 点 够 不够 "
            "够不够 个 条 段 一个 一条 一次 我们 总共 一共 已经 这次 这个 这条 视频 做 积分 余额 "
            "到现在 到目前为止",
            POLITE,
        ),
    ),
    Command(
        name="state",
        is_verb=False,
        only_asks=True,
        triggers=patterns(
            (
                _LEAD + r"(?:what|what's|whats|which|how|how's|hows|where|where's|when's)\b"
                r"(?!(?: about| if| to| come)\b)",
                _LEAD + r"when (?:is|are|will|do|does|did|can)\b",
                _LEAD + r"why\b(?! (?:not|don't|doesn't|can't|won't)\b)",
                # "Do it" and "have music" are no questions: these want somebody to ask about.
                _LEAD + rf"(?:(?:is|are|was|were|did)(?:n't)? {_SUBJECT}"
                r"|(?:do|have)(?:n't)? (?:you|we|i|they)|(?:does|has)(?:n't)? (?:it|this|that|the"
                r"|my|our|everything|anything|all))\b(?!.*\bpossible\b| know$)",
                _LEAD + r"(?:any|anything|still)\b.*\b(?:new|news|progress|changes?|updates?|done"
                r"|ready|working|there|running)$",
                _LEAD + r"(?:(?:let me|can i|could i|may i|i want to|i'd like to) )?(?:show|see"
                r"|tell|list|check)(?: (?:me|us))? (?:what|what's|whats|which|how)\b",
                _LEAD + r"(?:can|could|may) (?:i|we) (?:see|look at|check) (?:the|my|our)\b"
                r"(?!.*\b(?:as|with|without|in|like|again)\b)",
                _LEAD + r"(?:(?:can|could|may) (?:i|we) see (?:it|this|that)|show (?:me|us))$",
                r"^(?:(?:please|hey|hi) )*(?:can|could|would|will) you (?:please )?(?:tell"
                r"|check)(?: (?:me|us|for me))? (?:what|what's|which|how|if|whether|the|my|our)\b"
                r"(?!.*\bpossible\b)",
                r"^(?:(?:is|are) )?(?:it |we |you |all |everything )?(?:done|ready|finished"
                r"|complete)(?: yet| now| already)?$",
                r"^(?:(?:give|send|show|tell) (?:me|us) )?(?:an? )?(?:quick |short )?updates?$",
                r"^(?:duration|length|resolution|aspect ratio)$",
                # "Any length will do" is a requirement, and "can you use my pictures?" a request.
                r"^(?!.*都(?:可以|行|好|没))(?!请?(?:你|您)?(?:能|可以|可不可以|可否))"
                r".*(?:怎么样|怎样|啥|什么|哪|几[个张段秒条首]|多长|多久|多少|如何了|[吗没][啊呀]?$"
                r"|没有[啊呀]?$|有没有|是不是|好没好|(?:进展|进度|情况|效果)如何|是.+还是|链接呢$)",
                r"^请?(?:我?(?:能|可以|可不可以|能不能|让我|给我))(?:让我|给我|我)?看",
            )
        ),
        plain=re.compile(""),
        words=Words.of(
            "what what's whats which how how's hows where where's when when's why is are was were "
            "isn't aren't has have hasn't haven't had did didn't does doesn't do i've we've you've "
            "they've any anything something everything still show see tell list check in on of at "
            "inside there here them they and or with not yet so far already currently going along "
            "happening happened happen changed change changes added add done do doing made make "
            "finished finish ready complete completed worked work working running playing played "
            "used use using got get been be being else new news progress update updates state "
            "know wonder wondering whether say says said written read font fonts colour color "
            "missing wrong went received receive upload uploaded longer take takes taking "
            "rendering file files loop loops vertical horizontal portrait landscape square loud "
            "link logo quick an give send check if me us for about "
            "status look looks like many much long short big old fast slow left few each every "
            f"all one ones order first last current between only exactly thing things my your our "
            f"can could may moment right its {_VIDEO}",
            "现在 当前 目前 是 是不是 什么样 什么样子 怎么样 怎样 啥样 样子 啥 什么 "
            "做成什么样 做成啥样 做得怎么样 做的怎么样 做什么 做了什么 做了哪些 做到 "
            "做到哪 做到哪里 变成什么样 里 里面 里头 上 中 都 有 没有 有没有 哪 哪些 "
            "哪个 哪几个 哪几张 哪里 哪一步 几 几个 几张 几段 几秒 几条 几首 多少 "
            "多长 多长时间 多久 时间 还 还要 还需要 还剩 需要 用 用了 加了 添加了 "
            "改了 改动 变 变了 变化 更新 进展 进度 状态 情况 好 好了 好了没 没 没好 "
            "做好 做好了 做完 做完了 完成了 结束 结束了 生成好了 等 等多久 吗 呢 么 "
            "的 叫 叫什么 看看 看 看一下 显示 告诉我 列出 它 这个 我的 个 张 段 条 "
            "首 在 到 "
            "什么时候 写 写的 写了 写着 说 说的 一共 总共 收到 收到了 还是 竖屏 横屏 竖版 横版 "
            "画面 大小 刚才 刚刚 为什么 这么 慢 出错 出错了 出问题了 如何 链接 让我 看下 上传 "
            "上传了 目前的 现在的 "
            f"{_VIDEO_ZH}",
            POLITE,
        ),
    ),
)
"""Tried after the commands; the first row that covers a piece wins."""
