"""The words of the reports, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from nemovideo_nodes.language.changes import language_of
from nemovideo_nodes.language.state_words import STATE_WORDS
from nemovideo_nodes.ledger.conversation import conversation
from nemovideo_nodes.ledger.facts import Order
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.request.steps import STEP_KINDS

__all__ = [
    "LANGUAGES",
    "WORDS",
    "counted_words",
    "duration",
    "language_of_order",
    "language_of_run",
    "size",
]

LANGUAGES: Final = ("en", "zh")

_ENGLISH: Final = {
    # One run
    "run": "Run",
    "video": "Video",
    "videos": "Videos",
    "no_video": "There is no video yet.",
    "play": "Video {}",
    "frames": "Frames of the video, in their order",
    "poster": "A frame of the video",
    "platforms": "Platforms",
    "checks": "Checks",
    "check_ok": "met",
    "check_broken": "not met",
    "check_unknown": "not checked",
    "all_met": "All {} rules are met.",
    "rendition": "Fitted into the frame here ({})",
    "original": "The file as the service made it",
    "post_title": "Title",
    "caption": "Caption",
    "hashtags": "Hashtags",
    "alt_text": "Alternative text",
    "link": "Link",
    "subtitles": "Subtitles",
    "timeline": "Timeline",
    "timeline_of": "Timeline of {} seconds, drawn to scale",
    "timeline_table": "The timeline as a table",
    "track": "Track",
    "track_video": "Video",
    "track_audio": "Audio",
    "track_text": "Text",
    "track_other": "Other",
    "shows": "Shows",
    "from_to": "Seconds",
    "conversation": "Instructions and replies",
    "you": "You",
    "service": "Service",
    "nothing_said": "No reply yet.",
    "steps": "Steps",
    "steps_scale": "{} from the first entry to the last.",
    "legend_work": "at work",
    "legend_wait": "waiting",
    "legend_failed": "refused",
    "legend_pause": "pause, drawn short",
    "waited": "waited {}",
    "tries": "{} tries",
    "failures": "{} failed renders",
    "refusals": "{} refusals",
    "not_yet": "not yet",
    "step_failed": "stopped",
    "more_steps": "{} more steps are not shown.",
    "credits": "Credits",
    "credits_own": "Spent by this run itself",
    "credits_own_unknown": "not known: the service reports only the balance of the account",
    "credits_estimate": "Estimated from the documented costs",
    "credits_account": "The account went down meanwhile, whoever spent it",
    "credits_before": "Account before",
    "credits_after": "Account after",
    "unknown": "not known",
    "made_from": "Made from",
    "name": "Name",
    "bytes": "Size",
    "digest": "SHA-256",
    "left_out": "Left out",
    "approvals": "Approvals",
    "handed_over": "Handed over",
    "target": "To",
    "where": "Where",
    "handed_draft": "draft",
    "handed_scheduled": "scheduled",
    "handed_copied": "copied",
    "handed_taken": "taken",
    "storyboard": "What is to be approved, in pictures",
    "preview": "Preview",
    "answer_until": "There has to be an answer by {}.",
    "when_said": "When",
    "stage": "Stage",
    "said": "Said",
    "who": "Who",
    "nobody": "nobody answered in time",
    "seen": "of what has the digest",
    "stage_before_paying": "before paying",
    "stage_before_export": "before the export",
    "stage_before_handover": "before the hand-over",
    "word_approve": "approved",
    "word_reject": "rejected",
    "word_change": "change",
    "details": "Details",
    "profile": "Profile",
    "key": "Deduplication key",
    "account": "Account",
    "began": "Began",
    "ended": "Last entry",
    "took": "Took",
    "entries": "Journal entries",
    "manifest": "Manifest",
    "in_doubt": "In doubt",
    "frame": "Frame",
    "length": "Length",
    "footer": "Written by nemovideo_nodes from the run's journal at {}. It needs no network.",
    "started_by": "Started by",
    # Many runs
    "overview": "Video runs",
    "overview_of": "{} to {}",
    "no_runs": "There are no runs in this time.",
    "runs": "Runs",
    "runs_done": "Done",
    "runs_need": "Need a person",
    "runs_open": "Unfinished",
    "est_cost": "Estimated credits",
    "est_note": "Credits are estimates from the documented costs of the messages that were sent: "
    "the service reports only the balance of an account.",
    "needs_person": "What needs a person",
    "nobody_needed": "Nothing waits for a person.",
    "cost_by_day": "Cost by day",
    "most_on_a_day": "At most {} on a day.",
    "days_table": "The days as a table",
    "cost_by_account": "Cost by account",
    "cost_by_profile": "Cost by profile",
    "cost_by_calendar": "Cost by calendar",
    "day": "Day",
    "calendar": "Calendar",
    "no_calendar": "no calendar",
    "durations": "Durations",
    "durations_note": "From the request to the finished video, with all waits and pauses.",
    "shortest": "Shortest",
    "median": "Median",
    "ninth": "90% within",
    "longest": "Longest",
    "failures_by_code": "Failures by code",
    "no_failures": "No run has failed.",
    "code": "Code",
    "what": "What happened last",
    "all_runs": "All runs",
    "status": "Status",
    "more_runs": "{} more runs are not listed.",
    "overview_footer": "Written by nemovideo_nodes at {} from the store's journals. Days are UTC.",
}
_CHINESE: Final = {
    "run": "任务",
    "video": "视频",
    "videos": "视频",
    "no_video": "还没有视频。",
    "play": "视频 {}",
    "frames": "视频画面，按顺序排列",
    "poster": "视频中的一帧",
    "platforms": "平台",
    "checks": "检查",
    "check_ok": "符合",
    "check_broken": "不符合",
    "check_unknown": "未检查",
    "all_met": "{} 条规则全部符合。",
    "rendition": "在本地适配画幅（{}）",
    "original": "服务生成的原文件",
    "post_title": "标题",
    "caption": "文案",
    "hashtags": "话题标签",
    "alt_text": "替代文字",
    "link": "链接",
    "subtitles": "字幕",
    "timeline": "时间线",
    "timeline_of": "时间线，共 {} 秒，按比例绘制",
    "timeline_table": "时间线表格",
    "track": "轨道",
    "track_video": "视频",
    "track_audio": "音频",
    "track_text": "文字",
    "track_other": "其他",
    "shows": "内容",
    "from_to": "秒",
    "conversation": "指令与回复",
    "you": "你",
    "service": "服务",
    "nothing_said": "还没有回复。",
    "steps": "步骤",
    "steps_scale": "从第一条记录到最后一条共 {}。",
    "legend_work": "执行",
    "legend_wait": "等待",
    "legend_failed": "被拒绝",
    "legend_pause": "停顿（缩短显示）",
    "waited": "等待 {}",
    "tries": "尝试 {} 次",
    "failures": "渲染失败 {} 次",
    "refusals": "被拒绝 {} 次",
    "not_yet": "未开始",
    "step_failed": "停止",
    "more_steps": "另有 {} 个步骤未显示。",
    "credits": "积分",
    "credits_own": "本次任务自身消耗",
    "credits_own_unknown": "未知：服务只提供账户余额",
    "credits_estimate": "按公开价格估算",
    "credits_account": "期间账户减少（不论由谁消耗）",
    "credits_before": "之前余额",
    "credits_after": "之后余额",
    "unknown": "未知",
    "made_from": "素材",
    "name": "名称",
    "bytes": "大小",
    "digest": "SHA-256",
    "left_out": "未使用",
    "approvals": "审批",
    "handed_over": "移交",
    "target": "目标",
    "where": "位置",
    "handed_draft": "草稿",
    "handed_scheduled": "已排期",
    "handed_copied": "已复制",
    "handed_taken": "已接收",
    "storyboard": "待确认内容的画面",
    "preview": "预览",
    "answer_until": "须在 {} 之前答复。",
    "when_said": "时间",
    "stage": "阶段",
    "said": "答复",
    "who": "答复人",
    "nobody": "无人按时答复",
    "seen": "内容摘要",
    "stage_before_paying": "付费之前",
    "stage_before_export": "导出之前",
    "stage_before_handover": "移交之前",
    "word_approve": "同意",
    "word_reject": "否决",
    "word_change": "修改",
    "details": "详情",
    "profile": "配置",
    "key": "去重键",
    "account": "账户",
    "began": "开始",
    "ended": "最后记录",
    "took": "用时",
    "entries": "日志条数",
    "manifest": "清单",
    "in_doubt": "存疑",
    "frame": "画幅",
    "length": "时长",
    "footer": "由 nemovideo_nodes 于 {} 根据任务日志生成，无需网络。",
    "started_by": "启动自",
    "overview": "视频任务",
    "overview_of": "{} 至 {}",
    "no_runs": "这段时间没有任务。",
    "runs": "任务",
    "runs_done": "完成",
    "runs_need": "需要处理",
    "runs_open": "未完成",
    "est_cost": "估算积分",
    "est_note": "积分按已发送消息的公开价格估算：服务只提供账户余额。",
    "needs_person": "需要人工处理",
    "nobody_needed": "没有需要人工处理的任务。",
    "cost_by_day": "每日费用",
    "most_on_a_day": "单日最高 {}。",
    "days_table": "每日表格",
    "cost_by_account": "按账户",
    "cost_by_profile": "按配置",
    "cost_by_calendar": "按日历",
    "day": "日期",
    "calendar": "日历",
    "no_calendar": "无日历",
    "durations": "用时",
    "durations_note": "从请求到视频完成，包括所有等待和停顿。",
    "shortest": "最短",
    "median": "中位数",
    "ninth": "90% 不超过",
    "longest": "最长",
    "failures_by_code": "失败原因",
    "no_failures": "没有失败的任务。",
    "code": "代码",
    "what": "最近一次情况",
    "all_runs": "全部任务",
    "status": "状态",
    "more_runs": "另有 {} 个任务未列出。",
    "overview_footer": "由 nemovideo_nodes 于 {} 根据存储中的日志生成。日期为 UTC。",
}
_STEPS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {},
    "zh": {
        "token": "登录",
        "session": "创建会话",
        "upload": "上传",
        "prompt": "发送指令",
        "state": "读取时间线",
        "credits": "查询积分",
        "claim": "认领链接",
        "render": "提交渲染",
        "await": "等待渲染",
        "download": "下载",
        "publish": "发布",
        "approve": "审批",
        "hand_over": "移交",
    },
}

WORDS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        language: MappingProxyType(
            words
            | {f"state_{name}": word for name, word in STATE_WORDS[language].items()}
            | {
                f"kind_{name}": _STEPS[language].get(name, kind.title)
                for name, kind in STEP_KINDS.items()
            }
        )
        for language, words in (("en", _ENGLISH), ("zh", _CHINESE))
    }
)
"""By language, then by what is said."""

_OF_ONE: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "en": MappingProxyType(
            {
                "all_met": "The one rule is met.",
                "timeline_of": "Timeline of {} second, drawn to scale",
                "failures": "{} failed render",
                "refusals": "{} refusal",
                "more_steps": "{} more step is not shown.",
                "more_runs": "{} more run is not listed.",
            }
        ),
        "zh": MappingProxyType({}),
    }
)
"""What is said of one; Chinese has the same words for one and for many."""

_UNITS: Final = {
    "en": ("{} s", "{} min {} s", "{} h {} min", "{} d {} h"),
    "zh": ("{} 秒", "{} 分 {} 秒", "{} 小时 {} 分", "{} 天 {} 小时"),
}


def counted_words(language: str, name: str, count: int | str) -> str:
    """What is said by `name` with `count` in it."""
    of_one = _OF_ONE[language] if str(count) == "1" else {}
    return of_one.get(name, WORDS[language][name]).format(count)


def duration(seconds: float, language: str) -> str:
    """A length of time in its two largest units."""
    units = _UNITS[language]
    if seconds < 60:
        return units[0].format(f"{round(seconds, 1 if seconds < 10 else 0):g}")
    whole = round(seconds)
    if whole < 3600:
        return units[1].format(whole // 60, whole % 60)
    if whole < 86_400:
        return units[2].format(whole // 3600, whole % 3600 // 60)
    return units[3].format(whole // 86_400, whole % 86_400 // 3600)


def size(count: float) -> str:
    """Bytes as people read them."""
    if count < 1_000:
        return f"{count:.0f} B"
    return f"{count / 1_000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def language_of_run(run: Run) -> str:
    """`zh` or `en`: the language of what was asked for last."""
    said = [one.said for one in conversation(run)]
    return language_of(said[-1]) if said else language_of_order(run.order)


def language_of_order(order: Order | None) -> str:
    """The same of what was only ordered."""
    said = [one.text for one in order.request.script] if order is not None else []
    return language_of(said[-1]) if said else "en"
