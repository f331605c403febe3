"""`nemovideo samples`: three drawn pictures, so that the first video needs none of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nemovideo_nodes.cli.completing import complete_folders
from nemovideo_nodes.cli.group import json_option, print_json
from nemovideo_nodes.errors import BadInput

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

__all__ = ["samples"]

_SIZE = (1080, 1350)
_Colour = tuple[int, int, int]
_WHITE: _Colour = (255, 252, 246)


@click.command(short_help="Write three sample pictures into FOLDER.")
@click.argument("folder", default="photos", shell_complete=complete_folders)
@json_option
def samples(folder: str, as_json: bool) -> None:
    """Write three sample pictures into FOLDER (photos): a bottle, a cup, a box.

    A file of the same name that is there already is left as it is.
    """
    try:
        paths = _write(Path(folder).expanduser())
    except ModuleNotFoundError:
        raise BadInput(
            "Drawing pictures needs Pillow: install it with pip install 'nemovideo-nodes[emulator]'"
        ) from None
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"No pictures can be written into {folder!r}: {reason}") from None
    if as_json:
        print_json([str(path) for path in paths])
        return
    for path in paths:
        click.echo(path)


def _write(folder: Path) -> list[Path]:
    drawn = {"bottle.jpg": _bottle, "cup.jpg": _cup, "box.jpg": _box}
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in drawn.items():
        partial = folder / f".{name}.part"
        if not (folder / name).exists():
            draw().save(partial, "JPEG", quality=88)
            partial.replace(folder / name)
    return [folder / name for name in drawn]


def _ground(above: _Colour, below: _Colour) -> tuple[Image, ImageDraw]:
    """A wall that gets lighter downwards, a table, and a shadow on it."""
    from PIL import Image, ImageDraw, ImageFilter

    light = Image.linear_gradient("L").resize(_SIZE)
    picture = Image.composite(
        Image.new("RGB", _SIZE, _WHITE), Image.new("RGB", _SIZE, above), light
    )
    table = ImageDraw.Draw(picture)
    table.rectangle((0, 1000, *_SIZE), fill=below)
    shadow = Image.new("L", _SIZE, 0)
    ImageDraw.Draw(shadow).ellipse((260, 1020, 900, 1150), fill=110)
    dark = Image.new("RGB", _SIZE, (40, 34, 30))
    picture = Image.composite(dark, picture, shadow.filter(ImageFilter.GaussianBlur(28)))
    return picture, ImageDraw.Draw(picture)


def _bottle() -> Image:
    picture, draw = _ground((120, 178, 172), (214, 201, 184))
    draw.rounded_rectangle((470, 250, 610, 430), 24, fill=(54, 48, 46))
    draw.rounded_rectangle((390, 400, 690, 1090), 90, fill=(181, 101, 60))
    draw.rounded_rectangle((410, 420, 450, 1060), 20, fill=(212, 146, 104))
    draw.rectangle((390, 640, 690, 900), fill=_WHITE)
    draw.line((450, 720, 630, 720), fill=(54, 48, 46), width=14)
    draw.line((480, 790, 600, 790), fill=(181, 101, 60), width=10)
    return picture


def _cup() -> Image:
    picture, draw = _ground((232, 184, 120), (146, 104, 78))
    draw.ellipse((650, 640, 860, 900), outline=_WHITE, width=44)
    draw.rounded_rectangle((300, 560, 740, 1080), 120, fill=_WHITE)
    draw.rectangle((300, 560, 740, 760), fill=_WHITE)
    draw.ellipse((300, 500, 740, 630), fill=(236, 230, 220))
    draw.ellipse((330, 516, 710, 616), fill=(92, 58, 38))
    for left in (430, 510, 590):
        draw.arc((left, 300, left + 70, 470), 90, 270, fill=_WHITE, width=10)
    return picture


def _box() -> Image:
    picture, draw = _ground((150, 150, 205), (205, 205, 220))
    draw.polygon(((300, 600), (560, 680), (560, 1110), (300, 1000)), fill=(196, 66, 84))
    draw.polygon(((560, 680), (820, 600), (820, 1000), (560, 1110)), fill=(226, 92, 106))
    draw.polygon(((300, 600), (560, 530), (820, 600), (560, 680)), fill=(240, 128, 136))
    draw.polygon(((410, 570), (460, 556), (720, 632), (670, 648)), fill=(250, 226, 160))
    draw.polygon(((670, 648), (720, 632), (720, 1043), (670, 1064)), fill=(250, 214, 130))
    draw.ellipse((430, 440, 570, 590), outline=(250, 214, 130), width=30)
    draw.ellipse((560, 440, 700, 590), outline=(250, 214, 130), width=30)
    return picture
