"""Media that would harm or fail a render are refused when they come, with the documented codes."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image


def png(width: int, height: int) -> bytes:
    """A PNG that is tiny, and as large as it says when it is opened."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def jpeg() -> bytes:
    stream = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(stream, "JPEG")
    return stream.getvalue()


HOSTILE = [
    ("bomb.png", png(60_000, 60_000), 4002),
    ("eps.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(rm) run\n", 4001),
    ("page.png", b"<html><script>alert(1)</script></html>", 4001),
    ("cut.jpg", jpeg()[:900], 4001),
    ("cut.png", png(10, 10)[:-20], 4001),
    ("broken.png", b"\x89PNG\r\n\x1a\n" + bytes(64), 4001),
    ("cut.mp4", b"\0\0\0\x18ftypisom" + bytes(12) + b"\0\0\xff\xffmdat" + bytes(90), 4001),
    ("list.mp4", b"ffconcat version 1.0\nfile /etc/passwd\n", 4001),
    ("empty.jpg", b"", 4001),
]


@pytest.mark.parametrize(("name", "content", "code"), HOSTILE)
def test_it_is_refused_by_name_and_nothing_is_kept(
    emulator: Any, caller: Any, picture: bytes, name: str, content: bytes, code: int
) -> None:
    """The code and the file's own name are told; a good file beside it is not kept either."""
    told = caller.upload(("good.jpg", picture), (name, content)).json()
    assert told["code"] == code
    assert name in told["message"]
    assert caller.state()["video_infos"] == []
    folder = Path(emulator.folder) / "uploads"
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert caller.upload(("good.jpg", picture)).json()["code"] == 0
