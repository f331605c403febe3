"""A workbook (XLSX) as rows of cells; needs the extra `calendar`."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.calendar import MAX_POSTS, Sheet
from nemovideo_nodes.request.calendar_table import NoHeader, items_of_rows

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

__all__ = ["read_workbook"]

_MAX_UNPACKED: Final = 100 * 1024 * 1024
_MAX_ROWS: Final = MAX_POSTS * 2
_MAX_COLUMNS: Final = 500
_MERGED: Final = "A cell that is merged over several rows counts for each of them"
_SERIALS: Final = (30_000, 80_000)


def read_workbook(data: bytes) -> Sheet:
    """The rows of the first sheet that has the header of a calendar; raises `BadInput`.

    Other sheets that are filled in are told in a note.
    """
    try:
        import openpyxl
    except ImportError:
        raise BadInput(
            'workbooks need openpyxl: pip install "nemovideo-nodes[calendar]", or save it as CSV'
        ) from None
    try:
        _check_size(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which are not read
            values = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheets = {name: list(_rows(values, name)) for name in _sheets(values)}
            if _has_formulas(data):
                formulas = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
                for name in sheets:
                    _mark_uncomputed(sheets[name], list(_rows(formulas, name)))
            filled = _fill_merged(data, sheets)
    except BadInput:
        raise
    except Exception as error:  # openpyxl raises whatever a broken part leads to
        raise BadInput(
            f"the workbook cannot be read ({type(error).__name__}): save it again as XLSX or CSV"
        ) from None
    return _chosen(sheets, filled)


def _chosen(sheets: dict[str, list[list[object]]], merged: set[str]) -> Sheet:
    filled = {name: rows for name, rows in sheets.items() if any(map(_is_filled, rows))}
    for name, rows in filled.items():
        try:
            items_of_rows(rows)
        except NoHeader:
            continue
        others = ", ".join(other for other in filled if other != name)
        notes = [f"Only the sheet {name} is read, not {others}"] if others else []
        return Sheet(rows, [*notes, _MERGED] if name in merged else notes)
    return Sheet(next(iter(filled.values()), []))


def _check_size(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(part.file_size for part in archive.infolist())
            names = archive.namelist()
    except zipfile.BadZipFile:
        raise BadInput("the workbook is cut off: copy it again") from None
    if not any(name.startswith("xl/") for name in names):
        raise BadInput("it is not a workbook: save the sheet as XLSX or CSV")
    if size > _MAX_UNPACKED:
        raise BadInput("the workbook unpacks to more than 100 MB: that is not a calendar")


def _has_formulas(data: bytes) -> bool:
    return _has_part(data, b"<f")


def _has_part(data: bytes, sign: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        return any(sign in archive.read(name) for name in parts if name.endswith(".xml"))


def _fill_merged(data: bytes, sheets: dict[str, list[list[object]]]) -> set[str]:
    """Give a cell that is merged over several rows to each of them; the sheets that had such."""
    import openpyxl

    if not _has_part(data, b"<mergeCell "):
        return set()
    # Only a workbook that is read as a whole knows of merged cells.
    whole = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    told = set()
    for name, rows in sheets.items():
        for area in whole[name].merged_cells.ranges:
            top, left, last = area.min_row - 1, area.min_col - 1, min(area.max_row, len(rows))
            if last - top < 2 or left >= _MAX_COLUMNS or left >= len(rows[top]):
                continue
            for row in rows[top + 1 : last]:
                if any(cell is not None for cell in row):  # no blank line becomes a post
                    row.extend([None] * (left + 1 - len(row)))
                    row[left] = rows[top][left]
                    told.add(name)
    return told


def _sheets(workbook: Workbook) -> list[str]:
    shown = [one.title for one in workbook.worksheets if one.sheet_state == "visible"]
    return shown or [one.title for one in workbook.worksheets]


def _rows(workbook: Workbook, name: str) -> Iterator[list[object]]:
    sheet: Any = workbook[name]
    if hasattr(sheet, "reset_dimensions"):  # they may be told wrongly, and rows left out then
        sheet.reset_dimensions()
    counts_from_1904 = workbook.epoch == datetime(1904, 1, 1)  # noqa: DTZ001
    blank = 0
    number = 0
    for row in sheet.iter_rows(values_only=True):
        cells = [_cell(one, counts_from_1904) for one in row[:_MAX_COLUMNS]]
        while cells and cells[-1] is None:
            cells.pop()
        if not cells:
            blank += 1
            continue
        number += blank + 1
        if number > _MAX_ROWS:
            raise BadInput(f"the sheet {name} has more than {_MAX_ROWS} rows: split the calendar")
        yield from ([] for _ in range(blank))
        blank = 0
        yield cells


def _cell(value: object, counts_from_1904: bool) -> object:
    is_serial = isinstance(value, int | float) and _SERIALS[0] <= value <= _SERIALS[1]
    # A number of days in such a workbook would be taken for one four years away: as text, it is
    # refused where a time is wanted.
    return str(value) if counts_from_1904 and is_serial else value


def _mark_uncomputed(rows: list[list[object]], formulas: list[list[object]]) -> None:
    """A formula whose value was never stored is an error of the sheet, and no empty cell."""
    for number, cells in enumerate(formulas):
        for place, value in enumerate(cells):
            if not (isinstance(value, str) and value.startswith("=")):
                continue
            while len(rows) <= number:
                rows.append([])
            row = rows[number]
            row.extend([None] * (place + 1 - len(row)))
            if row[place] is None:
                row[place] = "#VALUE!"


def _is_filled(row: list[object]) -> bool:
    return any(cell not in (None, "") for cell in row)
