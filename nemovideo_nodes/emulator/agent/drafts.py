"""A film as a draft, and back: the documented keys, and ours in `m`, which others ignore.

A segment's `start` stands in its `m`; a transition overlaps the end of the segment before it,
and the last video segment ends where the draft ends.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from nemovideo_nodes.emulator.agent.film import (
    CAPTION,
    END,
    WHOLE,
    Film,
    Music,
    Scene,
    Title,
)

__all__ = ["draft_of", "film_of", "loads", "to_json"]

FPS = 30
_VIDEO, _AUDIO, _TEXT = 0, 1, 7
_PICTURE = "picture"
"""The anchor of a text that belongs to one picture."""


def to_json(film: Film) -> str:
    """The film's draft as the JSON text that is kept and handed out."""
    return json.dumps(draft_of(film), ensure_ascii=False, separators=(",", ":"))


def loads(draft: str | None) -> dict[str, Any] | None:
    """The draft that the composer wrote, read back."""
    value = json.loads(draft) if draft is not None else None
    return value if isinstance(value, dict) else None


def film_of(draft: dict[str, Any]) -> Film:
    """The film that a draft of `draft_of` says."""
    tracks = {track["tt"]: track["sg"] for track in draft["t"]}
    texts = tracks.get(_TEXT, [])
    captions = {
        segment["m"][_PICTURE]: segment["m"]["text"]
        for segment in texts
        if segment["m"].get("anchor") == _PICTURE
    }
    video = tracks.get(_VIDEO, [])
    meta = draft["m"]
    overlap = video[-1]["m"].get("transition", {}).get("d", 0) if video else 0
    return Film(
        scenes=tuple(
            Scene(
                segment["m"]["name"],
                segment["m"].get("src"),
                # The time until the next picture begins to come in.
                segment["d"] - overlap,
                captions.get(index, ""),
            )
            for index, segment in enumerate(video)
        ),
        duration=draft["d"],
        canvas=(meta["canvas"]["w"], meta["canvas"]["h"]),
        fade=meta["fade"],
        cut=meta.get("cut", "crossfade"),
        music=next(map(_music_of, tracks.get(_AUDIO, [])), None),
        titles=tuple(_title_of(s) for s in texts if s["m"].get("anchor") != _PICTURE),
        background=meta.get("background", ""),
        silent_clips=meta.get("clips") == "silent",
        fills=meta.get("fit") == "fill",
        motion=meta.get("motion", ""),
        dropped=tuple(meta.get("dropped", ())),
    )


def _music_of(segment: dict[str, Any]) -> Music:
    meta = segment["m"]
    return Music(meta["name"], meta["style"], meta["volume"], meta.get("src"))


def _title_of(segment: dict[str, Any]) -> Title:
    meta = segment["m"]
    return Title(
        text=meta["text"],
        start=meta["start"],
        duration=segment["d"],
        anchor=meta.get("anchor", ""),
        place=meta.get("position", ""),
        role=meta.get("role", ""),
    )


def draft_of(film: Film) -> dict[str, Any]:
    """The draft that says this film."""
    fade, starts = film.layout()
    tracks: list[dict[str, Any]] = [{"tt": _VIDEO, "sg": list(_scenes(film, fade, starts))}]
    if film.music:
        music: dict[str, Any] = {
            "name": film.music.name,
            "style": film.music.style,
            "volume": film.music.volume,
            "start": 0,
        }
        if film.music.source is not None:
            music["src"] = film.music.source
        tracks.append({"tt": _AUDIO, "sg": [{"d": film.duration, "m": music}]})
    texts = sorted((*_titles(film), *_captions(film, starts)), key=lambda text: text["m"]["start"])
    if texts:
        tracks.append({"tt": _TEXT, "sg": texts})
    width, height = film.canvas
    meta: dict[str, Any] = {"canvas": {"w": width, "h": height}, "fps": FPS, "fade": film.fade}
    if film.cut != "crossfade":
        meta["cut"] = film.cut
    if film.background:
        meta["background"] = film.background
    if film.silent_clips:
        meta["clips"] = "silent"
    if film.fills:
        meta["fit"] = "fill"
    if film.motion:
        meta["motion"] = film.motion
    if film.dropped:
        meta["dropped"] = list(film.dropped)
    return {"t": tracks, "d": film.duration, "m": meta}


def _scenes(film: Film, fade: int, starts: list[int]) -> Iterator[dict[str, Any]]:
    ends = [start + fade for start in starts[1:]] + [film.duration]
    for index, (scene, start, end) in enumerate(zip(film.scenes, starts, ends, strict=True)):
        meta: dict[str, Any] = {"name": scene.name}
        if scene.source is not None:
            meta["src"] = scene.source
        meta["start"] = start
        if film.motion:
            meta["motion"] = film.motion
        if index and fade:
            meta["transition"] = {"type": film.cut, "d": fade}
        yield {"d": end - start, "m": meta}


def _titles(film: Film) -> Iterable[dict[str, Any]]:
    for title in film.titles:
        title = title.within(film.duration)
        meta: dict[str, Any] = {"text": title.text, "start": title.start}
        # Where captions stand below, a title stands above, in every frame.
        if place := title.place or ("top" if film.has_captions else ""):
            meta["position"] = place
        if title.anchor in (END, WHOLE):
            meta["anchor"] = title.anchor
        if title.role:
            meta["role"] = title.role
        yield {"d": title.duration, "m": meta}


def _captions(film: Film, starts: list[int]) -> Iterable[dict[str, Any]]:
    ends = [*starts[1:], film.duration]
    for index, (scene, start, end) in enumerate(zip(film.scenes, starts, ends, strict=True)):
        if scene.caption:
            meta = {
                "text": scene.caption,
                "start": start,
                "position": "bottom",
                "anchor": _PICTURE,
                _PICTURE: index,
                "role": CAPTION,
            }
            yield {"d": end - start, "m": meta}
