"""A quick, small and marked film of a draft, made here: what a person sees before the export.

Needs the extra `video`. It is only made of drafts whose keys are known here: where a clip cannot be
told, what would be shown is not what will be exported.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from nemovideo_nodes.render.timeline import Timeline, preview_of, timeline_from_draft

__all__ = ["LONGEST_MS", "preview", "preview_timeline"]

LONGEST_MS: Final = 120_000
"""Of a longer film, the beginning is shown."""
_VIDEO, _AUDIO = 0, 1
_MARK: Final = "preview"


def preview_timeline(outline: str, find: Callable[[str, str], Path | None]) -> Timeline | None:
    """The film of a draft's outline, small and marked; None where its keys are not known here.

    `find` gives the file of a clip by its media id and its name; None where it is not here.
    """
    try:
        draft = json.loads(outline)
    except (ValueError, RecursionError):
        return None
    if not isinstance(draft, dict):
        return None
    found: dict[str, Path] = {}
    clips = 0
    for kind, meta in _segments(draft):
        source, name = _text(meta.get("src")), _text(meta.get("name"))
        if kind == _VIDEO:
            path = find(source, name) if source else None
            if path is None:
                return None
            clips, found[source] = clips + 1, path
        elif source and (path := find(source, name)) is not None:
            found[source] = path
        elif source:
            meta.pop("src")  # a sound that is not here: the preview does without
    if not clips:
        return None
    timeline = timeline_from_draft(draft, lambda source: found[source])
    return replace(
        preview_of(timeline), watermark=_MARK, duration=min(timeline.duration, LONGEST_MS)
    )


def preview(timeline: Timeline, out: Path, progress: Callable[[float], None] | None = None) -> None:
    """Write the film to `out`, whole or not at all; raises `BadInput` or `RenderFailed`."""
    from nemovideo_nodes.render.movie import render

    render(timeline, out, progress=progress, parts=1)


def _segments(draft: Mapping[str, Any]) -> list[tuple[object, dict[str, Any]]]:
    tracks = draft.get("t")
    found = []
    for track in tracks if isinstance(tracks, list) else []:
        segments = track.get("sg") if isinstance(track, dict) else None
        for segment in segments if isinstance(segments, list) else []:
            meta = segment.get("m") if isinstance(segment, dict) else None
            if track.get("tt") in (_VIDEO, _AUDIO):
                found.append((track.get("tt"), meta if isinstance(meta, dict) else {}))
    return found


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
