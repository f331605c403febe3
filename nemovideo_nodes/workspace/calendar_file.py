"""A content calendar for the doors: which video is due when, of what, for which platform.

A post is made at most once: its run id comes from its slug, its time and its platform alone (and
its language and revision, where it has them), so a row that is corrected after its run was begun
leads to the same run.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.calendar_model import CalendarPost, Problem, post_run_id
from nemovideo_nodes.request.notify import Notify
from nemovideo_nodes.settings import MediaAccess
from nemovideo_nodes.workspace.calendar_source import CalendarSource, open_calendar

__all__ = ["Post", "due_posts", "posts_of", "read_calendar", "read_rows"]

_log = logging.getLogger(__name__)


class Post(BaseModel):
    """One video of the calendar: a row's, for one of its platforms and languages."""

    model_config = ConfigDict(frozen=True)

    slug: str
    """Its short name, which people find it by."""
    due: datetime
    """When it is to be made, with its time zone."""
    images: tuple[str, ...] = ()
    """Files, folders or URLs; names are seen from the calendar's own folder."""
    prompt: str = ""
    platform: str = ""
    aspect: str = ""
    profile: str = ""
    language: str = ""
    account: str = ""
    revision: str = ""
    notify: Notify | None = None
    """Who is told what becomes of it."""
    approval: str = ""
    """What a person has to approve of it."""

    @property
    def run_id(self) -> str:
        """The id of the one run that makes it."""
        return post_run_id(
            self.slug, self.due, self.platform, language=self.language, revision=self.revision
        )


def due_posts(posts: Iterable[Post], now: datetime, within: timedelta) -> list[Post]:
    """The posts whose time came at most `within` before `now`, the earliest first.

    Older ones are left alone, so that a new store does not make a whole year's videos.
    """
    due = [post for post in posts if now - within <= post.due <= now]
    return sorted(due, key=lambda post: (post.due, post.slug, post.platform, post.language))


def posts_of(row: CalendarPost, source: CalendarSource) -> Iterator[Post]:
    """A post for each platform and language of a row; none of one that names no time."""
    if row.due is None:
        return
    for platform in row.platforms or ("",):
        for language in row.languages or ("",):
            yield Post(
                slug=row.slug,
                due=row.due,
                images=tuple(source.picture(name) for name in row.images),
                prompt=row.prompt_in(language),
                platform=platform,
                aspect=row.aspect,
                profile=row.profile,
                language=language,
                account=row.account,
                revision=row.revision,
                approval=row.approval,
            )


def read_calendar(
    name: str, timezone: str = "UTC", access: MediaAccess | None = None
) -> tuple[Post, ...]:
    """The posts of the calendar `name`; times that name no zone are of `timezone`.

    Rows with problems are set aside, and told in the log. Raises `BadInput` where the calendar
    cannot be read, or has problems alone.
    """
    posts, problems = read_rows(name, timezone, access)
    if problems and not posts:
        raise BadInput(problems[0])
    for problem in problems:
        _log.warning("%s", problem)
    return posts


def read_rows(
    name: str, timezone: str = "UTC", access: MediaAccess | None = None
) -> tuple[tuple[Post, ...], list[str]]:
    """The posts of all rows that can be read, and what is wrong with each of the others.

    Raises `BadInput` where the calendar as a whole cannot be read.
    """
    source = open_calendar(name, access)
    reading = source.read(timezone)
    for problem in reading.problems:
        if problem.row is None:
            raise BadInput(_sentence(name, problem))
    posts = tuple(post for row in reading.posts for post in posts_of(row, source))
    return posts, [_sentence(name, problem) for problem in reading.problems]


def _sentence(name: str, problem: Problem) -> str:
    if problem.row is None:
        return f"The calendar {name} cannot be read: {problem.message}"
    column = f", column {problem.column}" if problem.column else ""
    return f"The calendar {name} is wrong at row {problem.row}{column}: {problem.message}"
