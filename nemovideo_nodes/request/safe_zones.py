"""Texts that stand where a platform shows its own buttons, as far as a timeline tells. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nemovideo_nodes.request.platforms import PRESETS
from nemovideo_nodes.wire.subtitles import Cue

__all__ = ["covered_texts"]


def covered_texts(platform: str, cues: Sequence[Cue]) -> Iterator[str]:
    """A sentence for each text that the platform covers; a text without a place is left out."""
    preset = PRESETS.get(platform)
    if preset is None:
        return
    clear = preset.clear
    for cue in cues:
        if cue.place is None:
            continue
        across, down = cue.place
        sides = {
            "top": down < clear.top,
            "bottom": down > 1 - clear.bottom,
            "left": across < clear.left,
            "right": across > 1 - clear.right,
        }
        for side, is_covered in sides.items():
            if is_covered:
                part: float = getattr(clear, side)
                yield (
                    f'The text "{cue.text[:60]}" stands in the {side} {part:.0%} of the frame, '
                    f"which {preset.title} covers with its own buttons"
                )
