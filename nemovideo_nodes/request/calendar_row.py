"""One row of a calendar: its post, and what is wrong with it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from nemovideo_nodes.errors import BadInput
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
)
from nemovideo_nodes.request.calendar_languages import languages_of, no_language
from nemovideo_nodes.request.calendar_model import (
    CalendarPost,
    TemplateFault,
)
from nemovideo_nodes.request.calendar_row_cells import Cell, IsFile, RowCells
from nemovideo_nodes.request.calendar_time import due_from, has_day, zone_or_offset
from nemovideo_nodes.request.model import MAX_TEXT
from nemovideo_nodes.request.notify import channels_in
from nemovideo_nodes.request.platform_names import platforms_in, unknown_platform
from nemovideo_nodes.request.post_text import UTM_FIELDS, TextFault, hashtags_in, text_faults
from nemovideo_nodes.request.script import is_message

__all__ = ["IsFile", "Row"]

_PLAIN: Final = ("profile", "account", "revision", "slug", "handover")

_NO_VIDEO: Final = (
    "it is read as a question or as a command, and neither makes a video: "
    "write what the video should be"
)
_LONGEST_LOOKED_AT: Final = 30
_ADDRESS = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://|mailto:|tel:)\S+")
_NO_ADDRESS: Final = "it is not a link: write it whole, as https://example.com/sale"


class Row(RowCells):
    """One row that is being read: what its cells mean, and what is found to be wrong."""

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
        elif _makes_no_video(plain["prompt"]):
            self._fault(self._head("prompt"), plain["prompt"], _NO_VIDEO)
        for language, cell in self.words.get("prompt", {}).items():
            if _makes_no_video(words["prompt"].get(language, "")):
                self._fault(cell.column.head, words["prompt"][language], _NO_VIDEO)
        if not self.problems:
            self._check_texts(post)
        return None if self.problems else post

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
            if not self.item.needs_due or self.faulty & {"due", "date"}:
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

    def _cell_of(self, name: str, language: str) -> Cell | None:
        own = self.words.get(name, {}).get(language)
        return own or next(iter(self.cells.get(name, ())), None)


def _shown_time(cell: Cell, clock: Sequence[Cell] | None) -> str:
    try:
        parts = [text_of(cell.value), text_of(clock[0].value) if clock else ""]
    except BadInput:
        return str(cell.value)
    return " ".join(filter(None, parts))


def _either(names: Sequence[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


@lru_cache(4096)
def _makes_no_video(prompt: str) -> bool:
    """Whether a prompt asks the service for nothing; an empty one is the profile's own.

    A long one without a question mark is taken to be a request: there are hundreds, and to read one
    takes a millisecond.
    """
    is_looked_at = len(prompt) <= _LONGEST_LOOKED_AT or prompt.endswith(("?", "？"))
    return bool(prompt) and is_looked_at and not is_message(prompt)
