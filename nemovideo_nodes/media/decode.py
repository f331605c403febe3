"""Whether a video really plays: every frame and all sound decoded; needs the extra `video`."""

from __future__ import annotations

from pathlib import Path

from nemovideo_nodes.errors import VideoInvalid
from nemovideo_nodes.media.mp4 import inspect

__all__ = ["check_decodes"]


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
        said = "no count" if info.frames is None else info.frames
        raise VideoInvalid(f"{path.name} shows {count} frames; its index says {said}.")
    return count
