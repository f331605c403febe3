"""The question that the agent asks back when it is told to: which frame the video should have."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["answered", "frame_question"]

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_ENGLISH_OPTIONS = (
    ("vertical", "Vertical 9:16"),
    ("square", "Square 1:1"),
    ("landscape", "Landscape 16:9"),
)
_CHINESE_OPTIONS = (("vertical", "竖屏 9:16"), ("square", "方形 1:1"), ("landscape", "横屏 16:9"))


def frame_question(message: str) -> dict[str, Any]:
    """The arguments of `ask_question`, in the message's language."""
    chinese = bool(_CHINESE.search(message))
    options = _CHINESE_OPTIONS if chinese else _ENGLISH_OPTIONS
    prompt = "视频要什么画幅？" if chinese else "Which frame should the video have?"
    question = {
        "id": "frame",
        "prompt": prompt,
        "options": [{"id": name, "label": label} for name, label in options],
        "allow_multiple": False,
    }
    return {"title": "画幅" if chinese else "Frame", "questions": [question]}


def answered(message: str, answer: str) -> str:
    """The message that was asked about, with what was answered."""
    end = "。" if _CHINESE.search(message) else ". "
    return f"{message.rstrip(' .。')}{end}{answer}"
