"""Media as Python has them: paths, URLs, bytes, open files, and pictures in memory."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.media.sniff import HEAD_BYTES, sniff

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["MediaInput", "OneMedium", "as_sources"]

_ORIENTATION = 0x0112
_MODES_OF_PNG = frozenset({"1", "L", "LA", "P", "I;16", "RGB", "RGBA"})
_WITH_ALPHA = {"RGBa": "RGBA", "La": "LA", "PA": "RGBA"}

OneMedium: TypeAlias = "str | os.PathLike[str] | bytes | BinaryIO | Image"
MediaInput: TypeAlias = "OneMedium | Sequence[OneMedium]"


@contextlib.contextmanager
def as_sources(media: MediaInput | None) -> Iterator[list[str]]:
    """The media as paths and URLs; what is in memory is in files as long as the context lasts.

    Those files are called by their digest, so that the same picture is the same request. Raises
    `BadInput` for anything else.
    """
    with tempfile.TemporaryDirectory(prefix="nemovideo-") as folder:
        yield [_source(one, Path(folder)) for one in _listed(media)]


def _listed(media: MediaInput | None) -> list[OneMedium]:
    if media is None:
        return []
    if isinstance(media, Sequence) and not isinstance(media, str | bytes):
        return list(media)
    return [media]


def _source(medium: OneMedium, folder: Path) -> str:
    if isinstance(medium, str | os.PathLike):
        return os.fspath(medium)
    if isinstance(medium, bytes | bytearray | memoryview):
        data = bytes(medium)
    elif hasattr(medium, "read"):
        data = medium.read()
        if not isinstance(data, bytes):
            raise BadInput('A file of media must be opened in binary mode: open(path, "rb")')
    elif hasattr(medium, "getexif"):
        data = _png(medium)
    else:
        raise BadInput(
            f"A {type(medium).__name__} is not a picture: give a path, a URL, bytes, an open file "
            "or a PIL image"
        )
    kind = sniff(data[:HEAD_BYTES])
    digest = hashlib.sha256(data).hexdigest()[:12]
    path = folder / f"{digest}.{kind.ext if kind else 'bin'}"
    path.write_bytes(data)
    return str(path)


def _png(picture: Image) -> bytes:
    """A PIL image as a PNG, upright; what PNG has no mode for becomes RGB."""
    from PIL import ImageOps

    buffer = io.BytesIO()
    try:
        if picture.getexif().get(_ORIENTATION, 1) != 1:
            picture = ImageOps.exif_transpose(picture)
        if picture.mode not in _MODES_OF_PNG:
            picture = picture.convert(_WITH_ALPHA.get(picture.mode, "RGB"))
        picture.save(buffer, format="PNG")
    except (OSError, ValueError) as error:
        raise BadInput(f"The PIL image cannot be used ({error}): convert it to RGB") from None
    return buffer.getvalue()
