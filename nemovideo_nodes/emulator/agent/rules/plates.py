"""Wishes for a dark plate under titles and captions, and for none."""

from __future__ import annotations

from dataclasses import replace

from nemovideo_nodes.emulator.agent.film import Film
from nemovideo_nodes.emulator.agent.rules.absence import absent
from nemovideo_nodes.emulator.agent.rules.reading import Edit, Reading, words

__all__ = ["plates"]

_LOOK = r"(?:(?:dark|black|gr[ae]y|semi-?\s?transparent|translucent|rounded|solid|coloured)\s)*"
_PLATE = rf"{_LOOK}(?:box|plate|panel|bar|banner)(?:es|s)?"
_TEXTS = r"(?:(?:the|all|my|each|every)\s)*(?:titles?|captions?|subtitles?|texts?|words|letters)"
_BEHIND = rf"\s(?:behind|under|underneath|around)\s{_TEXTS}"
_EN = (
    rf"(?:{_PLATE}{_BEHIND}|{_LOOK}background{_BEHIND}"
    r"|(?:titles?|captions?|subtitles?|texts?)\s(?:box|plate|panel|background|backdrop)(?:es|s)?)"
)
_ZH = (
    r"(?:(?:标题|字幕|文字)(?:的|后面|背后|下面|后|下)*(?:加上?|带上?|配上?|用|要)?(?:一?[个层块])?)?"
    r"(?:(?:半透明|深色|黑色|灰色|圆角)的?)*"
    r"(?:底框|底板|衬底|底条|背景框|(?:文字|字幕|标题)(?:背景|框|条))"
)
_NONE = absent(_EN, _ZH)
_AFTER_TEXT = "|".join(
    rf"(?<={word}\s)"
    for word in ("title", "titles", "text", "caption", "captions", "[\ue000-\ue0ff]")
)
_WANTED = words(
    rf"\b(?:(?:with|on|in|over)\s)?(?:(?:a|an|the)\s)?{_EN}\b"
    rf"|(?:{_AFTER_TEXT})(?:with|on|in|over)\san?\s{_PLATE}\b|{_ZH}"
)


def plates(film: Film, reading: Reading) -> Edit | None:
    """All texts on plates, or none; unasked the renderer decides."""
    if reading.take_all(_NONE):
        told = "took the plates under the texts away", "去掉了文字底框"
        return Edit.draft(replace(film, plate=False), told, "set_plates", on=False)
    if reading.take_all(_WANTED):
        told = "put a dark plate under the texts", "给文字加了深色底框"
        return Edit.draft(replace(film, plate=True), told, "set_plates", on=True)
    return None
