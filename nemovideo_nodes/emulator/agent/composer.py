"""A rule-based editor in the place of the vendor's agent; pure: draft, text → new draft, words.

What it understands stands in `rules.RULES`; what it does not understand it says, and then it
changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

from nemovideo_nodes.emulator.agent import replies
from nemovideo_nodes.emulator.agent.drafts import film_of, loads, to_json
from nemovideo_nodes.emulator.agent.film import Film, Music, Scene, Title, stem, unlike
from nemovideo_nodes.emulator.agent.rules import RULES
from nemovideo_nodes.emulator.agent.rules.lists import spread
from nemovideo_nodes.emulator.agent.rules.music import DEFAULT_MUSIC
from nemovideo_nodes.emulator.agent.rules.reading import QUOTE, Edit, Note, Reading
from nemovideo_nodes.emulator.agent.rules.talk import drop_talk
from nemovideo_nodes.emulator.agent.rules.unquoted import quote_plain_texts
from nemovideo_nodes.emulator.agent.rules.unread import left_out
from nemovideo_nodes.emulator.agent.rules.unsupported import leave_out_unsupported

__all__ = ["Composition", "Source", "ToolStep", "Work", "compose", "loads", "unasked"]

_LOOKS = (
    *("set_fit", "set_background", "set_motion", "set_clip_sound", "set_scene_durations"),
    *("remove_images", "reorder"),
)
"""Edits that are told one by one of a new film, whose other traits stand in a sentence."""
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
    refused: frozenset[str] = frozenset()
    """What the person does not want: `music`, `title`."""
    second_stage: str = ""
    """What a second stage may add by itself: `music`, `title`, or nothing."""

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
    r"\b(?:add|append|include|insert|use)\s(?:\w+\s){0,4}?(?:photos?|pictures?|images?|files?"
    r"|shots?)\b"
    r"|把[^字标文,。]{0,8}(?:图片|照片|新图|图|文件)[^字标文,。]{0,4}(?:加|放|接)(?:到|在|进|入)"
    r"|(?:加上|加入|添加|加|放进)[^字标文,。]{0,8}(?:图片|照片|新图|图(?!片?.{0,6}(?:字幕|标题"
    r"|文字))|文件)",
    re.IGNORECASE | re.DOTALL,
)
_USE_SOUND = re.compile(
    r"\b(?:use|add|put|play|with|set)\s(?:in\s|on\s)?(?:my|our|this|that|the uploaded|the attached"
    r"|uploaded|the new)\s(?:own\s)?(?:music|song|track|audio|sound|recording|mp3|file|tune|bgm)\b"
    r"(?:\s(?:as|for)\s(?:the\s|its\s)?(?:background\s)?(?:music|sound\s?track|bgm))?"
    r"|(?:用|换成|配上?|加上?|放)(?:我的?|这[首段个]|上传的|新的)+(?:歌曲|歌|音乐|音频|录音|曲子|配乐)"
    r"(?:做|当|作为)?(?:背景)?(?:音乐|配乐)?",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"^\W*(?:hi|hello|hey|thanks?|thank you|ok|okay|test|yes|no|cool|great)\b[\W\s]*$"
    r"|^\W*(?:你好|谢谢|您好|好的|嗯)\W*$|^\W*$",
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
    seed: str = "",
    undrawable: Callable[[str], Sequence[str]] = lambda text: (),
) -> Composition:
    """What to do about `instruction`; `draft` is None before the first film.

    `turn` is how many messages the session has had; `introduce` adds the sentence that says
    that a rule-based stand-in is answering; `seed` decides how it is said; `undrawable`
    gives the characters of a text that no font has.
    """
    reading = Reading.of(instruction, has_clips=any(source.kind == "video" for source in sources))
    say = replies.ReplyWriter(_is_chinese(reading), f"{seed}:{turn}", introduce)
    asked_nothing = not reading.text
    drop_talk(reading)
    spread(reading)
    images = [source for source in sources if source.kind != "audio"]
    sounds = [source for source in sources if source.kind == "audio"]
    film = film_of(draft) if draft is not None else None
    fresh = _fresh(film, images)
    if _wants_new_film(film, reading):
        named = [image for image in images if image.name in instruction]
        begun = Film(scenes=_scenes(named or fresh or images), music=_recording(sounds))
        return _generate(begun, reading, say, undrawable)
    if film is None or asked_nothing:
        return Composition(Work.NOTHING, (), "", say.not_understood(reading.notes), "")
    edits: list[Edit] = []
    if fresh and reading.take(_ADD_PICTURES):
        edits.append(_append(film, fresh))
    if sounds and reading.take(_USE_SOUND):
        edits.append(_underlay(edits[-1].film if edits else film, sounds))
    edits, film = _apply(film, reading, edits)
    if not edits:
        # Nothing was understood at all: only what was left out on purpose is named one by one.
        left = left_out(reading) if reading.left else []
        return _nothing(say.not_understood(reading.notes, left), reading)
    changed = [edit for edit in edits if edit.tool]
    if not changed:
        return _nothing(say.already(reading.notes, left_out(reading)), reading)
    steps = tuple(_step(edit.tool, edit.args, edit.film) for edit in changed)
    reading.notes += _undrawn(film, film_of(draft), undrawable) if draft is not None else []
    told = say.edited(changed, reading.notes, left_out(reading))
    return Composition(Work.EDIT, steps, "", told, "", refused=frozenset(reading.refused))


def _nothing(told: str, reading: Reading) -> Composition:
    return Composition(Work.NOTHING, (), "", told, "", refused=frozenset(reading.refused))


def unasked(draft: dict[str, Any], addition: str) -> str | None:
    """The draft with what the second stage adds by itself; None where it is there already."""
    film = film_of(draft)
    if addition == "music" and film.music is None:
        return to_json(replace(film, music=DEFAULT_MUSIC))
    if addition == "title" and not film.titles:
        return to_json(replace(film, titles=(Title(film.scenes[0].name),)))
    return None


def _is_chinese(reading: Reading) -> bool:
    text = re.sub(QUOTE, "", reading.text)
    words = text if re.search(r"[^\W_]", text) else " ".join(reading.quotes.values())
    return bool(_CHINESE.search(words))


def _wants_new_film(film: Film | None, reading: Reading) -> bool:
    if _NEW_FILM.search(reading.text):
        return True
    return film is None and bool(reading.text.strip()) and not _GREETING.search(reading.text)


def _fresh(film: Film | None, images: Sequence[Source]) -> list[Source]:
    """The pictures that the film neither shows nor has lost on request."""
    known = {*(scene.source for scene in film.scenes), *film.dropped} if film else set()
    return [image for image in images if image.id not in known]


def _scenes(images: Sequence[Source], taken: Sequence[Scene] = ()) -> tuple[Scene, ...]:
    """Scenes of the same length as the ones before, each with a name of its own."""
    names = [scene.name for scene in taken]
    weight = sum(scene.weight for scene in taken) // len(taken) if taken else 1_000
    scenes = []
    for image in images:
        name = unlike(stem(image.name), names)
        names.append(name)
        scenes.append(Scene(name, image.id, max(1, weight)))
    return tuple(scenes)


def _generate(
    film: Film,
    reading: Reading,
    say: replies.ReplyWriter,
    undrawable: Callable[[str], Sequence[str]],
) -> Composition:
    reading.generating = True
    if not film.scenes:
        film = replace(film, scenes=(Scene("plain backdrop", None),), duration=5_000)
        reading.notes.append(replies.NO_IMAGES)
    else:
        film = film.lasting(max(_DEFAULT_MS, _PICTURE_MS * len(film.scenes)))
    edits, done = _apply(film, reading, [])
    looks = [edit for edit in edits if edit.tool and edit.args.get("op") in _LOOKS]
    reading.notes += [(f"I {edit.english}.", f"{edit.chinese}。") for edit in looks]
    reading.notes += _undrawn(done, film, undrawable)
    has_added = any(edit.tool == "add_bgm" for edit in edits)
    bare = replace(
        done,
        music=None if has_added else done.music,
        titles=(),
        scenes=tuple(replace(s, caption="") for s in done.scenes),
    )
    args = {"images": [scene.name for scene in bare.scenes], "duration": bare.duration / 1000}
    steps = [_step("generate_video", args, bare)]
    for edit in edits:
        if edit.tool == "add_bgm":
            steps.append(_step(edit.tool, edit.args, replace(bare, music=done.music)))
    for edit in edits:
        if edit.args.get("op") in ("add_title", "add_captions"):
            steps.append(_step(edit.tool, edit.args, done))
    if done.music is None:
        may_add = () if "music" in reading.refused else ("music",)
    else:
        may_add = ("title",) if not done.titles and "title" not in reading.refused else ()
    return Composition(
        Work.GENERATION,
        tuple(steps),
        say.opening(bare),
        say.generated(done, reading.notes, left_out(reading)),
        say.thought(bare),
        refused=frozenset(reading.refused),
        second_stage=may_add[0] if may_add else "",
    )


def _apply(film: Film, reading: Reading, edits: Sequence[Edit]) -> tuple[list[Edit], Film]:
    """Every rule's edit, in order; one that changes nothing keeps its words and loses its tool."""
    made = list(edits)
    film = made[-1].film if made else film
    leave_out_unsupported(film, reading)
    quote_plain_texts(reading)
    for rule in RULES:
        edit = rule(film, reading)
        if edit is None:
            continue
        after = edit.film.with_texts_apart()
        kept = {title.text for title in after.titles}
        for title in edit.film.titles:
            if title.text not in kept:
                reading.notes.append(
                    (f'There is no room for "{title.text}".', f"没有地方放“{title.text}”了。")
                )
        same = to_json(after) == to_json(film)
        made.append(replace(edit, film=after, tool="" if same else edit.tool))
        film = after
    return made, film


def _undrawn(film: Film, before: Film, undrawable: Callable[[str], Sequence[str]]) -> list[Note]:
    """What is said of the texts that `before` has not, where no font has some of their letters."""
    notes = []
    for text in film.texts:
        if text not in before.texts and (missing := undrawable(text)):
            named = " ".join(missing[:10])
            notes.append(
                (
                    f'No font here has {named}: left out of "{text}".',
                    f"没有字体能显示{named}，“{text}”里没有画出来。",
                )
            )
    return notes


def _append(film: Film, images: Sequence[Source]) -> Edit:
    added = _scenes(images, film.scenes)
    longer = film.of_scenes((*film.scenes, *added))
    names = [scene.name for scene in added]
    told = f"added {', '.join(names)}", f"加入了{'、'.join(names)}"
    return Edit.draft(longer, told, "add_images", images=names)


def _recording(sounds: Sequence[Source]) -> Music | None:
    """The newest recording that was uploaded, as the film's music."""
    return Music(stem(sounds[-1].name), "", source=sounds[-1].id) if sounds else None


def _underlay(film: Film, sounds: Sequence[Source]) -> Edit:
    music = _recording(sounds)
    assert music is not None
    told = f"put {music.name} under the film", f"配上了{music.name}"
    args = {"name": music.name, "volume": music.volume}
    return Edit(replace(film, music=music), "add_bgm", args, *told)


def _step(name: str, args: dict[str, Any], film: Film) -> ToolStep:
    return ToolStep(name, args, to_json(film), film.canvas)
