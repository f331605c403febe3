"""Pictures that move by themselves: uploaded clips, and animated GIF, PNG and WEBP.

Both begin again where they end before their shot does. A clip's own sound is in `sound`.
"""

from __future__ import annotations

import bisect
import itertools
from pathlib import Path
from threading import Lock

import av
import numpy as np
from PIL import Image

from nemovideo_nodes.render.demux import open_media, picture_span, picture_stream
from nemovideo_nodes.render.footage import FrameConverter, fitted_size, place_centred, shown_size
from nemovideo_nodes.render.image import (
    check_pixels,
    frame_numbers,
    in_srgb,
    opened,
    orientation_of,
    upright,
)
from nemovideo_nodes.render.picture import blurred, covers, plate_of
from nemovideo_nodes.render.sample import Canvas, Planes
from nemovideo_nodes.render.unusable import UnusableMedia

__all__ = ["Animation", "Clip", "ClipReader"]

_SHORTEST_FRAME_MS, _USUAL_FRAME_MS = 20, 100
_MOST_FRAMES = 1_000
_NO_PICTURE = "there is no moving picture in it"
_LONGEST_SKIP_S = 2.0
"""Up to here frames are decoded one after another instead of sought."""


class ClipReader:
    """The frames of the clip at `path` by their times; one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self._container = open_media(path)
        stream = picture_stream(self._container)
        if stream is None:
            raise UnusableMedia(path.name, _NO_PICTURE)
        check_pixels(path.name, stream.width, stream.height)
        self._stream = stream
        self._stream.thread_count = 1
        self.aspect = float(stream.sample_aspect_ratio or 1)
        """How wide its pixels are, by their height."""
        self.rate = stream.average_rate
        """Frames a second, where the container says so."""
        self._frames = self._container.decode(self._stream)
        first = self._next()
        if first is None:
            raise UnusableMedia(path.name, _NO_PICTURE)
        self.first: av.VideoFrame = first
        self._shown = first
        self._coming = self._next()
        self._begin = self._time(first)
        _, self.length = picture_span(self._container, stream)
        """Seconds."""

    def close(self) -> None:
        self._container.close()

    def frame_at(self, seconds: float) -> av.VideoFrame:
        """What is seen at `seconds` from the clip's beginning."""
        wanted = self._begin + seconds
        ahead = wanted - self._time(self._shown)
        if ahead < 0 or ahead > _LONGEST_SKIP_S:
            assert self._stream.time_base is not None
            self._container.seek(int(wanted / self._stream.time_base), stream=self._stream)
            self._frames = self._container.decode(self._stream)
            self._shown, self._coming = self._next() or self.first, self._next()
        while self._coming is not None and self._time(self._coming) <= wanted:
            self._shown, self._coming = self._coming, self._next()
        return self._shown

    def _next(self) -> av.VideoFrame | None:
        try:
            return next(self._frames, None)
        except (av.error.FFmpegError, IndexError):
            raise UnusableMedia(self._name, "the clip is damaged: export it again") from None

    def _time(self, frame: av.VideoFrame) -> float:
        return (
            0.0
            if frame.pts is None or frame.time_base is None
            else float(frame.pts * frame.time_base)
        )


class Clip:
    """The clip at `path`, fitted into frames of `width` x `height`; one thread at a time.

    It fills the frame where the two shapes are close or `fills` is set; else its first frame,
    blurred, fills the rest.
    """

    def __init__(self, path: Path, width: int, height: int, *, fills: bool = False) -> None:
        self._fills = fills
        self._size = (width, height)
        self._reader = ClipReader(path)
        self._converter = FrameConverter()
        self._ground = self._made_ground(self._reader.first)

    def close(self) -> None:
        self._reader.close()

    def draw(self, seconds: float, into: Canvas | Planes) -> None:
        """Fill `into` with what the clip shows at `seconds` from its beginning."""
        frame = self._reader.frame_at(seconds % self._reader.length)
        planes = self._converter.planes(frame, *self._shape(frame))
        for place, plane in enumerate(planes):
            if self._ground:
                np.copyto(into[place], self._ground[place], casting="unsafe")
            place_centred(into[place], plane)

    def _shape(self, frame: av.VideoFrame) -> tuple[int, int]:
        """The even size at which the whole frame covers the target, or lies within it."""
        width, height = self._size
        wide, high = shown_size(frame, self._reader.aspect)
        fills = self._fills or covers(wide / high, width / height)
        return fitted_size(wide / high, width, height, fills=fills)

    def _made_ground(self, frame: av.VideoFrame) -> Planes | None:
        width, height = self._size
        wide, high = self._shape(frame)
        if wide >= width and high >= height:
            return None
        fill = blurred(self._converter.picture(frame), width, height)
        plate = plate_of(fill, width, height, scale=1.0)
        return (
            np.ascontiguousarray(plate.y.T),
            np.ascontiguousarray(plate.u.T),
            np.ascontiguousarray(plate.v.T),
        )


class Animation:
    """The frames of an animated GIF, PNG or WEBP; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._ends: list[int] = []
        with opened(path) as image:
            self._numbers = frame_numbers(image)[:_MOST_FRAMES]
            self._orientation = orientation_of(image)
            for number in self._numbers:
                image.seek(number)
                image.load()  # a WEBP's duration is known only after this
                length = image.info.get("duration") or _USUAL_FRAME_MS
                self._ends.append(max(_SHORTEST_FRAME_MS, round(length)))
        self._ends = list(itertools.accumulate(self._ends))

    @classmethod
    def of(cls, path: Path) -> Animation | None:
        """The animation at `path`, or None for a picture that does not move."""
        with opened(path) as image:
            moves = len(frame_numbers(image)) > 1
        return cls(path) if moves else None

    def number_at(self, ms: float) -> int:
        """Which frame is seen at `ms` from the beginning."""
        place = bisect.bisect_right(self._ends, ms % self._ends[-1])
        return min(place, len(self._ends) - 1)

    def frame(self, number: int) -> Image.Image:
        """Frame `number`, upright, as RGB or RGBA."""
        with self._lock, opened(self._path) as image:
            image.seek(self._numbers[number])
            return in_srgb(upright(image, self._orientation))
