"""Tables as text (CSV, TSV) or as rows of cells: their encoding, header and rows. Pure."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.language.counting import counted
from nemovideo_nodes.request.calendar_columns import meaning_of
from nemovideo_nodes.request.calendar_feed import is_product_table, item_of_product
from nemovideo_nodes.request.calendar_model import Item, Problem

__all__ = ["NoHeader", "decoded", "items_of_rows", "items_of_text"]

_DELIMITERS: Final = (",", ";", "\t", "|")
_MAX_RESTARTS: Final = 100
_HEADER_WITHIN: Final = 10
"""Rows at the top that may be looked through for the header."""
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_ODD_LINE_ENDS = re.compile("[\x85\u2028\u2029]")
_HIGH = re.compile(r"[^\x00-\x7f]+")
_SEP = re.compile(r"(?i)sep=(?P<delimiter>.)\r?\n?$")


class NoHeader(BadInput):
    """A table whose first line names no columns; `line` shows it."""

    def __init__(self, sentence: str, row: int, line: str) -> None:
        super().__init__(sentence)
        self.row = row
        self.line = line


def decoded(data: bytes) -> tuple[str, str]:
    """The text in a file of UTF-8, UTF-16 or an older code page of Excel, and a note about it.

    Raises `BadInput` where it is none of these.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _utf16(data, "utf-16")
    if data[:200].count(0) * 3 > len(data[:200]):
        return _utf16(data, "utf-16-le" if data[1:2] == b"\0" else "utf-16-be")
    try:
        return _without_nul(data.decode("utf-8-sig")), ""
    except UnicodeDecodeError:
        pass
    for name, title, looks_right in (
        ("gb18030", "GB 18030", _looks_chinese),
        ("cp1252", "Windows-1252", _looks_western),
    ):
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        if name == "cp1252" and _UTF8_SIGN.search(data):
            row = 1 + data[: _first_not_utf8(data)].count(b"\n")
            raise BadInput(
                f"its text is partly UTF-8 and partly not, as in line {row}: save it as UTF-8"
            )
        if looks_right(data, text):
            note = f"the text is not UTF-8 and was read as {title}: save it as UTF-8 to be sure"
            return _without_nul(text), note
    raise BadInput("the text is in no encoding that can be told: save it as UTF-8")


_UTF8_SIGN = re.compile(
    rb"[\xc3-\xc5][\x80-\xbf](?![\x80-\xff])|\xe2\x80[\x90-\xa6]|(?:[\xe3-\xe9][\x80-\xbf]{2}){2}"
)
"""A letter of Europe, a mark of a word processor, or two signs of East Asia, in UTF-8."""


def _first_not_utf8(data: bytes) -> int:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    return 0


def _utf16(data: bytes, name: str) -> tuple[str, str]:
    try:
        return _without_nul(data.decode(name).removeprefix("\ufeff")), ""
    except UnicodeDecodeError:
        raise BadInput("the text is cut off or not UTF-16: save it as UTF-8") from None


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise BadInput("it holds no text: save the sheet as CSV or XLSX")
    return text


_CAPITAL_INSIDE = re.compile("[a-z][À-ÖØ-ÞŒŠŽŸ]")


def _high_runs(data: bytes) -> list[bytes]:
    return re.findall(rb"[\x80-\xff]+", data)


def _looks_chinese(data: bytes, text: str) -> bool:
    """Signs of two high bytes each, all of them Chinese or its punctuation.

    In a Western text a letter with an accent stands alone between plain ones.
    """
    return all(len(run) % 2 == 0 for run in _high_runs(data)) and all(
        "\u4e00" <= sign <= "\u9fff"
        or "\u3000" <= sign <= "\u303f"
        or "\uff00" <= sign <= "\uffef"
        or sign in "“”‘’…—·"
        for run in _HIGH.findall(text)
        for sign in run
    )


def _looks_western(data: bytes, text: str) -> bool:
    """Single letters with accents, and the quotes and dashes of a word processor.

    A capital in the middle of a word ("FrŸhling") is a letter of another code page.
    """
    if _CAPITAL_INSIDE.search(text):
        return False
    return all(len(run) <= 3 for run in _high_runs(data)) and all(
        sign.isprintable() or sign == "\u00a0" for run in _HIGH.findall(text) for sign in run
    )


@dataclass(frozen=True)
class _Record:
    row: int
    cells: Sequence[object]
    fault: str = ""


def items_of_text(text: str) -> tuple[list[Item], list[str]]:
    """The rows of a CSV or TSV, and notes; the line of the header is 1, as sheets count.

    A row that is not valid CSV is a fault of its own. Raises `NoHeader`.
    """
    text = text.rstrip("\x1a")  # the end of a file, in old programs
    if "\n" not in text and "\r" not in text:
        text = _ODD_LINE_ENDS.sub("\n", text)
    lines = _LINE.findall(text)
    found = _SEP.match(lines[0]) if lines else None
    if found is not None:  # Excel's own line, which it does not show
        return _items(list(_records(lines[1:], found["delimiter"])))
    return _items(list(_records(lines, _delimiter(lines))))


def items_of_rows(rows: Sequence[Sequence[object]]) -> tuple[list[Item], list[str]]:
    """The same of a sheet's rows of cells."""
    return _items([_Record(number, row) for number, row in enumerate(rows, 1)])


def _delimiter(lines: Sequence[str]) -> str:
    """The one that finds the most known heads in the first lines that are not empty."""
    head = [line for line in lines[: _HEADER_WITHIN * 2] if line.strip(" \t\r\n;,|")]

    def heads_with(delimiter: str) -> tuple[int, int]:
        best = (0, 0)
        for record in _records(head[:_HEADER_WITHIN], delimiter):
            known = sum(meaning_of(str(cell)) is not None for cell in record.cells)
            best = max(best, (known, len(record.cells)))
        return best

    return max(_DELIMITERS, key=heads_with)


def _records(lines: Sequence[str], delimiter: str) -> Iterator[_Record]:
    """The records of a CSV; behind one that is broken, reading begins anew at the next line."""
    begin = row = restarts = 0
    while begin < len(lines):
        reader = csv.reader(lines[begin:], delimiter=delimiter, strict=True)
        done = 0
        try:
            for cells in reader:
                row += 1
                done = reader.line_num
                yield _Record(row, cells)
            return
        except csv.Error as error:
            row += 1
            restarts += 1
            broken = lines[begin + done].strip()
            yield _Record(row, [broken], _csv_fault(error))
            begin += done + 1
            if restarts > _MAX_RESTARTS:
                yield _Record(row + 1, [], "too many rows before it are broken to read on")
                return


def _csv_fault(error: csv.Error) -> str:
    reason = str(error)
    if "field larger" in reason:
        return (
            f"a cell in it has more than {csv.field_size_limit()} characters: shorten it, or close "
            "a quotation mark that is left open"
        )
    if "unexpected end" in reason:
        return "a quotation mark in it is never closed: close it, or write it twice for a sign"
    if "expected after" in reason:
        return "a quotation mark stands in the middle of a cell: write it twice, in a quoted cell"
    return f"it is not valid CSV ({reason})"


def _items(records: Sequence[_Record]) -> tuple[list[Item], list[str]]:
    header = _header(records)
    if header is None:
        first = next((one for one in records if _is_filled(one.cells)), None)
        if first is None:
            raise NoHeader(
                "it is empty: the first line has to name the columns, as slug,due,images", 1, ""
            )
        if first.fault:
            raise NoHeader(first.fault, first.row, str(first.cells[0]))
        line = ", ".join(str(cell) for cell in first.cells if cell not in (None, ""))
        hint = ""
        if line.lstrip()[:1] in ("{", "["):
            hint = "; it looks like JSON, whose name ends in .json"
        raise NoHeader(
            "the first line does not name the columns: give them, as slug,due,images,prompt" + hint,
            first.row,
            line,
        )
    place, heads = header
    above = [one.row for one in records[:place] if _is_filled(one.cells)]
    notes = (
        [f"The lines above the header are passed over: {above[0]} to {above[-1]}"] if above else []
    )
    # A shop's export has no times, unless somebody added them.
    products = is_product_table(heads) and not {"due", "date"} & _fields(heads)
    items = [
        _item(one, heads, products=products)
        for one in records[place + 1 :]
        if one.fault or _is_filled(one.cells)
    ]
    return items, notes


def _header(records: Sequence[_Record]) -> tuple[int, list[str]] | None:
    """The first row that names two columns, one of them a slug or a time; its place and heads.

    Of a header of two rows it is the one that names more.
    """
    best: tuple[int, list[str]] | None = None
    most = 1
    filled = (
        (place, one)
        for place, one in enumerate(records[: _HEADER_WITHIN * 5])
        if _is_filled(one.cells) and not one.fault
    )
    for tries, (place, record) in enumerate(filled):
        if tries >= _HEADER_WITHIN:
            break
        heads = ["" if cell is None else str(cell).strip() for cell in record.cells]
        fields = _fields(heads)
        if len(fields) > most and fields & {"slug", "due", "date", "time"}:
            best, most = (place, heads), len(fields)
        elif best is not None:
            break
    return best


def _fields(heads: Sequence[str]) -> set[str]:
    return {found[0] for head in heads if (found := meaning_of(head))}


def _item(record: _Record, heads: Sequence[str], *, products: bool) -> Item:
    if record.fault:
        value = str(record.cells[0]) if record.cells else ""
        return Item(record.row, fault=_problem(record.row, value, record.fault))
    more = [cell for cell in record.cells[len(heads) :] if not _is_blank(cell)]
    if more:
        return Item(
            record.row,
            fault=_problem(
                record.row,
                ", ".join(map(str, more)),
                f"it has {len(record.cells)} cells, and the header names "
                f"{counted(len(heads), 'column')}: put a text with a comma in quotation marks",
            ),
        )
    cells = [*record.cells[: len(heads)], *[""] * (len(heads) - len(record.cells))]
    if products:
        return item_of_product(record.row, heads, cells)
    return Item(record.row, tuple(zip(heads, cells, strict=True)))


def _problem(row: int, value: str, message: str) -> Problem:
    shown = value if len(value) <= 300 else value[:299] + "…"
    return Problem(row=row, column="", value=shown, message=message)


def _is_blank(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip(" \t\r\n\u00a0\ufeff"))


def _is_filled(cells: Sequence[object]) -> bool:
    return not all(map(_is_blank, cells))
