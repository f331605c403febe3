"""A file that was cut anywhere is told from a whole one, without decoding it."""

import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from nemovideo_nodes.media.whole import is_whole


def image(kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(stream, kind, **options)
    return stream.getvalue()


def thumbnailed() -> bytes:
    """A JPEG with another, whole one in its EXIF, as cameras write them."""
    exif = Image.Exif()
    exif[0x010E] = "x"
    inner = image("JPEG", quality=20)[:2000] + b"\xff\xd9"
    head = b"\xff\xe1" + (len(inner) + 2).to_bytes(2, "big") + inner
    whole = image("JPEG")
    return whole[:2] + head + whole[2:]


WAV = b"RIFF" + (36 + 400).to_bytes(4, "little") + b"WAVEfmt " + bytes(428)


def matroska(size: bytes, content: bytes) -> bytes:
    """An EBML header and a Segment whose size is written as `size`."""
    header = b"\x42\x82\x84webm"
    return (
        b"\x1a\x45\xdf\xa3"
        + bytes([0x80 | len(header)])
        + header
        + b"\x18\x53\x80\x67"
        + size
        + content
    )


def mp3(told: bytes, length: int) -> bytes:
    """An ID3 tag of 20 bytes, a frame of stereo MPEG 1 with `told` in it, and `length` bytes."""
    return (
        b"ID3\x04\0\0\0\0\0\x0a"
        + bytes(10)
        + (b"\xff\xfb\x90\x44" + bytes(32) + told).ljust(length, b"\0")
    )


def adts(frames: int) -> bytes:
    """Frames of 100 bytes each."""
    return (b"\xff\xf1\x50\x80\x0c\x9f\xfc" + bytes(93)) * frames


WHOLE = {
    "webm": matroska(b"\x01" + (400).to_bytes(7, "big"), bytes(400)),
    "mkv": matroska(b"\x41\x90", bytes(400)),
    "mp3": mp3(b"Xing\0\0\0\x03" + (9).to_bytes(4, "big") + (900).to_bytes(4, "big"), 900),
    "aac": adts(5),
    "jpg": image("JPEG"),
    "png": image("PNG"),
    "gif": image("GIF"),
    "webp": image("WEBP"),
    "wav": WAV,
}


@pytest.mark.parametrize("ext", WHOLE)
def test_whole_and_cut_are_told_apart(ext: str, tmp_path: Path) -> None:
    """Whole, with something behind it as well; and not so when cut in the middle or at the end."""
    path = tmp_path / "file"
    whole = WHOLE[ext]
    tail = b"\0" * 8
    for content, expected in (
        (whole, True),
        (whole + tail, True),
        (whole[: len(whole) // 2], False),
        (whole[:-2], False),
    ):
        path.write_bytes(content)
        assert is_whole(path, ext) is expected


def test_a_thumbnails_end_is_not_the_pictures(tmp_path: Path) -> None:
    """The end marker of a JPEG within a JPEG does not count."""
    whole = thumbnailed()
    (tmp_path / "file").write_bytes(whole)
    assert is_whole(tmp_path / "file", "jpg")
    (tmp_path / "file").write_bytes(whole[: len(whole) - 50])
    assert not is_whole(tmp_path / "file", "jpg")


def test_clips_are_walked(tmp_path: Path) -> None:
    """An MP4 without an index is not whole."""
    (tmp_path / "file").write_bytes(b"\0\0\0\x18ftypisom" + bytes(12))
    assert not is_whole(tmp_path / "file", "mp4")


@pytest.mark.parametrize(
    ("ext", "whole"),
    [
        ("webm", matroska(b"\x01" + b"\xff" * 7, bytes(400))),
        ("mkv", matroska(b"\xff", bytes(400))),
        ("mp3", mp3(b"", 900)),
        ("mp3", mp3(b"Info\0\0\0\x01" + (9).to_bytes(4, "big"), 900)),
    ],
)
def test_what_promises_no_end_has_none_to_miss(ext: str, whole: bytes, tmp_path: Path) -> None:
    """A stream that was written into a pipe knows no length; it is taken as it is."""
    for content in (whole, whole[:300]):
        (tmp_path / "file").write_bytes(content)
        assert is_whole(tmp_path / "file", ext)


def test_an_old_mp3_tells_its_length_otherwise(tmp_path: Path) -> None:
    """A VBRI header is read as well."""
    whole = mp3(b"VBRI\0\x01\0\0\0\0" + (900).to_bytes(4, "big"), 900)
    for length, expected in ((len(whole), True), (len(whole) - 1, False)):
        (tmp_path / "file").write_bytes(whole[:length])
        assert is_whole(tmp_path / "file", "mp3") is expected


@given(st.sampled_from(["mkv", "mp3", "aac", "wav", "jpg", "png"]), st.binary(min_size=1))
def test_any_bytes_have_an_answer(ext: str, content: bytes) -> None:
    """Yes or no, and never an exception, whatever the file holds behind its first bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file")
        for head in (b"", WHOLE[ext][:12]):
            path.write_bytes(head + content)
            assert is_whole(path, ext) in (True, False)
