"""Handing a finished post over to a publisher: what is handed over, and what answers mean. Pure.

An adapter maps a post to HTTP calls, and the answers to what became of it. It sends nothing: that
is done in `workspace/publishers.py`, and `engine/kinds/hand_over.py` decides what follows.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from nemovideo_nodes.errors import redact

__all__ = [
    "Absent",
    "Adapter",
    "Answer",
    "HandoverFile",
    "HandoverPost",
    "HttpAnswer",
    "HttpCall",
    "NotTaken",
    "Taken",
    "Unclear",
    "Uploaded",
    "handover_id",
    "not_taken",
    "told_by",
    "unclear",
]

_LONGEST_REASON: Final = 200
_NOT_SURE: Final = frozenset({408, 499})
"""4xx that a proxy or a server gives up with: they prove nothing."""


@dataclass(frozen=True)
class HandoverFile:
    """A file of the store that goes out with a post."""

    name: str
    """Its place in the store."""
    sha256: str = ""
    bytes: int = 0
    duration_s: float = 0.0
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class HandoverPost:
    """One video for one platform, with all that goes out with it."""

    id: str
    """Ours: the same for the same video, platform and target of one run."""
    run_id: str
    target: str
    """The name of the publisher, as the configuration calls it."""
    video: HandoverFile
    asked_at: datetime
    """When the hand-over was asked for."""
    platform: str = ""
    """Empty where none is known."""
    due: datetime | None = None
    """When it is to be published; None where nothing says so."""
    synthetic_media: bool = True
    """Whether it is to be labelled as made or changed by AI."""
    cover: str | None = None
    """The place in the store of the picture that stands for it."""
    subtitles: tuple[str, ...] = ()
    """Places in the store of SRT and VTT files."""
    language: str = ""
    title: str = ""
    caption: str = ""
    """As it is typed there: with the link where it has its place, and hashtags."""
    hashtags: tuple[str, ...] = ()
    alt_text: str = ""
    link: str = ""
    slug: str = ""
    date: str = ""
    rendition: str = ""
    problems: tuple[str, ...] = ()
    """The platform's rules that the video does not meet, in sentences."""


def handover_id(run_id: str, target: str, platform: str, sha256: str) -> str:
    """The id under which a publisher is told of a post, and looked up: `nv-` and 24 hex digits."""
    text = json.dumps([run_id, target, platform, sha256])
    return f"nv-{hashlib.sha256(text.encode()).hexdigest()[:24]}"


@dataclass(frozen=True)
class Uploaded:
    """A file that a publisher has got before the post: nothing is published by that."""

    id: str
    place: str


@dataclass(frozen=True)
class HttpCall:
    """One request to a publisher."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """They hold the secret or a signature, and are never shown."""
    body: bytes = b""
    file: str = ""
    """The place in the store of a file that is sent as the form's field `file`."""
    file_name: str = ""


@dataclass(frozen=True)
class HttpAnswer:
    """What came back."""

    status: int
    body: bytes = b""
    retry_after_s: float | None = None


@dataclass(frozen=True)
class Taken:
    """The publisher has the post."""

    remote_id: str = ""
    """Its own name for it."""
    place: str = ""
    """Where a person finds it: a URL without a secret, or a path."""
    state: str = "taken"
    """`draft`, `scheduled`, `copied`, or `taken`."""


@dataclass(frozen=True)
class NotTaken:
    """The publisher certainly does not have it."""

    sentence: str
    again_in_s: float | None = None
    """When trying again can help; None where a person has to correct something first."""


@dataclass(frozen=True)
class Unclear:
    """Nothing shows whether the publisher has it."""

    sentence: str


@dataclass(frozen=True)
class Absent:
    """The publisher was asked, and does not list it."""


Answer = Taken | NotTaken | Unclear | Absent


class Adapter(Protocol):
    """How one kind of publisher is spoken to."""

    @property
    def repeats(self) -> bool:
        """Whether a second post of the same id is dropped, so that repeating is harmless."""
        ...

    def uploads(self, post: HandoverPost) -> Sequence[HttpCall]:
        """Calls that come before the post, and publish nothing."""
        ...

    def uploaded(self, answer: HttpAnswer) -> Uploaded | NotTaken | Unclear:
        """What the answer to such a call means."""
        ...

    def request(
        self, post: HandoverPost, uploaded: Sequence[Uploaded], link: str, now: datetime
    ) -> HttpCall:
        """The one call that hands the post over; `link` is where its video can be fetched."""
        ...

    def meaning(self, post: HandoverPost, answer: HttpAnswer, now: datetime) -> Answer:
        """What the answer to it means."""
        ...

    def lookup(self, post: HandoverPost, now: datetime) -> HttpCall | None:
        """The call that asks for the post by its id; None where the publisher cannot be asked."""
        ...

    def found(self, post: HandoverPost, answer: HttpAnswer) -> Answer:
        """What the answer to that means."""
        ...


def not_taken(answer: HttpAnswer, who: str) -> NotTaken | None:
    """The refusal in an answer; None where it is none, or proves nothing."""
    status = answer.status
    if status == 429:
        wait = answer.retry_after_s
        return NotTaken(
            f"{who} asks to be called less often (HTTP 429)", 30.0 if wait is None else wait
        )
    if 300 <= status < 400:
        return NotTaken(f"{who} answered with a redirect (HTTP {status}): correct its address")
    if 400 <= status < 500 and status not in _NOT_SURE:
        return NotTaken(f"{who} did not accept the post (HTTP {status}{told_by(answer)})")
    return None


def unclear(answer: HttpAnswer, who: str) -> Unclear:
    """An answer that proves nothing."""
    return Unclear(f"{who} answered HTTP {answer.status}{told_by(answer)}")


def told_by(answer: HttpAnswer) -> str:
    """The reason in an answer, as the end of a parenthesis: `: all posts need a channel`."""
    text = answer.body[:20_000].decode("utf-8", "replace")
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if isinstance(value, dict):
        found = next((value[k] for k in ("message", "msg", "error", "detail") if value.get(k)), "")
        listed = isinstance(found, list)
        text = "; ".join(map(str, found)) if listed else found if isinstance(found, str) else ""
    elif text.lstrip().startswith("<"):
        text = ""  # a page for people
    line = re.sub(r"\s+", " ", redact(text)).strip()
    if len(line) > _LONGEST_REASON:
        line = line[: _LONGEST_REASON - 1] + "…"
    return f": {line}" if line else ""
