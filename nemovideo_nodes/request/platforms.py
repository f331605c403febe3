"""What the platforms take, as data: frames, lengths, sizes, codecs and text. Pure.

The figures are the platforms' own published limits, as of November 2026. Whether a finished video
meets them is told by `platform_rules`, whether a text does by `post_text`.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from nemovideo_nodes.errors import BadInput

__all__ = [
    "ASPECTS",
    "MB",
    "PRESETS",
    "Clear",
    "PostTextRules",
    "Preset",
    "Unit",
    "aspect_for",
    "aspect_named",
    "with_frame",
]

MB: Final = 1_000_000


class Unit(StrEnum):
    """What a platform counts as one of a text's characters."""

    GRAPHEMES = "characters"
    """What a reader sees as one character."""
    UTF16 = "UTF-16 units"
    """As JavaScript counts: an emoji is two or more."""
    BYTES = "bytes"
    """Of UTF-8."""
    X_WEIGHT = "characters as X counts them"
    """A link is 23, an emoji or a Chinese sign 2, most else 1."""


class PostTextRules(BaseModel):
    """How much text a platform takes with a video; None: it says no limit."""

    model_config = ConfigDict(frozen=True)

    title: int | None = None
    """Characters of a title, where it has one."""
    caption: int | None = None
    caption_unit: Unit = Unit.GRAPHEMES
    has_caption: bool = True
    hashtags: int | None = None
    alt_text: int | None = None
    link_in_caption: bool = False
    """Whether a link stands in the caption and counts there."""
    forbidden: str = ""
    """Characters that title and caption must not have."""


class Clear(BaseModel):
    """What the platform's own buttons cover, as parts of the frame: no text belongs there."""

    model_config = ConfigDict(frozen=True)

    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0
    left: float = 0.0


class Preset(BaseModel):
    """One platform's limits: frames as width to height, lengths in seconds, sizes in bytes."""

    model_config = ConfigDict(frozen=True)

    title: str
    aspects: tuple[str, ...] = ("9:16",)
    """The frames that it is made for, the best one first."""
    ratios: tuple[float, float] | None = None
    """The narrowest and the widest frame that it takes; None: only those in `aspects`."""
    min_s: float = 0.0
    max_s: float
    max_bytes: int
    fps: tuple[float, float] | None = None
    """The fewest and the most frames a second."""
    min_frame: tuple[int, int] = (0, 0)
    max_width: int | None = None
    video_codec: str = ""
    profile: str = ""
    pixel_format: str = ""
    gop_s: tuple[float, float] | None = None
    """How far two key frames may be apart, in seconds; the groups of pictures are closed."""
    audio_codec: str = ""
    sample_rate: int | None = None
    channels: int | None = None
    faststart: bool = False
    no_edit_lists: bool = False
    clear: Clear = Clear()
    cover: Literal["any", "first-frame"] = "any"
    """Whether a picture can be given as cover, or the first frame is it."""
    text: PostTextRules = PostTextRules()


_INSTAGRAM: Final[dict[str, Any]] = {
    "fps": (23, 60),
    "max_width": 1_920,
    "audio_codec": "aac",
    "sample_rate": 48_000,
    "faststart": True,
    "no_edit_lists": True,
}
_INSTAGRAM_TEXT: Final = PostTextRules(caption=2_200, hashtags=30, alt_text=1_000)

PRESETS: Final = MappingProxyType(
    {
        "tiktok": Preset(
            title="TikTok",
            min_s=3,
            max_s=600,
            max_bytes=4_000 * MB,
            fps=(23, 60),
            clear=Clear(right=0.15, bottom=0.20),
            text=PostTextRules(caption=2_200, caption_unit=Unit.UTF16),
        ),
        "instagram-reels": Preset(
            title="Instagram Reels",
            min_s=3,
            max_s=900,
            max_bytes=300 * MB,
            **_INSTAGRAM,
            clear=Clear(top=0.14, bottom=0.35),
            text=_INSTAGRAM_TEXT,
        ),
        "instagram-stories": Preset(
            title="Instagram Stories",
            min_s=3,
            max_s=60,
            max_bytes=100 * MB,
            fps=(23, 60),
            text=PostTextRules(has_caption=False),
        ),
        "instagram-feed": Preset(
            title="Instagram Feed",
            aspects=("4:5", "1:1"),
            min_s=3,
            max_s=900,
            max_bytes=300 * MB,
            **_INSTAGRAM,
            text=_INSTAGRAM_TEXT,
        ),
        "youtube-shorts": Preset(
            title="YouTube Shorts",
            aspects=("9:16", "1:1"),
            max_s=180,
            max_bytes=256_000 * MB,
            fps=(24, 60),
            cover="first-frame",
            text=PostTextRules(
                title=100,
                caption=5_000,
                caption_unit=Unit.BYTES,
                hashtags=60,
                forbidden="<>",
            ),
        ),
        "facebook-reels": Preset(
            title="Facebook Reels",
            min_s=3,
            max_s=90,
            max_bytes=2_000 * MB,
            min_frame=(540, 960),
            fps=(24, 60),
            gop_s=(2, 5),
            text=PostTextRules(title=255, caption=2_200, link_in_caption=True),
        ),
        "linkedin": Preset(
            title="LinkedIn",
            aspects=("9:16", "1:1", "16:9"),
            ratios=(1 / 2.4, 2.4),
            min_s=3,
            max_s=1_800,
            max_bytes=500 * MB,
            text=PostTextRules(title=200, caption=3_000, link_in_caption=True),
        ),
        "x": Preset(
            title="X",
            aspects=("9:16", "1:1", "16:9"),
            ratios=(1 / 3, 3),
            min_s=0.5,
            max_s=1_200,
            max_bytes=8_000 * MB,
            fps=(0, 60),
            text=PostTextRules(
                caption=280,
                caption_unit=Unit.X_WEIGHT,
                alt_text=1_000,
                link_in_caption=True,
            ),
        ),
        "pinterest": Preset(
            title="Pinterest",
            aspects=("9:16", "2:3"),
            min_s=4,
            max_s=900,
            max_bytes=2_000 * MB,
            fps=(25, 240),
            text=PostTextRules(title=100, caption=800, alt_text=500),
        ),
        "universal": Preset(
            title="every platform",
            min_s=4,
            max_s=60,
            max_bytes=100 * MB,
            min_frame=(1080, 1920),
            max_width=1080,
            fps=(30, 30),
            video_codec="h264",
            profile="High",
            pixel_format="yuv420p",
            gop_s=(2, 2),
            audio_codec="aac",
            sample_rate=48_000,
            channels=2,
            faststart=True,
        ),
    }
)

ASPECTS: Final = MappingProxyType(
    {
        "9:16": "vertical",
        "1:1": "square",
        "16:9": "landscape",
        "4:5": "portrait",
    }
)
"""The frames that may be asked for, and what they are called."""
_BY_WORD: Final = MappingProxyType(
    {word: aspect for aspect, word in ASPECTS.items() if word != "portrait"}
)
_RATIO: Final = re.compile(r"0*(\d{1,2})[:x/×∶*-]0*(\d{1,2})(?::00)?")
"""Two numbers with what people put between them; sheets add `:00` where they took it for a time."""


def aspect_for(platform: str = "", aspect: str = "") -> str:
    """The frame to ask for: `aspect`, or the platform's best one; empty where neither is given.

    Raises `BadInput` for a platform or an aspect that is not known.
    """
    if platform and platform not in PRESETS:
        raise BadInput(f"The platform {platform[:60]!r} is not known: give {_one_of(PRESETS)}")
    named = aspect_named(aspect)
    if named is None:
        raise BadInput(f"The aspect {aspect[:60]!r} is not known: give {_one_of(ASPECTS)}")
    return named or (PRESETS[platform].aspects[0] if platform else "")


def aspect_named(text: str) -> str | None:
    """The frame that `text` means in one of the forms that people write; None where it is none.

    `9:16`, `9x16`, `9/16`, `9 : 16` and `vertical` are one; "portrait" is none, since people say
    it of more than one frame. Empty stays empty.
    """
    plain = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    found = _RATIO.fullmatch(plain)
    name = f"{found[1]}:{found[2]}" if found else _BY_WORD.get(plain, plain)
    return name if not name or name in ASPECTS else None


def with_frame(text: str, aspect: str) -> str:
    """An instruction with the frame in words: the service has no parameter for it."""
    if not aspect:
        return text
    end = "" if text.rstrip().endswith((".", "!", "?", "。", "！", "？")) else "."
    return f"{text.rstrip()}{end} The frame is {ASPECTS[aspect]} {aspect}."


def _one_of(names: MappingProxyType[str, Preset] | MappingProxyType[str, str]) -> str:
    return ", ".join(names)
