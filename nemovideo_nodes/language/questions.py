"""Sentences that only ask, as tables: they read the balance or the state, and cost nothing.

A question about anything else ("what makes our coffee special?") may be the subject of a video, and
stays a message; so does a request in the form of a question ("can you make it brighter?").
"""

from __future__ import annotations

import re
from typing import Final

from nemovideo_nodes.language.question_forms import ABOUT_COST, ABOUT_VIDEO, LEAD, VIDEO
from nemovideo_nodes.language.vocabulary import POLITE, Command, Words, patterns

__all__ = ["QUESTIONS"]

_SUBJECT: Final = (
    "(?:it|this|that|these|those|they|we|you|i|the|my|our|your|there|all|everything|anything"
    "|something|music|both)"
)
_NO_TITLE: Final = r"^(?!(?:how|what|where|why) (?:it's|it is|we|you|they|i)\b)"
"""'How it's made' and 'why we do it' are titles: a question has its verb first."""
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
                LEAD + r"how (?:many|much)\b.*\b(?:left|remain|remains|remaining|cost|costs|spent"
                r"|spend|used up|pay|paid)\b",
                LEAD + r"(?:what's|whats|what is) (?:still )?(?:left|remaining)$",
                LEAD + r"(?:any |my )?quota(?: is)?(?: still)? (?:left|remaining)$",
                LEAD + r"what (?:did|does|do|will|would|has) .*\bcost\b",
                LEAD + r"(?:do|have) (?:i|we)\b.*\b(?:any|some|enough) left$",
                LEAD + r"(?:can|could) (?:i|we) (?:still )?afford\b",
                LEAD
                + r"do (?:i|we) (?:need|have) to pay\b|"
                + LEAD
                + r"(?:what|which|what's my) plan\b",
                r"(?:剩|剩下|剩余|余下|花|花费|用|用掉|消耗)了?(?:我|我们)?(?:多少|几)"
                r"|还有多少(?:次|点|钱|额度|配额)?(?:了|呢|吗)?$|多少(?:钱|次)|够不够|够吗$"
                r"|还能(?:再)?(?:做|改|用|生成|导出)(?:几|多少|多久)|贵不贵|(?:收费|免费|扣积分"
                r"|花钱"
                r"|要钱)的?吗$|几个?积分|多少积分|够吗$|怎么(?:收费|充钱|充值)|(?:如何|怎样)充值"
                r"|^能?退款吗?$|(?:扣|收)了?(?:我)?(?:多少|几)|(?:价格|费用|收费标准)(?:是"
                r"|要)?(?:多少"
                r"|怎么算|什么)?$|(?:套餐|会员|积分|余额|额度).*(?:什么|怎么|到期|过期|哪)",
            )
        ),
        plain=re.compile(""),
        certain=ABOUT_COST,
        words=Words.of(
            "how many much left remain remains remaining cost costs spent spend used up pay paid "
            "what what's whats did do does has have had will would still any some enough can could "
            "afford another one more video videos that this it all edit edits message messages "
            "render run so far are there in total altogether credit credits been got we've i've "
            "money next time quota my on account balance know wonder wondering tell need plan am",
            "额度 配额 "
            "剩 剩下 剩余 余下 花 花费 用 用掉 消耗 多少 几 还有 还剩 还能 还要 钱 次 点 够 不够 "
            "够不够 个 条 段 一个 一条 一次 我们 总共 一共 已经 这次 这个 这条 视频 做 积分 余额 "
            "到现在 到目前为止 会 要 再 改 修改 编辑 生成 导出 贵 贵不贵 收费 免费 "
            "扣 扣积分 花钱 要钱 价格 费用 收费标准 怎么算 套餐 会员 到期 过期 充值 怎么 什么 "
            "什么时候 哪个 哪种 收 还够 充钱 退款 如何 怎样 音乐 标题 字幕 多久 的 每次 每个",
            POLITE,
        ),
    ),
    Command(
        name="state",
        is_verb=False,
        only_asks=True,
        triggers=patterns(
            (
                _NO_TITLE
                + LEAD
                + r"(?:what|what's|whats|which|how|how's|hows|where|where's|when's)\b"
                r"(?!(?: about| if| to| come)\b)(?!.*\byou (?:want|like|love|prefer)\b)",
                LEAD + r"when (?:is|are|will|do|does|did|can)\b",
                _NO_TITLE + LEAD + r"why\b(?! (?:not|don't|doesn't|can't|won't)\b)",
                # "Do it" and "have music" are no questions: these want somebody to ask about.
                LEAD + rf"(?:(?:is|are|was|were|did)(?:n't)? {_SUBJECT}"
                r"|(?:do|have)(?:n't)? (?:you|we|i|they)|(?:does|has)(?:n't)? (?:it|this|that|the"
                r"|my|our|everything|anything|all))\b"
                r"(?!.*\b(?:possible|(?:ok|okay|fine|alright) (?:to|if))\b| know$)",
                LEAD + r"(?:(?:any|anything|still)|got anything)\b.*\b(?:new|news|progress|changes?"
                r"|updates?|done|ready|working|there|running|yet|luck|so far)$",
                LEAD + r"(?:(?:let me|can i|could i|may i|i want to|i'd like to) )?(?:show|see"
                r"|tell|list|check)(?: (?:me|us))? (?:what|what's|whats|which|how)\b",
                LEAD + r"(?:can|could|may) (?:i|we) (?:see|look at|check) (?:the|my|our)\b"
                r"(?!.*\b(?:as|with|without|in|like|again)\b)",
                LEAD + r"(?:(?:can|could|may) (?:i|we) see (?:it|this|that)|show (?:me|us))$",
                LEAD + r"(?:(?:can|could|may) (?:i|we) |let (?:me|us) )(?:watch|(?:have|take) a"
                r"(?: quick)? look(?: at)?)(?: (?:it|this|that|the \w+))?(?: now| already| yet)?$",
                r"^can you see (?:my|the|our|all)\b",
                r"^tell (?:me|us) more$",
                r"^(?:please )?(?:give|send|show) (?:me|us) an? (?:\w+ )?(?:summary|report)$",
                r"^(?:(?:the|your) )?(?:(?:status|progress) report|eta|summary)$",
                r"^(?:is |are )?(?:all|everything)(?: still)? (?:good|ok|okay|fine|alright|well)$",
                r"^(?:(?:please|hey|hi) )*(?:can|could|would|will) you (?:please )?(?:tell"
                r"|check)(?: (?:me|us|for me))? (?:what|what's|which|how|if|whether|the|my|our)\b"
                r"(?!.*\bpossible\b)",
                r"^(?:(?:is|are) )?(?:it |we |you |u |all |everything )?(?:almost |nearly )?"
                r"(?:done|ready|finished|complete)(?: yet| now| already)?$",
                r"^(?:(?:give|send|show|tell) (?:me|us) )?(?:an? )?(?:quick |short )?updates?$",
                r"^(?:duration|length|resolution|aspect ratio)$",
                # "Any length will do" is a requirement, and "can you use my pictures?" a request.
                r"^(?!.*都(?:可以|行|好|没))(?!请?(?:你|您)?(?:能|可以|可不可以|可否))"
                r".*(?:怎么样|怎样|咋样|多大|几点|啥|什么|哪|几[个张段秒条首]|多长|多久|多少"
                r"|如何了|[吗没][啊呀]?$"
                r"|没有[啊呀]?$|有没有|是不是|好没好|(?:进展|进度|情况|效果)如何|是.+还是|链接呢$)",
                r"(?:完|成功|好|搞定)了?(?:吗|没|没有|么)$",
                r"^(?:为什么|为啥|怎么)(?:视频|画面|音乐|声音|标题|字幕|图片|它)?(?:会|还|都"
                r"|就)*(?:这么|那么|没|没有|不|失败|出错|失败了)",
                r"^你(?:能|会|可以)做(?:些|哪些|点)?(?:什么|啥)$|^告诉我.*(?:时长|长度|进度|状态"
                r"|比例)$",
                r"^请?(?:帮我)?(?:描述|总结|汇报|列出|说说|说明|看)一?下?(?:当前|现在|目前|所有|全部"
                r"|视频|你|时间线|片段|进度|状态|情况|的)",
                r"^请?(?:帮我)?(?:打开|展示|更新)一?下?(?:当前|现在|目前)?的?(?:时间线|轨道|进度|状态"
                r"|情况)$",
                r"^请?(?:展示|描述|总结|汇报)一下$",
                r"^请?(?:我?(?:能|可以|可不可以|能不能|让我|给我))(?:让我|给我|我)?看",
            )
        ),
        plain=re.compile(""),
        certain=ABOUT_VIDEO,
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
            "remind mind telling almost nearly screen watch have luck eta broken okay good "
            "summary report more mean find got color background "
            "status look looks like many much long short big old fast slow left few each every "
            f"all one ones order first last current between only exactly thing things my your our "
            f"can could may moment right its {VIDEO}",
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
            "上传了 目前的 现在的 弄 弄好 弄完 弄完了 搞定 搞定了 渲染 渲染完 渲染好 完 完了 "
            "进行 进行到 配的 用的 名字 谁 唱 唱的 颜色 字体 风格 节奏 画质 清晰度 "
            "成功 失败 失败了 怎么 还没 不 展示 所有 全部 描述 总结 汇报 说说 说明 你做了什么 "
            "改了什么 这么暗 这么亮 这么糊 这么模糊 这么大声 这么小声 这么吵 这么快 这么短 这么大 "
            "这么小 这么卡 这么长 一样 生成 导出 都用上 用上 用上了 "
            "效果 横的 竖的 "
            "问题 这样 咋样 搞好 搞好了 几点 几点能好 预计 大概 剩下 文件 出来 开始 开始了 版权 "
            "对 地方 到底 内容 些 长度 打开 图 第二张 第一张 第三张 支持 下载 下载好 多大 "
            f"{_VIDEO_ZH}",
            POLITE,
        ),
    ),
)
"""Tried after the commands; the first row that covers a piece wins."""
