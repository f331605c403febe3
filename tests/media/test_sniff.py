"""A file's type is told by its content, never by its name."""

import io
import subprocess
import sys
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from nemovideo_nodes.media.sniff import ACCEPTED, HEAD_BYTES, MAX_BYTES, sniff

CONTAINERS = {
    "mp4": ("mp4", "libx264"),
    "mov": ("mov", "libx264"),
    "avi": ("avi", "mpeg4"),
    "webm": ("webm", "libvpx"),
    "mkv": ("matroska", "libx264"),
}
SOUNDS = {"mp3": ("mp3", "libmp3lame"), "m4a": ("ipod", "aac"), "aac": ("adts", "aac")}
PICTURES = {"jpg": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WEBP"}


def picture(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 10, 10)).save(file, kind)
    return file.getvalue()


def film(path: Path, container: str, codec: str) -> bytes:
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=10)
        assert isinstance(stream, VideoStream)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(np.zeros((96, 64), np.uint8), format="yuv420p")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path.read_bytes()


def sound(path: Path, container: str, codec: str) -> bytes:
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=44_100)
        assert isinstance(stream, AudioStream)
        stream.layout = "stereo"
        form = stream.codec_context.format.name
        for at in range(0, 4 * 1152, 1152):
            samples = np.zeros((2, 1152), np.float32)
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = 44_100, at
            resampler = av.AudioResampler(form, "stereo", 44_100, stream.codec_context.frame_size)
            for piece in resampler.resample(frame):
                out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    return path.read_bytes()


@pytest.mark.parametrize("ext", PICTURES)
def test_real_pictures_are_told(ext: str) -> None:
    """Each picture format that Pillow writes is recognised."""
    assert sniff(picture(PICTURES[ext])[:HEAD_BYTES]) == ACCEPTED[ext]


@pytest.mark.parametrize("ext", CONTAINERS)
def test_real_videos_are_told(ext: str, tmp_path: Path) -> None:
    """Each video container that FFmpeg writes is recognised."""
    assert sniff(film(tmp_path / "f", *CONTAINERS[ext])[:HEAD_BYTES]) == ACCEPTED[ext]


@pytest.mark.parametrize("ext", SOUNDS)
def test_real_sounds_are_told(ext: str, tmp_path: Path) -> None:
    """Each audio format that FFmpeg writes is recognised."""
    assert sniff(sound(tmp_path / "f", *SOUNDS[ext])[:HEAD_BYTES]) == ACCEPTED[ext]


def test_a_real_wav_is_told() -> None:
    """RIFF is a WAV by its form type."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8_000)
        out.writeframes(bytes(100))
    assert sniff(file.getvalue()) == ACCEPTED["wav"]


@pytest.mark.parametrize(
    ("head", "ext"),
    [
        (b"\xff\xfb\x90\x44" + bytes(100), "mp3"),
        (b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10) + b"\xff\xfb\x90\x44" + bytes(9), "mp3"),
        (b"ID3\x04\x00\x00\x00\x00\x7f\x7f" + bytes(50), "mp3"),
        (b"\x00\x00\x00\x08wide\x00\x00\x00\x00mdat", "mov"),
        (b"\x00\x00\x00\x14ftypqt  " + bytes(8), "mov"),
        (b"\x00\x00\x00\x14ftypM4V " + bytes(8), "mp4"),
    ],
)
def test_rarer_beginnings_are_told(head: bytes, ext: str) -> None:
    """Tags before the sound, old QuickTime and other brands count too."""
    assert sniff(head) == ACCEPTED[ext]


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<!DOCTYPE html><html>",
        b'{"code": 0}',
        b"%!PS-Adobe-3.0 EPSF-3.0",
        b"%PDF-1.7",
        b"<svg xmlns=",
        b"BM" + bytes(60),
        b"II*\x00" + bytes(60),
        b"OggS" + bytes(60),
        b"RIFF\x00\x00\x00\x00XXXX",
        b"\x00\x00\x00\x18ftypheic" + bytes(20),
        b"\x00\x00\x00\x18ftypavif" + bytes(20),
        b"\x1a\x45\xdf\xa3" + bytes(40),
        b"\xff\xff\xff\xff" + bytes(40),
        bytes(4096),
    ],
)
def test_what_the_service_does_not_take_is_none(head: bytes) -> None:
    """Pages, documents, other pictures and noise have no accepted type."""
    assert sniff(head) is None


def test_the_accepted_formats_are_the_contracts() -> None:
    """The thirteen formats of the contract, and its limit of 200 MB."""
    names = [
        "mp4",
        "mov",
        "avi",
        "webm",
        "mkv",
        "jpg",
        "png",
        "gif",
        "webp",
        "mp3",
        "wav",
        "m4a",
        "aac",
    ]
    assert list(ACCEPTED) == names
    assert MAX_BYTES == 200 * 1024 * 1024


@given(
    st.binary(max_size=64)
    | st.tuples(
        st.sampled_from(
            [
                b"\xff\xd8\xff",
                b"ID3",
                b"\xff\xf1",
                b"\xff\xfb",
                b"\x1a\x45\xdf\xa3\x42\x82",
                b"RIFF",
            ]
        ),
        st.binary(max_size=24),
    ).map(b"".join)
)
def test_any_beginning_is_a_type_or_none(head: bytes) -> None:
    """No bytes raise, however short or odd."""
    found = sniff(head)
    assert found is None or ACCEPTED[found.ext] == found


def test_sniffing_needs_no_extra() -> None:
    """`sniff`, `mp4` and the timeline load neither PyAV nor numpy nor Pillow."""
    code = (
        "import sys, nemovideo_nodes.media.sniff, nemovideo_nodes.media.mp4;"
        "import nemovideo_nodes.render;"
        "import nemovideo_nodes.render.movie, nemovideo_nodes.render.job;"
        "import nemovideo_nodes.media.decode, nemovideo_nodes.media.poster;"
        "import nemovideo_nodes.media.probe;"
        "sys.exit(any(name in sys.modules for name in ('av', 'numpy', 'PIL')))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=120, check=False).returncode == 0
