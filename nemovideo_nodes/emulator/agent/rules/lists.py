"""What is said once for several things: "remove the title and the music", 去掉标题和音乐."""

from __future__ import annotations

from nemovideo_nodes.emulator.agent.rules.absence import ANY, NO_EN, NO_ZH, OFF_ZH
from nemovideo_nodes.emulator.agent.rules.reading import Reading, words

__all__ = ["spread"]

_MOST = 6
_THING = (
    r"(?:(?:background )?(?:music|sound ?track|song)|titles?|captions?|sub ?titles?|text"
    r"|transitions?|cross ?fades?|fades?)"
)
_THING_ZH = r"(?:(?:背景)?音乐|配乐|标题|字幕|文字|转场(?:效果)?|过渡)"
_ENGLISH = words(
    rf"\b(?P<no>{NO_EN})(?P<one>{ANY}{_THING}),?\s(?:and|or|nor|&)?\s?"
    rf"(?P<other>(?:(?:the|any|all)\s)?{_THING}(?=\s?(?:$|[,.;!?]|\b(?:and|or|nor|please)\b)))"
)
_CHINESE = words(
    rf"(?P<no>{NO_ZH})(?P<one>{_THING_ZH})(?:和|、|跟|与|及|或|还有)(?P<other>{_THING_ZH})"
)
_CHINESE_OFF = words(
    rf"(?P<one>{_THING_ZH})(?:和|、|跟|与|及|还有)(?P<other>{_THING_ZH})(?P<off>{OFF_ZH})"
)


def spread(reading: Reading) -> None:
    """Say it for each thing: "remove the title, remove the music"."""
    for _ in range(_MOST):
        before = reading.text
        text = _ENGLISH.sub(r"\g<no>\g<one> , \g<no> \g<other>", before)
        text = _CHINESE.sub(r"\g<no>\g<one>,\g<no>\g<other>", text)
        reading.text = _CHINESE_OFF.sub(r"\g<one>\g<off>,\g<other>\g<off>", text)
        if reading.text == before:
            return
