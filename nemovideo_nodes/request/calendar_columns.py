"""Which field of a post a column's head means, in any case and spelling. Pure."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from nemovideo_nodes.request.post_text import UTM_FIELDS

__all__ = [
    "PER_LANGUAGE",
    "STRONG",
    "WEAK",
    "Column",
    "columns_of",
    "is_language",
    "meaning_of",
    "passed_over_note",
]

PER_LANGUAGE: Final = ("prompt", "caption", "title", "hashtags", "alt_text", "link")
"""Fields that may be written once for each language: `prompt.de`."""

STRONG: Final = MappingProxyType(
    {
        "slug": ("slug", "post slug", "编号"),
        "due": ("due", "due at", "due date", "due time", "fällig", "发布时间", "échéance"),
        "date": (
            *("date", "day", "datum", "publish date", "posting date", "post date", "jour"),
            *("日期", "发布日期"),
        ),
        "time": (
            *("time", "time of day", "publish time", "posting time"),
            *("uhrzeit", "zeit", "heure", "时间"),
        ),
        "timezone": ("timezone", "time zone", "tz", "zeitzone", "fuseau horaire", "时区"),
        "images": (
            "images",
            "image",
            "pictures",
            "picture",
            "photos",
            "photo",
            "bilder",
            "bild",
            "图片",
        ),
        "prompt": ("prompt", "prompts", "提示词", "指令"),
        "platforms": (
            *("platforms", "platform", "plattform", "plattformen", "plateforme", "plateformes"),
            "平台",
        ),
        "aspect": ("aspect", "aspect ratio"),
        "profile": ("profile",),
        "languages": ("languages", "language", "sprache", "sprachen", "langue", "langues", "语言"),
        "account": ("account", "账号"),
        "revision": ("revision", "rev"),
        "approval": ("approval", "freigabe"),
        "handover": ("handover", "hand over"),
        "synthetic_media": ("synthetic media", "made with ai", "ai generated"),
        "budget": ("budget", "max credits"),
        "notify": ("notify", "benachrichtigen", "通知"),
        "title": ("title", "titel", "titre", "标题"),
        "caption": ("caption", "légende", "文案"),
        "hashtags": ("hashtags", "hashtag", "话题", "标签"),
        "alt_text": ("alt text", "alt"),
        "link": ("link", "链接"),
        "utm": ("utm",),
        **{name: (name,) for name in UTM_FIELDS},
    }
)
"""Heads that mean a field, whatever other columns there are."""
WEAK: Final = MappingProxyType(
    {
        "slug": ("id", "name", "post id", "short name", "key", "kurzname", "nom", "名称"),
        "due": (
            *("when", "publish at", "published at", "scheduled", "scheduled at", "scheduled for"),
            *("schedule", "datetime", "date time", "date and time", "date & time", "termin"),
            *("veröffentlichung", "publication"),
        ),
        "images": (
            "media",
            "image urls",
            "image url",
            "image link",
            "files",
            "assets",
            "fotos",
            "照片",
            "素材",
        ),
        "prompt": ("instruction", "instructions", "brief", "anweisung", "要求"),
        "platforms": (
            "channel",
            "channels",
            "network",
            "networks",
            "kanal",
            "kanäle",
            "canal",
            "渠道",
        ),
        "languages": ("lang", "langs", "locale", "locales"),
        "aspect": ("ratio", "frame", "format"),
        "hashtags": ("tags",),
        "caption": ("post text", "copy"),
        "handover": ("publisher", "publish with"),
        "synthetic_media": ("ai", "ai label"),
        "link": ("url", "landing page"),
    }
)
"""Heads that mean a field only where no other column does: they may mean something else as well."""


def _key(head: str) -> str:
    folded = unicodedata.normalize("NFKC", head).casefold()
    return "".join(letter for letter in folded if letter.isalnum())


_BY_STRONG: Final = MappingProxyType(
    {_key(head): name for name, heads in STRONG.items() for head in (name, *heads)}
)
_BY_WEAK: Final = MappingProxyType(
    {_key(head): name for name, heads in WEAK.items() for head in heads}
)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}", re.IGNORECASE)
_USUAL: Final = frozenset(
    "ar bg cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv ms nb nl no pl pt ro ru sk "  # noqa: SIM905
    "sl sr sv th tr uk vi zh".split()
)
"""Languages that may stand behind a space, as in "Prompt DE"; "Link to" names none."""
_WITH_LANGUAGE = re.compile(
    r"(?P<head>[^.:()\[\]]+?)\s*(?:"
    r"[.:]\s*(?P<dotted>[\w-]+)|[(\[]\s*(?P<bracketed>[\w-]+)\s*[)\]]|[\s_-](?P<loose>[A-Za-z]{2}))"
)
_NUMBERED = re.compile(r"(?P<head>.*?[^\W\d])[\s_.#-]*\d{1,3}")


@dataclass(frozen=True)
class Column:
    """A column that means something."""

    head: str
    """As the source writes it."""
    field: str
    language: str = ""


def is_language(text: str) -> bool:
    """Whether a text is the tag of a language, as `de` or `pt-BR`."""
    return _LANGUAGE.fullmatch(text) is not None


def meaning_of(head: str) -> tuple[str, str, bool] | None:
    """Field, language, and whether another column may mean the field before this one; or None."""
    if head.lstrip().startswith("_"):
        return None
    key = _key(head)
    if not key:
        return None
    if key in _BY_STRONG:
        return _BY_STRONG[key], "", False
    found = _WITH_LANGUAGE.fullmatch(head.strip())
    if found is not None:
        tag = found["dotted"] or found["bracketed"] or found["loose"]
        base = _key(found["head"])
        name = _BY_STRONG.get(base) or _BY_WEAK.get(base)
        sure = not found["loose"] or tag.lower() in _USUAL
        if name in PER_LANGUAGE and is_language(tag) and sure:
            return name, language_tag(tag), False
    if key in _BY_WEAK:
        return _BY_WEAK[key], "", True
    numbered = _NUMBERED.fullmatch(head.strip())
    if numbered is not None:
        base = _key(numbered["head"])
        if (_BY_STRONG.get(base) or _BY_WEAK.get(base)) == "images":
            return "images", "", False
    return None


def language_tag(text: str) -> str:
    """A language's tag in its usual case: `de`, `pt-BR`, `zh-Hans`."""
    first, *rest = text.replace("_", "-").split("-")
    usual = {2: str.upper, 4: str.title}
    return "-".join([first.lower(), *(usual.get(len(one), str.lower)(one) for one in rest)])


def columns_of(heads: Sequence[str]) -> list[Column | None]:
    """What each of the heads means; None for one that means nothing here."""
    meanings = [meaning_of(head) for head in heads]
    sure = {found[:2] for found in meanings if found is not None and not found[2]}
    columns: list[Column | None] = []
    taken: set[tuple[str, str]] = set()
    for head, found in zip(heads, meanings, strict=True):
        if found is None or (found[2] and found[:2] in sure | taken):
            columns.append(None)
            continue
        if found[2]:
            taken.add(found[:2])
        columns.append(Column(head, found[0], found[1]))
    return columns


def passed_over_note(heads: Iterable[str]) -> str:
    """The one note about columns that mean nothing here; empty where all do.

    Names that begin with `_` are somebody's notes, and are not told.
    """
    heads = list(dict.fromkeys(head.strip() for head in heads))
    named = [head for head in heads if head and not head.startswith("_")]
    parts = [_with_nearest(head) for head in named]
    if "" in heads:
        parts.append("one without a name")
    if not parts:
        return ""
    what = "This column is" if len(parts) == 1 else "These columns are"
    return f"{what} passed over: {', '.join(parts)}"


def _with_nearest(head: str) -> str:
    if meaning_of(head) is not None:  # another column means the same, and goes before it
        return head
    near = difflib.get_close_matches(_key(head), _BY_STRONG, n=1, cutoff=0.8)
    return f"{head} (did you mean {_BY_STRONG[near[0]]}?)" if near else head
