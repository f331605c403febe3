"""A rule-based editor in the place of the vendor's agent; pure: draft, text → new draft, words.

What it understands stands in `rules.RULES`; what it does not understand it says, and then it
changes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

from nemovideo_nodes.emulator import replies
from nemovideo_nodes.emulator.film import Film, Scene, stem
from nemovideo_nodes.emulator.rules import QUOTE, RULES, Edit, Reading

__all__ = ["Composition", "Source", "ToolStep", "Work", "compose"]

_PICTURE_MS = 4_000
_DEFAULT_MS = 15_000


class Work(Enum):
    """What kind of work an instruction is; it decides the price."""

    NOTHING = auto()
    EDIT = auto()
    GENERATION = auto()


@dataclass(frozen=True)
class Source:
    """An upload as the composer sees it; `name` is the file's name as it was sent."""

    id: str
    name: str
    kind: str


@dataclass(frozen=True)
class ToolStep:
    """One tool call, and the draft as it is when the call has answered."""

    name: str
    args: dict[str, Any]
    draft: str
    canvas: tuple[int, int]


@dataclass(frozen=True)
class Composition:
    """What the agent does about an instruction; `draft` is None where nothing changes."""

    work: Work
    steps: tuple[ToolStep, ...]
    opening: str
    """What is said before the tools are called; may be empty."""
    closing: str
    thought: str

    @property
    def draft(self) -> str | None:
        return self.steps[-1].draft if self.steps else None


_MEDIUM = (
    r"(?:video|clip|film|movie|reel|slide\s?show|animation|ad|advert|promo|trailer|montage|vlog)s?"
)
_MAKE = (
    r"(?:make|create|generate|produce|build|compose)\s+(?:me\s+|us\s+)?(?:a|an|another|one|some)"
)
_MAKE_ZH = r"(?:生成|制作|做成|做|剪|剪成|变成|转成|合成)(?:一个|一段|一条|个|段|条)?"
_NEW_FILM = re.compile(
    rf"\b{_MAKE}\b.{{0,80}}\b{_MEDIUM}\b|\bturn\b.{{0,80}}\binto\b.{{0,80}}\b{_MEDIUM}\b"
    rf"|\banimate (?:these|them|all|my)\b|\bstart over\b"
    rf"|{_MAKE_ZH}.{{0,20}}(?:视频|短片|影片|动画|幻灯片)|重新(?:做|生成|制作)",
    re.IGNORECASE | re.DOTALL,
)
_ADD_PICTURES = re.compile(
    r"\b(?:add|append|include|insert|use)\b.{0,30}\b(?:photos?|pictures?|images?|files?|shots?|ones?)\b"
    r"|(?:加上|加入|添加|加|放进).{0,10}(?:图|照片|图片|文件)",
    re.IGNORECASE | re.DOTALL,
)
_ASKING = re.compile(
    r"[?？]\s*$"
    r"|^\s*(?:what|how|why|who|when|where|can you|could you tell|do you|are you|is (?:it|there))\b"
    r"|^\s*(?:hi|hello|hey|thanks?|thank you|ok|okay|test)\b[\s.!,]*$"
    r"|^\s*(?:你好|谢谢|您好)[。！!，,\s]*$|[吗呢么]\s*[。!！]?$",
    re.IGNORECASE,
)
_CHINESE = re.compile(r"[\u3400-\u9fff]")


def compose(
    draft: dict[str, Any] | None,
    sources: Sequence[Source],
    instruction: str,
    *,
    turn: int = 0,
    introduce: bool = False,
) -> Composition:
    """What to do about `instruction`; `draft` is None before the first film.

    `turn` is how many messages the session has had; `introduce` adds the sentence that says
    that a rule-based stand-in is answering.
    """
    reading = Reading.of(instruction)
    say = replies.Speaker(chinese=_is_chinese(reading), turn=turn, introduce=introduce)
    images = [source for source in sources if source.kind == "image"]
    if len(images) < len(sources):
        reading.notes.append(replies.ONLY_IMAGES)
    film = Film.of_draft(draft) if draft is not None else None
    fresh = _fresh(film, images)
    if _wants_new_film(film, reading):
        return _generate(Film(scenes=_scenes(fresh or images)), reading, say)
    if film is None:
        return Composition(Work.NOTHING, (), "", say.lost(reading.notes), "")
    edits: list[Edit] = []
    if fresh and _ADD_PICTURES.search(reading.text):
        edits.append(_append(film, fresh))
    edits, film = _apply(film, reading, edits)
    if not edits:
        return Composition(Work.NOTHING, (), "", say.lost(reading.notes), "")
    changed = [edit for edit in edits if edit.tool]
    if not changed:
        return Composition(Work.NOTHING, (), "", say.already(), "")
    steps = tuple(_step(edit.tool, edit.args, edit.film) for edit in changed)
    return Composition(Work.EDIT, steps, "", say.edited(changed, film, reading.notes), "")


def _is_chinese(reading: Reading) -> bool:
    words = reading.text if re.search(rf"[^\W{QUOTE}]", reading.text) else " ".join(reading.quotes)
    return bool(_CHINESE.search(words))


def _wants_new_film(film: Film | None, reading: Reading) -> bool:
    if _NEW_FILM.search(reading.text):
        return True
    return film is None and bool(reading.text.strip()) and not _ASKING.search(reading.text)


def _fresh(film: Film | None, images: Sequence[Source]) -> list[Source]:
    """The pictures that the film does not show yet."""
    shown = {scene.source for scene in film.scenes} if film else set()
    return [image for image in images if image.id not in shown]


def _scenes(images: Sequence[Source]) -> tuple[Scene, ...]:
    return tuple(Scene(stem(image.name), image.id) for image in images)


def _generate(film: Film, reading: Reading, say: replies.Speaker) -> Composition:
    reading.generating = True
    if not film.scenes:
        if reading.notes:  # files came, and none that can be shown
            return Composition(Work.NOTHING, (), "", say.lost(reading.notes), "")
        film = replace(film, scenes=(Scene("plain backdrop", None),), duration=5_000)
        reading.notes.append(replies.NO_IMAGES)
    else:
        film = replace(film, duration=max(_DEFAULT_MS, _PICTURE_MS * len(film.scenes)))
    edits, done = _apply(film, reading, [])
    bare = replace(done, music=None, titles=())
    args = {"images": [scene.name for scene in bare.scenes], "duration": bare.duration / 1000}
    steps = [_step("generate_video", args, bare)]
    for edit in edits:
        if edit.tool == "add_bgm":
            steps.append(_step(edit.tool, edit.args, replace(bare, music=done.music)))
    for edit in edits:
        if edit.args.get("op") == "add_title":
            steps.append(_step(edit.tool, edit.args, done))
    return Composition(
        Work.GENERATION,
        tuple(steps),
        say.opening(bare),
        say.generated(done, reading.notes),
        say.thought(bare),
    )


def _apply(film: Film, reading: Reading, edits: Sequence[Edit]) -> tuple[list[Edit], Film]:
    """Every rule's edit, in order; one that changes nothing keeps its words and loses its tool."""
    made = list(edits)
    film = made[-1].film if made else film
    for rule in RULES:
        edit = rule(film, reading)
        if edit is None:
            continue
        made.append(edit if edit.film != film else replace(edit, tool=""))
        film = edit.film
    return made, film


def _append(film: Film, images: Sequence[Source]) -> Edit:
    each = film.duration // max(1, len(film.scenes))
    longer = replace(
        film,
        scenes=film.scenes + _scenes(images),
        duration=min(film.duration + each * len(images), 600_000),
    )
    names = [stem(image.name) for image in images]
    args = {"op": "add_images", "images": names}
    told = f"added {', '.join(names)}", f"加入了{'、'.join(names)}"
    return Edit(longer, "edit_draft", args, *told)


def _step(name: str, args: dict[str, Any], film: Film) -> ToolStep:
    return ToolStep(name, args, film.to_json(), film.canvas)


def loads(draft: str | None) -> dict[str, Any] | None:
    """The draft that the composer wrote, read back."""
    value = json.loads(draft) if draft is not None else None
    return value if isinstance(value, dict) else None
