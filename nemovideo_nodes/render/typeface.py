"""Which font draws which characters, and in which order.

The bundled fonts come first, so that a draft looks the same on every machine; the system's fonts
serve only the characters that they lack. A font of the user's own goes before both.

The bundled files (OFL, see `fonts/OFL.txt`) are Noto Sans CJK SC Bold, cut down to GB 2312, Latin
and kana, and Noto Sans Bold with its Arabic, Hebrew, Thai and Devanagari fonts;
`tests/long/subset_font.py` makes them.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import regex
from PIL import ImageDraw, ImageFont, features

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.render.bidi import levels, visual_order
from nemovideo_nodes.render.wrap import clean

__all__ = ["BUNDLED", "Run", "Typeface", "drawable", "left_out", "needs_shaping"]

_FONTS = Path(__file__).parent / "fonts"
BUNDLED = _FONTS / "NotoSansSC-Bold.woff2"
_BUNDLED = (
    BUNDLED,
    *(
        _FONTS / f"NotoSans{script}-Bold.woff2"
        for script in ("", "Arabic", "Hebrew", "Thai", "Devanagari")
    ),
)

_SYSTEM_NAMES = (
    "NotoSansCJK-Bold.ttc", "NotoSansCJKsc-Bold.otf", "NotoSansSC-Bold.otf", "wqy-zenhei.ttc",
    "wqy-microhei.ttc", "PingFang.ttc", "msyhbd.ttc", "NotoSans-Bold.ttf", "DejaVuSans-Bold.ttf",
    "Arial Unicode.ttf", "NotoEmoji-Bold.ttf", "NotoEmoji-Regular.ttf", "NotoEmoji[wght].ttf",
    "Symbola.ttf", "Symbola_hint.ttf", "seguisym.ttf", "NotoSansSymbols2-Regular.ttf",
    "NotoSansBengali-Bold.ttf", "NotoSansTamil-Bold.ttf", "NotoSansTelugu-Bold.ttf",
    "NotoSansGujarati-Bold.ttf", "NotoSansGurmukhi-Bold.ttf", "NotoSansKannada-Bold.ttf",
    "NotoSansMalayalam-Bold.ttf", "NotoSansSinhala-Bold.ttf", "NotoSansKhmer-Bold.ttf",
    "NotoSansLao-Bold.ttf", "NotoSansMyanmar-Bold.ttf", "NotoSansArmenian-Bold.ttf",
    "NotoSansGeorgian-Bold.ttf", "NotoSansEthiopic-Bold.ttf",
)  # fmt: skip
_NOWHERE = "\U0010ffff"

# Scripts whose letters stand side by side, each for itself: Latin, Greek, Cyrillic, Armenian,
# Georgian, Chinese, Japanese, Korean, punctuation and symbols. All others are shaped.
_PLAIN = regex.compile(
    r"(?:[\p{Latin}\p{Greek}\p{Cyrillic}\p{Armenian}\p{Georgian}\p{Han}\p{Hiragana}\p{Katakana}"
    r"\p{Hangul}\p{Common}--[\p{M}\u200c\u200d]])*",
    regex.VERSION1,
)
_HEBREW = regex.compile(r"[\p{Hebrew}\p{Common}--[\p{M}]]*", regex.VERSION1)
_CLUSTERS = regex.compile(r"\X")
_INVISIBLE = regex.compile(r"[\u200c-\u200f\ufe00-\ufe0f]")


@dataclass(frozen=True)
class Run:
    """A piece of a line that one font draws in one direction."""

    font: ImageFont.FreeTypeFont
    text: str
    direction: str | None
    """`ltr` or `rtl` where the letters are shaped; None where they stand side by side."""

    def length(self) -> float:
        """How wide it is, in pixels."""
        return self.font.getlength(self.text, direction=self.direction)

    def draw(self, on: ImageDraw.ImageDraw, at: tuple[float, float], stroke: int = 0) -> None:
        """Draw it in white from `at` on, the left end of its baseline."""
        on.text(
            at,
            self.text,
            fill=255,
            font=self.font,
            anchor="ls",
            stroke_width=stroke,
            direction=self.direction,
        )


class Typeface:
    """Fonts of one size in pixels, in the order in which they are asked for a character.

    `base` is the direction of the whole title, as `bidi.base_level` gives it.
    """

    def __init__(self, size: int, user: Path | None = None, base: int = 0) -> None:
        self._size = size
        self._user = user
        self._base = base

    def runs(self, line: str) -> Iterator[Run]:
        """`line` in pieces from left to right; a character that no font has is left out."""
        clusters = _CLUSTERS.findall(line)
        files = _fonts_of(clusters, self._user)
        depths = _levels_of(clusters, line, self._base)
        pieces: list[tuple[Path, int, str]] = []
        each = zip(files, depths, clusters, strict=True)
        for (file, level), group in groupby(each, lambda one: one[:2]):
            if file:
                pieces.append((file, level, "".join(cluster for *_, cluster in group)))
        for index in visual_order([level for _, level, _ in pieces]):
            yield _run(*pieces[index], self._size)

    def length(self, line: str) -> float:
        """How wide `line` is, in pixels."""
        return sum(run.length() for run in self.runs(line))


def left_out(text: str, user: Path | None = None) -> list[str]:
    """The characters of `text` that no font here can draw, in order, each once.

    A character may be several code points, as an emoji with a skin tone is. `user` is a font that
    is asked first.
    """
    found = dict.fromkeys(_CLUSTERS.findall(clean(text)))
    clusters = [one for one in found if not one.isspace()]
    return [one for one in clusters if _INVISIBLE.sub("", one) and not _font_of(one, user)]


def drawable(text: str, user: Path | None = None) -> str:
    """`text` without what `left_out` lists."""
    missing = set(left_out(text, user))
    return "".join(one for one in _CLUSTERS.findall(text) if one not in missing)


def needs_shaping(text: str) -> bool:
    """Whether the letters of `text` join, stack or change places."""
    return not _PLAIN.fullmatch(text)


def _fonts_of(clusters: list[str], user: Path | None) -> list[Path | None]:
    """The font of each cluster; a space has that of the cluster before it."""
    found: list[Path | None] = []
    for cluster in clusters:
        if cluster.isspace() and found and found[-1]:
            found.append(found[-1])
        else:
            found.append(_font_of(cluster, user))
    return found


def _font_of(cluster: str, user: Path | None) -> Path | None:
    """The first font that has all of `cluster` and can shape it."""
    if not _can_shape() and not (_PLAIN.fullmatch(cluster) or _HEBREW.fullmatch(cluster)):
        return None
    characters = set(_INVISIBLE.sub("", cluster))
    files = ((user, *_BUNDLED) if user else _BUNDLED, _system_fonts())
    return next(
        (file for group in files for file in group if all(_has(file, one) for one in characters)),
        None,
    )


def _levels_of(clusters: list[str], line: str, base: int) -> list[int]:
    """The bidirectional level of each cluster, which is that of its first character."""
    if not base and line.isascii():
        return [0] * len(clusters)
    each, at = levels(line, base), 0
    found = []
    for cluster in clusters:
        found.append(each[at])
        at += len(cluster)
    return found


def _run(file: Path, level: int, text: str, size: int) -> Run:
    to_the_left = level % 2 == 1
    if to_the_left or needs_shaping(text):
        if _can_shape():
            return Run(_font(file, size, shapes=True), text, "rtl" if to_the_left else "ltr")
        if to_the_left:
            text = "".join(_MIRRORED.get(one, one) for one in reversed(_CLUSTERS.findall(text)))
    return Run(_font(file, size), text, None)


_MIRRORED = dict(zip("()[]{}<>«»", ")(][}{><»«", strict=True))


@functools.lru_cache(maxsize=1)
def _can_shape() -> bool:
    """Whether Pillow has RAQM, which joins and orders letters; its wheels do."""
    return bool(features.check("raqm"))


@functools.lru_cache(maxsize=128)
def _font(path: Path, size: int, *, shapes: bool = False) -> ImageFont.FreeTypeFont:
    # The basic engine is always there and draws the same everywhere.
    engine = ImageFont.Layout.RAQM if shapes else ImageFont.Layout.BASIC
    try:
        return ImageFont.truetype(str(path), size, layout_engine=engine)
    except OSError:
        raise BadInput(f"The font {path.name} cannot be read.") from None


@functools.lru_cache(maxsize=8192)
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
