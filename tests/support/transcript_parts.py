"""What docs/transcript.md tries, as data: the commands, and what the service does meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nemovideo_nodes.emulator.options import Options

__all__ = ["FILES", "PARTS", "SECOND_STAGE", "WORLDS", "Part", "Typed", "World"]

FILES = {
    "batch.yaml": """\
export: each
instructions:
  - text: make a 2 second square video of this picture
    media: [docs/photos/coffee.png]
  - text: 现在做这张图片的2秒方形视频
    media: [docs/photos/chelsea.png]
""",
    ".clawhub/skills/poster/SKILL.md": """\
---
name: poster-to-video
version: 2.3.1
---
# Poster to video

Try saying: "make a 2 second square video of my poster"
""",
}
"""Files of the user's, by name."""


@dataclass(frozen=True)
class Typed:
    """One command; `meets` are the faults that it meets at the service, `note` stands above it."""

    line: str
    meets: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Part:
    """A section of the page."""

    title: str
    typed: tuple[Typed | str, ...]
    intro: str = ""


@dataclass(frozen=True)
class World:
    """Commands at a service that is another one, told apart by the code that it answers."""

    title: str
    typed: tuple[Typed | str, ...]
    options: Options = Options(quick=True, pace=0.0)  # noqa: RUF009 (it is frozen)
    world: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    before_last: str = ""
    """What happens before the last command: `it forgets` all, `another machine` types it, `music`
    comes by itself."""


def _says(line: str, text: str) -> Typed:
    return Typed(line, (f"run_sse:1:says={text}",), f"The service says besides: {text}")


COFFEE, FLOWER, ROCKET = (
    f"docs/photos/{name}" for name in ("coffee.png", "flower.jpg", "rocket.jpg")
)

PARTS = (
    Part(
        "The skills' own instructions",
        (
            f"make {COFFEE} {ROCKET} --run-id shop",
            f"make {COFFEE} {ROCKET} --run-id shop-zh "
            "-p 把我的产品图片做成15秒的宣传视频，带转场和音乐",
            f"make {FLOWER} {ROCKET} --run-id art --profile ai-image-to-video-miricanvas",
            f"make {FLOWER} {ROCKET} --run-id art-zh --profile ai-image-to-video-miricanvas "
            "-p 把我的图片做成带转场的流畅动画视频",
        ),
        "Without a prompt a skill says its own default instruction; in Chinese a user says it. "
        "The skill documents themselves are not in this repository: other sentences that they may "
        "suggest were not tried.",
    ),
    Part(
        "Quick edit",
        (
            f"make {COFFEE} --run-id quick -p 'make this a 2-second square video'",
            f"make {COFFEE} --run-id quick-zh -p 做成2秒的方形视频，加标题“早安”",
        ),
    ),
    Part(
        "Batch: each picture its own instruction and video",
        ("make --script batch.yaml --run-id each",),
    ),
    Part(
        "Iterative: look, refine, look again",
        (
            "refine quick -p 'add the title \"Summer Sale\"'",
            "refine quick -p 'add upbeat music'",
            "refine quick -p 'make the music quieter'",
            "refine quick -p 把标题改成“夏日特卖”",
            "refine quick -p 去掉音乐",
            "refine quick -p 'frobnicate the whole thing'",
        ),
    ),
    Part(
        "Where an instruction goes: export",
        tuple(
            f"refine quick -p {said}"
            for said in ("export", "download", "'send me the video'", "导出")
        ),
    ),
    Part(
        "Where an instruction goes: credits",
        tuple(
            f"refine quick -p {said}"
            for said in (
                "'how many credits do I have left?'",
                "'what is my balance?'",
                "我还有多少积分？",
                "余额",
            )
        ),
    ),
    Part(
        "Where an instruction goes: status",
        tuple(f"refine quick -p {said}" for said in ("status", "'show tracks'", "现在什么状态")),
    ),
    Part(
        "Where an instruction goes: upload",
        (
            f"refine quick {FLOWER} -p 'upload this'",
            f"refine quick {ROCKET} -p 上传",
            f"refine quick {COFFEE} -p 'add the pictures at the end'",
            "refine quick docs/photos/chelsea.png -p 把这张图片加到最后",
        ),
        "A file that comes with a text is uploaded first, then the text is routed.",
    ),
    Part(
        "Where an instruction goes: everything else is a message",
        (
            "refine quick -p 'use a hard cut between the pictures'",
            "refine quick -p 改成竖屏",
            "refine quick -p 'add the title \"Download now\"'",
            "refine quick -p 标题改成“导出”",
            "refine quick -p 'make it 3 seconds long and send me the video'",
            "refine quick -p 时长改成2秒，然后导出",
            "make --run-id words -p 'a 2 second square video that says \"Hello\"'",
        ),
        "Quoted text never routes. What asks for both is a message, then an export. "
        "No picture at all is fine.",
    ),
    Part(
        "What the service says to a person at its editor",
        (
            _says(
                "refine quick-zh -p 'change the title to \"Good morning\"'",
                'Click the "Auto captions" button to add captions.',
            ),
            _says("refine quick-zh -p 标题改成“早上好”", "点击“自动字幕”按钮添加字幕。"),
            _says(
                "refine quick-zh -p 'make it 3 seconds long'",
                "Open the Music panel on the left to hear other songs.",
            ),
            _says("refine quick-zh -p 时长改成2秒", "打开左侧的音乐面板可以试听。"),
            _says(
                "refine quick-zh -p 'show the title for one second'",
                "Drag the title to the end of the timeline.",
            ),
            _says("refine quick-zh -p 标题改成“早”", "把标题拖拽到时间线的末尾。"),
            _says("refine quick-zh -p 'add calm music'", "You can preview it in the timeline."),
            _says("refine quick-zh -p 音乐小声一点", "您可以在时间线中预览。"),
            _says(
                "refine quick-zh -p 'make the music louder'",
                'Use the "Export" button at the top right to get the file.',
            ),
            _says("refine quick-zh -p 去掉音乐", "请点击右上角的“导出”按钮下载视频。"),
            _says(
                "refine quick-zh -p 'make it vertical'",
                "To see what is left, check your billing page.",
            ),
            _says("refine quick-zh -p 改成方形", "如需了解剩余积分，请查看账单页面。"),
        ),
        "It is taken out of the reply. State, summary, export and credits are part of every run; "
        "what only another message could do is shown, and not sent by itself.",
    ),
    Part(
        "Silence, second thoughts, slips",
        (
            Typed("refine words -p 'add the title \"Sale\"'", ("run_sse:1:silent",)),
            Typed("refine words -p 标题改成“特卖”", ("run_sse:1:silent",)),
            Typed("refine words -p 'polish the corners'", ("run_sse:1:silent",)),
            Typed("refine words -p 磨一磨边角", ("run_sse:1:silent",)),
            Typed("refine words -p 'make it 3 seconds long'", ("run_sse:1:temporary_issue",)),
        ),
        "The service answers the first four with no text at all, and the last one with a "
        '"temporary issue" behind the answer.',
    ),
    Part(
        "When an answer is lost",
        (
            Typed("refine words -p 'make it 2 seconds long'", ("run_sse:1:cut",)),
            Typed("refine words -p 'make it 4 seconds long'", ("run_sse:1:cancelled",)),
            Typed("refine words -p 'make it 4 seconds long' --resend"),
        ),
        "The first stream breaks off while the work goes on; the second one does, and nothing is "
        "done.",
    ),
    Part(
        "Advice, before anything is paid",
        (
            f"make {COFFEE} -p 'make a video' --run-id vague",
            f"make {FLOWER} -p 做个视频 --run-id vague-zh",
            "make docs/photos docs/photos -p 'a 5 second square video' --run-id many",
        ),
    ),
    Part(
        "Any skill document as a profile",
        (f"make {COFFEE} --profile .clawhub/skills/poster/SKILL.md --run-id poster",),
    ),
    Part(
        "Again, and looking",
        (
            "refine words -p 加标题“再见” --quiet",
            "refine words -p 加标题“再见” --quiet",
            "credits",
            "runs --contains 方形",
            "runs --status stuck",
            "show poster",
        ),
    ),
)

SECOND_STAGE = World(
    "A second stage: music comes by itself after the end of the run",
    (
        f"make {COFFEE} -p 'a 2 second square video' --run-id later",
        "refine later -p 'add the title \"Hi\"'",
    ),
    before_last="music",
)

WORLDS = (
    World(
        "1001: the token has expired, and is got anew with the same client id",
        ("credits", "credits"),
        before_last="it forgets",
    ),
    World(
        "1001: the token in `NEMO_TOKEN` is not valid",
        (f"make {COFFEE} --run-id a",),
        env={"NEMO_TOKEN": "nmv_usr_stale"},
    ),
    World(
        "1002: the session of a run is gone",
        (
            f"make {COFFEE} -p 'a 2 second square video' --run-id b",
            "refine b -p 'add the title \"Hi\"'",
        ),
        before_last="it forgets",
    ),
    World("2001: no credits left", (f"make {COFFEE} --run-id c",), world={"credits": 0}),
    World(
        "2001: no credits left on an account with a token of its own",
        (f"make {COFFEE} --run-id cc",),
        world={"credits": 0},
        env={"NEMO_TOKEN": "(one of the account's)"},
    ),
    World(
        "2001: not enough credits, which only the message is told",
        (f"make {COFFEE} --run-id d",),
        world={"credits": 50},
    ),
    World(
        "4001: a file of another type, here and behind a URL",
        ("make batch.yaml --run-id e", "make {site}/text.png --run-id f"),
    ),
    World("4002: a file of more than 200 MB", ("make large.png --run-id g",)),
    World(
        "402: export is not in the plan",
        (f"make {COFFEE} --run-id h",),
        options=Options(quick=True, pace=0.0, plan="free"),
    ),
    World(
        "429: a token for this client id was given out already",
        ("credits", "credits"),
        world={"strict_tokens": True},
        before_last="another machine",
    ),
)
