"""A file that was cut anywhere is told from a whole one, without decoding it."""

import io
from pathlib import Path

import pytest
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
WHOLE = {
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
    """An MP4 without an index is not whole; what promises no end always is."""
    (tmp_path / "file").write_bytes(b"\0\0\0\x18ftypisom" + bytes(12))
    assert not is_whole(tmp_path / "file", "mp4")
    assert is_whole(tmp_path / "file", "mp3")
