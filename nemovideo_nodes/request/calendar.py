"""A content calendar, from bytes to posts, problems and notes. Pure: the bytes come in.

A sheet (XLSX) comes in as rows of cells, since its library reads files: `Sheet`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal
from zoneinfo import ZoneInfo

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.calendar_feed import items_of_feed
from nemovideo_nodes.request.calendar_model import Item, Problem, Reading
from nemovideo_nodes.request.calendar_rows import read_items
from nemovideo_nodes.request.calendar_table import NoHeader, decoded, items_of_rows, items_of_text
from nemovideo_nodes.request.calendar_tree import items_of_json, items_of_json_lines, items_of_yaml

__all__ = ["MAX_BYTES", "MAX_POSTS", "Kind", "Sheet", "kind_of", "read_calendar_source"]

MAX_BYTES: Final = 5 * 1024 * 1024
MAX_POSTS: Final = 10_000

Kind = Literal["table", "xlsx", "yaml", "json", "jsonl", "feed"]

_BY_ENDING: Final[dict[str, Kind]] = {
    "csv": "table",
    "tsv": "table",
    "tab": "table",
    "txt": "table",
    "xlsx": "xlsx",
    "xlsm": "xlsx",
    "yaml": "yaml",
    "yml": "yaml",
    "json": "json",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "xml": "feed",
    "rss": "feed",
    "atom": "feed",
}


_OTHER_WORKBOOKS: Final = MappingProxyType(
    {
        "ods": "an OpenDocument sheet (ODS)",
        "numbers": "a sheet of Numbers",
        "xlsb": "a binary workbook (XLSB)",
    }
)


@dataclass(frozen=True)
class Sheet:
    """The rows of a workbook's sheet, as its library gives them: text, numbers, dates, times."""

    rows: Sequence[Sequence[object]]
    notes: Sequence[str] = ()


def kind_of(name: str, head: bytes) -> Kind:
    """What a source holds: by the end of its name, else by how it begins; raises `BadInput`.

    `head` is its first bytes.
    """
    begins = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:64].lower()
    if head.startswith(b"PK\x03\x04"):
        ending = name.rpartition(".")[2].lower()
        if b"opendocument" in head or ending in _OTHER_WORKBOOKS:
            which = _OTHER_WORKBOOKS.get(ending, _OTHER_WORKBOOKS["ods"])
            raise BadInput(f"it is {which}: save it as XLSX or CSV")
        return "xlsx"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadInput("it is a workbook of an old kind (XLS) or locked: save it as XLSX or CSV")
    if begins.startswith((b"<!doctype html", b"<html", b"<head")):
        raise BadInput(
            "it is a web page and not a calendar: publish the sheet as CSV, and give that address"
        )
    known = _BY_ENDING.get(name.rpartition(".")[2].lower())
    if known == "xlsx":
        raise BadInput("its name ends in .xlsx, and it is not a workbook: save it again as XLSX")
    if known is not None:
        return known
    if begins.startswith((b"<?xml", b"<rss", b"<feed", b"<rdf")):
        return "feed"
    if begins.startswith(b"["):
        return "json"
    if begins.startswith(b"{"):
        return "json"
    if begins.startswith((b"- ", b"---", b"posts:")):
        return "yaml"
    return "table"


def read_calendar_source(
    data: bytes | Sheet,
    kind: Kind,
    zone: ZoneInfo,
    *,
    is_file: Callable[[str], bool] = lambda name: False,
) -> Reading:
    """All that a source says; what cannot be read at all is one problem without a row."""
    if not isinstance(data, Sheet) and not data.strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"):
        return Reading(problems=(unreadable("it is empty"),))
    try:
        items, notes = _items(data, kind)
    except NoHeader as error:
        problem = Problem(row=error.row, column="", value=error.line[:300], message=error.sentence)
        return Reading(problems=(problem,))
    except BadInput as error:
        return Reading(problems=(unreadable(error.sentence),))
    if len(items) > MAX_POSTS:
        message = f"it has {len(items)} rows; at most {MAX_POSTS} are taken: split the calendar"
        return Reading(problems=(unreadable(message),))
    return read_items(items, zone, is_file=is_file, notes=notes)


def unreadable(message: str) -> Problem:
    """The problem of a source that cannot be read at all."""
    return Problem(row=None, column="", value="", message=message)


def _items(data: bytes | Sheet, kind: Kind) -> tuple[list[Item], list[str]]:
    if isinstance(data, Sheet):
        items, notes = items_of_rows(data.rows)
        return items, [*data.notes, *notes]
    if kind == "feed":
        return items_of_feed(data), []
    text, note = decoded(data)
    notes = [note[0].upper() + note[1:]] if note else []
    match kind:
        case "yaml":
            items, more = items_of_yaml(text)
            return items, [*notes, *more]
        case "json":
            return items_of_json(text), notes
        case "jsonl":
            return items_of_json_lines(text), notes
        case _:
            items, more = items_of_text(text)
            return items, [*notes, *more]
