"""The words for titles and captions, in English and Chinese."""

from __future__ import annotations

from nemovideo_nodes.emulator.agent.rules.reading import words

__all__ = ["CAPTION_WORD", "CHANGE", "HEADING", "HEADING_WORD", "TITLE", "TITLE_ZH"]

HEADING = r"(?:titles?|headings?|headlines?)"
_CAPTION = r"(?:captions?|sub\s?-?titles?)"
TITLE = rf"(?:{HEADING}|{_CAPTION}|texts?|words)"
TITLE_ZH = r"(?:副?标题|字幕|文字|文案|题目|片名|大字|说明文字)"
CAPTION_WORD = words(rf"\b{_CAPTION}\b|副标题|字幕|说明文字")
HEADING_WORD = words(rf"\b{HEADING}\b|标题|题目|片名")
CHANGE = r"(?:change|replace|rename|update|edit|rewrite|set|make|correct|fix|swap|switch)"
