"""Requests for how a picture of another shape lies in the frame: cut to fill it, or whole."""

from __future__ import annotations

from dataclasses import replace

from nemovideo_nodes.emulator.agent.film import Film
from nemovideo_nodes.emulator.agent.rules.absence import ANY, NO_EN, NO_ZH
from nemovideo_nodes.emulator.agent.rules.reading import Edit, Reading, words

__all__ = ["fit"]

_FRAME = r"(?:the\s|my\s)?(?:whole\s|entire\s|full\s)?(?:frame|screen)"
_BARS = r"(?:black |blurr?y |blurred |empty )?(?:bars?|borders?|edges|letter-?boxing)"
_FILL = words(
    rf"\bfill(?:s|ing|ed)?\s(?:up\s|out\s)?{_FRAME}\b|\bcrop(?:ped)?\s(?:\w+\s)?to\s(?:fill|fit)\b"
    rf"(?:\s{_FRAME}\b)?|\bfull[-\s]?(?:screen|bleed|frame)\b|\bedge[-\s]to[-\s]edge\b"
    rf"|\b{NO_EN}{ANY}?\s?(?:blurr?ed\s(?:background|fill)|{_BARS})"
    r"|(?:铺满|填满|充满|撑满)(?:整个)?(?:屏幕|画面|屏)?|全屏|满屏"
    rf"|{NO_ZH}(?:模糊|虚化)?的?(?:黑边|边框|模糊背景|虚化背景|背景虚化|背景模糊)"
)
_WHOLE = words(
    r"\b(?:keep|show|leave)\s(?:the\s|my\s|all\s)?(?:pictures?|photos?|images?|them|it)\s"
    r"(?:uncropped|un-cropped|whole|complete|entire|in full)\b|\bun-?cropped\b|\bnot cropped\b"
    r"|\b(?:don't|do not|never|no)\s(?:crop|cropping)\b(?:\s(?:the|my|any|them|it))*"
    r"(?:\s(?:pictures?|photos?|images?))?"
    r"|\bwithout (?:any )?cropping(?:\s(?:the|my|any))*(?:\s(?:pictures?|photos?|images?))?\b"
    r"|\b(?:show|keep|fit)\s(?:the\s|my\s)?(?:whole|entire|full)\s(?:pictures?|photos?|images?)\b"
    r"|(?:不要?|别)裁(?:剪|切)?(?:图片|照片)?|(?:完整显示|显示完整的?|保留完整的?)(?:图片|照片|画面)?"
)


def fit(film: Film, reading: Reading) -> Edit | None:
    """Pictures that fill the frame, or that are shown whole."""
    if reading.take_all(_WHOLE):
        told = "show the pictures whole", "完整显示图片"
        return Edit.draft(replace(film, fills=False), told, "set_fit", fit="whole")
    if reading.take_all(_FILL):
        told = "cut the pictures to fill the frame", "让图片铺满画面"
        return Edit.draft(replace(film, fills=True), told, "set_fit", fit="fill")
    return None
