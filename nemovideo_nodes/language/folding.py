"""An instruction as the tables read it: small letters, simplified Chinese, quotes hidden. Pure."""

from __future__ import annotations

import re
from typing import Final

from nemovideo_nodes.language.quotes import HIDDEN, hidden

__all__ = ["EMOJI", "MASK", "folded", "plain_letters"]

MASK: Final = "\ufffd"
"""Replaces the name of a file, or a URL."""

_TRADITIONAL: Final = (
    "導导視视頻频載载積积餘余額额狀状態态軌轨傳传圖图檔档還还剩剩麼么煩烦給给鏈链現现進进樂乐標标題题"
    "畫画聲声長长時时間间轉转場场鏡镜頭头張张幫帮請请問问來来過过後后裡里裏里開开結结對对嗎吗沒没這这個个"
    "錢钱幾几謝谢說说寫写總总動动變变費费會会點点擊击發发誰谁級级橫横豎竖覺觉為为爲为讓让無无數数記记選选"
    "單单條条種种顏颜體体質质帳账賬账號号購购買买價价貴贵夠够滿满讚赞歡欢厲厉勞劳將将換换鐘钟電电腦脑"
    "機机實实響响臺台樣样從从與与處处當当種种終终經经應应該该別别東东書书"
)
SIMPLIFIED: Final = {
    **{code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF5B))},
    **str.maketrans({"’": "'", **dict(zip(_TRADITIONAL[::2], _TRADITIONAL[1::2], strict=True))}),
}
"""Full-width letters and common traditional characters, as the tables write them."""

EMOJI: Final = re.compile(
    "[\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
    "|[\ufe0f\u200d\u20e3]|[\U000e0020-\U000e007f]"
)
_EMOTICON = re.compile(r"[:;]-?[)dp(](?!\w)")
FILE_NAME: Final = re.compile(
    r"(?a:[\w.~/\\-]+\.(?P<video>mp4|mov|mkv|webm|avi)\b)"
    r"|https?://[^\s\"'，。]+|(?a:[\w.~/\\-]+\.(?:jpe?g|png|gif|webp|mp3|wav|m4a|aac|heic)\b)"
)
_CHAT: Final = {
    "teh": "the",
    "hwo": "how",
    "wat": "what",
    "wut": "what",
    "waht": "what",
    "whta": "what",
    "doen": "done",
    "logn": "long",
    "happend": "happened",
    "whens": "when's",
    "wheres": "where's",
    "u": "you",
    "ur": "your",
    "vid": "video",
    "vids": "videos",
    "viedo": "video",
    "vedio": "video",
    "pls": "please",
    "plz": "please",
}
_CHATTY = re.compile(
    rf"(?<![\w'-])(?:{'|'.join(_CHAT)})(?![\w'-])|(?<![\w'-])r(?= (?:u|you)\b)", re.ASCII
)


def plain_letters(instruction: str) -> str:
    """Small letters, simplified Chinese, whole words, without emoticons; quotes are hidden."""
    text = hidden(instruction).translate(SIMPLIFIED).lower()
    text = _EMOTICON.sub(" ", re.sub(f"{HIDDEN}+", HIDDEN, text))
    return _CHATTY.sub(lambda found: _CHAT.get(found[0], "are"), text)


def folded(instruction: str) -> str:
    """The same without emoji, and with a mark in place of each file name or URL."""
    text = EMOJI.sub(" ", plain_letters(instruction))
    return FILE_NAME.sub(lambda found: HIDDEN if found["video"] else MASK, text)
