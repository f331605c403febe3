"""Still pictures of a video for people to look at: one frame, or a sheet of several.

Needs the extra `video`. Pictures appear at their path whole or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nemovideo_nodes.errors import VideoInvalid
from nemovideo_nodes.media.mp4 import inspect

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["contact_sheet", "poster"]

_THUMBNAIL, _GAP = 360, 8


def poster(video: Path, out_jpg: Path, at_s: float | None = None) -> None:
    """Write the frame at `at_s` seconds (a third into the video by default) as a JPEG.

    VideoInvalid if the video has no frame to show.
    """
    when = inspect(video).duration_s / 3 if at_s is None else at_s
    _save(_frames(video, [when])[0], out_jpg)


def contact_sheet(video: Path, out_jpg: Path, columns: int = 4, frames: int = 8) -> None:
    """Write `frames` evenly spread frames, `columns` a row, as one JPEG.

    VideoInvalid if the video has no frame to show.
    """
    from PIL import Image

    columns, frames = max(1, columns), max(1, frames)
    duration = inspect(video).duration_s
    pictures = _frames(video, [duration * (n + 0.5) / frames for n in range(frames)])
    for picture in pictures:
        picture.thumbnail((_THUMBNAIL, _THUMBNAIL))
    wide, high = pictures[0].size
    rows = -(-frames // columns)
    across = min(columns, frames)
    sheet = Image.new(
        "RGB", (across * (wide + _GAP) + _GAP, rows * (high + _GAP) + _GAP), (24, 24, 26)
    )
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        sheet.paste(picture, (_GAP + column * (wide + _GAP), _GAP + row * (high + _GAP)))
    _save(sheet, out_jpg)


def _frames(video: Path, times: Sequence[float]) -> list[Image.Image]:
    """The frames on screen at `times` (seconds), each by a seek to the key frame before it."""
    import av
    from PIL import Image

    found: list[Image.Image] = []
    try:
        with av.open(str(video), format="mp4") as container:
            stream = container.streams.video[0]
            base = stream.time_base
            if base is None:
                raise VideoInvalid(f"{video.name} has no clock.")
            for when in times:
                wanted = max(0, int(when / base))
                container.seek(wanted, stream=stream)
                shown = None
                for frame in container.decode(stream):
                    if shown is not None and frame.pts is not None and frame.pts > wanted:
                        break
                    shown = frame
                if shown is None:
                    raise VideoInvalid(f"{video.name} has no frame at {when:.1f} s.")
                found.append(Image.fromarray(shown.to_ndarray(format="rgb24")))
    except (av.error.FFmpegError, IndexError, ValueError) as error:
        raise VideoInvalid(f"{video.name} cannot be decoded.") from error
    return found


def _save(picture: Image.Image, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            picture.save(file, "JPEG", quality=88)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, out)
    finally:
        partial.unlink(missing_ok=True)
