"""Reads a view out of a plate between its pixels: separable linear interpolation in int16.

Weights have 7 bits: 255 * 128 is the most that int16 holds. The work goes in bands that stay
in the cache, over buffers that are made once; each thread has its own `Sampler`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nemovideo_nodes.render.motion import View
from nemovideo_nodes.render.picture import Plate

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Canvas", "Planes", "Sampler", "mix"]

Planes = tuple["NDArray[np.int16]", "NDArray[np.int16]", "NDArray[np.int16]"]
"""Y, U and V of one frame, [y, x], to compute with."""

Canvas = tuple["NDArray[np.uint8]", "NDArray[np.uint8]", "NDArray[np.uint8]"]
"""Y, U and V of one frame, [y, x], as the encoder takes it."""

_BAND = 192
_ONE = 128


def mix(a: NDArray[np.int16], b: NDArray[np.int16], weight: NDArray[np.int16] | int) -> None:
    """Make `a` the mix of `a` and `b`, `weight`/128 of it `b`; `b` is used up."""
    np.subtract(b, a, out=b)
    np.multiply(b, np.int16(weight) if isinstance(weight, int) else weight, out=b)
    np.add(b, 64, out=b)
    np.right_shift(b, 7, out=b)
    np.add(a, b, out=a)


class Sampler:
    """Draws views of plates into frames of `width` x `height` pixels."""

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._pool: dict[str, NDArray[np.int16]] = {}

    def draw(self, plate: Plate, view: View, into: Canvas | Planes) -> None:
        """Fill `into` with what `view` shows of `plate`."""
        width, height = self._size
        wide, high = plate.y.shape
        left, top = view.left * wide, view.top * high
        across, down = view.width * wide / width, view.height * high / height
        self._plane(
            plate.y,
            _steps(width, left, across, wide),
            _steps(height, top, down, high),
            into[0],
        )
        # 4:2:0 as MPEG has it: chroma lies on every second luma column, between two luma rows;
        # in the plate it lies in the middle of its 2x2 pixels.
        columns = _steps(width // 2, left / 2 - across / 4, across, wide // 2)
        rows = _steps(height // 2, top / 2, down, high // 2)
        self._plane(plate.u, columns, rows, into[1])
        self._plane(plate.v, columns, rows, into[2])

    def _plane(
        self,
        source: NDArray[np.int16],
        columns: tuple[NDArray[np.intp], NDArray[np.int16]],
        rows: tuple[NDArray[np.intp], NDArray[np.int16]],
        out: NDArray[np.uint8] | NDArray[np.int16],
    ) -> None:
        high = source.shape[1]
        (column, column_weight), (row, row_weight) = columns, rows
        next_row = row + 1
        for x in range(0, len(column), _BAND):
            here = column[x : x + _BAND]
            count = len(here)
            a, b = self._buffer("a", count, high), self._buffer("b", count, high)
            np.take(source, here, axis=0, out=a, mode="clip")
            np.take(source, here + 1, axis=0, out=b, mode="clip")
            mix(a, b, column_weight[x : x + _BAND, None])
            turned = self._buffer("turned", high, count)
            np.copyto(turned, a.T)
            a, b = self._buffer("a", len(row), count), self._buffer("b", len(row), count)
            np.take(turned, row, axis=0, out=a, mode="clip")
            np.take(turned, next_row, axis=0, out=b, mode="clip")
            mix(a, b, row_weight[:, None])
            np.copyto(out[:, x : x + count], a, casting="unsafe")

    def _buffer(self, name: str, rows: int, columns: int) -> NDArray[np.int16]:
        size = rows * columns
        flat = self._pool.get(name)
        if flat is None or flat.size < size:
            flat = self._pool[name] = np.empty(size, np.int16)
        return flat[:size].reshape(rows, columns)


def _steps(
    count: int, start: float, step: float, limit: int
) -> tuple[NDArray[np.intp], NDArray[np.int16]]:
    """Indices and 7-bit weights of `count` places from `start` on, pixel centres at .5."""
    places = start + (np.arange(count) + 0.5) * step - 0.5
    fixed = np.rint(np.clip(places, 0, limit - 1) * _ONE).astype(np.intp)
    index = np.minimum(fixed >> 7, limit - 2)
    return index, (fixed - (index << 7)).astype(np.int16)
