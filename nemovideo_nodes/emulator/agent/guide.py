"""The page "What the emulator understands", written from the rules: `docs/trial.md`.

`python -m nemovideo_nodes.emulator.agent.guide` prints it; a test keeps the page as it prints.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence

from nemovideo_nodes.emulator.agent.composer import Source, compose, loads
from nemovideo_nodes.emulator.agent.lexicon import CROSSFADE, CUTS, FRAMES, STYLES
from nemovideo_nodes.emulator.agent.rules import RULES
from nemovideo_nodes.emulator.agent.rules.background import COLOURS
from nemovideo_nodes.wire.draft import Draft

__all__ = ["CHANGES", "FILMS", "page"]

FILMS = {
    "en": (
        "Make a 15-second vertical video with crossfades and calm music",
        'Make a 10-second square video, hard cuts, title "Summer Sale"',
        "Convert these to a YouTube Short, 9 seconds, upbeat music",
        "8 seconds, with the title Autumn Menu for the first 3 seconds, slow zoom",
        '6 second vertical video titled "Rose" with the price $29.99 at the end',
        'Add the captions "Fresh", "Organic" and "Local", 9 seconds, 4:5',
        '10 seconds, landscape, end with a call to action "Shop now"',
        "The first picture for 1 second, the second for 4 seconds, the last for 2, no transitions",
        "Keep the pictures uncropped on a white background, square, 6 seconds",
        "Start with the bottle, 9 seconds, wipe transitions, cinematic music",
        "Slideshow, 10 seconds, black and white, with a voice-over",
        "A 9:16 and a 1:1 version, 8 seconds each",
    ),
    "zh": (
        "做一个15秒的竖屏视频，带淡入淡出转场，配舒缓的音乐",
        "做一个10秒的方形视频，直接切换，标题“夏日特卖”",
        "做成抖音短视频，9秒，配欢快的音乐",
        "8秒，标题“秋日菜单”显示前3秒，慢慢放大",
        "6秒竖屏视频，标题“玫瑰”，价格¥99在结尾",
        "字幕分别是“新鲜”、“有机”、“本地”，9秒，3:4",
        "10秒横屏，片尾显示“立即购买”",
        "三张图分别1秒、4秒、2秒，不要转场",
        "白色背景，不裁剪，方形，6秒",
        "先放瓶子，9秒，擦除转场，电影感音乐",
        "做一个10秒的黑白视频，加配音",
        "做9:16和1:1两个版本，每个8秒",
    ),
}
"""First messages, with three pictures."""
CHANGES = {
    "en": (
        "make it 3 seconds longer",
        "make it square",
        "put the bottle first",
        "remove the second picture",
        "make the music quieter",
        'change the title to "Autumn"',
        "show the title at the bottom for 5 seconds",
        "use hard cuts and make the title red",
    ),
    "zh": (
        "再长3秒",
        "改成方形",
        "把瓶子放到最前面",
        "删掉第二张图",
        "音乐小声一点",
        "标题改成“秋天”",
        "标题放到底部，显示5秒",
        "直接切换，标题用红色",
    ),
}
"""Messages about the film that `_BASE` makes."""
_BASE = {
    "en": 'Make a 12-second vertical video with calm music and the title "Summer"',
    "zh": "做一个12秒的竖屏视频，配舒缓的音乐，标题“夏天”",
}
_PICTURES = {
    "en": ("serum.jpg", "bottle.jpg", "box.jpg"),
    "zh": ("精华.jpg", "瓶子.jpg", "盒子.jpg"),
}
_LEFT = {"en": "Left out: ", "zh": "没有做："}
_INTRODUCTION = """\
# What the emulator understands

`--local` needs no account and no network: an [emulator](emulator.md) on your machine makes the \
video. Its agent is a set of rules, not a language model. It reads the requests below, in English \
and in Chinese, and does not look into the pictures. What it cannot do it leaves out, and says so \
in its reply: "Left out: black and white, a voice-over". The real service understands far more.

This page is generated from the rules (`python -m nemovideo_nodes.emulator.agent.guide`).
"""


def page() -> str:
    """The whole page, in Markdown."""
    return "\n".join(
        [
            _INTRODUCTION,
            "## Requests\n",
            *_requests(),
            "## Its words\n",
            *_words(),
            "## Twenty sentences\n",
            "With three pictures: serum, bottle and box. The first twelve make a new video; the "
            f"others change the one that was made with “{_BASE['en']}”.\n",
            *_table("en"),
            "## 二十句中文\n",
            f"三张图片：精华、瓶子、盒子。前十二句做新视频；后八句修改用“{_BASE['zh']}”做的视频。\n",
            *_table("zh"),
        ]
    )


def _requests() -> Iterator[str]:
    yield "| subject | request |"
    yield "|---|---|"
    for rule in RULES:
        name = rule.__name__.replace("_", " ")
        doc = " ".join((rule.__doc__ or "").split())
        yield f"| {name} | {doc} |"
    yield ""


def _words() -> Iterator[str]:
    frames = ", ".join(english for _, _, english, _ in FRAMES)
    cuts = ", ".join([CROSSFADE[1], *(names[1] for _, names in CUTS), "hard cuts"])
    yield f"- Frames: {frames}; TikTok, Reels, Stories and Shorts are vertical, YouTube landscape."
    yield f"- Music: {', '.join(music.name for _, music, _ in STYLES)}, or a recording of yours."
    yield f"- Transitions: {cuts}."
    yield f"- Backgrounds: {', '.join(COLOURS)}, or #rrggbb."
    yield "- Texts: in quotes, after a colon, or plainly named (“with the title Summer Sale”).\n"


def _table(language: str) -> Iterator[str]:
    pictures = [Source(f"m{at}", name, "image") for at, name in enumerate(_PICTURES[language])]
    base = loads(compose(None, pictures, _BASE[language]).draft)
    yield "| message | the video | left out |" if language == "en" else "| 消息 | 视频 | 没有做 |"
    yield "|---|---|---|"
    for film, sentences in ((None, FILMS[language]), (base, CHANGES[language])):
        for said in sentences:
            yield _row(film, pictures, said, language)
    yield ""


def _row(film: dict[str, object] | None, pictures: Sequence[Source], said: str, lang: str) -> str:
    composition = compose(film, pictures, said)
    assert composition.draft is not None, said
    width, height = composition.steps[-1].canvas
    draft = Draft(composition.draft)
    length = (loads(composition.draft) or {})["d"] / 1000
    timeline = re.sub(r"^Timeline \(.*?\): 1\. ", "", draft.timeline())
    told = f"{length:g} s, {width}x{height}. {timeline}"
    _, _, left = composition.closing.partition(_LEFT[lang])
    # What follows is another sentence of the reply.
    left = left.partition(". " if lang == "en" else "。")[0].rstrip(".")
    return f"| {said} | {told} | {left} |".replace("\n", " ")


if __name__ == "__main__":
    sys.stdout.write(page())
