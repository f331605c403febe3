"""A decoded frame of a clip as it is meant to be seen: upright, square pixels, bt709.

Phones store a clip's orientation as a display matrix, and HDR as HLG or PQ; swscale converts both
transfer functions, and wide primaries, to bt709.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import av
import numpy as np
from av.sidedata.sidedata import SideData, Type
from av.video.reformatter import (
    ColorPrimaries,
    ColorRange,
    Colorspace,
    ColorTrc,
    VideoReformatter,
)
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FrameConverter", "fitted_size", "place_centred", "shown_size"]

_HDR = (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67)
_WIDE = (ColorPrimaries.BT2020, ColorPrimaries.SMPTE431, ColorPrimaries.SMPTE432)
_MOST_STRETCH = 4.0
"""A more extreme pixel shape is an error in the file."""

Matrix = tuple[int, int, int, int]
"""The part of a display matrix that turns and mirrors, its members' signs alone."""
_UPRIGHT: Matrix = (1, 0, 0, 1)


def shown_size(frame: av.VideoFrame, aspect: float = 1.0) -> tuple[float, float]:
    """Width and height of `frame` as it is seen, in square pixels; its own are `aspect` wide."""
    if not 1 / _MOST_STRETCH <= aspect <= _MOST_STRETCH:
        aspect = 1.0
    size = frame.width * aspect, float(frame.height)
    return size[::-1] if _is_transposed(_matrix(frame)) else size


def fitted_size(shape: float, width: int, height: int, *, fills: bool) -> tuple[int, int]:
    """The even size at which a picture of `shape` (width by height) fills a frame, or fits into it.

    What fills the frame is at least as large, what fits at most.
    """
    covering = (shape * height, float(height)), (float(width), width / shape)
    wide, high = (max if fills else min)(covering)
    return 2 * max(1, round(wide / 2)), 2 * max(1, round(high / 2))


def place_centred(target: NDArray[Any], plane: NDArray[np.uint8]) -> None:
    """Copy `plane` into the middle of `target`; what does not fit is cut off on both sides."""
    high, wide = target.shape
    left, top = (wide - plane.shape[1]) // 2, (high - plane.shape[0]) // 2
    inner = plane[max(0, -top) :, max(0, -left) :][:high, :wide]
    top, left = max(0, top), max(0, left)
    target[top : top + inner.shape[0], left : left + inner.shape[1]] = inner


class FrameConverter:
    """Converts the frames of one clip; keeps what the conversion was set up with."""

    def __init__(self) -> None:
        self._to_planes, self._to_rgb = VideoReformatter(), VideoReformatter()

    def planes(self, frame: av.VideoFrame, width: int, height: int) -> list[NDArray[np.uint8]]:
        """Y, U and V of `frame` as it is seen, at this size: limited-range bt709."""
        matrix = _matrix(frame)
        if _is_transposed(matrix):
            width, height = height, width
        made = _converted(self._to_planes, frame, width, height, "yuv420p", ColorRange.MPEG)
        planes = []
        for plane in made.planes:
            flat: NDArray[np.uint8] = np.frombuffer(memoryview(plane), np.uint8)
            rows = flat.reshape(plane.height, plane.line_size)[:, : plane.width]
            planes.append(_turned(rows, matrix))
        return planes

    def picture(self, frame: av.VideoFrame) -> Image.Image:
        """`frame` as it is seen, as RGB."""
        made = _converted(self._to_rgb, frame, frame.width, frame.height, "rgb24", ColorRange.JPEG)
        rgb = np.asarray(made.to_ndarray(), np.uint8)
        return Image.fromarray(np.ascontiguousarray(_turned(rgb, _matrix(frame))))


def _converted(
    reformatter: VideoReformatter,
    frame: av.VideoFrame,
    width: int,
    height: int,
    kind: str,
    colour_range: ColorRange,
) -> av.VideoFrame:
    convert = partial(
        reformatter.reformat,
        frame,
        width,
        height,
        kind,
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=colour_range,
    )
    if frame.color_trc in _HDR or frame.color_primaries in _WIDE:
        # Where its tags contradict each other, it is treated as bt709.
        with contextlib.suppress(av.error.FFmpegError):
            return convert(dst_color_trc=ColorTrc.BT709, dst_color_primaries=ColorPrimaries.BT709)
    return convert()


def _matrix(frame: av.VideoFrame) -> Matrix:
    """How the frame is turned and mirrored, to the nearest right angle."""
    side_data = cast("Iterable[SideData]", frame.side_data)
    found = [bytes(data) for data in side_data if data.type == Type.DISPLAYMATRIX]
    if not found or len(found[0]) < 36:
        return _UPRIGHT
    a, b, _, c, d = (int(value) for value in np.frombuffer(found[0], np.int32)[:5])
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return (-1 if a < 0 else 1, 0, 0, -1 if d < 0 else 1)
    return (0, -1 if b < 0 else 1, -1 if c < 0 else 1, 0)


def _is_transposed(matrix: Matrix) -> bool:
    return matrix[0] == 0


def _turned(rows: NDArray[np.uint8], matrix: Matrix) -> NDArray[np.uint8]:
    """The pixel at (x, y) goes to (ax + cy, bx + dy), as ISO/IEC 14496-12 has it."""
    a, b, c, d = matrix
    if _is_transposed(matrix):
        rows = rows.swapaxes(0, 1)
    return rows[:: d + b, :: a + c]
