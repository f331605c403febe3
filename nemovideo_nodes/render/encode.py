"""H.264 and AAC packets, from frames and samples; what they must be for the platforms.

H.264 High, yuv420p, bt709 limited range, closed GOP of 2 s; AAC-LC 48 kHz stereo.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext

from nemovideo_nodes.render.sample import Canvas

if TYPE_CHECKING:
    from av.audio.codeccontext import AudioCodecContext
    from av.packet import Packet
    from av.stream import Stream
    from av.video.plane import VideoPlane
    from numpy.typing import NDArray

__all__ = [
    "AUDIO_FRAME",
    "SAMPLE_RATE",
    "configure_audio",
    "configure_video",
    "encode_audio",
    "encode_video",
    "gop",
    "video_encoder",
]

SAMPLE_RATE = 48_000
AUDIO_FRAME = 1_024

_BT709, _LIMITED = 1, 1
# Measured on photographs: at the same size no worse than veryfast (SSIM), for little more than half
# its CPU time. Five B frames without a choice suit slow, smooth motion; tests/bench/render.py
# compares. The preset's 8x8dct makes the profile High.
_PRESET, _CRF = "superfast", "21"
_X264 = "bframes=5:b-adapt=0:mbtree=1:rc-lookahead=8:open-gop=0:scenecut=0"
# With AVX-512, x264's mbtree reads uninitialised memory: the same frames then sometimes give other
# bytes. AVX2 is as fast here.
if platform.machine().lower() in ("x86_64", "amd64"):
    _X264 += ":asm=avx2"


def gop(fps: int | Fraction) -> int:
    """Frames from one key frame to the next: two seconds."""
    return round(2 * fps)


def configure_video(
    context: VideoCodecContext, width: int, height: int, fps: int | Fraction
) -> None:
    """Make `context` an encoder as above, on one thread, with its header kept apart.

    Equal arguments give equal headers, so packets of several encoders fit one track.
    """
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.framerate = Fraction(fps)
    context.time_base = 1 / Fraction(fps)
    context.thread_count = 1
    context.gop_size = gop(fps)
    context.color_range = _LIMITED
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    context.flags |= Flags.global_header | Flags.closed_gop
    context.options = {"preset": _PRESET, "crf": _CRF, "x264-params": _X264}


def video_encoder(width: int, height: int, fps: int | Fraction) -> VideoCodecContext:
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, VideoCodecContext)
    configure_video(context, width, height, fps)
    return context


def encode_video(
    context: VideoCodecContext,
    numbers: Iterable[int],
    paint: Callable[[int, Canvas], None],
) -> Iterator[Packet[Stream]]:
    """Packets of the frames `numbers`, which are also their times; the encoder is used up."""
    frame = av.VideoFrame(context.width, context.height, "yuv420p")
    frame.time_base = context.time_base
    y, u, v = (_view(plane) for plane in frame.planes)
    # libavcodec copies a frame that it does not own, so that one frame serves them all.
    for number in numbers:
        paint(number, (y, u, v))
        frame.pts = number
        yield from context.encode(frame)
    yield from context.encode(None)


def _view(plane: VideoPlane) -> NDArray[np.uint8]:
    flat: NDArray[np.uint8] = np.frombuffer(memoryview(plane), np.uint8)
    rows = flat.reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def configure_audio(context: AudioCodecContext) -> None:
    """Make `context` an AAC-LC encoder of 48 kHz stereo at 160 kbit/s."""
    context.sample_rate = SAMPLE_RATE
    context.layout = "stereo"
    context.format = "fltp"
    context.time_base = Fraction(1, SAMPLE_RATE)
    context.bit_rate = 160_000
    # Takes a quarter of the default's time; at this bit rate there is no audible difference.
    context.options = {"aac_coder": "fast"}
    context.thread_count = 1
    context.flags |= Flags.global_header


def encode_audio(
    context: AudioCodecContext, blocks: Iterable[NDArray[np.float32]]
) -> Iterator[Packet[Stream]]:
    """Packets of `blocks` (2 x n samples, -1 to 1, in multiples of `AUDIO_FRAME` but the last).

    The encoder's first packet, its priming, is left out: the sound then starts at 0 without an
    edit list, which some platforms refuse.
    """
    at = 0
    for block in blocks:
        for start in range(0, block.shape[1], AUDIO_FRAME):
            samples = np.ascontiguousarray(block[:, start : start + AUDIO_FRAME])
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
            frame.sample_rate = SAMPLE_RATE
            frame.time_base = Fraction(1, SAMPLE_RATE)
            frame.pts = at
            at += samples.shape[1]
            yield from _from_zero(context.encode(frame))
    yield from _from_zero(context.encode(None))


def _from_zero(packets: Iterable[Packet[Stream]]) -> Iterator[Packet[Stream]]:
    return (packet for packet in packets if packet.pts is not None and packet.pts >= 0)
