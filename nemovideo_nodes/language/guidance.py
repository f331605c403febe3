"""The sentences by which the backend guides a person through its editor, as tables.

All patterns read text in which quotes are hidden. A row matches at the start of a clause, after
its lead-in. What a scene shows ("a hand drags a box") does not begin like that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from nemovideo_nodes.language.quotes import HIDDEN

__all__ = [
    "ANY_TRIGGER",
    "BOUNDARY",
    "BUTTONS",
    "CONTENT_LABEL",
    "CONTINUATION",
    "HEADING",
    "LEAD",
    "PANEL_NOUN",
    "POINTERS",
    "PRELUDE",
    "ROWS",
    "BackendActionKind",
    "Row",
]


class BackendActionKind(StrEnum):
    """What can be done about an instruction to operate the editor."""

    EXECUTE = "execute"
    """Do what a button does; the action's words are the button's. It would be a message."""
    MESSAGE = "message"
    """Send the edit, in the action's words."""
    STATE = "state"
    SUMMARY = "summary"
    EXPORT = "export"
    CREDITS = "credits"


@dataclass(frozen=True)
class Row:
    """A row of the table: how a clause begins that asks for `kind`."""

    name: str
    kind: BackendActionKind
    """EXECUTE is decided by the button's words: see `BUTTONS`."""
    pattern: re.Pattern[str]


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.ASCII)


_Q = rf"{HIDDEN}+"
_THE = r"(?:the|your|this|that|these|those|its|a|an|any|each|one|more|it|them|some)"
_REST = r"[^;\n]{0,160}"

ANY_TRIGGER = _words(
    r"click|tap|press|hit|push|open|drag|drop|preview|play|watch|view|scrub|export|download|button"
    r"|check|visit|go to|head|navigate|switch|manage|upgrade|top up|buy|panel|tab|timeline|menu"
    r"|select|choose|pick|点|按|打开|拖|预览|播放|导出|下载|账|充值|前往|进入|面板|按钮|时间线"
)
"""A text without any of these is shown unchanged."""

LEAD = _words(
    r"(?:(?:and|or|so|but|also|then|now|next|finally|lastly|first|second|third|afterwards|just"
    r"|simply|please|feel free to|you(?:'re| are) (?:welcome|free) to|you (?:can|could|may|might"
    r"|should|will|must|need to|have to)|you'll (?:need|want) to|all you (?:need|have) to do is"
    r"|go ahead(?: and)?|remember to|don't forget to|be sure to|make sure to|try to|either|again"
    r"|otherwise|alternatively|instead|from (?:there|here)|here|always|easily|directly|quickly"
    r"|at any time|any ?time|whenever you like|to finish|once (?:you're )?(?:done|happy|ready)"
    r")(?:\s*[,:]\s*|\s+|$)"
    r"|(?:(?:pro )?tips?|notes?|hints?|reminder|next steps?|step \d+|(?:to )?export|download"
    r"|preview)\s*:\s*"
    r"|(?:请|您|你|可以|也可以|还可以|现在|随时|即可|就可以|就能|便可|只需要?|只要|然后|再|并且?"
    r"|接着|最后|直接|先|就|也|还"
    r"|接下来|下一步|之后|满意后|完成后|完成时|确认后|确认无误后|准备好后?|后|若|记得|别忘了|如果"
    r"|需要时|都|能|去|来)[：:，,]?\s*|或者?"
    r"|(?:小?提示|导出|预览|下载|步骤[一二三\d]*)\s*[:：]\s*)++"
)
"""Words before an instruction, which are removed with it."""

_PLACE_ZH = r"(?:在?[^，。；]{0,16}?(?:中|里|上|处|角|侧|方|边|内|时|后)的?)?"
_PANEL = (
    r"\b(?:panel|tab|side ?bar|tool ?bar|menu|timeline|inspector|drop-?down|drawer|dialog(?:ue)?"
    r"|(?:media|asset|music|audio|stock|sound|effects|font|template|project) library"
    r"|(?:settings|export|preview|properties|media) window|properties|settings|editor|workspace)\b"
)
_PANEL_ZH = (
    r"(?:面板|侧边栏|侧栏|工具栏|菜单|时间线|时间轴|选项卡|标签页|设置|编辑器|素材库|媒体库|属性栏"
    r"|窗格|工作区)"
)
_ACCOUNT = (
    r"(?<!colour )(?<!color )(?<!white )(?<!end )(?<!closing )(?<!opening )"
    r"\b(?:account|billing|credits?|credit balance|balance|subscription|your plan|wallet)\b"
)
_ACCOUNT_ZH = r"(?:账户|账号|帐户|账单|余额|积分|订阅|套餐)"
_KNOWN_BUTTON = (
    r"(?:export|download|save|play|preview|generate|regenerate|apply|done|next|render|share"
    r"|publish|ok|confirm|continue|enter|return|space(?: ?bar)?|undo|redo|add|upload|settings"
    r"|upgrade|delete|create)"
)
_BUTTON_NOUN = r"(?:button|icon|key|link|option|symbol|arrow|tile|thumbnail)"

ROWS: Sequence[Row] = tuple(
    Row(name, kind, _words(pattern))
    for name, kind, pattern in (
        # Accounts before panels: "open your account settings".
        (
            "account",
            BackendActionKind.CREDITS,
            rf"(?:check|visit|review|see|view|manage|update|go to|head (?:over )?to|look at|open"
            rf"|verify|top up|upgrade|recharge|purchase|buy|get more"
            rf"|add more)\b{_REST}?{_ACCOUNT}{_REST}$",
        ),
        (
            "account, Chinese",
            BackendActionKind.CREDITS,
            rf"(?:查看|检查|查询|前往|到|进入|打开|访问|去|升级|购买|管理|看看"
            rf"|在)[^，。；]{{0,20}}?{_ACCOUNT_ZH}"
            r"[^，。；]*|(?:在[^，。；]{1,16})?充值(?:后|即可|以|来|吧|再|继续|$)[^，。；]*",
        ),
        (
            "preview",
            BackendActionKind.SUMMARY,
            rf"pre-?view\s+(?:{_THE}\b|{_Q}|how\b|what\b|everything\b){_REST}"
            r"|play(?: back)?\s+(?:it|(?:the|your)\s+(?:video|clip|timeline|result|preview|movie"
            r"|film))\b"
            rf"{_REST}|(?:watch|view|review|see|check|look at|take a look|have a look"
            rf"|look)\b(?:[^;\n]{{0,60}}?"
            rf"\b(?:in|on|from|at|inside))?\s+(?:the|your)\s+(?:\w+\s+)?(?:timeline|pre-?view"
            rf"|player)\b"
            rf"(?! of){_REST}|scrub (?:through|along|the)\b{_REST}"
            rf"|(?:drag|move) {_THE} (?:play ?head|scrubber)\b{_REST}",
        ),
        (
            "preview, Chinese",
            BackendActionKind.SUMMARY,
            r"(?:在[^，。；]{0,12}(?:时间线|时间轴|播放器|编辑器|窗口|面板)[^，。；]{0,4}?)(?:预览"
            r"|播放|查看|观看)[^，。；]*"
            r"|预览(?:一下|视频|效果|成片|它|看看)[^，。；]*|预览$|拖动(?:时间[线轴]|播放头|进度条"
            r"|指针)[^，。；]*|(?:查看|看看)时间[线轴][^，。；]*",
        ),
        (
            "export",
            BackendActionKind.EXPORT,
            rf"(?:export|download)\s+(?:{_THE}|now|from|using|by|when(?:ever)?|once|and)\b{_REST}"
            r"|(?:export|download)\s*$",
        ),
        (
            "the export button is there",
            BackendActionKind.EXECUTE,
            rf"(?:the|your)\s+(?P<button>{_Q}|export|download|render)\s+(?:button|icon|option)\s+"
            rf"(?:is|sits|can be found|will|lets|appears|in|at|on)\b{_REST}",
        ),
        (
            "export, Chinese",
            BackendActionKind.EXPORT,
            rf"{_PLACE_ZH}(?:导出|下载)(?:您的|你的|这个)?(?:视频|成片|影片|作品|文件|它)?"
            r"(?:了|吧|即可|就行|就可以了|一下|到本地|到电脑|为MP4|成MP4|\s)*$|(?:“|【"
            r"|「)?导出(?:”|】|」)?按钮(?:在|位于|就在)[^，。；]*",
        ),
        (
            "a menu's path",
            BackendActionKind.EXECUTE,
            rf"(?:go to|use|choose|select|open|click)\s+(?P<button>[\w ]{{1,30}}(?:\s*(?:>|→"
            rf"|->)\s*[\w ]{{1,30}})+){_REST}",
        ),
        (
            "click",
            BackendActionKind.EXECUTE,
            rf"(?:(?:double|right|left)-)?(?:click|tap|press|hit|push)\s+(?:down )?(?:on\s+)?"
            rf"(?:(?:the|your|that|this|a|an|any|one of the)\s+)?(?:big |blue |small |green |red )?"
            rf"(?P<button>{_Q}|here\b|(?:[\w&+/>-]+\s+){{1,3}}?(?={_BUTTON_NOUN}\b)"
            rf"|{_KNOWN_BUTTON}\b){_REST}",
        ),
        (
            "click on something",
            BackendActionKind.EXECUTE,
            rf"(?:double-|right-|left-)?click\s+(?:on\s+(?:{_THE}\s+)?"
            rf"|{_THE}\s+)(?P<button>[\w-]+){_REST}"
            rf"|click\s+(?P<name>[\w-]+(?: [\w-]+)?)\s+(?:to|in|at|from|when|under|next)\b{_REST}",
        ),
        (
            "click, Chinese",
            BackendActionKind.EXECUTE,
            rf"{_PLACE_ZH}(?:点击|单击|双击|右击|点按|轻点|点选|按下|点一下)(?!声|音|率|量|数|特效"
            rf"|动画|快门)"
            rf"(?:[^，。；]{{0,16}}?的|[左右上下顶底][侧方部边上下左右]角?)?\s*(?P<button>{_Q}"
            rf"|[^，。；\s]{{1,8}}?(?=按钮|图标|键|选项|即可|来|以|下载|开始|进行|就|并|$)"
            r"|(?:导出|下载|播放|保存|生成))[^，。；]*",
        ),
        (
            "use the button, Chinese",
            BackendActionKind.EXECUTE,
            rf"(?:使用|通过|用|找到|选择)(?:[^，。；]{{0,16}}?的)?(?P<button>{_Q}"
            rf"|[^，。；\s的]{{1,8}}?)(?:按钮|图标|键)[^，。；]*",
        ),
        (
            "use or choose",
            BackendActionKind.EXECUTE,
            rf"(?:use|select|choose|pick|find|look for|see)\s+(?:{_THE}\s+)?(?:(?P<button>{_Q}"
            rf"|(?:[\w&+/>-]+\s+){{1,3}}?(?:(?=(?:button|icon)\b)|(?:slider|handles?|controls?)\b)"
            rf"|{_KNOWN_BUTTON}\b)"
            rf"{_REST}|(?P<name>{_Q}|[\w-]+)\s+(?:in|from|on|under)\s+the\b[^,;]*?{_PANEL}{_REST})",
        ),
        (
            "open",
            BackendActionKind.STATE,
            rf"(?:open(?: up)?|go to|head (?:over )?to|navigate to|switch to|visit|expand|pull up"
            rf"|return to|check)\s+(?:(?:(?:the|your)\b|{_Q})[^,;]{{0,40}}?"
            rf"|(?:[\w&]+\s+){{0,2}}){_PANEL}{_REST}",
        ),
        (
            "edit in the panel",
            BackendActionKind.STATE,
            r"(?:adjust|change|tweak|edit|trim|modify|fine-?tune|customi[sz]e|rearrange|reorder"
            r"|move"
            rf"|resize|replace|find)\b[^,;]{{1,60}}?\b(?:in|from|using|on|via|through)\s+(?:the"
            rf"|your)\b"
            rf"[^,;]{{0,30}}?{_PANEL}{_REST}",
        ),
        (
            "open, Chinese",
            BackendActionKind.STATE,
            rf"(?:打开|前往|进入|切换到|展开|回到|使用"
            rf"|在)(?!的)(?:[^，。；]{{0,14}}?){_PANEL_ZH}(?!的)[^，。；]*",
        ),
        (
            "drag and drop",
            BackendActionKind.MESSAGE,
            r"(?:drag(?:(?:\s+(?:and|&|'?n'?)\s+|-and-|/)drop)?|drop)\s+"
            rf"(?:{_THE}\b|{_Q}|(?:to|clips?|files?|images?|photos?|titles?)\b(?!\s+\())"
            rf"(?!(?:\s+\w+){{0,3}}\s+(?:falls|falling)){_REST}",
        ),
        (
            "drag and drop, Chinese",
            BackendActionKind.MESSAGE,
            r"(?:[把将](?!手|箱|门)[^，。；]{1,20}?(?:拖拽|拖放|拖动|拖|拉)(?:到|至|进|入|出"
            r"|回)(?!了)|(?:拖拽|拖动|拖放)"
            r"(?!的|着|声))[^，。；]*",
        ),
    )
)
"""The first row that matches a clause wins."""

BUTTONS: Sequence[tuple[re.Pattern[str], BackendActionKind]] = (
    (_words(r"\b(?:export|download|render)\b|导出|下载"), BackendActionKind.EXPORT),
    (_words(r"\b(?:pre-?view|play)\b|预览|播放"), BackendActionKind.SUMMARY),
    (
        _words(r"\b(?:billing|upgrade|account|top up|credits)\b|充值|账[户单号]|升级"),
        BackendActionKind.CREDITS,
    ),
    (_words(r"\b(?:timeline|panel|tab|menu)$|面板$|时间[线轴]$|菜单$"), BackendActionKind.STATE),
)
"""Buttons that mean more than themselves, by their words; a panel's name has "panel" with it."""

PANEL_NOUN = _words(
    r"[\s\ufffc\"”】」*]*(?:tab|panel|menu|side ?bar)\b|[\s\ufffc]*(?:选项卡|面板|标签页|菜单|侧栏)"
)
"""Follows a panel's name."""

POINTERS = frozenset({"here", "it", "this", "这里", "此处", "它"})
"""Buttons without a name: what they do follows them."""

CONTINUATION = _words(
    r"(?:and |then |or )?(?:to|next to|located|which|where|so (?:that )?you|so it|at the (?:top"
    r"|bottom"
    r"|upper|lower|right|left)|in the (?:top|bottom|upper|lower|right|left|toolbar|menu|panel"
    r"|corner)"
    r"|on the (?:left|right|top|bottom)|under the|near the|right (?:next|above|below)|if you"
    r"|when you"
    r"|once you|whenever|choose|select|pick|enter|type|set|adjust|find|look for|wait|confirm|hold"
    r"|release|save|go|scroll|switch|name it|follow|and you're done|your (?:download"
    r"|export) (?:will|starts)"
    r"|the (?:download|export) (?:will|starts))\b"
    r"|(?:即可|就可以|就能|便可|再?选择|以便|查看|调整|输入|等待|确认|松开|按住|找到|位于|保存到"
    r"|然后选|再选|进行|并选|稍等|视频就会)"
)
"""Continues the instruction before it, and is removed with it."""

PRELUDE = _words(
    r"(?:(?:and|or|but|so|then|also|now)\s+)*(?:(?:once|when|whenever|if|after|as soon as|before"
    r"|until)"
    r"\b|to\s+[a-z]|for\s|in order to\b|(?:from|in|on|at|under|using)\s+(?:the|your)\b)"
    r"|(?:如果|若|如需|如要|想要?|要|当|为了|等|需要|不满意|满意|完成|确认|准备好|下一步|接下来"
    r"|觉得)[^，。；]*"
    rf"|(?:在|从)[^，。；]{{1,16}}(?:中|里|上|角|侧|面板){'$'}"
)
"""Introduces the instruction that follows it, and is removed with it."""

CONTENT_LABEL = _words(
    r"[\s*#>-]*(?:titles?|captions?|sub-?titles?|text|headline|quote|narration|voice-?over|slogan"
    r"|scene"
    r"(?: \d+)?|shot(?: \d+)?|clip(?: \d+)?|image(?: \d+)?|script|(?:opening|closing"
    r"|end) card)\**\s*[:：]"
    r"|[\s*#>-]*(?:标题|字幕|文字|文案|旁白|口号|片名|场景[一二三四五\d]*|镜头[一二三四五\d]*|片尾"
    r"|片头)\**\s*[:：]"
)
"""What follows these is content, though no quotes say so."""

HEADING = re.compile(r"[:：][\s*_]*$")

BOUNDARY = _words(
    r"\s*[;；，]\s*|,\s+|\s+[-–—]\s+|——|(?<!drag)\s+(?:and|or|but|so|then)(?: then)?\s+"
    r"(?=(?:you can |please |just |simply |also |then )*(?:click|tap|press|hit|push|open|drag|drop"
    r"|preview"
    r"|export|download|check|go to|choose|select|pick)\b)"
    r"|(?=(?:并且|并|然后|再|接着|或者?)(?:请|您|可以|在|将|把)?(?:点击|单击|打开|拖|预览|导出"
    r"|下载|选择|前往|进入))"
)
"""Where a sentence is split into clauses."""
