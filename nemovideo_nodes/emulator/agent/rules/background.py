"""Requests for what is seen behind a cut-out picture: a colour."""

from __future__ import annotations

from dataclasses import replace

from nemovideo_nodes.emulator.agent.film import Film
from nemovideo_nodes.emulator.agent.rules.reading import Edit, Reading, words

__all__ = ["COLOURS", "background"]

COLOURS = {
    "white": ("#ffffff", "白"), "black": ("#000000", "黑"), "grey": ("#808080", "灰"),
    "red": ("#c62828", "红"), "orange": ("#ef6c00", "橙"), "yellow": ("#fbc02d", "黄"),
    "green": ("#2e7d32", "绿"), "blue": ("#1565c0", "蓝"), "purple": ("#6a1b9a", "紫"),
    "pink": ("#f48fb1", "粉"), "beige": ("#efe6d5", "米"),
}  # fmt: skip
_EN = rf"(?:{'|'.join(COLOURS)}|gray|#[0-9a-f]{{6}})"
_ZH = f"[{''.join(chinese for _, chinese in COLOURS.values())}]"
_WANTED = words(
    rf"\b(?:(?:on|with|over|against|use|in)\s(?:a|an|the|plain)\s(?:plain\s)?)?(?P<a>{_EN})"
    r"\sback(?:ground|drop)\b(?!\s(?:music|song))"
    rf"|\bbackground(?:\scolou?r)?\s(?:to|is|in|be|should be|=)?\s?(?P<b>{_EN})(?!\w)"
    rf"|(?:用|加)?(?P<c>{_ZH})色?的?(?:背景|底色)(?!音乐)"
    r"|(?:用|加)?(?P<e>[白黑灰])底(?!色)"
    rf"|背景(?:颜色|色)?(?:用|改成|改为|换成|设为|为|是)(?P<d>{_ZH})色?"
)


def background(film: Film, reading: Reading) -> Edit | None:
    """A colour behind the pictures."""
    found = reading.take(_WANTED)
    if not found:
        return None
    word = next(filter(None, found.groups())).lower().replace("gray", "grey")
    by_word = {chinese: colour for colour, chinese in COLOURS.values()}
    colour = COLOURS[word][0] if word in COLOURS else by_word.get(word, word)
    name, chinese = next(
        ((en, zh) for en, (code, zh) in COLOURS.items() if code == colour), (colour, colour)
    )
    told = f"put the pictures on a {name} background", f"图片放在{chinese}色背景上"
    return Edit.draft(replace(film, background=colour), told, "set_background", color=colour)
