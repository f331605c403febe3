"""A finished video in another frame: one that was made for 16:9, say, as 9:16.

The picture is never stretched. It is encoded once more, in the renderer's own settings; the sound
is taken over as it is where the platforms take it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import av
import numpy as np
from PIL import Image, ImageFilter

from nemovideo_nodes.errors import BadInput, NemoVideoError, RenderFailed
from nemovideo_nodes.render import encode
from nemovideo_nodes.render.clip import ClipReader
from nemovideo_nodes.render.demux import opened_media, sound_stream
from nemovideo_nodes.render.footage import (
    FrameConverter,
    fitted_size,
    place_centred,
    shown_size,
)
from nemovideo_nodes.render.motion import CENTRE
from nemovideo_nodes.render.picture import busiest
from nemovideo_nodes.render.sample import Canvas
from nemovideo_nodes.render.sound import beside_pictures, has_sound

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.packet import Packet
    from av.stream import Stream
    from numpy.typing import NDArray

__all__ = ["Fit", "rendition"]

Fit = Literal["blur", "plain", "crop"]
"""What is around the picture: a blurred copy of it, one colour, or nothing: it is cut."""

_SLOWEST, _FASTEST = Fraction(1), Fraction(60)
_USUAL_RATE = Fraction(30)
_LONGEST_S = 3_600.0
_LOOKS = 9
"""In how many frames the place that a crop keeps is looked for."""
_SMALL = 14
"""The background is blurred this many times smaller: the same look, far cheaper."""
_DIMMED, _FADED = 0.62, 0.71
"""How much of the picture's brightness and of its colours the background keeps."""
_BLACK_LEVEL = 16
_CONTAINER = {"movflags": "+faststart+negative_cts_offsets", "use_editlist": "0"}


def rendition(
    source: Path,
    target: Path,
    width: int,
    height: int,
    fit: Fit = "blur",
    *,
    background: tuple[int, int, int] = (18, 18, 20),
    progress: Callable[[float], None] | None = None,
) -> None:
    """Write the video at `source` to `target` as an MP4 of `width` x `height` pixels (even).

    `background` is the RGB colour of a plain background. A crop keeps the busiest place, the same
    for the whole video; it may cut titles. Length and frame rate stay (at most 60 a second).
    `progress` is called with 0 to 1. On failure nothing is left at `target`; BadInput or
    RenderFailed says why.
    """
    if fit not in ("blur", "plain", "crop"):
        raise BadInput(f"The fit {fit!r} is not known: use blur, plain or crop")
    if width < 16 or height < 16 or width % 2 or height % 2 or max(width, height) > 4096:
        raise BadInput(f"A frame of {width}x{height} cannot be made: use even sides up to 4096")
    try:
        _write(source, target, _Reframer(source, width, height, fit, background), progress)
    except NemoVideoError:
        target.unlink(missing_ok=True)
        raise
    except (av.error.FFmpegError, ValueError, IndexError) as error:
        target.unlink(missing_ok=True)
        raise RenderFailed(f"{source.name} could not be reframed.") from error
    except BaseException:
        target.unlink(missing_ok=True)
        raise


class _Reframer:
    """Paints the frames of one video into another frame."""

    def __init__(
        self, source: Path, width: int, height: int, fit: Fit, background: tuple[int, int, int]
    ) -> None:
        self._reader = ClipReader(source)
        self._converter, self._small = FrameConverter(), FrameConverter()
        self._fit = fit
        self.size = (width, height)
        rate = self._reader.rate or _USUAL_RATE
        self.rate = Fraction(min(_FASTEST, max(_SLOWEST, rate))).limit_denominator(1001)
        self.count = max(1, round(min(_LONGEST_S, self._reader.length) * self.rate))
        self._plain = _colour(background)
        wide, high = shown_size(self._reader.first, self._reader.aspect)
        self._shape = wide / high
        self._inner = fitted_size(self._shape, width, height, fills=fit == "crop")
        self._focus = self._find_focus() if fit == "crop" else CENTRE

    def close(self) -> None:
        self._reader.close()

    def paint(self, number: int, canvas: Canvas) -> None:
        """Paint frame `number` (from 0) over the whole of `canvas`."""
        frame = self._reader.frame_at(float(number / self.rate))
        planes = self._converter.planes(frame, *self._inner)
        if self._fit == "crop":
            for target, plane in zip(canvas, planes, strict=True):
                np.copyto(target, self._cut(plane, *target.shape))
            return
        backgrounds = self._blurred(frame) if self._fit == "blur" else None
        for place, (target, plane) in enumerate(zip(canvas, planes, strict=True)):
            if backgrounds is None:
                target[:] = self._plain[place]
            elif self._inner != self.size:
                np.copyto(target, backgrounds[place])
            place_centred(target, plane)

    def _cut(self, plane: NDArray[np.uint8], high: int, wide: int) -> NDArray[np.uint8]:
        """The part of `plane` of this size that has the focus nearest to its middle."""
        left, top = (
            round(min(length - part, max(0.0, length * share - part / 2)))
            for length, part, share in zip(
                (plane.shape[1], plane.shape[0]), (wide, high), self._focus, strict=True
            )
        )
        return plane[top : top + high, left : left + wide]

    def _blurred(self, frame: av.VideoFrame) -> list[NDArray[np.uint8]]:
        """The frame filled with a soft, darker copy of the picture."""
        width, height = self.size
        small = 2 * (width // _SMALL // 2 + 1), 2 * (height // _SMALL // 2 + 1)
        planes = self._small.planes(frame, *fitted_size(self._shape, *small, fills=True))
        made = []
        for place, plane in enumerate(planes):
            half = 1 if place == 0 else 2
            part = np.empty((small[1] // half, small[0] // half), np.uint8)
            place_centred(part, plane)
            soft = Image.fromarray(part).filter(ImageFilter.GaussianBlur(max(small) / 22 / half))
            middle, kept = (_BLACK_LEVEL, _DIMMED) if place == 0 else (128, _FADED)
            soft = soft.point([round(middle + (value - middle) * kept) for value in range(256)])
            size = (width // half, height // half)
            made.append(np.asarray(soft.resize(size, Image.Resampling.BICUBIC)))
        return made

    def _find_focus(self) -> tuple[float, float]:
        """Where most happens in frames from the whole video, in shares of the picture's sides."""
        found = []
        for look in range(_LOOKS):
            frame = self._reader.frame_at(self._reader.length * (look + 0.5) / _LOOKS)
            found.append(busiest(self._converter.picture(frame)))
        across, down = (float(np.median(shares)) for shares in zip(*found, strict=True))
        return across, down


def _write(
    source: Path, target: Path, frames: _Reframer, progress: Callable[[float], None] | None
) -> None:
    def paint(number: int, canvas: Canvas) -> None:
        frames.paint(number, canvas)
        if progress and number % 15 == 0:
            progress(number / frames.count)

    context = encode.video_encoder(*frames.size, frames.rate)
    context.thread_count = 2
    try:
        with av.open(str(target), "w", format="mp4", container_options=_CONTAINER) as container:
            video = container.add_stream("libx264", rate=frames.rate)
            encode.configure_video(video.codec_context, *frames.size, frames.rate)
            audio, sound = _sound(source, container)
            container.start_encoding()
            pictures = encode.encode_video(context, range(frames.count), paint)
            _interleave(container, video, pictures, audio, sound)
    finally:
        frames.close()
    if progress:
        progress(1.0)


def _sound(
    source: Path, container: OutputContainer
) -> tuple[Stream | None, Iterator[Packet[Stream]]]:
    """The track for the sound of `source` and its packets; none where it has no sound."""
    if not has_sound(source):
        return None, iter(())
    with opened_media(source) as opened:
        stream = sound_stream(opened)
        assert stream is not None
        settings = stream.codec_context
        fits = (settings.name, settings.profile, settings.sample_rate, settings.layout.name) == (
            "aac", "LC", encode.SAMPLE_RATE, "stereo",
        )  # fmt: skip
        if fits:
            return container.add_stream_from_template(stream), _copied(source)
    track = container.add_stream("aac", rate=encode.SAMPLE_RATE)
    encode.configure_audio(track.codec_context)
    return track, encode.encode_audio(track.codec_context, _even(beside_pictures(source)))


def _copied(source: Path) -> Iterator[Packet[Stream]]:
    """The sound's packets, unchanged, without those before its start (the encoder's priming)."""
    with opened_media(source) as opened:
        for packet in opened.demux(sound_stream(opened)):
            if packet.pts is not None and packet.pts >= 0 and packet.size:
                yield packet


def _even(blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """`blocks` in multiples of the encoder's frame, but for the last."""
    rest = np.zeros((2, 0), np.float32)
    for block in blocks:
        rest = np.concatenate((rest, block), axis=1)
        whole = rest.shape[1] // encode.AUDIO_FRAME * encode.AUDIO_FRAME
        if whole:
            yield rest[:, :whole]
            rest = rest[:, whole:]
    if rest.shape[1]:
        yield rest


def _interleave(
    container: OutputContainer,
    video: Stream,
    pictures: Iterable[Packet[Stream]],
    audio: Stream | None,
    sound: Iterator[Packet[Stream]],
) -> None:
    """Write both tracks, the sound never more than a packet ahead of the pictures."""
    waiting = next(sound, None)
    for picture in pictures:
        until = float((picture.dts or 0) * picture.time_base)
        while waiting is not None and float((waiting.pts or 0) * waiting.time_base) <= until:
            _put(container, audio, waiting)
            waiting = next(sound, None)
        _put(container, video, picture)
    while waiting is not None:
        _put(container, audio, waiting)
        waiting = next(sound, None)


def _put(container: OutputContainer, stream: Stream | None, packet: Packet[Stream]) -> None:
    assert stream is not None
    packet.stream = stream
    container.mux(packet)


def _colour(rgb: tuple[int, int, int]) -> tuple[int, int, int]:
    """Y, U and V of a colour, as limited-range bt709 has them."""
    red, green, blue = (min(255, max(0, value)) for value in rgb)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return (
        round(16 + luma * 219 / 255),
        round(128 + (blue - luma) * 224 / 255 / 1.8556),
        round(128 + (red - luma) * 224 / 255 / 1.5748),
    )
