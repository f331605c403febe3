"""Wishes for the frame: vertical, square, 16:9."""

from __future__ import annotations

from dataclasses import replace

from nemovideo_nodes.emulator.agent.film import Film
from nemovideo_nodes.emulator.agent.lexicon import FRAMES, Frame
from nemovideo_nodes.emulator.agent.rules.reading import Edit, Reading, words

__all__ = ["frame"]

_FRAME = words("|".join(f"(?:{pattern.pattern})" for pattern, *_ in FRAMES))
_SENT_THERE = words(
    r"\b(?:upload|post|publish|share|send)\b[^,.;]{0,30}$|(?:上传|发布|分享)[^,。]{0,8}$"
)
_RATIO = words(r"(?<![\d:])(\d{1,2}) ?: ?(\d{1,2})(?![\d:])")


def _in_words(row: Frame, reading: Reading) -> bool:
    found = row[0].search(reading.text)
    return not (found and found[0][0].isdecimal())


def frame(film: Film, reading: Reading) -> Edit | None:
    """The first frame that is named; further words for a frame are of the same wish."""
    # "portrait 4:5": numbers say it better than words.
    for pattern, size, english, chinese in sorted(FRAMES, key=lambda row: _in_words(row, reading)):
        if reading.take(pattern, unless=_SENT_THERE):
            # "vertical 9:16 for TikTok" is one wish.
            reading.take_all(_FRAME, unless=_SENT_THERE)
            told = f"made the frame {english}", f"画面改为{chinese}"
            film = replace(film, canvas=size)
            return Edit.draft(film, told, "set_canvas", width=size[0], height=size[1])
    if ratio := reading.take(_RATIO):
        known = "9:16, 1:1, 16:9, 4:5, 3:4, 4:3, 21:9"
        reading.notes.append(
            (
                f"I have no frame of {ratio[1]}:{ratio[2]}; there are {known}.",
                f"没有{ratio[1]}:{ratio[2]}的画幅，可以用{known}。",
            )
        )
    return None
