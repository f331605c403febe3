"""How people call the state of a run (`RunResult.state`), in English and in Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["STATE_WORDS"]

STATE_WORDS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "en": MappingProxyType(
            {
                "queued": "not begun",
                "running": "at work",
                "resumable": "unfinished",
                "held": "held",
                "needs_approval": "waits for approval",
                "needs_answer": "waits for an answer",
                "rejected": "rejected",
                "done": "done",
                "failed": "needs attention",
                "cancelled": "cancelled",
            }
        ),
        "zh": MappingProxyType(
            {
                "queued": "未开始",
                "running": "进行中",
                "resumable": "未完成",
                "held": "已暂停",
                "needs_approval": "等待确认",
                "needs_answer": "等待回答",
                "rejected": "已否决",
                "done": "完成",
                "failed": "需要处理",
                "cancelled": "已取消",
            }
        ),
    }
)
"""By language, then by state."""
