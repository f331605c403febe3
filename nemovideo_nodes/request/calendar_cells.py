"""What single cells of a calendar mean: text, pictures, languages, a frame. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from types import MappingProxyType
from typing import Final

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.calendar_columns import is_language, language_tag
from nemovideo_nodes.request.platforms import ASPECTS, aspect_named

__all__ = ["aspect_in", "credits_in", "flag_in", "images_in", "languages_in", "text_of"]

_BLANK: Final = " \t\r\n\u00a0\u200b\ufeff\u3000"
_SURE = re.compile(r"[|\n\r]")
_MAYBE = re.compile(r"[,;，；、]")
_FORMULA = re.compile(r"=\w+\(")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_MEDIA_END = re.compile(
    r"\.(?:jpe?g|png|webp|gif|heic|heif|avif|tiff?|bmp|mp4|mov|webm|mkv|avi|mp3|wav|m4a|aac)"
    r"(?:\?[^\s,;]*)?$",
    re.IGNORECASE,
)
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:\.000)")
"""A number that some write for thousands, and others for as many and no fraction."""
_YES: Final = frozenset(("yes", "y", "true", "1", "on", "x", "ja"))
_NO: Final = frozenset(("no", "n", "false", "0", "off", "nein"))
_LANGUAGE_NAMES: Final = MappingProxyType(
    {
        "english": "en",
        "englisch": "en",
        "german": "de",
        "deutsch": "de",
        "french": "fr",
        "français": "fr",
        "spanish": "es",
        "español": "es",
        "italian": "it",
        "italiano": "it",
        "portuguese": "pt",
        "português": "pt",
        "dutch": "nl",
        "polish": "pl",
        "turkish": "tr",
        "arabic": "ar",
        "hebrew": "he",
        "hindi": "hi",
        "thai": "th",
        "russian": "ru",
        "ukrainian": "uk",
        "japanese": "ja",
        "日本語": "ja",
        "korean": "ko",
        "한국어": "ko",
        "chinese": "zh",
        "中文": "zh",
    }
)


def text_of(value: object) -> str:
    """A single value as text, without spaces around it; raises `BadInput` for a list or mapping."""
    match value:
        case None:
            return ""
        case str():
            return value.strip(_BLANK)
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime():
            return value.isoformat(" ", "minutes" if not value.second else "auto")
        case date() | time() | int() | float():
            return str(value)
        case _:
            raise BadInput("it holds a list or a mapping instead of a text")


def texts_of(value: object) -> list[str]:
    """A text, or the texts of a list; raises `BadInput` for anything deeper."""
    if isinstance(value, list | tuple):
        try:
            return [text for one in value if (text := text_of(one))]
        except BadInput:
            raise BadInput("its list holds lists or mappings instead of texts") from None
    text = text_of(value)
    return [text] if text else []


def images_in(value: object, is_file: Callable[[str], bool] = lambda name: False) -> list[str]:
    """The pictures that a cell names: apart by bars, line ends, commas or semicolons.

    What `is_file` knows under a name with a comma in it stays whole, and so does a comma inside a
    URL. Each entry of a list is one picture, whatever is in its name.
    """
    if isinstance(value, list | tuple):
        return texts_of(value)
    text = text_of(value)
    if _FORMULA.match(text):
        raise BadInput("it is a formula of the sheet: write the picture's name or address itself")
    found: list[str] = []
    for piece in _SURE.split(text):
        name = piece.strip(_BLANK)
        if name:
            found += [name] if is_file(name) else _apart(name)
    return found


def _apart(text: str) -> list[str]:
    """The names in a text with commas or semicolons."""
    names = []
    begin = 0
    for mark in _MAYBE.finditer(text):
        before, after = text[begin : mark.start()], text[mark.end() :]
        if not _SCHEME.match(before.strip(_BLANK)) or _ends_url(before, after):
            names.append(before)
            begin = mark.end()
    names.append(text[begin:])
    return [name for one in names if (name := one.strip(_BLANK))]


def _ends_url(before: str, after: str) -> bool:
    """Whether a comma ends the URL before it, and is not a part of it."""
    if not after or after[0] in _BLANK or _SCHEME.match(after) is not None:
        return True
    # Else only between two names of files: in ?x=1;y=2 it is a part of the query.
    following = _MAYBE.split(after, maxsplit=1)[0]
    is_name = "=" not in following and _MEDIA_END.search(following.strip(_BLANK)) is not None
    return is_name and _MEDIA_END.search(before.strip(_BLANK)) is not None


def languages_in(value: object) -> tuple[list[str], list[str]]:
    """The languages that a cell names, each once, and what is the tag of none."""
    known: dict[str, None] = {}
    unknown = []
    for text in texts_of(value):
        for piece in filter(None, re.split(r"[\s,;|/&+、，；]+", text)):
            tag = _LANGUAGE_NAMES.get(piece.casefold()) or piece.replace("_", "-")
            if is_language(tag):
                known[language_tag(tag)] = None
            else:
                unknown.append(piece)
    return list(known), unknown


def flag_in(value: object) -> bool:
    """Yes or no, as a cell says it; raises `BadInput`."""
    text = text_of(value).casefold()
    if text in _YES or text in _NO:
        return text in _YES
    raise BadInput(f"{text[:40]!r} is neither yes nor no")


def credits_in(value: object) -> float:
    """A number of credits; raises `BadInput`."""
    text = text_of(value)
    if _THOUSANDS.fullmatch(text):
        raise BadInput(
            f"{text!r} may mean {float(text) * 1000:.12g} or {float(text):.12g}: leave the dot out"
        )
    try:
        credits = float(text)
    except ValueError:
        credits = -1.0
    if not 0 < credits <= 1e9:
        raise BadInput(f"{text[:40]!r} is not a number of credits above 0")
    return credits


def aspect_in(value: object) -> str:
    """The frame that a cell names, also where a sheet took `9:16` for a time of day.

    Raises `BadInput`.
    """
    is_clock = isinstance(value, time | datetime)
    text = f"{value:%H:%M}" if is_clock else text_of(value)
    name = aspect_named(text)
    if name is None:
        raise BadInput(f"the frame {text[:40]!r} is not known: give {', '.join(ASPECTS)}")
    return name
