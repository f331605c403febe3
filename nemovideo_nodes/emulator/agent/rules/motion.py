"""Requests for how the camera moves over the pictures: slowly in, slowly out, or not at all."""

from __future__ import annotations

from dataclasses import replace

from nemovideo_nodes.emulator.agent.film import Film
from nemovideo_nodes.emulator.agent.rules.reading import Edit, Reading, words

__all__ = ["motion"]

_SLOWLY = r"(?:slow(?:ly)?|gentl[ey]|gradual(?:ly)?|subtle|soft(?:ly)?)"
_ON = (
    r"(?:\s(?:on|into|to|over)\s(?:(?:each|every|all|the|my|of)\s)*(?:photos?|pictures?|images?))?"
)
_NOT_CUT = r"(?!\s(?:transitions?|cuts?|effects? between))"
_KINDS = (
    (
        "still",
        words(
            r"\b(?:no|without(?: any)?)\s(?:camera\s)?(?:zoom(?:ing|s)?|movement|motion|ken burns"
            r"(?: effect)?)\b|\bkeep (?:the |my )?(?:pictures?|photos?|images?|camera) still\b"
            r"|(?:不要|不用|无|别)(?:镜头)?(?:运动|移动|缩放|推拉|放大)|图片(?:保持)?(?:静止|不动)"
        ),
        ("keep the pictures still", "让图片保持静止"),
    ),
    (
        "zoom_out",
        words(
            rf"\b(?:{_SLOWLY}\s)?zoom(?:s|ing)?\s(?:{_SLOWLY}\s)?out(?:\s{_SLOWLY})?\b{_ON}"
            rf"{_NOT_CUT}|(?:慢慢|缓慢|缓缓|逐渐|渐渐)地?(?:缩小|拉远|拉开)|(?:镜头)?拉远"
        ),
        ("zoom slowly out of the pictures", "图片慢慢缩小"),
    ),
    (
        "zoom_in",
        words(
            rf"\b(?:an?\s)?(?:{_SLOWLY}\s)?zoom(?:s|ing)?\s(?:{_SLOWLY}\s)?in(?:\s{_SLOWLY})?\b{_ON}"
            rf"{_NOT_CUT}|\b(?:an?\s)?{_SLOWLY}\szoom(?:s|ing)?\b{_ON}{_NOT_CUT}|\bken burns"
            r"(?:\s(?:effect|style|motion|zoom))?\b"
            r"|(?:慢慢|缓慢|缓缓|逐渐|渐渐)地?(?:放大|拉近|推近|推进)|放大的?效果|(?:镜头)(?:放大|拉近|推近|推进)"
        ),
        ("zoom slowly into the pictures", "图片慢慢放大"),
    ),
)


def motion(film: Film, reading: Reading) -> Edit | None:
    """Zoom slowly into or out of the pictures, or keep them still."""
    for kind, pattern, told in _KINDS:
        if reading.take_all(pattern):
            return Edit.draft(replace(film, motion=kind), told, "set_motion", motion=kind)
    return None
