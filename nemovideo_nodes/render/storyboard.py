"""A storyboard: pictures with their names under the words that are about them, as one JPEG.

Needs the extra `video`.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.render.bidi import base_level
from nemovideo_nodes.render.image import open_image
from nemovideo_nodes.render.typeface import Typeface, drawable
from nemovideo_nodes.render.wrap import clean, wrap

__all__ = ["Panel", "storyboard"]

_WIDTH: Final = 1080
_EDGE: Final = 36
_GAP: Final = 24
_GROUND: Final = (250, 250, 248)
_INK: Final = (28, 28, 30)
_GREY: Final = (110, 110, 114)
_EMPTY: Final = (226, 226, 224)
_HEADLINE, _TEXT, _NAME = 44, 30, 24
_LEADING: Final = 1.4
_MOST_PANELS: Final = 60
_MOST_LINES: Final = 40


@dataclass(frozen=True)
class Panel:
    """One picture of a storyboard; None where it cannot be shown here."""

    name: str
    picture: Path | None = None


def storyboard(title: str, lines: Iterable[str], panels: Sequence[Panel]) -> bytes:
    """The storyboard as a JPEG, 1080 pixels wide: a title, lines of text, and the panels."""
    columns = 1 if len(panels) == 1 else 2 if len(panels) <= 4 else 3
    wide = (_WIDTH - 2 * _EDGE - (columns - 1) * _GAP) // columns
    shown = panels[:_MOST_PANELS]
    if len(panels) > len(shown):
        lines = [*lines, f"… +{len(panels) - len(shown)}"]
    texts = [(line, _TEXT, _INK) for text in lines for line in _wrapped(text, _TEXT)]
    texts = [(line, _HEADLINE, _INK) for line in _wrapped(title, _HEADLINE)] + texts
    texts = texts[:_MOST_LINES]
    pictures = [_picture(panel.picture, wide) for panel in shown]
    rows = [pictures[at : at + columns] for at in range(0, len(pictures), columns)]
    caption = round(_NAME * _LEADING) + _GAP
    top = _EDGE + sum(round(size * _LEADING) for _, size, _ in texts) + _GAP
    high = top + sum(max(one.height for one in row) + caption for row in rows) + _EDGE
    sheet = Image.new("RGB", (_WIDTH, high), _GROUND)
    at = _EDGE
    for line, size, colour in texts:
        _write(sheet, line, (_EDGE, at), size, colour)
        at += round(size * _LEADING)
    at = top
    number = 0
    for row in rows:
        for column, picture in enumerate(row):
            left = _EDGE + column * (wide + _GAP)
            sheet.paste(picture, (left + (wide - picture.width) // 2, at))
            below = at + max(one.height for one in row) + 4
            name = _fitted(f"{number + 1}. {shown[number].name}", _NAME, wide)
            _write(sheet, name, (left, below), _NAME, _GREY)
            number += 1
        at += max(one.height for one in row) + caption
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=86)
    return out.getvalue()


def _picture(path: Path | None, wide: int) -> Image.Image:
    """The picture as wide as a column, and at most half as high again; grey where it is none."""
    if path is not None:
        with contextlib.suppress(BadInput, OSError):
            image = open_image(path, 2 * wide).convert("RGBA")
            image.thumbnail((wide, wide * 3 // 2))
            ground = Image.new("RGB", image.size, _EMPTY)
            ground.paste(image, mask=image.getchannel("A"))
            return ground
    return Image.new("RGB", (wide, wide * 9 // 16), _EMPTY)


def _wrapped(text: str, size: int) -> list[str]:
    typeface = _typeface(text, size)
    return [
        line
        for paragraph in text.splitlines()
        for line in wrap(clean(drawable(clean(paragraph))), _WIDTH - 2 * _EDGE, typeface.length)
    ]


def _fitted(text: str, size: int, wide: int) -> str:
    text = clean(drawable(clean(text)))
    typeface = _typeface(text, size)
    if typeface.length(text) <= wide:
        return text
    while text and typeface.length(f"{text}…") > wide:
        text = text[:-1]
    return f"{text}…"


def _typeface(text: str, size: int) -> Typeface:
    return Typeface(size, None, base_level(text))


def _write(
    sheet: Image.Image, line: str, at: tuple[int, int], size: int, colour: tuple[int, int, int]
) -> None:
    if not line:
        return
    typeface = _typeface(line, size)
    mask = Image.new("L", (sheet.width, round(size * _LEADING) + 4), 0)
    x = 0.0
    for run in typeface.runs(line):
        run.draw(ImageDraw.Draw(mask), (x, size))
        x += run.length()
    sheet.paste(Image.new("RGB", mask.size, colour), at, mask)
