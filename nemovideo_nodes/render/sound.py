"""The sounds of a film, all at one loudness: synthesised loops, recordings, clips' own sound."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from nemovideo_nodes.render.demux import opened_media, picture_span, picture_stream, sound_stream
from nemovideo_nodes.render.scores import SAMPLE_RATE, loop
from nemovideo_nodes.render.unusable import UnusableMedia

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Wave = NDArray[np.float32]

__all__ = [
    "LOUDNESS",
    "LoopSound",
    "Recording",
    "Sound",
    "beside_pictures",
    "has_sound",
    "loudness",
]

LOUDNESS = -14.0
"""LUFS of a film's music at its usual volume: what the platforms play at."""

_SILENCE = -60.0
_MOST_GAIN, _MOST_GAIN_OF_CLIP = 30.0, 9.0
"""dB. A clip that is nearly silent has only the noise of its room, which must not be made loud."""
_BLOCK = 65_536
_SHORTEST = SAMPLE_RATE // 2


class Sound(Protocol):
    """A sound without an end, read from its beginning on."""

    def read(self, count: int) -> Wave:
        """The next `count` samples, 2 x count, at `LOUDNESS` over its first `length`."""


def loudness(blocks: Iterable[Wave]) -> float:
    """Integrated loudness by EBU R 128 in LUFS of stereo sound at 48 kHz; -70 for silence."""
    import av
    from av.filter import Graph

    graph = Graph()
    source = graph.add_abuffer(sample_rate=SAMPLE_RATE, format="fltp", layout="stereo")
    meter = graph.add("ebur128", "metadata=1:framelog=quiet")
    source.link_to(meter)
    meter.link_to(graph.add("abuffersink"))
    graph.configure()
    measured = -70.0
    for block in blocks:
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(block), format="fltp", layout="stereo"
        )
        frame.sample_rate = SAMPLE_RATE
        graph.push(frame)
        while True:
            try:
                measured = float(graph.pull().metadata.get("lavfi.r128.I", measured))
            except (BlockingIOError, av.error.EOFError):
                break
    return measured


def _gain(measured: float, most: float = _MOST_GAIN) -> float:
    wanted = 0.0 if measured < _SILENCE else min(most, LOUDNESS - measured)
    return float(10 ** (wanted / 20))


class LoopSound:
    """A style of `scores`, repeated; `length` is how many samples of it will be used."""

    def __init__(self, style: str, length: int) -> None:
        self._wave = loop(style)
        self._gain = _loop_gain(style, min(length, self._wave.shape[1]))
        self._at = 0

    def read(self, count: int) -> Wave:
        places = np.arange(self._at, self._at + count) % self._wave.shape[1]
        self._at += count
        return self._wave[:, places] * np.float32(self._gain)


@functools.lru_cache(maxsize=16)
def _loop_gain(style: str, length: int) -> float:
    wave = loop(style)[:, :length]
    return _gain(loudness(wave[:, at : at + _BLOCK] for at in range(0, length, _BLOCK)))


class Recording:
    """The sound of the file at `path`, from its beginning again where it ends too soon.

    A clip's sound stays in time with its pictures. `length` is how many samples of it will be used.
    UnusableMedia if
    the file has no sound.
    """

    def __init__(self, path: Path, length: int) -> None:
        if not has_sound(path):
            raise UnusableMedia(path.name, "there is no sound in it")
        with opened_media(path) as container:
            of_clip = picture_stream(container) is not None
        self._decoded = partial(beside_pictures if of_clip else _decoded, path)
        measured = loudness(_limited(self._decoded(), length))
        self._gain = _gain(measured, _MOST_GAIN_OF_CLIP if of_clip else _MOST_GAIN)
        self._blocks = self._decoded()
        self._rest = np.zeros((2, 0), np.float32)

    def read(self, count: int) -> Wave:
        while self._rest.shape[1] < count:
            block = next(self._blocks, None)
            if block is None:
                self._blocks = self._decoded()
                continue
            self._rest = np.concatenate((self._rest, block), axis=1)
        taken, self._rest = self._rest[:, :count], self._rest[:, count:]
        return taken * np.float32(self._gain)


def has_sound(path: Path) -> bool:
    """Whether the file at `path` has sound that can be heard."""
    with opened_media(path) as container:
        stream = sound_stream(container)
        return stream is not None and any(frame.samples for frame in container.decode(stream))


def _limited(blocks: Iterator[Wave], length: int) -> Iterator[Wave]:
    for block in blocks:
        if length <= 0:
            return
        yield block[:, :length]
        length -= block.shape[1]


def beside_pictures(path: Path) -> Iterator[Wave]:
    """The sound of a clip from its first picture to its last, silence where it has none."""
    with opened_media(path) as container:
        stream = picture_stream(container)
        assert stream is not None
        begin, length = picture_span(container, stream)
        sound = container.streams.audio[0]
        late = float((sound.start_time or 0) * (sound.time_base or 0)) - begin
    skipped, rest = max(0, round(-late * SAMPLE_RATE)), round(length * SAMPLE_RATE)
    silence = (np.zeros((2, count), np.float32) for count in _pieces(round(late * SAMPLE_RATE)))
    for block in itertools.chain(silence, _decoded(path)):
        samples = block[:, skipped:][:, :rest]
        skipped = max(0, skipped - block.shape[1])
        rest -= samples.shape[1]
        if samples.size:
            yield samples
        if not rest:
            return
    for count in _pieces(rest):
        yield np.zeros((2, count), np.float32)


def _pieces(count: int) -> Iterator[int]:
    while count > 0:
        yield min(count, _BLOCK)
        count -= _BLOCK


def _decoded(path: Path) -> Iterator[Wave]:
    """All of the file's sound as stereo at 48 kHz; at least one block."""
    import av

    samples = 0
    with opened_media(path) as container:
        resampler: av.AudioResampler | None = None
        before = None
        for frame in container.decode(audio=0):
            made: list[av.AudioFrame] = []
            # Some recordings change their rate or their channels on the way.
            kind = frame.format.name, frame.layout.name, frame.sample_rate
            if resampler is None or kind != before:
                made += resampler.resample(None) if resampler else []
                resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE)
                before = kind
            made += resampler.resample(frame)
            for part in made:
                samples += part.samples
                yield np.asarray(part.to_ndarray(), np.float32)
        for part in resampler.resample(None) if resampler else ():
            yield np.asarray(part.to_ndarray(), np.float32)
    if samples < _SHORTEST:  # shorter than this, a loop would open the file thousands of times
        yield np.zeros((2, _SHORTEST - samples), np.float32)
