"""One row of a calendar, its cells sorted by the fields that their columns mean. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

from nemovideo_nodes.errors import BadInput, well_formed
from nemovideo_nodes.request.calendar_cells import text_of, texts_of
from nemovideo_nodes.request.calendar_columns import (
    PER_LANGUAGE,
    Column,
    is_language,
    language_tag,
)
from nemovideo_nodes.request.calendar_model import Item, Problem
from nemovideo_nodes.request.post_text import UTM_FIELDS

__all__ = ["Cell", "IsFile", "RowCells"]

MAX_VALUE: Final = 300
"""Characters of a value that a problem shows."""
_SHEET_ERROR: Final = re.compile(
    r"#(?:N/A|N/D|NV|ND|DIV/0!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|UNKNOWN!|ERROR!|BUSY!"
    r"|GETTING_DATA|REF!|VALUE!|NAME\?|NULL!|NUM!|WERT!|BEZUG!|ZAHL!|ÜBERLAUF!"
    r"|VALEUR!|NOM\?|NOMBRE!|NUL!|¡VALOR!|¡REF!|¡NUM!|¡NULO!|¡DIV/0!|¿NOMBRE\?"
    r"|VALORE!|RIF!|NOME\?|VALOR!|NÚM!|NULO!|WAARDE!|VERW!|NAAM\?|GETAL!)|#{4,}|Err:5\d\d"
)
"""What sheets show in the place of a value: Excel in its languages, LibreOffice with numbers."""
_FORMULA: Final = re.compile(
    r"=\s*(?:[A-Za-z_.]{2,}\(|(?:'[^']+'!|\w+!)?\$?[A-Z]{1,3}\$?\d{1,7}\b)"
)

IsFile = Callable[[str], bool]
"""Whether a picture of that name is there."""


@dataclass
class Cell:
    """What stands in a column that means something."""

    column: Column
    value: object


@dataclass
class RowCells:
    """One row that is being read: its cells by field, and what is wrong with their places."""

    item: Item
    columns: Sequence[Column | None]
    zone: ZoneInfo
    is_file: IsFile
    cells: dict[str, list[Cell]] = field(default_factory=dict)
    words: dict[str, dict[str, Cell]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    faulty: set[str] = field(default_factory=set)
    """Fields whose cell holds no value, as a problem of its own says."""

    def __post_init__(self) -> None:
        doubled: set[str] = set()
        seen: set[str] = set()
        for (head, value), column in zip(self.item.pairs, self.columns, strict=True):
            if column is None:
                self.passed_over.append(head)
                continue
            if _is_empty(value):
                continue
            if broken := _sheet_fault(column, value):
                self._fault(column.head, value, broken)
                self.faulty.add(column.field)
                continue
            if column.language:
                self._put_words(column, column.language, value)
            elif column.field in PER_LANGUAGE and isinstance(value, Mapping):
                for tag, text in value.items():
                    self._put_tagged(column, str(tag), text)
            elif column.field == "utm" and isinstance(value, Mapping):
                for name, text in value.items():
                    self._put_utm(column, str(name), text)
            else:
                known = self.cells.setdefault(column.field, [])
                # Pictures may stand in columns of their own, each under its own head.
                is_more = column.field == "images" and head not in seen
                if known and not is_more and column.field not in doubled:
                    doubled.add(column.field)
                    self._fault(column.head, value, self._twice(column, known[0].column))
                known.append(Cell(column, value))
            seen.add(head)

    def _twice(self, column: Column, before: Column) -> str:
        if column.head == before.head:
            return "it is given twice in this row, and only one of them can be meant: take one away"
        return f"{before.head} means the same and is filled in, too: take one of them away"

    def _put_tagged(self, column: Column, tag: str, value: object) -> None:
        if not is_language(tag.replace("_", "-")):
            self._fault(
                column.head, tag, f"{tag[:40]!r} is not a language: write one like en or de"
            )
        elif not _is_empty(value):
            self._put_words(column, language_tag(tag), value)

    def _put_words(self, column: Column, language: str, value: object) -> None:
        known = self.words.setdefault(column.field, {})
        if language in known:
            self._fault(column.head, value, "it is given twice in this row: take one away")
        known[language] = Cell(column, value)

    def _put_utm(self, column: Column, name: str, value: object) -> None:
        full = name if name.startswith("utm_") else f"utm_{name}"
        if full not in UTM_FIELDS:
            self._fault(column.head, name, f"{name[:40]!r} is not one of {', '.join(UTM_FIELDS)}")
        elif not _is_empty(value):
            self.cells.setdefault(full, []).append(Cell(column, value))

    def problem(self, name: str, value: object, message: str) -> Problem:
        cell = next(iter(self.cells.get(name, ())), None)
        return self._problem(cell.column.head if cell else name, value, message)

    def _problem(self, head: str, value: object, message: str) -> Problem:
        try:
            shown = ", ".join(texts_of(value))
        except BadInput:
            shown = json.dumps(value, ensure_ascii=False, default=str)
        shown = well_formed(shown)
        if len(shown) > MAX_VALUE:
            shown = shown[: MAX_VALUE - 1] + "…"
        return Problem(row=self.item.row, column=head, value=shown, message=message)

    def _fault(self, head: str, value: object, message: str) -> None:
        self.problems.append(self._problem(head, value, message))

    def _has_column(self, name: str) -> bool:
        return any(column is not None and column.field == name for column in self.columns)

    def _head(self, name: str) -> str:
        cells = self.cells.get(name)
        return cells[0].column.head if cells else name


def _is_empty(value: object) -> bool:
    if value is None or (isinstance(value, list | tuple | dict) and not value):
        return True
    return isinstance(value, str) and not text_of(value)


def _sheet_fault(column: Column, value: object) -> str:
    """Why a cell holds no value but what a sheet shows or computes, or empty."""
    text = value.strip() if isinstance(value, str) else ""
    if _SHEET_ERROR.fullmatch(text):
        return "the sheet shows an error here: correct its formula"
    if _FORMULA.match(text) and column.field != "images":  # which have words of their own for it
        return "it is a formula of the sheet: write what it comes to"
    return ""
