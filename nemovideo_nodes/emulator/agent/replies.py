"""The replies, in English and Chinese, like a backend's that expects a person at its editor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nemovideo_nodes.emulator.agent.chance import pick
from nemovideo_nodes.emulator.agent.film import Film, Music
from nemovideo_nodes.emulator.agent.lexicon import STYLES, names_of
from nemovideo_nodes.emulator.agent.rules.reading import Edit, Note

__all__ = ["NO_IMAGES", "ReplyWriter"]

NO_IMAGES: Note = (
    "There are no pictures yet, so I used a plain backdrop.",
    "现在还没有图片，所以用了纯色背景。",
)
_INTRODUCTION: Note = (
    "By the way, I am a rule-based local stand-in for the NemoVideo agent: I understand length, "
    "pace, frame, order, transitions, music, titles and captions, and I do not look into your "
    "pictures.",
    "顺便说明：我是 NemoVideo 助手的本地替身，按规则工作，只懂时长、节奏、画幅、顺序、转场、配乐、"
    "标题和字幕，不会看图片内容。",
)
_MOST_LEFT = 8
_LOST: Note = (
    'I did not understand that, so nothing was changed. I can set the length ("20 seconds"), the '
    'frame ("vertical", "square", "16:9"), the order, transitions, music (lo-fi, upbeat, calm, '
    "cinematic) and a title or captions in quotes.",
    "我没有听懂，所以什么都没有改。我可以设置时长（“20秒”）、画幅（“竖屏”“方形”“横屏”）、顺序、转场、"
    "配乐（Lo-fi、欢快、舒缓、电影感）和引号里的标题或字幕。",
)
_ALREADY: Note = (
    "That is how the timeline is already, so nothing was changed.",
    "时间线已经是这样了，所以没有改动。",
)
# What a real backend of an editor says, and an API client has to translate.
_EXPORT: Sequence[Note] = (
    (
        'Click the "Export" button at the top right to download your video.',
        "点击右上角的“导出”按钮即可下载视频。",
    ),
    (
        "When you're happy with it, click Export in the top-right corner.",
        "满意的话，请点击右上角的【导出】。",
    ),
    (
        "Preview it in the timeline, then click Export.",
        "您可以先在时间线中预览，然后点击导出。",
    ),
    ("To save the video, use the Export button.", "请使用右上角的导出按钮保存视频。"),
)
_AFTER_EDIT: Sequence[Note] = (
    *_EXPORT[:2],
    ("You can preview it in the timeline.", "您可以在时间线中预览。"),
    ("Press Play to preview your video.", "点击播放按钮预览视频。"),
    ("Open the Titles panel to change the font.", "打开文字面板可以修改字体。"),
    (
        "If you want to change the music, open the Music tab on the left.",
        "如需更换音乐，请打开左侧的音乐面板。",
    ),
    (
        "You can also drag the clips on the timeline to reorder them.",
        "您也可以在时间线上拖动片段来调整顺序。",
    ),
    (
        "To see your remaining credits, check your billing page.",
        "如需了解剩余积分，请查看账单页面。",
    ),
    ("", ""),
    ("", ""),
)


@dataclass(frozen=True)
class ReplyWriter:
    """Finds the words; `seed` decides which farewell is due."""

    chinese: bool
    seed: str
    introduce: bool

    def opening(self, film: Film) -> str:
        count = _shown(film)
        if not count:
            return "好的，我来做视频。" if self.chinese else "I'll make your video now."
        if self.chinese:
            return f"好的，我来把{count}张图片做成视频。"
        return f"I'll turn your {_pictures(count)} into a video now."

    def thought(self, film: Film) -> str:
        width, height = film.canvas
        return f"{_pictures(_shown(film))}, {film.duration / 1000:g} s, {width}x{height}"

    def generated(self, film: Film, notes: Sequence[Note], left: Sequence[str]) -> str:
        width, height = film.canvas
        seconds = f"{film.duration / 1000:g}"
        has_cuts = film.fade > 0 and len(film.scenes) > 1
        _, english, chinese = names_of(film.cut)
        captions = [scene.caption for scene in film.scenes if scene.caption][:_MOST_LEFT]
        # Nothing is rendered yet, so no video is ready.
        if self.chinese:
            told = f"剪辑好了：{seconds}秒，{width}x{height}。"
            parts = [f"图片之间有{chinese}"] if has_cuts else []
            parts += [f"配上了{_music_zh(film.music)}音乐"] if film.music else []
            parts += [f"标题是“{title.text}”" for title in film.titles]
            parts += [f"字幕是{'、'.join(f'“{one}”' for one in captions)}"] if captions else []
            more = f"{'，'.join(parts)}。" if parts else ""
        else:
            told = f"The edit is done: {seconds} seconds at {width}x{height}."
            parts = [english] if has_cuts else []
            parts += [f"{film.music.name} music"] if film.music else []
            parts += [f'the title "{title.text}"' for title in film.titles]
            parts += [f'the caption "{one}"' for one in captions]
            more = f"It has {_listed(parts)}." if parts else ""
        return self._whole(told, [(more, more), *notes], _EXPORT, left)

    def edited(self, edits: Sequence[Edit], notes: Sequence[Note], left: Sequence[str]) -> str:
        if self.chinese:
            told = f"好的，{'，'.join(edit.chinese for edit in edits)}。"
        else:
            told = f"Done: I {_listed([edit.english for edit in edits])}."
        return self._whole(told, notes, _AFTER_EDIT, left)

    def not_understood(self, notes: Sequence[Note], left: Sequence[str] = ()) -> str:
        return self._whole(self._pick(_LOST), notes, left=left)

    def already(self, notes: Sequence[Note], left: Sequence[str]) -> str:
        return self._whole(self._pick(_ALREADY), notes, left=left)

    def _whole(
        self,
        told: str,
        notes: Sequence[Note],
        farewells: Sequence[Note] = (),
        left: Sequence[str] = (),
    ) -> str:
        # What is left out comes first: many places show the beginning of a reply alone.
        introduction = self._pick(_INTRODUCTION) if self.introduce else ""
        farewell = self._pick(pick(farewells, self.seed, "farewell")) if farewells else ""
        missing = map(self._pick, _left(left))
        sentences = [*missing, told, *map(self._pick, dict.fromkeys(notes)), introduction, farewell]
        return ("" if self.chinese else " ").join(filter(None, sentences))

    def _pick(self, note: Note) -> str:
        return note[1] if self.chinese else note[0]


def _left(parts: Sequence[str]) -> Sequence[Note]:
    """What was asked for and not done, in the person's own words."""
    if not parts:
        return ()
    english, chinese = list(parts[:_MOST_LEFT]), list(parts[:_MOST_LEFT])
    if (more := len(parts) - _MOST_LEFT) > 0:
        english.append(f"and {more} more")
        chinese.append(f"还有{more}处")
    return ((f"Left out: {', '.join(english)}.", f"没有做：{'、'.join(chinese)}。"),)


def _shown(film: Film) -> int:
    """How many of the scenes show a picture of the person's."""
    return sum(scene.source is not None for scene in film.scenes)


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count} pictures"


def _music_zh(music: Music) -> str:
    known = (chinese for _, style, chinese in STYLES if style.style == music.style)
    return music.name if music.source else next(known, music.name)


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
