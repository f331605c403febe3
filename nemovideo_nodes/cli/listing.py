"""The table of `nemovideo runs`: when, name, what was asked for, length, status. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from nemovideo_nodes.cli.ending import short_id
from nemovideo_nodes.cli.labels import labels_for, seconds
from nemovideo_nodes.cli.terminal import cut

if TYPE_CHECKING:
    from nemovideo_nodes.engine.summaries import Summary

__all__ = ["table"]

_HEADS = ("when", "name", "asked", "length", "status")
_GAP = "  "
_LEAST_ASKED, _LEAST_NAME, _MOST_NAME = 6, 8, 30


def table(runs: Sequence[Summary], columns: int, now: datetime, *, whole: bool) -> list[str]:
    """The lines of the table, each at most `columns` cells wide.

    `whole`: names are not cut, however wide that makes the lines; for programs that read them.
    """
    rows = [_row(run, now, whole=whole) for run in runs]
    names = max((_cells(row[1]) for row in (_HEADS, *rows)), default=0)
    if not whole:
        names = min(names, _MOST_NAME, max(_LEAST_NAME, columns // 3))
    widths = {
        0: max(_cells(row[0]) for row in (_HEADS, *rows)),
        1: names,
        3: max(_cells(row[3]) for row in (_HEADS, *rows)),
        4: max(_cells(row[4].partition(":")[0]) for row in (_HEADS, *rows)),
    }
    left = columns - sum(widths.values()) - 4 * len(_GAP)
    if left < _LEAST_ASKED and not whole:  # narrow: what was asked for goes first
        shown = [0, 1, 3, 4]
        over = sum(widths.values()) + 3 * len(_GAP) - columns
        if over > 0:
            shown = [0, 1, 4]
            widths[4] = min(widths[4], max(6, columns - widths[0] - widths[1] - 2 * len(_GAP)))
    else:
        shown, widths[2] = [0, 1, 2, 3, 4], max(left, 24 if whole else _LEAST_ASKED)
        asked = max(_cells(row[2]) for row in (_HEADS, *rows))
        widths[4] += max(0, widths[2] - asked)
        widths[2] = min(widths[2], asked)
    return [_line(row, shown, widths) for row in (_HEADS, *rows)]


def _row(run: Summary, now: datetime, *, whole: bool) -> tuple[str, str, str, str, str]:
    from nemovideo_nodes.language.changes import language_of

    result = run.result
    asked = " / ".join(" ".join(text.split()) for text in run.said)
    labels = labels_for(language_of(asked))
    length = labels.seconds.format(seconds(result.videos[-1].duration_s)) if result.videos else ""
    state = result.state or result.status
    status = labels.states.get(state, state)
    if result.error and state not in ("done", "needs_approval"):
        status += f": {result.error}"
    name = result.run_id if whole else short_id(result.run_id)
    return _when(run.at, now), name, asked, length, status


def _when(at: datetime, now: datetime) -> str:
    here, today = at.astimezone(), now.astimezone()
    if here.date() == today.date():
        return f"{here:%H:%M}"
    return f"{here:%d %b}" if here.year == today.year else f"{here:%d %b %Y}"


def _line(row: Sequence[str], shown: Sequence[int], widths: dict[int, int]) -> str:
    cells = []
    for column in shown:
        text, room = row[column], widths[column]
        if _cells(text) > room or not text.isprintable() or "  " in text:
            text = cut(text, room)
        fill = " " * max(0, room - _cells(text))
        cells.append(fill + text if column == 3 else text + fill)
    return _GAP.join(cells).rstrip()


def _cells(text: str) -> int:
    if text.isascii() and text.isprintable():  # most are, and a list may have ten thousand rows
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
