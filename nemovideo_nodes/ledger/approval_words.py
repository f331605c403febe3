"""What a person reads before an approval: the words and the estimate, the timeline, the post. Pure.

In the language of what was asked for last.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from nemovideo_nodes.errors import redact
from nemovideo_nodes.language.changes import language_of
from nemovideo_nodes.language.counting import amount
from nemovideo_nodes.ledger.approvals import look_before, steps_to_pay
from nemovideo_nodes.ledger.conversation import conversation
from nemovideo_nodes.ledger.run import Run, StepRecord
from nemovideo_nodes.request.approval import ApprovalStage
from nemovideo_nodes.request.estimate import message_costs
from nemovideo_nodes.request.steps import Approve, Prompt, Upload

__all__ = ["QUESTIONS", "approval_language", "approval_lines", "question_of"]

QUESTIONS: Final = MappingProxyType(
    {
        "en": {
            "before_paying": "Make this video?",
            "before_export": "Export this video?",
            "before_handover": "Hand this video over?",
        },
        "zh": {
            "before_paying": "要制作这个视频吗？",
            "before_export": "要导出这个视频吗？",
            "before_handover": "要交付这个视频吗？",
        },
    }
)
"""The question, by language and stage."""
_WORDS: Final = MappingProxyType(
    {
        "en": {
            "says": "Says: {}",
            "pictures": "Pictures: {}",
            "estimate": "Estimate: about {} credits",
            "follow_ups": "The service may ask for up to {} further messages; each costs credits",
            "replies": "The service said: {}",
            "title": "Title: {}",
            "caption": "Caption: {}",
            "alt_text": "Alt text: {}",
            "for": "For {}",
            "to": "Goes to {}",
            "to_due": "Goes to {} for {}",
        },
        "zh": {
            "says": "指令：{}",
            "pictures": "图片：{}",
            "estimate": "预计约 {} 积分",
            "follow_ups": "服务最多可再要求 {} 条消息，每条都会消耗积分",
            "replies": "服务回复：{}",
            "title": "标题：{}",
            "caption": "正文：{}",
            "alt_text": "替代文本：{}",
            "for": "用于 {}",
            "to": "交给 {}",
            "to_due": "交给 {}，发布时间 {}",
        },
    }
)
_LONGEST: Final = 2_000


def approval_language(run: Run) -> str:
    """`zh` or `en`: the language of the last thing that is asked for."""
    args = [record.step.args for record in run.steps.values()]
    said = [one.text for one in args if isinstance(one, Prompt)]
    return language_of(said[-1]) if said else "en"


def approval_lines(run: Run, record: StepRecord) -> list[str]:
    """The lines that a person reads of what is to be approved at that step."""
    args = record.step.args
    assert isinstance(args, Approve)
    words = _WORDS[approval_language(run)]
    of_stage = {
        "before_paying": _to_pay,
        "before_export": _to_export,
        "before_handover": _to_hand_over,
    }
    lines = of_stage[args.stage](run, record, words)
    return [redact(line)[:_LONGEST] for line in lines]


def question_of(run: Run, stage: ApprovalStage) -> str:
    """The question itself."""
    return QUESTIONS[approval_language(run)][stage]


def _to_pay(run: Run, record: StepRecord, words: dict[str, str]) -> list[str]:
    paid = [step.args for step in steps_to_pay(run, record)]
    said = [one.text for one in paid if isinstance(one, Prompt)]
    media = [one.media.name for one in paid if isinstance(one, Upload)]
    steps = [one.step for one in run.steps.values()]
    messages = [one.id for one in steps if isinstance(one.args, Prompt)]
    costs = dict(zip(messages, message_costs(one.args for one in steps), strict=True))
    credits = sum(costs.get(one.id, 0.0) for one in steps_to_pay(run, record))
    follow_ups = run.order.request.limits.follow_ups if run.order else 0
    return [
        *(words["says"].format(text) for text in said),
        *([words["pictures"].format(", ".join(media))] if media else []),
        words["estimate"].format(amount(credits)),
        *([words["follow_ups"].format(follow_ups)] if follow_ups else []),
    ]


def _to_export(run: Run, record: StepRecord, words: dict[str, str]) -> list[str]:
    look = look_before(run, record)
    told = conversation(run)
    replies = told[-1].replies if told else ()
    return [
        *([words["says"].format(told[-1].said)] if told else []),
        *([look.timeline] if look and look.timeline else []),
        *(words["replies"].format(reply) for reply in replies),
    ]


def _to_hand_over(run: Run, record: StepRecord, words: dict[str, str]) -> list[str]:
    post = run.post
    lines = []
    if post is not None and post.handover and post.due:
        due = post.due.isoformat(" ", "minutes")
        lines.append(words["to_due"].format(post.handover, due))
    elif post is not None and post.handover:
        lines.append(words["to"].format(post.handover))
    for platform in post.targets if post is not None else ():
        text = post.text(platform) if post is not None else None
        if text is None:
            continue
        lines += [words["for"].format(platform)] if platform else []
        lines += [words["title"].format(text.title)] if text.title else []
        caption = text.whole_caption(platform)
        lines += [words["caption"].format(caption)] if caption else []
        lines += [words["alt_text"].format(text.alt_text)] if text.alt_text else []
    return lines
