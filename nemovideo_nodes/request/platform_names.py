"""The names that people write for platforms, and what to suggest for a name without a preset. Pure.

A name is compared without case, spaces and punctuation: "IG Reels", "ig-reels" and "IGReels" are
one. A name that may mean several presets ("Instagram") means none, and all of them are suggested.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from types import MappingProxyType
from typing import Final

from nemovideo_nodes.request.platforms import PRESETS

__all__ = ["nearest_platforms", "platform_named", "platforms_in"]

_ALIASES: Final = MappingProxyType(
    {
        "tiktok": (
            "tiktok",
            *("tik tok", "tiktok video", "tt", "douyin", "抖音", "抖音短视频", "抖音视频"),
        ),
        "instagram-reels": (
            *("instagram reels", "instagram reel", "insta reels", "insta reel"),
            *("ig reels", "ig reel", "reels ig", "reels instagram", "instagram video reels"),
        ),
        "instagram-stories": (
            *("instagram stories", "instagram story", "insta stories", "insta story"),
            *("ig stories", "ig story", "stories instagram"),
        ),
        "instagram-feed": (
            *("instagram feed", "instagram post", "instagram posts", "insta feed", "insta post"),
            *("ig feed", "ig post"),
        ),
        "youtube-shorts": (
            *("youtube shorts", "youtube short", "yt shorts", "yt short", "shorts"),
            *("shorts youtube", "ytshorts"),
        ),
        "facebook-reels": (
            *("facebook reels", "facebook reel", "fb reels", "fb reel", "reels facebook"),
            *("meta reels",),
        ),
        "linkedin": ("linkedin", "linked in", "linkedin video", "领英"),
        "x": (
            "x",
            "twitter",
            "x twitter",
            "twitter x",
            "x com",
            "twitter com",
            "x formerly twitter",
        ),
        "pinterest": ("pinterest", "pinterest video", "pinterest pin", "pin", "pins"),
        "universal": ("universal", "all", "every platform", "everywhere"),
    }
)
_SEVERAL: Final = MappingProxyType(
    {
        "instagram": ("instagram-reels", "instagram-stories", "instagram-feed"),
        "insta": ("instagram-reels", "instagram-stories", "instagram-feed"),
        "ig": ("instagram-reels", "instagram-stories", "instagram-feed"),
        "reels": ("instagram-reels", "facebook-reels"),
        "reel": ("instagram-reels", "facebook-reels"),
        "stories": ("instagram-stories",),
        "story": ("instagram-stories",),
        "facebook": ("facebook-reels",),
        "fb": ("facebook-reels",),
        "meta": ("facebook-reels", "instagram-reels"),
        "youtube": ("youtube-shorts",),
        "yt": ("youtube-shorts",),
    }
)
"""Names that do not say which preset is meant."""

_SEPARATOR = re.compile(r"[|;,\n\r、，；]")
_WEAK_SEPARATOR = re.compile(r"\s*[/&+]\s*|\s+(?:and|und|et|y|e)\s+", re.IGNORECASE)
_CLOSE = 0.6
_MOST_NEAR: Final = 3


def _key(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(letter for letter in folded if letter.isalnum())


_BY_KEY: Final = MappingProxyType(
    {_key(alias): name for name, aliases in _ALIASES.items() for alias in (name, *aliases)}
)


def platform_named(name: str) -> str | None:
    """The preset that `name` means, or None where it means none, or not just one."""
    return _BY_KEY.get(_key(name))


def platforms_in(cell: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The presets that a cell names, each once and in its order, and the names that are none.

    Names stand apart by commas, semicolons, bars and line ends; by `/`, `&`, `+` and "and" where
    the name as a whole is not known ("Twitter/X" is one).
    """
    known: dict[str, None] = {}
    unknown: list[str] = []
    for piece in filter(None, map(str.strip, _SEPARATOR.split(cell))):
        found = platform_named(piece)
        names = [piece] if found else [one for one in _WEAK_SEPARATOR.split(piece) if one.strip()]
        presets = [(name.strip(), platform_named(name)) for name in names]
        known.update(dict.fromkeys(preset for _, preset in presets if preset))
        if any(preset for _, preset in presets):
            unknown += [name for name, preset in presets if preset is None]
        else:
            unknown.append(piece)
    return tuple(known), tuple(unknown)


def unknown_platform(name: str) -> str:
    """What is said of a name that means no preset, or not just one: those that may be meant."""
    near = nearest_platforms(name)
    several = len(near) > _MOST_NEAR
    ask, end = ("give one of", "") if several else ("did you mean", "?")
    *rest, last = near
    listed = f"{', '.join(rest)} or {last}" if rest else last
    return f"the platform {name[:60]!r} is not known: {ask} {listed}{end}"


def nearest_platforms(name: str) -> tuple[str, ...]:
    """The presets that somebody who wrote `name` may have meant, the nearest first.

    All of them where nothing is near.
    """
    key = _key(name)
    if key in _SEVERAL:
        return _SEVERAL[key]
    close = difflib.get_close_matches(key, _BY_KEY, n=6, cutoff=_CLOSE)
    return tuple(dict.fromkeys(_BY_KEY[one] for one in close))[:_MOST_NEAR] or tuple(PRESETS)
