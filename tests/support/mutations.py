"""Small media files of the thirteen formats, and damaged copies of them, the same for a seed."""

from __future__ import annotations

import io
import random
import wave
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from PIL import Image

__all__ = ["FORMATS", "damaged", "make"]

_VIDEOS = {
    "mp4": ("mp4", "libx264", "aac"),
    "mov": ("mov", "mpeg4", "aac"),
    "avi": ("avi", "mpeg4", "libmp3lame"),
    "webm": ("webm", "libvpx", "libopus"),
    "mkv": ("matroska", "libx264", "aac"),
}
_SOUNDS = {"mp3": ("mp3", "libmp3lame"), "m4a": ("ipod", "aac"), "aac": ("adts", "aac")}
_PICTURES = {"jpg": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WEBP"}
FORMATS = (*_VIDEOS, *_PICTURES, *_SOUNDS, "wav")
_HEADER = 600
_LIMITS = (0, 1, 0x7F, 0x80, 0xFF)


def make(ext: str, folder: Path) -> bytes:
    """A small good file of the type `ext`."""
    if ext == "wav":
        file = io.BytesIO()
        with wave.open(file, "wb") as out:
            out.setparams((1, 2, 8_000, 0, "NONE", ""))
            out.writeframes(bytes(range(256)) * 8)
        return file.getvalue()
    if ext in _PICTURES:
        return _picture(_PICTURES[ext])
    container, *codecs = _VIDEOS.get(ext) or _SOUNDS[ext]
    path = folder / f"good.{ext}"
    with av.open(str(path), "w", format=container) as out:
        for codec in codecs:
            is_film = ext in _VIDEOS and codec == codecs[0]
            stream = out.add_stream(codec, rate=10 if is_film else 48_000)
            if isinstance(stream, VideoStream):
                stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
            elif isinstance(stream, AudioStream):
                stream.layout = "mono"
                if codec == "libmp3lame":
                    stream.format = "fltp"
        for film in out.streams.video:
            _film(out, film)
            out.mux(film.encode(None))
        for sound in out.streams.audio:
            _sound(out, sound)
            out.mux(sound.encode(None))
    return path.read_bytes()


def _picture(kind: str) -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(5).integers(0, 255, (24, 32, 3), np.uint8)
    first = Image.fromarray(noise)
    exif = Image.Exif()
    exif[0x0112] = 6
    more = [Image.fromarray(np.roll(noise, 5 * n, 0)) for n in (1, 2)]
    if kind == "JPEG":
        first.save(file, kind, exif=exif, quality=60)
    elif kind == "GIF":
        first.save(file, kind, save_all=True, append_images=more, duration=50)
    else:
        first.save(file, kind, save_all=True, append_images=more, duration=50, exif=exif)
    return file.getvalue()


def _film(out: av.container.OutputContainer, stream: VideoStream) -> None:
    for number in range(4):
        planes = np.full((48, 32), 40 + 30 * number, np.uint8)
        out.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))


def _sound(out: av.container.OutputContainer, stream: AudioStream) -> None:
    form = stream.codec_context.format.name
    size = stream.codec_context.frame_size or 960
    kind = np.float32 if form.startswith("flt") else np.int16
    for at in range(0, 8 * size, size):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, size), kind), format=form, layout="mono")
        frame.sample_rate, frame.pts = 48_000, at
        out.mux(stream.encode(frame))


def damaged(good: bytes, count: int, seed: int) -> Iterator[bytes]:
    """`count` copies of `good` with changes, most of them in its header and its end."""
    chance = random.Random(seed)
    for _ in range(count):
        content = bytearray(good)
        for _ in range(chance.choice((1, 1, 2, 4, 12))):
            _change(content, chance)
        yield bytes(content)


def _change(content: bytearray, chance: random.Random) -> None:
    if not content:
        return
    near = min(_HEADER, len(content))
    at = chance.choice((
        chance.randrange(near), chance.randrange(near), len(content) - 1 - chance.randrange(near),
        chance.randrange(len(content)),
    ))  # fmt: skip
    match chance.randrange(8):
        case 0 | 1:
            content[at] = chance.randrange(256)
        case 2:
            content[at] ^= 1 << chance.randrange(8)
        case 3:
            content[at] = chance.choice(_LIMITS)
        case 4:  # a length or a count
            width = chance.choice((2, 4, 8))
            value = chance.choice((0, 1, 8, 0x7FFFFFFF, 0xFFFFFFFF, chance.randrange(1 << 16)))
            order = chance.choice(("big", "little"))
            content[at : at + width] = (value & ((1 << 8 * width) - 1)).to_bytes(width, order)  # type: ignore[arg-type]
        case 5:
            del content[at : at + chance.choice((1, 4, 64, len(content)))]
        case 6:
            content[at:at] = chance.randbytes(chance.choice((1, 4, 64)))
        case 7:
            other = chance.randrange(len(content))
            content[at:at] = content[other : other + chance.choice((4, 16, 200))]
