"""Which platforms one paid video serves, and in which frames: as it is, or as a rendition. Pure.

A rendition is the same video in another frame, made here. So platforms need a generation each only
where no length suits all of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal, get_args

from pydantic import BaseModel, ConfigDict

from nemovideo_nodes.language.lengths import lengths_in
from nemovideo_nodes.request.platforms import PRESETS, Preset, aspect_for

__all__ = [
    "FITS",
    "Fit",
    "Generation",
    "fit_for",
    "frame_for",
    "generations",
    "is_cut",
    "takes_frame",
    "wanted_length",
    "with_length",
]

Fit = Literal["auto", "blur", "plain", "crop"]
"""What a rendition has around the picture: a blurred copy of it, one colour, or nothing, since it
is cut. `auto`: it is cut where little is lost and no text can be, else blurred."""
FITS: Final[tuple[Fit, ...]] = get_args(Fit)

_NEAR: Final = 0.01
_KEPT: Final = 0.7
"""So much of the picture is left of one that is cut by itself."""
_MARGIN: Final = 0.08
"""So much may be cut where there are texts: none stands that near to an edge."""
_USUAL_S: Final = 15.0
"""The length to ask for where nobody says one; every platform takes it."""
_LONGEST_SIDE: Final = 4096
_SHORT_SIDE: Final = 1080

_OF_TIME = re.compile(
    r"\d\s?s\b|\b(?:secs?|seconds?|min(?:ute[ns]?|s)?|sek(?:unden?)?|sekundenlang|secondes?"
    r"|segundos?|minutos?|length|duration|long(?:er)?|short(?:er)?|lang(?:e[sr]?)?|kurz(?:e[sr]?)?)\b"
    r"|秒|分钟|时长|长度",
    re.IGNORECASE,
)
"""Words about time: who uses one has said something about lengths."""
_OF_A_PART = re.compile(
    r"\b(?:first|last|after|every|each|per|from|at|bei|nach|erste\w*|letzte\w*|je|pro)\s*$"
    r"|(?:前|后|每|第)[^，。,.]{0,4}$",
    re.IGNORECASE,
)


class Generation(BaseModel):
    """One paid generation, and the platforms that its video serves."""

    model_config = ConfigDict(frozen=True)

    aspect: str
    """The frame to ask for; empty where no platform and no frame is given."""
    platform: str
    """The one that names its run: the first that was named."""
    serves: tuple[str, ...]
    """All that get this video, `platform` among them."""
    min_s: float = 0.0
    max_s: float | None = None
    """The lengths that all of them take."""

    @property
    def renditions(self) -> Mapping[str, str]:
        """The platforms that do not take its frame, each with the frame that it gets instead."""
        return {
            platform: near
            for platform in self.serves
            if platform and (near := _nearest(PRESETS[platform], _ratio(self.aspect)))
        }


def generations(
    platforms: Sequence[str], aspect: str = "", wanted_s: float | None = None
) -> tuple[Generation, ...]:
    """The generations that `platforms` need: one for all whose lengths agree.

    It has the frame that most of them take. `wanted_s` is the length that was asked for, in
    seconds. Raises `BadInput` for a platform or an aspect that is not known.
    """
    made: list[Generation] = []
    aspect = aspect_for("", aspect)
    for platform in platforms or ("",):
        aspect_for(platform)
        preset = PRESETS.get(platform)
        least, most = (preset.min_s, preset.max_s) if preset else (0.0, None)
        for number, one in enumerate(made):
            low, high = max(one.min_s, least), _least(one.max_s, most)
            as_long = _fits(wanted_s, one.min_s, one.max_s) == _fits(wanted_s, least, most)
            if as_long and (high is None or low < high):
                made[number] = one.model_copy(
                    update={"serves": (*one.serves, platform), "min_s": low, "max_s": high}
                )
                break
        else:
            one = Generation(aspect="", platform=platform, serves=(platform,))
            made.append(one.model_copy(update={"min_s": least, "max_s": most}))
    return tuple(
        one.model_copy(update={"aspect": aspect or _best_frame(one.serves)}) for one in made
    )


def _best_frame(platforms: Sequence[str]) -> str:
    """The frame that most of them take as it is; of several the one that was named first."""
    frames = list(dict.fromkeys(filter(None, map(aspect_for, platforms))))
    return max(
        frames,
        key=lambda frame: sum(takes_frame(platform, _ratio(frame)) for platform in platforms),
        default="",
    )


def takes_frame(platform: str, ratio: float) -> bool:
    """Whether the platform takes a frame of that width to height as it is."""
    preset = PRESETS.get(platform)
    if preset is None:
        return True
    if preset.ratios is not None:
        narrow, wide = preset.ratios
        return narrow - _NEAR <= ratio <= wide + _NEAR
    return any(abs(ratio - _ratio(aspect)) <= _NEAR for aspect in preset.aspects)


def frame_for(platform: str, width: int, height: int) -> tuple[int, int] | None:
    """The frame in pixels that the platform gets of a video; None: it takes the video's own.

    It is the nearest that it takes, as fine as the video, and exact: 1080x1350 for 4:5.
    """
    preset = PRESETS.get(platform)
    if preset is None or width < 1 or height < 1:
        return None
    least_width, least_height = preset.min_frame
    too_small = width < least_width or height < least_height
    too_wide = preset.max_width is not None and width > preset.max_width
    aspect = _nearest(preset, width / height)
    if not aspect and not too_small and not too_wide:
        return None
    across, down = map(int, (aspect or _named(preset, width / height)).split(":"))
    # In units of two pixels a side, so that both sides are even and the frame is exact.
    short = min(width, height, _SHORT_SIDE * 2)
    unit = max(short / min(across, down), least_width / across, least_height / down)
    most = min((preset.max_width or _LONGEST_SIDE) / across, _LONGEST_SIDE / max(across, down))
    units = max(2, int(min(unit, most) / 2 + 1e-6))
    if too_small:
        units = max(units, int(-(-max(least_width / across, least_height / down) // 2)))
    return 2 * units * across, 2 * units * down


def is_cut(source: tuple[int, int], frame: tuple[int, int]) -> float:
    """Which part of the picture a crop to `frame` loses, from 0 to 1."""
    before, after = source[0] / source[1], frame[0] / frame[1]
    return 1 - min(before, after) / max(before, after)


def fit_for(
    fit: Fit, source: tuple[int, int], frame: tuple[int, int], *, has_texts: bool
) -> Literal["blur", "plain", "crop"]:
    """How a video is brought into another frame, where `auto` leaves it open.

    A text that stands in the picture may be cut with it.
    """
    if fit != "auto":
        return fit
    lost = is_cut(source, frame)
    return "crop" if lost <= (_MARGIN if has_texts else 1 - _KEPT) else "blur"


def wanted_length(text: str) -> float | None:
    """The length that an instruction asks for, in seconds; None where it names none, or several."""
    found = {
        one.seconds
        for one in lengths_in(text)
        if not one.is_each and not _OF_A_PART.search(text[max(0, one.start - 24) : one.start])
    }
    return found.pop() if len(found) == 1 else None


def with_length(text: str, min_s: float, max_s: float | None, *, replaces: bool = False) -> str:
    """An instruction with a length in words, unless it names one.

    One length and no limits: an agent that reads "at most 600 seconds" may make 600. `replaces`:
    a length that it names and that is not taken becomes the nearest one.
    """
    if max_s is None:
        return text
    wanted = wanted_length(text)
    if wanted is not None and replaces and not _fits(wanted, min_s, max_s):
        nearest = f"{min(max(wanted, min_s), max_s):g} seconds"
        for one in reversed([one for one in lengths_in(text) if not one.is_each]):
            text = text[: one.start] + nearest + text[one.end :]
        return text
    if _OF_TIME.search(text) or wanted is not None:
        return text
    end = "" if text.rstrip().endswith((".", "!", "?", "。", "！", "？")) else "."
    length = min(max(_USUAL_S, min_s), max_s)
    return f"{text.rstrip()}{end} Make the whole video {length:g} seconds long."


def _fits(wanted_s: float | None, least: float, most: float | None) -> bool:
    return wanted_s is None or (least <= wanted_s and (most is None or wanted_s <= most))


def _nearest(preset: Preset, ratio: float) -> str:
    """The frame nearest to `ratio` that a platform takes; empty where it takes `ratio` itself."""
    if preset.ratios is not None:
        narrow, wide = preset.ratios
        fits = narrow - _NEAR <= ratio <= wide + _NEAR
    else:
        fits = any(abs(ratio - _ratio(aspect)) <= _NEAR for aspect in preset.aspects)
    return "" if fits else _named(preset, ratio)


def _named(preset: Preset, ratio: float) -> str:
    def distance(aspect: str) -> float:
        other = _ratio(aspect)
        return max(ratio, other) / min(ratio, other)

    return min(preset.aspects, key=distance)


def _ratio(aspect: str) -> float:
    if not aspect:
        return 1.0
    width, height = aspect.split(":")
    return int(width) / int(height)


def _least(one: float | None, other: float | None) -> float | None:
    return min((value for value in (one, other) if value is not None), default=None)
