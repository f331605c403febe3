"""Advice before anything is paid: vague instructions, mixed dimensions, too many pictures. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nemovideo_nodes.errors import well_formed
from nemovideo_nodes.language.changes import language_of
from nemovideo_nodes.language.lengths import lengths_in
from nemovideo_nodes.language.quotes import hidden
from nemovideo_nodes.language.routing import Action, route
from nemovideo_nodes.language.vocabulary import POLITE, Words
from nemovideo_nodes.profiles import BUILT_IN, Profile

__all__ = ["advise"]

Size = tuple[int, int]

_USUAL_SECONDS = 15.0
"""How long a video becomes when nobody says."""
_SHORTEST_VIDEO = 5.0
"""A shorter time is a title's or a transition's."""
_SECONDS_EACH = 1.5
"""Below this a picture is gone before it is seen."""
_MOST_SIZES_SHOWN = 4
_LONGEST_QUOTE = 60

_VAGUE = Words.of(
    "make making create produce generate build do turn transform convert put together animate edit "
    "give get into from of out with using some something anything stuff thing one on these those "
    "them our your video videos clip movie film slideshow slide show reel content photo photos "
    "picture pictures pic pics image images file files media new simple nicer better best "
    "beautiful "
    "pretty prettier cooler fun interesting stunning professional special more look different "
    "improve fix change up",
    "做 做个 做一个 做一下 做成 制作 制作一个 生成 生成一个 弄 弄个 弄一个 搞 剪 剪个 剪一个 来个 "
    "把 将 用 给 变成 成 一个 个 "
    "视频 影片 短片 片子 短视频 照片 图片 图 相片 素材 这些 这几张 几张 我的 漂亮 好看 好看点 "
    "好看一点 漂亮点 漂亮一点 "
    "美 美一点 高级 高级一点 酷 酷炫 有趣 特别 更 更好 好一点 一点 点 随便 的 得 它 改 改一下 "
    "优化 优化一下 改好看",
    POLITE,
)
"""Words that specify nothing: no length, no look, no music, no subject."""

_EACH = re.compile(r"\b(?:each|every|per)\b|每", re.IGNORECASE)

_REFUSED_LINK = re.compile(r"(?i)\b(?:youtube\.com|youtu\.be|spotify\.com)/")
_RATIO = re.compile(
    r"(?i)\b(?:aspect ratio|vertical|portrait|landscape|square)\b"
    r"|\b\d{1,2}\s?[:：x]\s?\d{1,2}\b|画幅|[竖横]屏|[竖横方]版|方形"
)

_SMOOTHER = BUILT_IN["image-to-video-canva"].advice
_FEWER = BUILT_IN["ai-image-to-video-miricanvas"].advice
_IN_CHINESE = {
    _SMOOTHER: "尺寸相同的图片，转场会更流畅。",
    _FEWER: "图片少一些、主体清晰一些，动画会更流畅。",
    BUILT_IN["ai-image-to-video-miricanvas"].default_instruction: (
        "把我的图片做成带转场的流畅动画视频"
    ),
    BUILT_IN["image-to-video-canva"].default_instruction: (
        "把我的产品图片做成15秒的宣传视频，带转场和音乐"
    ),
}
"""What the skills themselves say."""


@dataclass(frozen=True)
class _Phrases:
    """The sentences in one language."""

    vague: str
    example: str
    mixed: str
    many: str
    links: str
    ratio: str
    comma: str


_ENGLISH = _Phrases(
    vague=(
        '"{}" leaves much open, and every attempt costs credits. '
        "It helps to say how long the video should be, its look, its music or a title"
    ),
    example=', for example: "{}".',
    mixed="Your {count} pictures have {sizes} different sizes ({shown}). ",
    many="{count} pictures in {seconds:g} seconds leave about {each:.1f} seconds for each. ",
    links="The service refuses links to YouTube and Spotify: give the file itself.",
    ratio="To change the aspect ratio, a video is generated again and paid for again: "
    "it is best said in the first prompt.",
    comma=", ",
)
_CHINESE = _Phrases(
    vague="“{}”说得比较笼统，而每次尝试都会消耗积分。说明时长、风格、音乐或标题，效果会更好",
    example="，例如：“{}”。",
    mixed="您的{count}张图片有{sizes}种尺寸（{shown}）。",
    many="{count}张图片放进{seconds:g}秒，每张只有约{each:.1f}秒。",
    links="服务不接受 YouTube 和 Spotify 链接：请直接提供文件。",
    ratio="更改画幅意味着重新生成视频，并再次消耗积分：最好在第一条提示里说明。",
    comma="、",
)


def advise(
    instructions: Sequence[str], sizes: Sequence[Size | None], profile: Profile
) -> list[str]:
    """What a person might want to hear before paying; empty when all is well.

    `sizes` has width and height in pixels for each picture, None where they are not known. The
    advice is in the language of the instructions: English or Chinese.
    """
    is_chinese = language_of(" ".join(instructions)) == "zh"
    phrases = _CHINESE if is_chinese else _ENGLISH
    lines = _about_words(instructions, profile, phrases)
    lines += _about_service(instructions, phrases)
    pictures = [
        *_about_sizes(sizes, phrases),
        *_about_number(instructions, len(sizes), phrases),
    ]
    if pictures and profile.advice not in ("", _SMOOTHER, _FEWER):
        pictures.append(profile.advice)
    return [well_formed(line) for line in [*lines, *pictures]]


def _about_words(instructions: Sequence[str], profile: Profile, phrases: _Phrases) -> list[str]:
    vague = next(filter(_is_vague, instructions), None)
    if vague is None:
        return []
    quote = " ".join(vague.split()).rstrip(".!。！")
    if len(quote) > _LONGEST_QUOTE:
        quote = quote[: _LONGEST_QUOTE - 1] + "…"
    example = _in_language(profile.default_instruction, phrases)
    ending = phrases.example.format(example) if example else ("。" if phrases is _CHINESE else ".")
    return [phrases.vague.format(quote) + ending]


def _is_vague(instruction: str) -> bool:
    """Whether it asks for a message that says nothing about the video."""
    text = hidden(instruction).lower().replace("’", "'")
    return (
        Action.MESSAGE in route(instruction)
        and _VAGUE.cover(text)
        and not POLITE.cover(text)  # "thanks!"
    )


def _about_service(instructions: Sequence[str], phrases: _Phrases) -> list[str]:
    """What this service does not do, or charges for again [W]."""
    lines = []
    if any(map(_REFUSED_LINK.search, instructions)):
        lines.append(phrases.links)
    if any(_RATIO.search(hidden(later)) for later in instructions[1:]):
        lines.append(phrases.ratio)
    return lines


def _about_sizes(sizes: Sequence[Size | None], phrases: _Phrases) -> list[str]:
    known = list(dict.fromkeys(size for size in sizes if size is not None))
    if len(known) < 2:
        return []
    shown = phrases.comma.join(f"{width}x{height}" for width, height in known[:_MOST_SIZES_SHOWN])
    shown += "…" if len(known) > _MOST_SIZES_SHOWN else ""
    line = phrases.mixed.format(count=len(sizes), sizes=len(known), shown=shown)
    return [line + _in_language(_SMOOTHER, phrases)]


def _about_number(instructions: Sequence[str], count: int, phrases: _Phrases) -> list[str]:
    seconds = _seconds("\n".join(map(hidden, instructions)))
    if count < 2 or seconds is None or seconds / count >= _SECONDS_EACH:
        return []
    line = phrases.many.format(count=count, seconds=seconds, each=seconds / count)
    return [line + _in_language(_FEWER, phrases)]


def _seconds(text: str) -> float | None:
    """The length that the instructions ask for; None where they give it for each picture."""
    lengths = [one.seconds for one in lengths_in(text)]
    if lengths and _EACH.search(text):
        return None
    longest = max(lengths, default=0.0)
    return longest if longest >= _SHORTEST_VIDEO else _USUAL_SECONDS


def _in_language(text: str, phrases: _Phrases) -> str:
    return _IN_CHINESE.get(text, text) if phrases is _CHINESE else text
