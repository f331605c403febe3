"""How the stand-in talks: like a backend that thinks a person sits at its editor; two languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nemovideo_nodes.emulator.film import Film
from nemovideo_nodes.emulator.rules import Edit

__all__ = ["NO_IMAGES", "ONLY_IMAGES", "Speaker"]

Note = tuple[str, str]

ONLY_IMAGES: Note = (
    "I left out the files that are not pictures: here I can only use pictures.",
    "我在这里只能使用图片，其他文件没有用上。",
)
NO_IMAGES: Note = (
    "There are no pictures yet, so I used a plain backdrop.",
    "现在还没有图片，所以用了纯色背景。",
)
_INTRODUCTION: Note = (
    "By the way, I am a rule-based local stand-in for the NemoVideo agent: I understand length, "
    "frame, transitions, music and titles, and I do not look into your pictures.",
    "顺便说明：我是 NemoVideo 助手的本地替身，按规则工作，只懂时长、画幅、转场、配乐和标题，"
    "不会看图片内容。",
)
_LOST: Note = (
    'I did not understand that, so nothing was changed. I can set the length ("20 seconds"), the '
    'frame ("vertical", "square", "16:9"), transitions, music (lo-fi, upbeat, calm, cinematic) '
    "and a title in quotes.",
    "我没有听懂，所以什么都没有改。我可以设置时长（“20秒”）、画幅（“竖屏”“方形”“横屏”）、转场、"
    "配乐（Lo-fi、欢快、舒缓、电影感）和引号里的标题。",
)
_ALREADY: Note = (
    "That is how the timeline is already, so nothing was changed.",
    "时间线已经是这样了，所以没有改动。",
)
# What a real backend of an editor says, and an API client has to translate.
_FAREWELLS: Sequence[Note] = (
    (
        'Click the "Export" button at the top right to download your video.',
        "点击右上角的“导出”按钮即可下载视频。",
    ),
    ("You can preview it in the timeline.", "您可以在时间线中预览。"),
    ("", ""),
)


@dataclass(frozen=True)
class Speaker:
    """Finds the words; `turn` decides which farewell is due."""

    chinese: bool
    turn: int
    introduce: bool

    def opening(self, film: Film) -> str:
        count = len(film.scenes)
        if self.chinese:
            return f"好的，我来把{count}张图片做成视频。"
        return f"I'll turn your {_pictures(count)} into a video now."

    def thought(self, film: Film) -> str:
        width, height = film.canvas
        return f"{_pictures(len(film.scenes))}, {film.duration / 1000:g} s, {width}x{height}"

    def generated(self, film: Film, notes: Sequence[Note]) -> str:
        width, height = film.canvas
        seconds = f"{film.duration / 1000:g}"
        if self.chinese:
            told = f"您的视频做好了：{seconds}秒，{width}x{height}"
            told += "，图片之间有淡入淡出" if film.fade and len(film.scenes) > 1 else ""
            told += f"，配上了{film.music.name}音乐" if film.music else ""
            told += "".join(f"，标题是“{title.text}”" for title in film.titles) + "。"
        else:
            told = f"Your video is ready: {seconds} seconds at {width}x{height}"
            told += ", with crossfades" if film.fade and len(film.scenes) > 1 else ""
            told += f", with {film.music.name} music" if film.music else ""
            told += "".join(f', with the title "{title.text}"' for title in film.titles) + "."
        return self._whole(told, notes, self._pick(_FAREWELLS[0]))

    def edited(self, edits: Sequence[Edit], film: Film, notes: Sequence[Note]) -> str:
        if self.chinese:
            told = f"好的，{'，'.join(edit.chinese for edit in edits)}。"
        else:
            told = f"Done: I {_listed([edit.english for edit in edits])}."
        return self._whole(told, notes, self._pick(_FAREWELLS[self.turn % len(_FAREWELLS)]))

    def lost(self, notes: Sequence[Note]) -> str:
        return self._whole(self._pick(_LOST), notes)

    def already(self) -> str:
        return self._whole(self._pick(_ALREADY), ())

    def _whole(self, told: str, notes: Sequence[Note], farewell: str = "") -> str:
        introduction = self._pick(_INTRODUCTION) if self.introduce else ""
        sentences = [told, *map(self._pick, notes), introduction, farewell]
        return ("" if self.chinese else " ").join(filter(None, sentences))

    def _pick(self, note: Note) -> str:
        return note[1] if self.chinese else note[0]


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count} pictures"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
