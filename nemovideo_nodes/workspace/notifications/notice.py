"""What happened, as it is written into the store and told to people and programs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from nemovideo_nodes.errors import ErrorCode, NemoVideoError, redact
from nemovideo_nodes.ledger.conversation import language_of_run
from nemovideo_nodes.ledger.facts import Achieved, Asked, Deferred, Intended, Noted, Refused
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.notify import Notify

__all__ = [
    "EVENTS",
    "Event",
    "Message",
    "Notice",
    "NoticeVideo",
    "calendar_notices",
    "event_of",
    "notice_of",
    "refused_notice",
]

Event = Literal["done", "stuck", "needs_approval", "needs_answer", "held", "calendar"]
"""`calendar`: rows of a calendar that cannot be used, or a calendar that cannot be read."""
EVENTS: Final[tuple[Event, ...]] = (
    *("done", "stuck", "needs_approval", "needs_answer", "held", "calendar"),
)

_BY_STATE: Final[dict[str, Event]] = {
    "needs_approval": "needs_approval",
    "needs_answer": "needs_answer",
    "held": "held",
}
_OF_THE_PROGRAM: Final = frozenset(
    {"lease", "released", "again", "session_lost", "cancelled", "cancel_outcome", "remark"}
)
"""Topics of notes that are no person's word."""
_LONGEST: Final = 2_000


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True)


class NoticeVideo(_Plain):
    """A finished video, as somebody who is told finds it."""

    name: str
    """In the store."""
    path: str
    """A path, or a bucket's URL."""
    url: str = ""
    """Where a browser finds it; empty where the store has no public URL."""
    duration_s: float
    width: int
    height: int
    sha256: str


class NoticeHandOver(_Plain):
    """What a publisher has of a run."""

    target: str
    platform: str = ""
    state: str = ""
    due: AwareDatetime | None = None
    place: str = ""


class Notice(_Plain):
    """One thing that happened. It holds no secret."""

    v: int = 1
    id: str
    """The same for the same thing, whoever notices it, and however often."""
    event: Event
    at: AwareDatetime
    run_id: str = ""
    name: str = ""
    """What people call it: the post, or the beginning of what was asked for."""
    platforms: tuple[str, ...] = ()
    language: Literal["en", "zh"] = "en"
    sentence: str = ""
    """What happened, in one sentence; empty where the event says it all."""
    error_code: str = ""
    remedy: str = ""
    question: str = ""
    """What the service asks, with the answers that it offers; or what is to be approved."""
    until: AwareDatetime | None = None
    """When there has to be an answer."""
    videos: tuple[NoticeVideo, ...] = ()
    handed_over: tuple[NoticeHandOver, ...] = ()
    poster: str = ""
    """The name of a JPEG in the store."""
    poster_url: str = ""
    credits_estimate: float | None = None
    credits_spent: float | None = None
    credits_moved: float | None = None
    calendar: str = ""
    source: str = ""
    subject: str = ""
    problems: tuple[str, ...] = ()
    """Of a calendar, row by row."""
    link: str = ""
    """Where the run is seen at its door."""
    store: str = ""
    """Where the run is, for whoever types a command about it; empty: the usual store."""

    @property
    def needs_a_person(self) -> bool:
        return self.event != "done"


class Message(_Plain):
    """What is sent at once: one notice, or all of a calendar's tick."""

    v: int = 1
    id: str
    notices: tuple[Notice, ...] = Field(min_length=1)
    channels: tuple[str, ...]
    group: str = ""
    """What it waits for to be sent together with; empty: it goes out by itself."""
    at: AwareDatetime

    @property
    def file(self) -> str:
        """Its name in the store; of a run's notice it tells which run, and what happened."""
        first = self.notices[0]
        if len(self.notices) > 1 or not first.run_id:
            return f"tick.{self.id}.json"
        return f"{first.run_id}.{first.event}.{self.id}.json"

    @property
    def told(self) -> tuple[Notice, ...]:
        """The notices as people are told them: all that is wrong with a calendar at once."""
        wrong = [one for one in self.notices if one.event == "calendar"]
        if len(wrong) < 2:
            return self.notices
        problems = tuple(problem for one in wrong for problem in one.problems)
        whole = wrong[0].model_copy(update={"problems": problems})
        return (whole, *(one for one in self.notices if one.event != "calendar"))

    @property
    def language(self) -> Literal["en", "zh"]:
        """Chinese where all runs are."""
        runs = [one for one in self.notices if one.run_id] or self.notices
        return "zh" if all(one.language == "zh" for one in runs) else "en"


def event_of(run: Run, result: RunResult, *, is_whole: bool) -> Event | None:
    """What is to be told of a run; None while there is nothing to tell.

    `is_whole`: whether all is done that the run was asked for, and not a part of it.
    """
    if run.cancel is not None or result.error_code == ErrorCode.CANCELLED:
        return None  # a person has ended it, and knows
    if result.state in _BY_STATE:
        return _BY_STATE[result.state]
    if result.state == "rejected" and any(one.who for one in result.approvals[-1:]):
        return None  # whoever rejected it knows
    if result.status == "done":
        return "done" if is_whole and result.videos else None
    return "stuck" if result.status == "stuck" else None


def notice_of(
    run: Run,
    result: RunResult,
    event: Event,
    notify: Notify,
    store: Store,
    at: datetime,
    *,
    public_url: str = "",
    link: str = "",
) -> Notice:
    """The notice of what a run came to."""
    post = run.post
    asked = [one.text for one in run.order.request.script] if run.order else []
    name = (post.slug if post else "") or _short(" ".join(" ".join(asked).split()), 80) or run.id
    platforms = post.platforms if post else ()
    if not platforms and run.order is not None and run.order.request.platform:
        platforms = (run.order.request.platform,)
    videos = tuple(
        NoticeVideo(
            name=(inner := _inside(store, video.path)),
            path=redact(video.path),
            url=_public(public_url, inner),
            duration_s=video.duration_s,
            width=video.width,
            height=video.height,
            sha256=video.sha256,
        )
        for video in result.videos
    )
    poster = f"{videos[-1].name.removesuffix('.mp4')}-poster.jpg" if videos else ""
    asked_for = result.approval
    if asked_for is not None and asked_for.storyboard:
        poster = _inside(store, asked_for.storyboard)
    if poster and store.size(poster) is None:
        poster = ""
    return Notice(
        id=_identity(run, result, event),
        event=event,
        at=at,
        run_id=run.id,
        name=redact(name),
        platforms=platforms,
        language="zh" if language_of_run(run) == "zh" else "en",
        sentence=_short(redact(result.error or ""), _LONGEST),
        error_code=result.error_code or "",
        remedy=result.remedy or "",
        question=_short(redact(_question(result)), _LONGEST),
        until=asked_for.until if asked_for is not None else None,
        videos=videos,
        handed_over=tuple(
            NoticeHandOver(
                target=redact(one.target),
                platform=one.platform,
                state=one.state,
                due=one.due,
                place=redact(one.place),
            )
            for one in result.handed_over
        ),
        poster=poster,
        poster_url=_public(public_url, poster) if poster else "",
        credits_estimate=result.credits.estimate,
        credits_spent=result.credits.spent,
        credits_moved=result.credits.account_moved,
        calendar=notify.calendar,
        source=notify.source,
        subject=redact(notify.subject),
        link=link,
        store=redact(store.url),
    )


def refused_notice(
    run_id: str, name: str, error: NemoVideoError, notify: Notify, at: datetime, *, link: str = ""
) -> Notice:
    """The notice of a run that could not begin, so that no journal tells of it."""
    sentence = _short(redact(error.sentence), _LONGEST)
    return Notice(
        id=_digest("refused", run_id, sentence),
        event="stuck",
        at=at,
        run_id=run_id,
        name=redact(name),
        sentence=sentence,
        error_code=str(error.code),
        remedy=str(error.remedy) if error.remedy else "",
        calendar=notify.calendar,
        source=notify.source,
        subject=redact(notify.subject),
        link=link,
    )


def calendar_notices(calendar: str, problems: Mapping[str, datetime], at: datetime) -> list[Notice]:
    """What is wrong with a calendar, and since when: each problem is a notice of its own."""
    return [
        Notice(
            id=_digest("calendar", calendar, problem, since.isoformat()),
            event="calendar",
            at=at,
            name=calendar,
            calendar=calendar,
            problems=(_short(redact(problem), 500),),
        )
        for problem, since in problems.items()
    ]


def _identity(run: Run, result: RunResult, event: Event) -> str:
    """Equal for the same outcome at the same point of a run, however often it is met.

    A run that is tried again and stops at the same place has nothing new to tell; after a step
    more, a new instruction, or a person's word it has.
    """
    achieved = sum(record.achieved is not None for record in run.steps.values())
    words = sum(_is_word(fact) for fact in run.facts)
    began = run.facts[0].at.isoformat() if run.facts else ""
    seen = (result.approval.seen,) if result.approval is not None else ()
    code = result.error_code or ""
    return _digest(run.id, began, event, code, str(achieved), str(words), *seen)


def _question(result: RunResult) -> str:
    if result.question is not None:
        return result.question.text()
    if result.approval is not None:
        return "\n".join((result.approval.question, *result.approval.lines))
    return ""


def _is_word(fact: object) -> bool:
    """Whether a fact is somebody's word about what the run is to do."""
    if isinstance(fact, Noted):
        return fact.topic not in _OF_THE_PROGRAM
    return isinstance(fact, Asked) or not isinstance(fact, Intended | Achieved | Deferred | Refused)


def message_id(parts: Sequence[str]) -> str:
    """The id of a message that tells several notices at once."""
    return _digest("tick", *sorted(parts))


def _digest(*parts: str) -> str:
    # No full stop may stand in it: Standard Webhooks signs it with full stops around.
    text = json.dumps(parts).encode("utf-8", "surrogatepass")
    return f"msg_{hashlib.sha256(text).hexdigest()[:24]}"


def _inside(store: Store, place: str) -> str:
    return place.removeprefix(store.place("")).lstrip("/")


def _public(url: str, name: str) -> str:
    return f"{url.rstrip('/')}/{name}" if url else ""


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
