"""One row of a calendar: its cells by field, its post, and what is wrong with it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from nemovideo_nodes.errors import BadInput, well_formed
from nemovideo_nodes.request.approval import approval_rule
from nemovideo_nodes.request.calendar_cells import (
    aspect_in,
    credits_in,
    flag_in,
    images_in,
    languages_in,
    text_of,
    texts_of,
)
from nemovideo_nodes.request.calendar_columns import (
    PER_LANGUAGE,
    Column,
    is_language,
    language_tag,
)
from nemovideo_nodes.request.calendar_languages import languages_of, no_language
from nemovideo_nodes.request.calendar_model import (
    CalendarPost,
    Item,
    Problem,
    TemplateFault,
)
from nemovideo_nodes.request.calendar_time import due_from, has_day, zone_or_offset
from nemovideo_nodes.request.model import MAX_TEXT
from nemovideo_nodes.request.notify import channels_in
from nemovideo_nodes.request.platform_names import platforms_in, unknown_platform
from nemovideo_nodes.request.post_text import UTM_FIELDS, TextFault, hashtags_in, text_faults

__all__ = ["IsFile", "Row"]

MAX_VALUE: Final = 300
"""Characters of a value that a problem shows."""
_PLAIN: Final = ("profile", "account", "revision", "slug", "handover")

_SHEET_ERRORS: Final = frozenset(
    ("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#ERROR!")
)

_ADDRESS = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://|mailto:|tel:)\S+")
_NO_ADDRESS: Final = "it is not a link: write it whole, as https://example.com/sale"

IsFile = Callable[[str], bool]
"""Whether a picture of that name is there."""


@dataclass
class _Cell:
    column: Column
    value: object


@dataclass
class Row:
    """One row that is being read: its cells by field, and what is found to be wrong."""

    item: Item
    columns: Sequence[Column | None]
    zone: ZoneInfo
    is_file: IsFile
    cells: dict[str, list[_Cell]] = field(default_factory=dict)
    words: dict[str, dict[str, _Cell]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        doubled: set[str] = set()
        seen: dict[str, str] = {}
        for (head, value), column in zip(self.item.pairs, self.columns, strict=True):
            if column is None:
                self.passed_over.append(head)
                continue
            if _is_empty(value):
                continue
            if isinstance(value, str) and value.strip() in _SHEET_ERRORS:
                self._fault(
                    column.head, value, "the sheet shows an error here: correct its formula"
                )
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
                is_more = column.field == "images" and seen.get(head) is None
                if known and not is_more and column.field not in doubled:
                    doubled.add(column.field)
                    self._fault(column.head, value, self._twice(column, known[0].column))
                known.append(_Cell(column, value))
            seen[head] = head

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
        known[language] = _Cell(column, value)

    def _put_utm(self, column: Column, name: str, value: object) -> None:
        full = name if name.startswith("utm_") else f"utm_{name}"
        if full not in UTM_FIELDS:
            self._fault(column.head, name, f"{name[:40]!r} is not one of {', '.join(UTM_FIELDS)}")
        elif not _is_empty(value):
            self.cells.setdefault(full, []).append(_Cell(column, value))

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

    def post(self) -> CalendarPost | None:
        """The post, or None where the row has problems."""
        plain = {name: self._text(name) for name in (*_PLAIN, *PER_LANGUAGE)}
        if not plain["slug"]:
            message = "it has no slug: give the post a short name"
            if not self._has_column("slug"):
                message = "it has no slug: add one under slug, a short name for each post"
            self._fault(self._head("slug"), "", message)
        words = {name: self._words(name) for name in PER_LANGUAGE}
        platforms = self._platforms()
        languages = self._languages(words, plain)
        post = CalendarPost(
            row=self.item.row,
            due=self._due(),
            images=tuple(self._images()),
            platforms=platforms,
            languages=languages,
            aspect=self._aspect(),
            approval=self._approval(),
            synthetic_media=self._synthetic_media(),
            budget=self._budget(),
            notify=self._notify(),
            utm={name: text for name in UTM_FIELDS if (text := self._text(name))},
            words={name: texts for name, texts in words.items() if texts},
            source=dict(self._source()),
            **plain,
        )
        if len(plain["prompt"]) > MAX_TEXT:
            count = len(plain["prompt"])
            message = f"it has {count} characters; at most {MAX_TEXT} are taken"
            self._fault(self._head("prompt"), plain["prompt"], message)
        if not self.problems:
            self._check_texts(post)
        return None if self.problems else post

    def _has_column(self, name: str) -> bool:
        return any(column is not None and column.field == name for column in self.columns)

    def _head(self, name: str) -> str:
        cells = self.cells.get(name)
        return cells[0].column.head if cells else name

    def _text(self, name: str) -> str:
        cells = self.cells.get(name)
        if not cells:
            return ""
        cell = cells[0]
        try:
            if name == "hashtags":
                return " ".join(texts_of(cell.value))
            return text_of(cell.value)
        except BadInput as error:
            self._fault(cell.column.head, cell.value, error.sentence)
            return ""

    def _words(self, name: str) -> dict[str, str]:
        found = {}
        for language, cell in self.words.get(name, {}).items():
            try:
                text = " ".join(texts_of(cell.value)) if name == "hashtags" else text_of(cell.value)
            except BadInput as error:
                self._fault(cell.column.head, cell.value, error.sentence)
                continue
            if text:
                found[language] = text
        return found

    def _due(self) -> datetime | None:
        """The time that the columns due, date and time give together."""
        due, day, clock = (self.cells.get(name) for name in ("due", "date", "time"))
        if due and day:
            self._fault(due[0].column.head, due[0].value, self._twice(due[0].column, day[0].column))
            return None
        given = due or day
        if not given and clock and has_day(clock[0].value):
            given, clock = clock, None
        if not given:
            if not self.item.needs_due:
                return None
            message = "it has no time: write one like 2026-03-01 09:00"
            if not any(map(self._has_column, ("due", "date", "time"))):
                message = "it has no time: add one under due, as 2026-03-01 09:00"
            if clock:
                message = "it has a time of day and no day: write one like 2026-03-01"
            self._fault(self._head("time") if clock else "due", "", message)
            return None
        cell = given[0]
        named = self._text("timezone")
        try:
            zone = zone_or_offset(named) if named else self.zone
        except BadInput as error:
            self._fault(self._head("timezone"), named, error.sentence)
            return None
        try:
            found = due_from(cell.value, clock[0].value if clock else "", zone)
        except BadInput as error:
            self._fault(cell.column.head, _shown_time(cell, clock), error.sentence)
            return None
        if found.note:
            self.notes.append(found.note)
        return found.at

    def _images(self) -> list[str]:
        found: list[str] = []
        for cell in self.cells.get("images", ()):
            try:
                found += images_in(cell.value, self.is_file)
            except BadInput as error:
                self._fault(cell.column.head, cell.value, error.sentence)
        return found

    def _platforms(self) -> tuple[str, ...]:
        known: dict[str, None] = {}
        for cell in self.cells.get("platforms", ())[:1]:
            try:
                pieces = texts_of(cell.value)
            except BadInput as error:
                self._fault(cell.column.head, cell.value, error.sentence)
                continue
            for piece in pieces:
                names, unknown = platforms_in(piece)
                known.update(dict.fromkeys(names))
                for name in unknown:
                    self._fault(cell.column.head, name, unknown_platform(name))
        return tuple(known)

    def _aspect(self) -> str:
        for cell in self.cells.get("aspect", ())[:1]:
            try:
                return aspect_in(cell.value)
            except BadInput as error:
                self._fault(cell.column.head, cell.value, error.sentence)
        return ""

    def _approval(self) -> str:
        text = self._text("approval")
        try:
            approval_rule(text)
        except BadInput as error:
            self._fault(self._head("approval"), text, error.sentence)
            return ""
        return text

    def _synthetic_media(self) -> bool:
        for cell in self.cells.get("synthetic_media", ())[:1]:
            try:
                return flag_in(cell.value)
            except BadInput as error:
                self._fault(cell.column.head, cell.value, error.sentence)
        return True

    def _notify(self) -> tuple[str, ...] | None:
        for cell in self.cells.get("notify", ())[:1]:
            try:
                names = texts_of(cell.value)
                return channels_in(names) if names else None
            except BadInput as error:
                self._fault(cell.column.head, cell.value, error.sentence)
        return None

    def _budget(self) -> float | None:
        for cell in self.cells.get("budget", ())[:1]:
            try:
                return credits_in(cell.value)
            except BadInput as error:
                self._fault(cell.column.head, cell.value, error.sentence)
        return None

    def _languages(
        self, words: Mapping[str, Mapping[str, str]], plain: Mapping[str, str]
    ) -> tuple[str, ...]:
        """The languages of the post; what one lacks of its own words is a problem."""
        listed: list[str] = []
        for cell in self.cells.get("languages", [])[:1]:
            try:
                listed, unknown = languages_in(cell.value)
            except BadInput as error:
                self._fault(cell.column.head, cell.value, error.sentence)
                return ()
            for name in unknown:
                self._fault(cell.column.head, name, no_language(name))
            if unknown:
                return ()
        found = languages_of(listed, words, plain)
        for name, language, message in found.faults:
            own = self.words.get(name, {}).get(language)
            head = f"{name}.{language}" if own is None else own.column.head
            self._fault(head, "" if own is None else own.value, message)
        self.notes += found.notes
        return found.languages

    def _source(self) -> Iterable[tuple[str, str]]:
        for head, value in self.item.pairs:
            if head.strip():
                try:
                    yield head, "|".join(texts_of(value))
                except BadInput:
                    yield head, json.dumps(value, ensure_ascii=False, default=str)
        yield from self.item.extra.items()

    def _check_texts(self, post: CalendarPost) -> None:
        """Templates are filled in and measured, for each platform and language."""
        for cell in self.cells.get("hashtags", ()):
            _, wrong = hashtags_in(" ".join(texts_of(cell.value)))
            for piece in wrong if "{{" not in str(cell.value) else ():
                message = f"{piece!r} is not a hashtag: letters, digits and _ make one"
                self._fault(cell.column.head, piece, message)
        reported: set[tuple[str, str]] = set()
        for language in post.languages or ("",):
            for platform in post.platforms or ("",):
                try:
                    text = post.text(platform, language)
                except TemplateFault as error:
                    at = self._cell_of(error.field, language)
                    head, value = (error.field, "") if at is None else (at.column.head, at.value)
                    self._fault(head, value, error.sentence)
                    return
                faults = text_faults(text, platform)
                if text.link and not _ADDRESS.fullmatch(text.link):
                    faults.append(TextFault(field="link", sentence=_NO_ADDRESS))
                for fault in faults:
                    at = self._cell_of(fault.field, language)
                    key = (fault.field if at is None else at.column.head, fault.sentence)
                    if key not in reported:
                        reported.add(key)
                        self._fault(key[0], "" if at is None else at.value, fault.sentence)

    def _cell_of(self, name: str, language: str) -> _Cell | None:
        own = self.words.get(name, {}).get(language)
        return own or next(iter(self.cells.get(name, ())), None)


def _is_empty(value: object) -> bool:
    if value is None or (isinstance(value, list | tuple | dict) and not value):
        return True
    return isinstance(value, str) and not text_of(value)


def _shown_time(cell: _Cell, clock: Sequence[_Cell] | None) -> str:
    try:
        parts = [text_of(cell.value), text_of(clock[0].value) if clock else ""]
    except BadInput:
        return str(cell.value)
    return " ".join(filter(None, parts))


def _either(names: Sequence[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
