"""What a content calendar comes to: posts, problems and notes, as plain data. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict

from nemovideo_nodes.request.calendar_columns import columns_of
from nemovideo_nodes.request.post_text import PostText, TemplateFault, filled_in

__all__ = ["CalendarPost", "Item", "Problem", "Reading", "TemplateFault", "post_run_id"]


class Problem(BaseModel):
    """What is wrong with a row, or (without a row) with the source as a whole."""

    model_config = ConfigDict(frozen=True)

    row: int | None
    """The line of the sheet, the header being 1; the item's number in a list."""
    column: str
    """As the source writes it; empty where no single column is at fault."""
    value: str
    """What stands there."""
    message: str
    """What is wrong, and what would be right."""

    def __str__(self) -> str:
        if self.row is None and self.message[:1].isupper():
            return self.message  # a sentence of its own
        where = f"row {self.row}" if self.row is not None else "the calendar"
        column = f", {self.column}" if self.column else ""
        return f"{where}{column}: {self.message}"


class CalendarPost(BaseModel):
    """One row of a calendar: what is to be made, when, and for whom."""

    model_config = ConfigDict(frozen=True)

    row: int
    slug: str
    due: datetime | None
    """With its offset; None for an item of a feed that names no time."""
    images: tuple[str, ...] = ()
    """As the row writes them."""
    prompt: str = ""
    platforms: tuple[str, ...] = ()
    """Names of presets, each once."""
    languages: tuple[str, ...] = ()
    account: str = ""
    aspect: str = ""
    profile: str = ""
    revision: str = ""
    """A new one makes the post's videos anew."""
    approval: str = ""
    """What a person has to approve of it, as `approval_rule` reads it."""
    handover: str = ""
    """The publisher that gets them, by its name in handover.toml."""
    synthetic_media: bool = True
    """Whether they are to be labelled as made or changed by AI."""
    budget: float | None = None
    """The most credits of each of its videos; None: as many as it needs."""
    notify: tuple[str, ...] | None = None
    """The channels that are told of its videos; None: those that are told of the calendar."""
    title: str = ""
    caption: str = ""
    hashtags: str = ""
    alt_text: str = ""
    link: str = ""
    utm: Mapping[str, str] = {}
    words: Mapping[str, Mapping[str, str]] = {}
    """A language's own words, by field and language: `words["prompt"]["de"]`."""
    source: Mapping[str, str] = {}
    """The row's own columns as text, for templates and for the results."""

    def head_of(self, field: str) -> str:
        """The head of a field's column, as the source writes it; else the field's own name."""
        for column in columns_of(list(self.source)):
            if column is not None and column.field == field and self.source[column.head]:
                return column.head
        return field

    def prompt_in(self, language: str = "") -> str:
        """The instruction in a language of the post."""
        return self.words_in("prompt", language)

    def words_in(self, name: str, language: str = "") -> str:
        """The field `name` in a language: its own words, or those that name no language."""
        plain: str = getattr(self, name)
        return self.words.get(name, {}).get(language) or plain

    def text(self, platform: str = "", language: str = "") -> PostText:
        """The texts that go out with the video; raises `TemplateFault`."""
        fields: dict[str, Any] = {
            **{_identifier(name): value for name, value in self.source.items()},
            "slug": self.slug,
            "date": f"{self.due:%Y-%m-%d}" if self.due else "",
            "time": f"{self.due:%H:%M}" if self.due else "",
            "due": self.due.isoformat() if self.due else "",
            "platform": platform,
            "language": language,
            "account": self.account,
            "revision": self.revision,
        }
        names = ("title", "link", "alt_text", "hashtags", "caption")
        words = {name: self.words_in(name, language) for name in names}
        return filled_in(words, self.utm, fields)

    def digest(self, language: str = "") -> str:
        """Of all that decides the video but slug, time and platform: 16 hex digits."""
        matters = [
            *(list(self.images), self.prompt_in(language), self.aspect, self.profile),
            self.account,
        ]
        text = json.dumps(matters, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True)
class Reading:
    """All that a source says."""

    posts: tuple[CalendarPost, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Item:
    """One row before it is understood: heads and values as they stand there, in their order.

    A head that stands twice is there twice. `fault` says why the row could not be read at all.
    """

    row: int
    pairs: tuple[tuple[str, object], ...] = ()
    fault: Problem | None = None
    needs_due: bool = True
    extra: Mapping[str, str] = field(default_factory=dict)


def post_run_id(
    slug: str,
    due: datetime | None,
    platform: str = "",
    *,
    language: str = "",
    revision: str = "",
) -> str:
    """The id of the one run that makes a post: it comes from what the post is known by alone.

    So a row that is corrected after its run was begun leads to the same run. Without language and
    revision it is what it always was.
    """
    at = due.astimezone(UTC) if due is not None else None
    key = "\n".join((slug, at.isoformat() if at else "", platform))
    if language or revision:
        key = "\n".join((key, language, revision))
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    name = re.sub(r"[^A-Za-z0-9]+", "-", slug).strip("-")[:40]
    time = f"{at:%Y%m%dT%H%MZ}" if at else ""
    return "-".join(filter(None, [name, time, platform, language, digest]))


@lru_cache(maxsize=500)  # a calendar's rows share their heads
def _identifier(name: str) -> str:
    return re.sub(r"\W+", "_", name.strip().casefold()).strip("_")
