"""What the platforms take: the frame that a video for each should have, and whether one fits. Pure.

The figures are the platforms' own published limits, as of November 2026.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, ConfigDict

from nemovideo_nodes.errors import BadInput

__all__ = ["ASPECTS", "PRESETS", "Preset", "aspect_for", "misfits", "with_frame"]

_MB: Final = 1_000_000


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


PRESETS: Final = MappingProxyType(
    {
        "tiktok": Preset(title="TikTok", min_s=3, max_s=600, max_bytes=4_000 * _MB),
        "instagram-reels": Preset(title="Instagram Reels", min_s=3, max_s=900, max_bytes=300 * _MB),
        "instagram-stories": Preset(
            title="Instagram Stories", min_s=3, max_s=60, max_bytes=100 * _MB
        ),
        "instagram-feed": Preset(
            title="Instagram Feed",
            aspects=("4:5", "1:1"),
            min_s=3,
            max_s=900,
            max_bytes=300 * _MB,
        ),
        "youtube-shorts": Preset(
            title="YouTube Shorts", aspects=("9:16", "1:1"), max_s=180, max_bytes=256_000 * _MB
        ),
        "facebook-reels": Preset(title="Facebook Reels", min_s=3, max_s=90, max_bytes=2_000 * _MB),
        "linkedin": Preset(
            title="LinkedIn",
            aspects=("9:16", "1:1", "16:9"),
            ratios=(1 / 2.4, 2.4),
            min_s=3,
            max_s=1_800,
            max_bytes=500 * _MB,
        ),
        "x": Preset(
            title="X",
            aspects=("9:16", "1:1", "16:9"),
            ratios=(1 / 3, 3),
            min_s=0.5,
            max_s=1_200,
            max_bytes=8_000 * _MB,
        ),
        "pinterest": Preset(
            title="Pinterest", aspects=("9:16", "2:3"), min_s=4, max_s=900, max_bytes=2_000 * _MB
        ),
        "universal": Preset(title="every platform", min_s=4, max_s=60, max_bytes=100 * _MB),
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

_TOLERANCE: Final = 0.01


def aspect_for(platform: str = "", aspect: str = "") -> str:
    """The frame to ask for: `aspect`, or the platform's best one; empty where neither is given.

    Raises `BadInput` for a platform or an aspect that is not known.
    """
    if platform and platform not in PRESETS:
        raise BadInput(f"The platform {platform[:60]!r} is not known: give {_one_of(PRESETS)}")
    if aspect and aspect not in ASPECTS:
        raise BadInput(f"The aspect {aspect[:60]!r} is not known: give {_one_of(ASPECTS)}")
    return aspect or (PRESETS[platform].aspects[0] if platform else "")


def with_frame(text: str, aspect: str) -> str:
    """An instruction with the frame in words: the service has no parameter for it."""
    if not aspect:
        return text
    end = "" if text.rstrip().endswith((".", "!", "?", "。", "！", "？")) else "."
    return f"{text.rstrip()}{end} The frame is {ASPECTS[aspect]} {aspect}."


def misfits(platform: str, *, width: int, height: int, duration_s: float, size: int) -> list[str]:
    """What the platform would not take of a finished video, in sentences; empty if it fits.

    Width and height in pixels, `size` in bytes.
    """
    preset = PRESETS.get(platform)
    if preset is None:
        return []
    found = []
    if not _frame_fits(preset, width / height):
        found.append(
            f"{preset.title} wants {' or '.join(preset.aspects)}, and the frame is {width}x{height}"
        )
    if duration_s < preset.min_s:
        found.append(f"{preset.title} wants at least {preset.min_s:g} s, and it has {duration_s:g}")
    if duration_s > preset.max_s + _TOLERANCE:
        found.append(f"{preset.title} takes at most {preset.max_s:g} s, and it has {duration_s:g}")
    if size > preset.max_bytes:
        found.append(
            f"{preset.title} takes at most {preset.max_bytes / _MB:g} MB, "
            f"and it has {size / _MB:.1f}"
        )
    return found


def _frame_fits(preset: Preset, ratio: float) -> bool:
    if preset.ratios is not None:
        narrow, wide = preset.ratios
        return narrow - _TOLERANCE <= ratio <= wide + _TOLERANCE
    return any(abs(ratio - _ratio(aspect)) <= _TOLERANCE for aspect in preset.aspects)


def _ratio(aspect: str) -> float:
    width, height = aspect.split(":")
    return int(width) / int(height)


def _one_of(names: MappingProxyType[str, Preset] | MappingProxyType[str, str]) -> str:
    return ", ".join(names)
