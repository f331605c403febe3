"""Whether media can be decoded: a finished video to its end, a user's file at its start.

Needs the extra `video`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nemovideo_nodes.errors import VideoInvalid
from nemovideo_nodes.media.mp4 import inspect
from nemovideo_nodes.media.sniff import MediaType

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.video.stream import VideoStream

__all__ = ["check_decodes", "check_picture", "check_starts"]

_MOST_FRAMES = 1_000
_MOST_PIXELS = 200_000_000
"""How much of an animation is decoded: about two seconds of work."""
_MOST_PACKETS = 2_000
"""How far into a clip its first picture and its first sound are looked for."""


def check_decodes(path: Path) -> int:
    """The number of frames that the video at `path` shows, each of them decoded, and its sound.

    VideoInvalid if it is cut, has no picture, a part is corrupt, or the count differs from
    the container's own. About half a second for 15 s of 1080x1920 on two cores.
    """
    import av

    info = inspect(path)
    if not info.has_video:
        raise VideoInvalid(f"{path.name} has no video track.")
    count = 0
    try:
        # The format is given: probing could be led to formats that open further files.
        with av.open(str(path), format="mp4") as container:
            video = container.streams.video[0]
            video.thread_type = "AUTO"
            for frame in container.decode(video, *container.streams.audio):
                assert isinstance(frame, av.VideoFrame | av.AudioFrame)
                if frame.is_corrupt:
                    raise VideoInvalid(f"{path.name} is corrupt at frame {count}.")
                count += isinstance(frame, av.VideoFrame)
    except (av.error.FFmpegError, IndexError, ValueError) as error:
        raise VideoInvalid(f"{path.name} cannot be decoded at frame {count}.") from error
    if not count or (info.frames is not None and count != info.frames):
        listed = "no count" if info.frames is None else info.frames
        raise VideoInvalid(f"{path.name} has {count} frames; its index says {listed}.")
    return count


def check_picture(path: Path, name: str | None = None) -> None:
    """Decode the picture at `path`, of an animation each frame; UnusableMedia if it cannot be.

    `name` is what the sentence calls it. A JPEG is decoded at an eighth of its size.
    """
    from nemovideo_nodes.render.image import check_colours, frame_numbers, opened

    with opened(path, name) as image:
        numbers = frame_numbers(image)[:_MOST_FRAMES]
        most = max(1, _MOST_PIXELS // max(1, image.width * image.height))
        if len(numbers) == 1:
            image.draft("RGB", (64, 64))
        for number in numbers[:most]:
            image.seek(number)
            image.load()
            if number == numbers[0]:
                check_colours(image)


def check_starts(path: Path, media: MediaType, name: str | None = None) -> None:
    """Decode the first picture and the first sound of the clip or recording at `path`.

    `name` is what the sentence calls it. UnusableMedia if what it has cannot be decoded, if it has
    nothing, or if it is a clip whose sound alone can be.
    """
    from nemovideo_nodes.render.demux import opened_media, picture_stream, sound_stream
    from nemovideo_nodes.render.image import check_pixels
    from nemovideo_nodes.render.unusable import UnusableMedia

    with opened_media(path, ext=media.ext, name=name) as container:
        streams: list[VideoStream | AudioStream] = []
        if (video := picture_stream(container)) is not None:
            check_pixels(name or path.name, video.width, video.height)
            streams.append(video)
        elif media.kind == "video" and container.streams.audio:
            raise UnusableMedia(
                name or path.name,
                "its pictures are of a kind that cannot be decoded: export it as MP4 (H.264)",
            )
        if (sound := sound_stream(container)) is not None:
            streams.append(sound)
        missing = {stream.index for stream in streams}
        for number, packet in enumerate(container.demux(streams)):
            if not missing or number == _MOST_PACKETS:
                break
            if packet.stream.index in missing and any(map(_shows, packet.decode())):
                missing.remove(packet.stream.index)
    if missing or not streams:
        raise UnusableMedia(
            name or path.name, "nothing in it can be played: record or export it again"
        )


def _shows(frame: object) -> bool:
    """Whether the frame is a picture, or sound that can be made into stereo."""
    import av

    if isinstance(frame, av.AudioFrame) and frame.samples:
        av.AudioResampler(format="fltp", layout="stereo", rate=frame.sample_rate).resample(frame)
        return True
    return isinstance(frame, av.VideoFrame)
