"""Which font draws which character.

The bundled font comes first, so that a draft looks the same on every machine; the system's
fonts serve only the characters that it lacks. A font of the user's own goes before both.

The bundled file is Noto Sans CJK SC Bold (OFL, see `fonts/OFL.txt`), cut down to GB 2312,
Latin and kana by `tests/long/subset_font.py`.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from PIL import ImageFont

from nemovideo_nodes.errors import BadInput

__all__ = ["BUNDLED", "Typeface"]

BUNDLED = Path(__file__).parent / "fonts" / "NotoSansSC-Bold.woff2"

_SYSTEM_NAMES = (
    "NotoSansCJK-Bold.ttc", "NotoSansCJKsc-Bold.otf", "NotoSansSC-Bold.otf", "wqy-zenhei.ttc",
    "wqy-microhei.ttc", "PingFang.ttc", "msyhbd.ttc", "NotoSans-Bold.ttf", "DejaVuSans-Bold.ttf",
    "Arial Unicode.ttf",
)  # fmt: skip
_NOWHERE = "\U0010ffff"


class Typeface:
    """Fonts of one size in pixels, in the order in which they are asked for a character."""

    def __init__(self, size: int, user: Path | None = None) -> None:
        self._size = size
        self._files = [path for path in (user, BUNDLED) if path]

    def runs(self, text: str) -> Iterator[tuple[ImageFont.FreeTypeFont, str]]:
        """`text` in pieces of one font each; a character that no font has is left out."""
        for path, characters in groupby(text, self._file_for):
            if path:
                yield _font(path, self._size), "".join(characters)

    def length(self, text: str) -> float:
        """How wide `text` is, in pixels."""
        return sum(font.getlength(piece) for font, piece in self.runs(text))

    def _file_for(self, character: str) -> Path | None:
        return next((file for file in self._candidates() if _has(file, character)), None)

    def _candidates(self) -> Iterator[Path]:
        yield from self._files
        yield from _system_fonts()


@functools.lru_cache(maxsize=64)
def _font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    try:
        # The basic engine is always there and draws the same everywhere.
        return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
    except OSError:
        raise BadInput(f"The font {path.name} cannot be read.") from None


@functools.lru_cache(maxsize=4096)
def _has(path: Path, character: str) -> bool:
    """Whether the font draws `character` as something else than a missing one."""
    if character.isspace():
        return True
    font = _font(path, 32)
    drawn, missing = font.getmask(character), font.getmask(_NOWHERE)
    return drawn.size != missing.size or bytes(drawn) != bytes(missing)


@functools.lru_cache(maxsize=1)
def _system_fonts() -> tuple[Path, ...]:
    found: dict[str, Path] = {}
    for root in _font_folders():
        for folder, _, files in os.walk(root):
            for name in set(files).intersection(_SYSTEM_NAMES):
                found.setdefault(name, Path(folder, name))
    return tuple(found[name] for name in _SYSTEM_NAMES if name in found)


def _font_folders() -> tuple[Path, ...]:
    if sys.platform == "darwin":
        return Path("/Library/Fonts"), Path("/System/Library/Fonts")
    if sys.platform == "win32":
        return (Path(os.environ.get("WINDIR", "C:/Windows"), "Fonts"),)
    return Path("/usr/local/share/fonts"), Path("/usr/share/fonts")
