"""Whether a finished video meets the rules of the platform that it is for. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, cast, get_args

from pydantic import BaseModel, ConfigDict

from nemovideo_nodes.request.platforms import MB, PRESETS, Preset
from nemovideo_nodes.request.renditions import takes_frame

__all__ = ["RULES", "Rule", "VideoFacts", "Violation", "platform_violations"]

Rule = Literal["frame", "length", "size", "codec", "profile", "fps", "gop", "audio", "faststart"]
RULES: Final[tuple[Rule, ...]] = get_args(Rule)

_TOLERANCE: Final = 0.01


class VideoFacts(BaseModel):
    """What is known of a finished video; a rule about what is None is not checked."""

    model_config = ConfigDict(frozen=True)

    width: int
    height: int
    """In pixels, as it is shown."""
    duration_s: float
    size: int
    """In bytes."""
    fps: float | None = None
    video_codec: str | None = None
    profile: str | None = None
    pixel_format: str | None = None
    gop_s: float | None = None
    """The longest distance of two key frames, in seconds."""
    closed_gop: bool | None = None
    audio_codec: str | None = None
    sample_rate: int | None = None
    channels: int | None = None
    faststart: bool | None = None
    """Whether the index stands before the pictures, so that it plays while it loads."""
    edit_list: bool | None = None


class Violation(BaseModel):
    """One rule of a platform that a video does not meet."""

    model_config = ConfigDict(frozen=True)

    platform: str
    rule: Rule
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def platform_violations(facts: VideoFacts, platform: str) -> list[Violation]:
    """The rules of the preset `platform` that a video does not meet; none for no platform."""
    preset = PRESETS.get(platform)
    if preset is None:
        return []
    found: list[tuple[Rule, str]] = [
        *_frame_faults(platform, preset, facts),
        *_length_and_size_faults(preset, facts),
        *_picture_faults(preset, facts),
        *_sound_and_container_faults(preset, facts),
    ]
    return [Violation(platform=platform, rule=rule, sentence=text) for rule, text in found]


def _frame_faults(platform: str, preset: Preset, facts: VideoFacts) -> Iterator[tuple[Rule, str]]:
    shown = f"{facts.width}x{facts.height}"
    if not takes_frame(platform, facts.width / facts.height):
        wanted = " or ".join(preset.aspects)
        yield "frame", f"{preset.title} requires {wanted}, and the frame is {shown}"
    least_width, least_height = preset.min_frame
    if facts.width < least_width or facts.height < least_height:
        yield (
            "frame",
            f"{preset.title} requires at least {least_width}x{least_height}, "
            f"and the frame is {shown}",
        )
    if preset.max_width is not None and facts.width > preset.max_width:
        yield (
            "frame",
            f"{preset.title} takes a width of at most {preset.max_width}, and the frame is {shown}",
        )


def _length_and_size_faults(preset: Preset, facts: VideoFacts) -> Iterator[tuple[Rule, str]]:
    has = f"and it has {facts.duration_s:g}"
    if facts.duration_s < preset.min_s:
        yield "length", f"{preset.title} requires at least {preset.min_s:g} s, {has}"
    if facts.duration_s > preset.max_s + _TOLERANCE:
        yield "length", f"{preset.title} takes at most {preset.max_s:g} s, {has}"
    if facts.size > preset.max_bytes:
        yield (
            "size",
            f"{preset.title} takes at most {preset.max_bytes / MB:g} MB, "
            f"and it has {facts.size / MB:.1f}",
        )


def _picture_faults(preset: Preset, facts: VideoFacts) -> Iterator[tuple[Rule, str]]:
    if preset.fps is not None and facts.fps is not None:
        least, most = preset.fps
        if not least - _TOLERANCE <= facts.fps <= most + _TOLERANCE:
            wanted = f"{least:g}" if least == most else f"{least:g} to {most:g}"
            yield (
                "fps",
                f"{preset.title} requires {wanted} frames a second, and it has {facts.fps:g}",
            )
    for rule, what, wanted_value, value in (
        ("codec", "the codec", preset.video_codec, facts.video_codec),
        ("profile", "the profile", preset.profile, facts.profile),
        ("codec", "the pixel format", preset.pixel_format, facts.pixel_format),
    ):
        if wanted_value and value is not None and value.casefold() != wanted_value.casefold():
            sentence = f"{preset.title} requires {what} {wanted_value}, and it has {value}"
            yield cast(Rule, rule), sentence
    if preset.gop_s is not None:
        least, most = preset.gop_s
        if facts.gop_s is not None and facts.gop_s > most + _TOLERANCE:
            yield (
                "gop",
                f"{preset.title} requires a key frame at least every {most:g} s, "
                f"and they are {facts.gop_s:g} s apart",
            )
        if facts.closed_gop is False:
            yield "gop", f"{preset.title} requires closed groups of pictures, and they are open"


def _sound_and_container_faults(preset: Preset, facts: VideoFacts) -> Iterator[tuple[Rule, str]]:
    if preset.audio_codec and facts.audio_codec is not None:
        if facts.audio_codec.casefold() != preset.audio_codec:
            yield (
                "audio",
                f"{preset.title} requires {preset.audio_codec.upper()} sound, "
                f"and it has {facts.audio_codec}",
            )
        if preset.sample_rate and facts.sample_rate not in (None, preset.sample_rate):
            yield (
                "audio",
                f"{preset.title} requires sound at {preset.sample_rate} Hz, "
                f"and it has {facts.sample_rate}",
            )
        if preset.channels and facts.channels not in (None, preset.channels):
            yield (
                "audio",
                f"{preset.title} requires {preset.channels} channels of sound, "
                f"and it has {facts.channels}",
            )
    if preset.faststart and facts.faststart is False:
        yield "faststart", f"{preset.title} requires the index (moov) first, and it is last"
    if preset.no_edit_lists and facts.edit_list:
        yield "faststart", f"{preset.title} takes no edit list, and it has one"
