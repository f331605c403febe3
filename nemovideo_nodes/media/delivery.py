"""What a platform asks about a video file: frame, codec, key frames, sound, layout.

Needs the extra `video`. Nothing is decoded but what the demuxer looks at to open the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nemovideo_nodes.errors import VideoInvalid
from nemovideo_nodes.media.mp4 import inspect

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.stream import VideoStream

__all__ = ["DeliveryFacts", "SoundFacts", "check_delivery"]


@dataclass(frozen=True)
class SoundFacts:
    """A video's sound: `codec` and `profile` as FFmpeg calls them (`aac`, `LC`), rate in Hz."""

    codec: str
    profile: str
    sample_rate: int
    channels: int


@dataclass(frozen=True)
class DeliveryFacts:
    """What is true of a video file, in units that platforms use.

    `width` and `height` are the frame's pixels as it is seen. `bytes` is the file's size,
    `duration_s` the length in seconds, `bit_rate` the whole file's in bits a second. `codec`,
    `profile` and `pixel_format` are called as FFmpeg does (`h264`, `High`, `yuv420p`).
    `longest_gop_s` is the longest time from one key frame to the next, in seconds.
    """

    width: int
    height: int
    duration_s: float
    bytes: int
    bit_rate: int
    codec: str
    profile: str
    pixel_format: str
    fps: float
    longest_gop_s: float
    closed_gop: bool
    """Whether no picture before a key frame needs one behind it."""
    sound: SoundFacts | None
    faststart: bool
    has_edit_list: bool


def check_delivery(path: Path) -> DeliveryFacts:
    """What is true of the MP4 at `path`. VideoInvalid if it is cut, or no video; about 20 ms."""
    import av

    from nemovideo_nodes.render.demux import picture_stream, sound_stream

    info = inspect(path)
    try:
        with av.open(str(path), format="mp4") as container:
            video, audio = picture_stream(container), sound_stream(container)
            if video is None:
                raise VideoInvalid(f"{path.name} has no video track.")
            width, height = _seen_size(container, video)
            fps, longest, closed = _rate_and_gop(container, video)
            return DeliveryFacts(
                width=width,
                height=height,
                duration_s=info.duration_s,
                bytes=info.bytes,
                bit_rate=round(8 * info.bytes / info.duration_s) if info.duration_s else 0,
                codec=video.codec_context.name,
                profile=video.profile or "",
                pixel_format=video.codec_context.pix_fmt or "",
                fps=fps,
                longest_gop_s=longest,
                closed_gop=closed,
                sound=None if audio is None else _sound(audio),
                faststart=info.faststart,
                has_edit_list=any(track.has_edit_list for track in info.tracks),
            )
    except (av.error.FFmpegError, IndexError, ValueError) as error:
        raise VideoInvalid(f"{path.name} cannot be read.") from error


def _sound(stream: AudioStream) -> SoundFacts:
    return SoundFacts(
        codec=stream.codec_context.name,
        profile=stream.profile or "",
        sample_rate=stream.sample_rate,
        channels=stream.channels,
    )


def _seen_size(container: InputContainer, video: VideoStream) -> tuple[int, int]:
    from nemovideo_nodes.render.footage import shown_size

    for frame in container.decode(video):
        width, height = shown_size(frame, float(video.sample_aspect_ratio or 1))
        container.seek(0)
        return round(width), round(height)
    raise VideoInvalid("The video has no frame.")


def _rate_and_gop(container: InputContainer, video: VideoStream) -> tuple[float, float, bool]:
    """Frames a second on average, the longest time without a key frame, whether groups close."""
    base = float(video.time_base or 0)
    times, keys = [], []
    closed = True
    for packet in container.demux(video):
        if packet.pts is not None and packet.size:
            times.append(packet.pts * base)
            if packet.is_keyframe:
                keys.append(packet.pts * base)
            elif keys and packet.pts * base < keys[-1]:
                closed = False
    if not times:
        return 0.0, 0.0, True
    span = max(times) - min(times)
    step = span / (len(times) - 1) if len(times) > 1 else 0.0
    ends = [*sorted(keys)[1:], max(times) + step]
    longest = max((end - key for key, end in zip(sorted(keys), ends, strict=True)), default=0.0)
    return (round(1 / step, 3) if step else 0.0), round(longest, 3), closed
