"""A timeline drawn in characters, one line a track, for the terminal."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

from nemovideo_nodes.wire.draft import Draft, Segment, Track, seconds

__all__ = ["draw_timeline"]

_LABELS = {
    "en": {0: "Video", 1: "BGM", 7: "Title"},
    "zh": {0: "视频", 1: "音乐", 7: "标题"},
}
_OTHER = {"en": "Other", "zh": "其他"}
_LABEL_CELLS = 7
_MOST_TRACKS = 30


def draw_timeline(draft: Draft, cells: int = 72, language: str = "en") -> list[str]:
    """The lines of the drawing, each at most `cells` wide; none where nothing says its length.

    `language`: `en` or `zh`, of the names of the tracks.
    """
    length = draft.duration_ms
    width = cells - _LABEL_CELLS - 1
    if not length or width < 10:
        return []
    lines = [_row(track, length, width, language) for track in draft.tracks[:_MOST_TRACKS]]
    end = f"{seconds(length)}s"
    return [*lines, " " * _LABEL_CELLS + "0s" + end.rjust(width - 2)]


def _row(track: Track, length: float, width: int, language: str) -> str:
    label = _LABELS[language].get(-1 if track.kind is None else track.kind, _OTHER[language])
    bar, at = "", 0
    for segment in sorted(track.segments, key=lambda one: one.start_ms or 0.0):
        if segment.start_ms is None or segment.end_ms is None:
            continue
        start = max(at, min(width, round(segment.start_ms / length * width)))
        end = max(start + 2, min(width, round(segment.end_ms / length * width)))
        if end > width:
            break
        bar += " " * (start - at) + _block(segment, end - start)
        at = end
    return (set_cell_size(label, _LABEL_CELLS) + bar).rstrip()


def _block(segment: Segment, cells: int) -> str:
    """`[name━━━]`, cut to so many cells."""
    inner = cells - 2
    name = segment.name if segment.volume is None else f"{segment.name} {segment.volume:.0f}%"
    name = set_cell_size(name, inner) if cell_len(name) > inner else name
    return "[" + name + "━" * (inner - cell_len(name)) + "]"
