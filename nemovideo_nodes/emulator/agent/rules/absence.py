"""How people say that something is not wanted: "without music", 去掉字幕."""

from __future__ import annotations

import re

from nemovideo_nodes.emulator.agent.rules.reading import words

__all__ = ["ANY", "NO_EN", "NO_ZH", "OFF_ZH", "absent"]

NO_EN = (
    r"(?:without|no|remove|drop|delete|cut|turn off|get rid of|lose|kill|hide|clear|erase|scrap"
    r"|strip|skip|omit|leave out"
    r"|take (?:out|away|off)|(?:don'?t|do not|doesn't) (?:add|want|use|need|put|include))"
)
ANY = (
    r"(?:\s(?:the|any|all|all of|a|an|some|that|this|these|those|both|of|existing|current"
    r"|background"
    r"|my|more))*\s"
)
NO_ZH = (
    r"(?:不要|不需要|去掉|去除|去了|删除|删掉|删去|删了|删|移除|拿掉|取消|没有|不加|不用|关掉|关闭"
    r"|别加|别用|别要|无)"
    r"(?:任何|所有|全部|背景|的|那个|这个|那些|掉)*"
)
OFF_ZH = (
    r"(?:全部|全|都|给我|给)?(?:去掉|去除|删除|删掉|删去|删了|移除|拿掉|取消|关掉|关了|关闭|不要)"
)


def absent(english: str, chinese: str, more: str = "") -> re.Pattern[str]:
    """A pattern for the request that there be none of what two patterns name."""
    return words(
        rf"\b{NO_EN}{ANY}{english}\b|\b(?:take|turn|switch)(?:{ANY}|\s){english}\s(?:off|out"
        rf"|away)\b|{NO_ZH}{chinese}|{chinese}{OFF_ZH}" + (more and f"|{more}")
    )
