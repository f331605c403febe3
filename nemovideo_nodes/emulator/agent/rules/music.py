"""Requests for sound: a style of music, another one, none, how loud, and the clips' own."""

from __future__ import annotations

from dataclasses import replace

from nemovideo_nodes.emulator.agent.film import Film, Music
from nemovideo_nodes.emulator.agent.lexicon import STYLES, find_style
from nemovideo_nodes.emulator.agent.rules.absence import absent
from nemovideo_nodes.emulator.agent.rules.reading import Edit, Note, Reading, words

__all__ = ["DEFAULT_MUSIC", "clip_sound", "music", "volume", "without_music"]

_MUSIC = r"(?:music|sound\s?-?track|bgm|songs?|audio|sound|tune)"
_NOUN_ZH = r"背景音乐|音乐|配乐|背景乐|背景音|bgm|歌曲|曲子|歌"
_MUSIC_ZH = rf"(?:{_NOUN_ZH}|声音)"
_NONE = absent(
    rf"(?:\w+\s)?{_MUSIC}",
    _MUSIC_ZH,
    rf"\bmuted?\b(?: (?:it|(?:the )?{_MUSIC}\b))?|\bsilent(?:ly)?\b|静音|无声",
)
_NO_MUSIC_YET: Note = (
    "There is no music yet to be louder or softer.",
    "现在还没有配乐，没法调音量。",
)
DEFAULT_MUSIC = Music("Lo-fi", "lofi")


_CLIP_EN = (
    r"(?:(?:original|own|camera) (?:sound|audio)s?"
    r"|(?:clips?|videos?)(?:'s?|s')? (?:(?:own|original) )?(?:sound|audio|noise)s?"
    r"|(?:sound|audio)s? (?:of|from|in) (?:the |my )?(?:clips?|videos?|footage))"
)
_CLIP_ZH = r"(?:(?:视频|片段|素材)(?:的|里的)?(?:声音|原声|音频)|原声|原音|同期声)"
_SILENT_CLIPS = absent(
    _CLIP_EN, _CLIP_ZH, r"\bmute (?:the |my |all )*(?:clips?|footage|original sound)\b"
)
_CLIPS_HEARD = words(rf"\b(?:use|play|hear|add|with) (?:the |my )?{_CLIP_EN}\b|用{_CLIP_ZH}")
_NO_CLIPS: Note = (
    "There is no clip here that has sound of its own.",
    "这里没有带原声的视频片段。",
)
_ALL_SOUND = words(r"\b(?:sound(?!\s?-?track)|audio|muted?|silent(?:ly)?)\b|静音|无声|声音")


def clip_sound(film: Film, reading: Reading) -> Edit | None:
    """Mute the clips' own sound, or let it be heard again."""
    if not reading.has_clips:
        if reading.take_all(_SILENT_CLIPS) or reading.take_all(_CLIPS_HEARD):
            reading.notes.append(_NO_CLIPS)
        return None
    if reading.take(_SILENT_CLIPS):
        told = "muted the clips", "去掉了视频原声"
        return Edit.draft(replace(film, silent_clips=True), told, "set_clip_sound", on=False)
    if reading.take(_CLIPS_HEARD):
        told = "let the clips be heard", "保留了视频原声"
        return Edit.draft(replace(film, silent_clips=False), told, "set_clip_sound", on=True)
    return None


def without_music(film: Film, reading: Reading) -> Edit | None:
    """No music; with "no sound" the clips are muted, too."""
    found = reading.take(_NONE)
    if not found:
        return None
    reading.refused.add("music")
    silent = film.silent_clips or bool(reading.has_clips and _ALL_SOUND.search(found[0]))
    told = "took the music out", "去掉了配乐"
    return Edit.draft(replace(film, music=None, silent_clips=silent), told, "remove_bgm")


_ANY_MUSIC = words(
    r"\b(?:music(?:al)?|sound\s?-?track|bgm|songs?|tunes?|beats)\b|\b(?:lo-?\s?fi|jazz|piano)\b|钢琴曲|"
    + _NOUN_ZH
)
_TALKED_ABOUT = words(
    r"\b(?:of|about|for) (?:the |a |my |our )?(?:\w+ )?(?:music|songs?) (?:school|store|shop"
    r"|festival|teacher|video|lessons?)\b"
    r"|音乐(?:会|节|学校|老师|课|厅|家)"
)
_ANOTHER = words(
    r"\b(?:another|different|other|new)\s(?:\w+\s)?(?:music|song|tune|sound\s?track|track|bgm)\b"
    r"|\b(?:change|switch|swap)\s(?:the\s)?(?:background\s)?(?:music|song|tune|sound\s?track|bgm)\b"
    r"|换(?:一?首|一?个|一?段|一?种|一下)?(?:别的|其他的?)?(?:音乐|配乐|歌曲|曲子|歌|bgm)|(?:音乐"
    r"|配乐|歌)换(?:一下|一首|一个|掉)"
)


_ADD = words(r"\b(?:add|with|put|want|need|some|include|use)\b|加(?!大)|配(?!乐)|来点|来一")


def music(film: Film, reading: Reading) -> Edit | None:
    """Music in a style, or another one than before."""
    reading.take_all(_TALKED_ABOUT)
    if not reading.says(_ANY_MUSIC):
        return None
    named = _named_style(reading)
    other = reading.take(_ANOTHER)
    if named is None and not other and _is_about_volume(reading) and not reading.says(_ADD):
        return None
    if named is None and _names_unknown_style(reading):
        reading.notes.append(_STYLES_TOLD)
        if film.music:
            return None
    if named:
        found, chinese = named
    elif film.music and other:
        found, chinese = _next_style(film.music)
    else:
        found, chinese = film.music or DEFAULT_MUSIC, ""
    for pattern, style, _ in STYLES:
        if named and style.style == found.style:
            reading.take_all(pattern)
    reading.take_all(_ANY_MUSIC)
    level = film.music.volume if film.music else found.volume
    chosen = replace(found, volume=level)
    told = f"added {chosen.name} music", f"配上了{chinese or chosen.name}音乐"
    args = {"style": chosen.style, "volume": chosen.volume}
    return Edit(replace(film, music=chosen), "add_bgm", args, *told)


_NEAR_MUSIC = words(
    r"(?:[^,.;。]{0,40}?)(?:\b(?:music(?:al)?|sound\s?-?track|bgm|songs?|tunes?|beats)\b"
    rf"|{_NOUN_ZH})(?:[^,.;。]{{0,40}})"
)
_UNKNOWN_STYLE = words(
    r"\b(?:rock|metal|opera|classical|country|folk|techno|reggae|blues|punk|latin|k-?pop|rap|trap"
    r"|disco|house|acoustic|guitar|violin|christmas|80s|90s)\b|摇滚|古典|民谣|民乐|戏曲|说唱|吉他"
    r"|国风|古风"
)
_SOME_STYLE = words(
    r"\b(?:add|with|use|put|want|to|into|some|a)\s(?P<style>[a-z-]{3,20})\s(?:music|song|beats)\b"
)
_NO_STYLE = words(
    r"^(?:background|nice|good|great|suitable|matching|fitting|any|some|the|another|different|other"
    r"|new|own|cool|beautiful|and|that|this|your|our|bgm|better|same|more|softer|louder|quieter"
    r"|lower|gentler)$"
)
_STYLES_TOLD: Note = (
    "My music is lo-fi, upbeat, calm or cinematic; I have no other.",
    "我只有Lo-fi、欢快、舒缓和电影感这几种音乐。",
)


def _names_unknown_style(reading: Reading) -> bool:
    if reading.says(_UNKNOWN_STYLE):
        return True
    found = _SOME_STYLE.search(reading.text)
    return found is not None and not _NO_STYLE.search(found["style"])


def _named_style(reading: Reading) -> tuple[Music, str] | None:
    """The style that stands near the word for music, else anywhere in the text."""
    near = " ".join(found[0] for found in _NEAR_MUSIC.finditer(reading.text))
    if found := find_style(near):
        return found
    return find_style(reading.text) if reading.generating or not near else None


def _next_style(current: Music) -> tuple[Music, str]:
    styles = [style.style for _, style, _ in STYLES]
    place = styles.index(current.style) if current.style in styles else -1
    _, style, chinese = STYLES[(place + 1) % len(STYLES)]
    return style, chinese


_LEVEL = words(
    r"\b(?:volume|loudness|music|sound\s?track|bgm|audio|sound)\b(?P<gap1>[^\d,.;]{0,24}?)(?P<n>\d{1,3})\s?%"
    r"|(?P<n2>\d{1,3})\s?%\s(?:volume|loud\w*|as loud)|\bat\s(?P<n4>\d{1,3})\s?%"
    r"|(?:音量|声音|音乐|配乐)(?P<gap2>[^\d,。]{0,8}?)(?P<n3>\d{1,3})\s?%|百分之(?P<n5>\d{1,3})(?:的音量)?"
)
_DEGREE = (
    r"(?:(?P<much>much|a lot|way|far)\s|(?P<bit>a (?:little|tiny)(?: bit)?|a bit|slightly)\s)?"
)
_LOUDER = words(
    rf"\b{_DEGREE}(?:louder|too (?:quiet|soft))\b|\b(?:turn|crank|bring) (?:it |the (?:music"
    r"|volume|sound) )?up\b"
    r"|\b(?:raise|increase|boost) the (?:music|volume|sound)\b|\bmore volume\b"
    r"|(?:调|开)大(?!图|字|标)|(?:音|声)[^,。]{0,3}放大|大声|(?:声|音量|音乐|配乐)(?:再|更)?(?:大|响)|大一点|响一点|太小声|太轻"
    r"|声音太小|音[量乐]太小"
)
_SOFTER = words(
    rf"\b{_DEGREE}(?:quieter|softer|less loud|too loud)\b"
    r"|\b(?:turn|tone|bring|dial) (?:it |the (?:music|volume|sound) )?down\b"
    r"|\b(?:lower|reduce|decrease|soften) the (?:(?:music|volume|sound)(?:'s)? ?){1,2}"
    r"|(?:调|关|放)小|小声|(?:声|音量|音乐|配乐)(?:再|更)?(?:小|轻|低)|小一点|轻一点|低一点|太大声"
    r"|太吵|太响|声音太大|音[量乐]太大"
)
_OF_ANOTHER = words(
    r"(?:标题|字幕|文字|字体?|图片?|画面)(?:再|要|都)?$|\b(?:titles?|text|fonts?) $"
)
_ABOUT_VOLUME = (_LEVEL, _LOUDER, _SOFTER)


def _is_about_volume(reading: Reading) -> bool:
    return any(map(reading.says, _ABOUT_VOLUME))


def _take_volume(reading: Reading) -> bool:
    """Take out every word about volume; whether there was one."""
    # A list: each is taken out, not only the first.
    return any([reading.take_all(pattern) for pattern in _ABOUT_VOLUME])  # noqa: C419


def volume(film: Film, reading: Reading) -> Edit | None:
    """Louder, quieter, or at a percentage."""
    if film.music is None:
        if _take_volume(reading):
            reading.notes.append(_NO_MUSIC_YET)
        return None
    before = film.music.volume
    if found := reading.take(_LEVEL):
        wanted = int(next(filter(None, (found[f"n{n}"] for n in ("", "2", "3", "4", "5"))))) / 100
    elif found := reading.take(_LOUDER, unless=_OF_ANOTHER):
        wanted = before * _rate(found["much"], found["bit"])
    elif found := reading.take(_SOFTER, unless=_OF_ANOTHER):
        wanted = before / _rate(found["much"], found["bit"])
    else:
        return None
    _take_volume(reading)  # "turn it down, to 20%" is one request
    level = round(min(1.0, max(0.0, wanted)), 2)
    film = replace(film, music=replace(film.music, volume=level))
    told = f"set the music to {level:.0%}", f"音量设为{level:.0%}"
    return Edit.draft(film, told, "set_volume", volume=level)


def _rate(much: str | None, bit: str | None) -> float:
    return 2.0 if much else 1.25 if bit else 1.5
