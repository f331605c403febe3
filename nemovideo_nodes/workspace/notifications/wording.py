"""The words of notifications, in English and in Chinese: what happened, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from nemovideo_nodes.errors import ErrorCode, Remedy, Wording
from nemovideo_nodes.workspace.notifications.notice import Event

__all__ = ["CHINESE_NOTICE_WORDING", "NOTICE_WORDING", "NoticeWords", "words_for"]

NOTICE_WORDING: Final[Wording] = MappingProxyType(
    {
        Remedy.RETRY: "Nothing is lost. To go on: nemovideo resume {run_id}",
        Remedy.RESEND: "Look at the session (nemovideo show {run_id}). To retry the step, which "
        "may be paid for twice: nemovideo resume {run_id} --resend",
        Remedy.AGAIN: "Make a new run of the same request",
        Remedy.REFINE: "Say what is missing: nemovideo refine {run_id} -p 'YOUR WORDS'",
        Remedy.ANSWER: "Answer it: nemovideo refine {run_id} -p 'YOUR ANSWER'",
        Remedy.FINISH_FIRST: "Bring it to its end first: nemovideo resume {run_id}",
        Remedy.ACCOUNT: "Use the account that began it. Where that account has a new token: "
        "nemovideo resume {run_id} --same-account",
        Remedy.SERVICE: "Go on with it where the service is configured that it was begun at",
        Remedy.TOKEN: "Put a valid token where the present one came from, then: "
        "nemovideo resume {run_id}",
        Remedy.CREDITS: "Add credits to the account, then: nemovideo resume {run_id}",
        Remedy.PLAN: "Move the account to a plan that includes export, then: "
        "nemovideo resume {run_id}",
        Remedy.GIVE_MEDIA: "Give at least one picture, or an instruction",
        Remedy.GIVE_PROMPT: "Say in an instruction what to make",
        Remedy.RUN_ID: "Check the run id and the store",
        Remedy.NEW_RUN_ID: "Give another run id",
        Remedy.STORE: "Check the store",
        Remedy.API_URL: "Correct the address of the service",
        Remedy.ALLOW_HTTP: "Use an https address",
        Remedy.ALLOW_NETWORK: "Use a public https address, or permit the network of your own",
        Remedy.CONTINUE_FLOW: "Let the flow that put it together go on with it",
        Remedy.RELEASE: "To permit it: nemovideo release {run_id}. Else it waits for the next day "
        "or a larger budget",
        Remedy.APPROVE: "Look at it (nemovideo show {run_id}), then: nemovideo approve {run_id}; "
        "--change 'YOUR WORDS' asks for a change, --reject ends it",
        Remedy.HAND_OVER: "Look at the publisher. Where it has the post: nemovideo resume {run_id} "
        "--handed-over; where it has not: nemovideo resume {run_id} --resend",
        Remedy.UPDATE: "Update nemovideo-nodes, then: nemovideo resume {run_id}",
        Remedy.REPORT: "Please report it. Nothing is lost: nemovideo resume {run_id}",
    }
)

CHINESE_NOTICE_WORDING: Final[Wording] = MappingProxyType(
    {
        Remedy.RETRY: "没有任何损失。继续：nemovideo resume {run_id}",
        Remedy.RESEND: "请先查看会话（nemovideo show {run_id}）。重试这一步可能会再次扣费："
        "nemovideo resume {run_id} --resend",
        Remedy.HAND_OVER: "请查看发布平台。已有该帖子：nemovideo resume {run_id} --handed-over；"
        "没有：nemovideo resume {run_id} --resend",
        Remedy.AGAIN: "请用同样的要求新建一个任务",
        Remedy.REFINE: "请说明缺少什么：nemovideo refine {run_id} -p '您的说明'",
        Remedy.ANSWER: "请回答：nemovideo refine {run_id} -p '您的回答'",
        Remedy.FINISH_FIRST: "请先完成它：nemovideo resume {run_id}",
        Remedy.ACCOUNT: "请使用开始这个任务的账号。如果该账号换了新令牌："
        "nemovideo resume {run_id} --same-account",
        Remedy.SERVICE: "请在配置了原服务的环境中继续",
        Remedy.TOKEN: "请在原处换上有效的令牌，然后：nemovideo resume {run_id}",
        Remedy.CREDITS: "请为账号充值积分，然后：nemovideo resume {run_id}",
        Remedy.PLAN: "请把账号升级到包含导出的套餐，然后：nemovideo resume {run_id}",
        Remedy.GIVE_MEDIA: "请至少提供一张图片或一条指令",
        Remedy.GIVE_PROMPT: "请在指令中说明要制作什么",
        Remedy.RUN_ID: "请检查任务编号和存储位置",
        Remedy.NEW_RUN_ID: "请换一个任务编号",
        Remedy.STORE: "请检查存储位置",
        Remedy.API_URL: "请更正服务地址",
        Remedy.ALLOW_HTTP: "请使用 https 地址",
        Remedy.ALLOW_NETWORK: "请使用公网 https 地址，或允许您自己的网络",
        Remedy.CONTINUE_FLOW: "请让创建它的流程继续执行",
        Remedy.RELEASE: "允许超出预算：nemovideo release {run_id}。否则等到第二天或提高预算",
        Remedy.APPROVE: "请先查看（nemovideo show {run_id}），然后：nemovideo approve {run_id}；"
        "要修改加 --change '您的说明'，拒绝加 --reject",
        Remedy.HAND_OVER: "请先查看发布平台。已在那里：nemovideo resume {run_id} --handed-over；"
        "不在那里：nemovideo resume {run_id} --resend",
        Remedy.UPDATE: "请更新 nemovideo-nodes，然后：nemovideo resume {run_id}",
        Remedy.REPORT: "请报告此问题。没有任何损失：nemovideo resume {run_id}",
    }
)

_CHINESE_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        ErrorCode.BAD_INPUT: "提供的内容无法使用",
        ErrorCode.STEP_CONFLICT: "同一步骤之前用别的参数请求过",
        ErrorCode.TOO_MANY_PIXELS: "图片过大，无法打开",
        ErrorCode.STORE_UNAVAILABLE: "存储暂时无法读写",
        ErrorCode.UNREACHABLE: "无法连接服务，没有发送任何内容",
        ErrorCode.OUTCOME_UNKNOWN: "连接中断，无法确定服务是否已接受",
        ErrorCode.SERVER_FAILED: "服务出现故障",
        ErrorCode.BAD_ANSWER: "服务的回答无法识别",
        ErrorCode.REFUSED: "服务没有接受请求",
        ErrorCode.TOKEN_INVALID: "令牌无效或已过期",
        ErrorCode.SESSION_NOT_FOUND: "服务已找不到这个会话",
        ErrorCode.OUT_OF_CREDITS: "账号积分不足",
        ErrorCode.UNSUPPORTED_MEDIA: "服务不支持这种文件",
        ErrorCode.MEDIA_TOO_LARGE: "文件超过服务的上限",
        ErrorCode.CLIENT_ID_MISSING: "缺少客户端编号",
        ErrorCode.PLAN_BLOCKED: "账号套餐不包含导出",
        ErrorCode.RATE_LIMITED: "请求过于频繁",
        ErrorCode.NOT_FOUND: "服务找不到所请求的内容",
        ErrorCode.RUN_STOPPED: "任务没有完成就停止了",
        ErrorCode.VIDEO_INVALID: "下载的视频不完整或已损坏",
        ErrorCode.RENDER_FAILED: "服务未能渲染视频",
        ErrorCode.RENDER_TIMEOUT: "渲染没有在规定时间内完成",
        ErrorCode.WRONG_ACCOUNT: "任务属于另一个账号",
        ErrorCode.WRONG_SERVICE: "任务属于另一个服务",
        ErrorCode.JOURNAL_DOUBT: "任务日志不完整，需要人工判断",
        ErrorCode.NEWER_VERSION: "更新版本的程序处理过这个任务",
        ErrorCode.NOTHING_TO_EXPORT: "时间线是空的，没有视频可以导出",
        ErrorCode.QUESTION: "服务提出了一个问题，等待回答",
        ErrorCode.WRONG_MEDIA: "时间线上的素材与要求的不一致",
        ErrorCode.CANCELLED: "任务被要求停止",
        ErrorCode.DEADLINE: "规定的时间已到",
        ErrorCode.RUN_DELETED: "任务在执行时被删除",
        ErrorCode.OVER_BUDGET: "下一条消息的预计费用超出预算",
        ErrorCode.NEEDS_APPROVAL: "等待人工批准",
        ErrorCode.REJECTED: "已被拒绝，或没有在规定时间内得到批准",
        ErrorCode.INTERNAL: "程序内部错误",
    }
)


@dataclass(frozen=True)
class NoticeWords:
    """The words of one language."""

    language: str
    happened: Mapping[Event, str]
    """What happened, as a heading; behind it stands what it happened to."""
    counted: Mapping[Event, str]
    """The same, as a part of a list with numbers in it."""
    remedies: Wording
    errors: Mapping[str, str]
    """Sentences for error codes; empty where the run's own sentence is in this language."""
    watch: str
    fix_rows: str
    correct: str
    """What to do about something that was given and cannot be used."""
    colon: str
    between: str
    run: str
    post: str
    platforms: str
    calendar: str
    source: str
    subject: str
    sentence: str
    question: str
    until: str
    approve: str
    approve_here: str
    to_do: str
    video: str
    handed_over: str
    credits: str
    estimate: str
    moved: str
    link: str
    store: str
    problem: str
    details: str
    """Before the run's own sentence, where what happened is told in another language."""
    more: str
    seconds: str
    message: str
    sample: str


_ENGLISH: Final = NoticeWords(
    language="en",
    happened=MappingProxyType(
        {
            "done": "Done",
            "stuck": "Needs you",
            "needs_approval": "Waits for approval",
            "needs_answer": "Waits for your answer",
            "held": "Held for its budget",
            "calendar": "Problems in the calendar",
        }
    ),
    counted=MappingProxyType(
        {
            "done": "{} done",
            "stuck": "{} need you",
            "needs_approval": "{} wait for approval",
            "needs_answer": "{} wait for an answer",
            "held": "{} held",
            "calendar": "problems in rows",
        }
    ),
    remedies=NOTICE_WORDING,
    errors=MappingProxyType({}),
    watch="Nothing to do. To change it: nemovideo refine {run_id} -p 'YOUR WORDS'",
    fix_rows="Correct these rows; the others are made all the same",
    correct="Correct what was given, then start it again",
    colon=": ",
    between=", ",
    run="Run",
    post="Post",
    platforms="For",
    calendar="Calendar",
    source="Source",
    subject="Subject",
    sentence="What happened",
    question="Question",
    until="Answer until",
    approve="Approve",
    approve_here="Look at it and decide (the link is for you alone)",
    to_do="What to do",
    video="Video",
    handed_over="Handed over",
    credits="Credits",
    estimate="about {:,.12g}, by estimate",
    moved="{:,.12g} at most, by the account's balance",
    link="See it",
    store="Store",
    problem="Problem",
    details="Details",
    more="and {} more",
    seconds="{:g} s",
    message="Message",
    sample="This is a sample: the channel works.",
)

_CHINESE: Final = NoticeWords(
    language="zh",
    happened=MappingProxyType(
        {
            "done": "已完成",
            "stuck": "需要处理",
            "needs_approval": "等待确认",
            "needs_answer": "等待回答",
            "held": "因预算暂停",
            "calendar": "日历有问题",
        }
    ),
    counted=MappingProxyType(
        {
            "done": "{} 个已完成",
            "stuck": "{} 个需要处理",
            "needs_approval": "{} 个等待确认",
            "needs_answer": "{} 个等待回答",
            "held": "{} 个因预算暂停",
            "calendar": "有的行有问题",
        }
    ),
    remedies=CHINESE_NOTICE_WORDING,
    errors=_CHINESE_ERRORS,
    watch="无需处理。如需修改：nemovideo refine {run_id} -p '您的修改'",
    fix_rows="请改正这些行；其余的照常制作",
    correct="请改正所提供的内容，然后重新开始",
    colon="：",
    between="、",
    run="任务",
    post="内容",
    platforms="平台",
    calendar="日历",
    source="来源",
    subject="对象",
    sentence="发生了什么",
    question="问题",
    until="截止时间",
    approve="批准",
    approve_here="查看并决定（此链接仅供您使用）",
    to_do="怎么办",
    video="视频",
    handed_over="已交付",
    credits="积分",
    estimate="预计约 {:,.12g}",
    moved="按账号余额最多 {:,.12g}",
    link="查看",
    store="存储",
    problem="问题",
    details="详情",
    more="另有 {} 条",
    seconds="{:g} 秒",
    message="消息",
    sample="这是一条测试消息：该渠道工作正常。",
)


def words_for(language: str) -> NoticeWords:
    """The words of a language: `zh`, else English."""
    return _CHINESE if language == "zh" else _ENGLISH
