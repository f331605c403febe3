"""The words around a run, in English and in Chinese: for the end of a command, and for `show`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from nemovideo_nodes.language.state_words import STATE_WORDS

__all__ = ["Labels", "labels_for", "seconds", "size"]


@dataclass(frozen=True)
class Labels:
    """The words of one language."""

    states: Mapping[str, str]
    """By `RunResult.state`."""
    credits: str
    credits_left: str
    seconds: str
    no_new_video: str
    change_it: str
    see_more: str
    quieter: str
    """A change that fits a video with music."""
    add_music: str
    """A change that fits one without."""
    shorter: str
    """A change that fits each video."""
    asked: str
    answered: str
    pictures: str
    left_out: str
    video: str
    timeline: str
    cost: str
    manifest: str
    problem: str
    steps: str
    approval: str
    claim_link: str
    colon: str
    comma: str
    between: str
    """Between the parts of a list."""


_ENGLISH: Final = Labels(
    states=STATE_WORDS["en"],
    credits="{} credits",
    credits_left="{} credits left",
    seconds="{} s",
    no_new_video="No new video",
    change_it="Change it",
    see_more="See more",
    quieter="make the music quieter",
    add_music="add calm music",
    shorter="make it a bit shorter",
    asked="Asked",
    answered="Answer",
    pictures="Pictures",
    left_out="Left out",
    video="Video",
    timeline="Timeline",
    cost="Cost",
    manifest="Manifest",
    problem="Problem",
    steps="Steps",
    approval="Approval",
    claim_link="Claim link",
    colon=": ",
    comma=", ",
    between=", ",
)
_CHINESE: Final = Labels(
    states=STATE_WORDS["zh"],
    credits="{} 积分",
    credits_left="剩余 {} 积分",
    seconds="{} 秒",
    no_new_video="没有新的视频",
    change_it="修改",
    see_more="详情",
    quieter="音乐小声一点",
    add_music="加上舒缓的音乐",
    shorter="短一点",
    asked="要求",
    answered="回复",
    pictures="图片",
    left_out="未使用",
    video="视频",
    timeline="时间线",
    cost="费用",
    manifest="清单",
    problem="问题",
    steps="步骤",
    approval="审批",
    claim_link="认领链接",
    colon="：",
    comma="，",
    between="、",
)


def labels_for(language: str) -> Labels:
    """The words of a language: `zh`, else English."""
    return _CHINESE if language == "zh" else _ENGLISH


def seconds(length: float) -> str:
    """A length with at most one digit behind the point."""
    return f"{round(length, 1):g}"


def size(count: float) -> str:
    """Bytes as people read them."""
    for unit in ("B", "KB", "MB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GB"
