"""A message in words: its subject, plain text, and JSON for programs. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from types import MappingProxyType
from typing import Any, Final

from nemovideo_nodes.errors import ErrorCode, Remedy
from nemovideo_nodes.language.counting import amount
from nemovideo_nodes.workspace.notifications.notice import EVENTS, Message, Notice
from nemovideo_nodes.workspace.notifications.wording import NoticeWords, words_for

__all__ = ["Row", "Told", "payload_of", "plain_text", "subject_of", "tell_all"]

_MOST_PROBLEMS: Final = 20
_LONGEST_SUBJECT: Final = 150


@dataclass(frozen=True)
class Row:
    """A line of what is told, with a label; `url` where a browser can go there."""

    label: str
    text: str
    url: str = ""


@dataclass(frozen=True)
class Told:
    """One notice in words."""

    notice: Notice
    title: str
    lead: tuple[Row, ...]
    """What happened, and what is asked."""
    to_do: str
    rows: tuple[Row, ...]
    """Where it is, what it cost, what it belongs to."""


def subject_of(message: Message) -> str:
    """One line that says what happened, to what."""
    words = words_for(message.language)
    if len(message.told) == 1:
        subject = tell(message.told[0], words).title
    else:
        counts = Counter(one.event for one in message.told)
        parts = [words.counted[event].format(counts[event]) for event in EVENTS if counts[event]]
        calendar = message.notices[0].calendar
        before = f"{words.calendar} {calendar}{words.colon}" if calendar else ""
        subject = before + words.between.join(parts)
    subject = " ".join(subject.split())
    short = len(subject) <= _LONGEST_SUBJECT
    return subject if short else f"{subject[: _LONGEST_SUBJECT - 1]}…"


_NO_LINKS: Final[Mapping[str, str]] = MappingProxyType({})


def tell_all(message: Message, approvals: Mapping[str, str] = _NO_LINKS) -> list[Told]:
    """All notices in words, those first that need a person; of many each in brief.

    `approvals` are links with which runs are approved, by their ids.
    """
    words, brief = words_for(message.language), len(message.told) > 1
    ordered = sorted(message.told, key=lambda one: not one.needs_a_person)
    told = [tell(notice, words, brief=brief) for notice in ordered]
    return [_with_link(one, approvals.get(one.notice.run_id, ""), words) for one in told]


def _with_link(told: Told, url: str, words: NoticeWords) -> Told:
    if not url:
        return told
    return replace(told, rows=(Row(words.approve, words.approve_here, url), *told.rows))


def tell(notice: Notice, words: NoticeWords, *, brief: bool = False) -> Told:
    """A notice in the words of a language; in `brief` without what it shares with others."""
    title = f"{words.happened[notice.event]}{words.colon}{notice.name or notice.run_id}"
    lead, rows = tuple(_lead(notice, words)), tuple(_rows(notice, words, brief=brief))
    return Told(notice, title, lead, _to_do(notice, words), rows)


def plain_text(message: Message, note: str = "", approvals: Mapping[str, str] = _NO_LINKS) -> str:
    """The message as text: each notice with its run, what happened, what to do, and links."""
    words = words_for(message.language)
    blocks = []
    if len(message.told) > 1:
        blocks.append(subject_of(message))
    for told in tell_all(message, approvals):
        to_do = Row(words.to_do, told.to_do)
        rows = (*told.lead, to_do, *told.rows)
        lines = [f"{row.label}{words.colon}{row.url or row.text}" for row in rows]
        blocks.append("\n".join((told.title, *lines)))
    blocks.append(f"{words.message}{words.colon}{message.id}")
    return "\n\n".join(filter(None, (note, *blocks))) + "\n"


def payload_of(message: Message, approvals: Mapping[str, str] = _NO_LINKS) -> dict[str, Any]:
    """The message for programs; keys keep their meaning for ever, new ones may come."""
    words = words_for(message.language)
    told = message.told
    one = len(told) == 1
    return {
        "type": _type_of(message),
        "timestamp": message.at.isoformat(),
        "data": _data(told[0], words, approvals)
        if one
        else {
            "event": "tick",
            "summary": subject_of(message),
            "calendar": message.notices[0].calendar or None,
            "counts": dict(Counter(notice.event for notice in told)),
            "notices": [_data(notice, words, approvals) for notice in told],
        },
    }


def _type_of(message: Message) -> str:
    if len(message.told) > 1:
        return "calendar.tick"
    event = message.notices[0].event
    return "calendar.problems" if event == "calendar" else f"run.{event}"


def _data(notice: Notice, words: NoticeWords, approvals: Mapping[str, str]) -> dict[str, Any]:
    told = tell(notice, words)
    video = notice.videos[-1] if notice.videos else None
    return {
        "event": notice.event,
        "run_id": notice.run_id or None,
        "name": notice.name,
        "at": notice.at.isoformat(),
        "platforms": list(notice.platforms),
        "language": notice.language,
        "summary": told.title,
        "what_happened": _happened(notice, words) or None,
        "what_to_do": told.to_do or None,
        "error_code": notice.error_code or None,
        "remedy": notice.remedy or None,
        "question": notice.question or None,
        "answer_until": notice.until.isoformat() if notice.until else None,
        "approval_url": approvals.get(notice.run_id),
        "calendar": notice.calendar or None,
        "source": notice.source or None,
        "subject": notice.subject or None,
        "video_url": (video.url if video else "") or None,
        "poster_url": notice.poster_url or None,
        "videos": [
            {
                "url": one.url or None,
                "path": one.path,
                "duration_s": one.duration_s,
                "width": one.width,
                "height": one.height,
                "sha256": one.sha256,
            }
            for one in notice.videos
        ],
        "handed_over": [one.model_dump(mode="json") for one in notice.handed_over],
        "credits": {
            "estimate": notice.credits_estimate,
            "spent": notice.credits_spent,
            "account_moved": notice.credits_moved,
        },
        "problems": list(notice.problems),
        "link": notice.link or None,
    }


def _lead(notice: Notice, words: NoticeWords) -> list[Row]:
    rows = [Row(words.sentence, happened)] if (happened := _happened(notice, words)) else []
    if notice.question:
        rows.append(Row(words.question, notice.question))
    elif notice.sentence not in ("", happened):
        rows.append(Row(words.details, notice.sentence))
    if notice.until is not None:
        rows.append(Row(words.until, f"{notice.until:%Y-%m-%d %H:%M} UTC"))
    shown = notice.problems[:_MOST_PROBLEMS]
    rows += [Row(words.problem, problem) for problem in shown]
    if len(notice.problems) > len(shown):
        rows.append(Row(words.problem, words.more.format(len(notice.problems) - len(shown))))
    return rows


def _rows(notice: Notice, words: NoticeWords, *, brief: bool) -> list[Row]:
    rows = []
    for video in notice.videos[-3:]:
        length = words.seconds.format(round(video.duration_s, 1))
        facts = f" ({length}, {video.width}x{video.height})"
        rows.append(Row(words.video, f"{video.url or video.path}{facts}", video.url))
    for got in notice.handed_over:
        due = f"{got.due.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if got.due else ""
        parts = (got.target, got.platform, due, got.place)
        rows.append(Row(words.handed_over, " · ".join(filter(None, parts))))
    if notice.link:
        rows.append(Row(words.link, notice.link, notice.link))
    if cost := _cost(notice, words):
        rows.append(Row(words.credits, cost))
    facts_of = (
        (words.platforms, words.between.join(notice.platforms)),
        (words.calendar, notice.calendar if notice.run_id else ""),
        (words.source, notice.source),
        (words.subject, notice.subject),
        (words.run, notice.run_id),
        (words.store, notice.store),
    )
    shared = {words.calendar, words.source, words.store} if brief else set()
    rows += [Row(label, text) for label, text in facts_of if text and label not in shared]
    return rows


def _happened(notice: Notice, words: NoticeWords) -> str:
    return words.errors.get(notice.error_code, notice.sentence)


def _to_do(notice: Notice, words: NoticeWords) -> str:
    run = {"run_id": notice.run_id, "source": "token"}
    if notice.event == "done":
        return words.watch.format(**run)
    if notice.event == "calendar":
        return words.fix_rows
    if not notice.remedy and notice.error_code == ErrorCode.BAD_INPUT:
        return words.correct
    remedy = notice.remedy if notice.remedy in set(Remedy) else Remedy.RETRY
    return words.remedies[Remedy(remedy)].format(**run)


def _cost(notice: Notice, words: NoticeWords) -> str:
    if notice.credits_spent is not None:
        return amount(notice.credits_spent)
    told = []
    if notice.credits_estimate is not None:
        told.append(words.estimate.format(notice.credits_estimate))
    if notice.credits_moved is not None:
        told.append(words.moved.format(notice.credits_moved))
    return "; ".join(told)
