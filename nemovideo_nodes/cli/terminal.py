"""What the terminal can show: its width, links, and texts cut and wrapped to so many cells."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import click

__all__ = ["cut", "hyperlink", "is_live", "say", "shown_path", "takes_links", "width", "wrapped"]

_NARROWEST, _WIDEST = 20, 200


def width() -> int:
    """The columns to write in: the terminal's, or 80 where there is none."""
    return min(_WIDEST, max(_NARROWEST, shutil.get_terminal_size((80, 24)).columns))


def is_live() -> bool:
    """Whether a person watches standard error, on a terminal that can rewrite a line."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def takes_links(env: Mapping[str, str] | None = None) -> bool:
    """Whether the terminal is known to show hyperlinks (OSC 8) instead of printing their codes."""
    env = os.environ if env is None else env
    if not sys.stdout.isatty() or env.get("TERM") == "dumb":
        return False
    if env.get("TMUX") or env.get("TERM", "").startswith("screen"):
        return False
    if env.get("VTE_VERSION", "").isdigit():
        return int(env["VTE_VERSION"]) >= 5000
    if env.get("TERM_PROGRAM") in {"iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "Tabby"}:
        return True
    names = ("WT_SESSION", "KONSOLE_VERSION", "KITTY_WINDOW_ID", "DOMTERM")
    return any(env.get(name) for name in names)


def hyperlink(text: str, url: str) -> str:
    """`text` as a link to `url`."""
    return f"\x1b]8;;{url}\x1b\\{text}\x1b]8;;\x1b\\"


def say(text: str) -> None:
    """A sentence on standard error; on a terminal it breaks between words."""
    for line in wrapped(text, width()) if sys.stderr.isatty() else [text]:
        click.echo(line, err=True)


def shown_path(path: str) -> str:
    """The path as a person would type it: from the current folder, or from home, if shorter."""
    if "://" in path:
        return path
    absolute = Path(path).absolute()
    ways = [str(absolute)]
    try:
        bases = ((Path.cwd(), ""), (Path.home(), "~/"))
    except (OSError, RuntimeError):  # the current folder was taken away, or there is no home
        return str(path)
    for base, before in bases:
        if absolute.is_relative_to(base):
            ways.append(f"{before}{absolute.relative_to(base)}")
    return min(ways, key=len)


def cut(text: str, cells: int) -> str:
    """`text` on one line of at most `cells` cells; what does not fit ends in an ellipsis."""
    from rich.cells import cell_len, set_cell_size

    line = " ".join(click.unstyle(text).split())
    if cell_len(line) <= cells:
        return line
    return set_cell_size(line, max(0, cells - 1)).rstrip() + "…"


def wrapped(text: str, cells: int, indent: str = "") -> list[str]:
    """`text` in lines of at most `cells` cells, each behind `indent`.

    A word wider than a line is cut; Chinese and Japanese break between any two characters.
    """
    from rich.cells import cell_len

    room = max(8, cells - cell_len(indent))
    lines: list[str] = []
    for paragraph in text.splitlines() or [""]:
        line, used = "", 0
        for piece in _pieces(paragraph):
            wide = cell_len(piece.rstrip())
            if line and used + wide > room:
                lines.append(line.rstrip())
                line, used, piece = "", 0, piece.lstrip()
            while cell_len(piece.rstrip()) > room:
                head = _head(piece, room)
                lines.append(head)
                piece = piece[len(head) :]
            line += piece
            used += cell_len(piece)
        lines.append(line.rstrip())
    return [f"{indent}{line}".rstrip() for line in lines]


def _pieces(text: str) -> list[str]:
    """Words with the blanks behind them; each wide character by itself, with its punctuation."""
    from rich.cells import cell_len

    pieces: list[str] = []
    for sign in " ".join(text.split()):
        starts = not pieces or (pieces[-1].endswith(" ") and sign != " ")
        if not starts and sign != " " and sign not in "，。、；：！？”’）》」』】…":
            before = pieces[-1][-1]
            starts = cell_len(sign) == 2 or cell_len(before) == 2
        if starts:
            pieces.append(sign)
        else:
            pieces[-1] += sign
    return pieces


def _head(text: str, cells: int) -> str:
    from rich.cells import cell_len

    used = 0
    for at, sign in enumerate(text):
        used += cell_len(sign)
        if used > cells:
            return text[: max(1, at)]
    return text
