"""A content calendar in a flow: which of its videos are due, and what stands in the others' way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.prefect.calendar_artifact import PostOutcome, emit_problems
from nemovideo_nodes.prefect.deduplication import current_flow_run
from nemovideo_nodes.prefect.location import check_files
from nemovideo_nodes.prefect.logs import run_logger
from nemovideo_nodes.prefect.step_task import step_task
from nemovideo_nodes.prefect.wording import in_form_words
from nemovideo_nodes.request.approval import approval_rule
from nemovideo_nodes.request.budget import Budget, named_budget
from nemovideo_nodes.request.calendar_model import CalendarPost
from nemovideo_nodes.request.calendar_plan import (
    PlannedVideo,
    due_videos,
    videos_of,
    with_handover,
)
from nemovideo_nodes.request.notify import Notify, checked_channels
from nemovideo_nodes.settings import Settings
from nemovideo_nodes.workspace.calendar_file import Post
from nemovideo_nodes.workspace.calendar_source import (
    CalendarSource,
    NoCalendar,
    calendar_name,
    open_calendar,
)
from nemovideo_nodes.workspace.notifications.config import check_channels
from nemovideo_nodes.workspace.post_data import post_data

__all__ = [
    "CalendarVideo",
    "DuePosts",
    "budget_of",
    "outcome_of",
    "planned_of",
    "post_data_of",
    "posts_due",
    "shared_budgets_of",
]


@dataclass(frozen=True)
class Shared:
    """What holds for all posts of a calendar, unless their rows say something else."""

    notify: Notify
    approval: str = ""
    budgets: tuple[Budget, ...] = ()


class CalendarVideo(Post):
    """A post as flows take it, with the calendar's plan of its video."""

    planned: PlannedVideo
    budgets: tuple[Budget, ...] = ()
    """Budgets that its video is charged to, beside its own: its calendar's."""

    @classmethod
    def of(
        cls, planned: PlannedVideo, source: CalendarSource, now: datetime, shared: Shared
    ) -> Self:
        """The post of a planned video; what names no time is due now."""
        post = planned.post
        return cls(
            slug=post.slug,
            due=post.due or now,
            images=tuple(source.picture(name) for name in post.images),
            prompt=planned.prompt,
            platform=planned.platform,
            aspect=planned.aspect,
            profile=post.profile,
            language=planned.language,
            account=post.account,
            revision=planned.revision,
            notify=shared.notify.of_row(post.notify),
            approval=post.approval or shared.approval,
            planned=planned,
            budgets=shared.budgets,
        )

    @property
    def run_id(self) -> str:
        """The id of the one run that makes it."""
        return self.planned.run_id


def post_data_of(post: Post) -> dict[str, Any]:
    """What goes out with the post's video, and where, as `begin_run` takes it."""
    return post_data(planned_of(post))


def budget_of(post: Post) -> float:
    """The most credits of the post's video; 0 where its row does not say."""
    return planned_of(post).post.budget or 0.0


def shared_budgets_of(post: Post) -> list[Budget]:
    """The budgets that the post's video is charged to, beside its own: its calendar's."""
    return list(post.budgets) if isinstance(post, CalendarVideo) else []


class DuePosts(list[Post]):
    """The posts that are due, with what became of the calendar's other rows."""

    others: Sequence[PostOutcome] = ()
    videos: Sequence[PlannedVideo] = ()
    """All videos of the calendar."""
    problems: Sequence[str] = ()
    """What is wrong with rows."""
    notify: Notify | None = None
    """Who is told what comes of them."""
    calendar: str = ""
    absence: str = ""
    """That a scheduled flow run found no calendar, in a sentence."""


@step_task("Read calendar", run_name="calendar", timeout_s=600.0)
async def posts_due(
    calendar: str,
    timezone: str = "UTC",
    catch_up_hours: int = 24,
    notify: Sequence[str] = (),
    handover: str = "",
    ahead_hours: int = 0,
    approval: str = "",
    budget: float = 0.0,
) -> list[Post]:
    """Reads the calendar and finds the posts that became due before the flow run's own time.

    That is the time the flow run was scheduled for, so that a Retry finds the same posts. A row
    that cannot be read is left out, and named in the log, the calendar's artifact and an event.
    `notify` are the channels that are told what comes of the posts; none for the worker's own.
    Where there is no calendar, nothing is due in a scheduled flow run; any other one fails.
    `handover` is the publisher of rows that name none, `ahead_hours` how long before its time a
    post is made, `approval` what a person has to approve of rows that say nothing of it, `budget`
    the most credits of all that is made from the calendar; 0 for as many as it needs.
    """
    with in_form_words():
        check_files([calendar], "calendar")
        approval_rule(approval)
        name = calendar_name(calendar)
        told = Notify(channels=checked_channels(notify) or None, calendar=name)
        check_channels(told, Settings.from_environment())
        budgets = (named_budget("calendar", name, budget),) if budget else ()
        shared = Shared(told, approval, budgets)
        try:
            hours = catch_up_hours, ahead_hours
            return await asyncio.to_thread(_due, calendar, timezone, hours, shared, handover)
        except NoCalendar as error:
            flow_run = current_flow_run()
            if flow_run is None or not flow_run.auto_scheduled:
                raise
            posts = DuePosts()
            posts.calendar, posts.absence, posts.notify = calendar, error.sentence, told
            return posts


def planned_of(post: Post) -> PlannedVideo:
    """The plan of a post's video; one that the user made is the row of a calendar by itself."""
    if isinstance(post, CalendarVideo):
        return post.planned
    row = CalendarPost(
        row=0,
        slug=post.slug,
        due=post.due,
        images=post.images,
        prompt=post.prompt,
        platforms=(post.platform,) if post.platform else (),
        languages=(post.language,) if post.language else (),
        account=post.account,
        aspect=post.aspect,
        profile=post.profile,
        revision=post.revision,
    )
    return PlannedVideo(
        post=row,
        platform=post.platform,
        serves=row.platforms,
        aspect=post.aspect,
        language=post.language,
        revision=post.revision,
    )


def outcome_of(video: PlannedVideo, **what: Any) -> PostOutcome:
    """The row of a video in the calendar's artifact."""
    post = video.post
    text = post.text(video.platform, video.language)
    return PostOutcome(
        slug=post.slug,
        due=post.due.isoformat(" ", "minutes") if post.due else "",
        platform=", ".join(video.serves),
        language=video.language,
        account=post.account,
        text=" ".join(filter(None, (text.title, text.whole_caption(video.platform)))),
        **what,
    )


def _due(
    calendar: str, timezone: str, hours: tuple[int, int], shared: Shared, handover: str
) -> DuePosts:
    source = open_calendar(calendar, Settings.from_environment().media_access)
    reading = source.read(timezone)
    whole = next((one for one in reading.problems if one.row is None), None)
    if whole is not None:
        raise BadInput(f"The calendar {calendar} cannot be read: {whole.message}")
    for note in reading.notes:
        run_logger().info("%s", note)
    problems = [f"{str(one)[:1].upper()}{str(one)[1:]}" for one in reading.problems]
    for problem in problems:
        run_logger().error("The calendar is wrong: %s", problem)
    if problems:
        emit_problems(problems)
    now = _now()
    videos = videos_of(with_handover(reading.posts, handover))
    within, ahead = (timedelta(hours=one) for one in hours)
    due = due_videos(videos, now, within, ahead=ahead)
    posts = DuePosts(CalendarVideo.of(video, source, now, shared) for video in due)
    posts.problems, posts.notify = problems, shared.notify
    posts.calendar, posts.videos = calendar, videos
    known = {post.run_id for post in posts}
    posts.others = [
        *(
            PostOutcome(f"row {one.row}", status="failed", note=problem)
            for one, problem in zip(reading.problems, problems, strict=True)
        ),
        *(_not_due(video, now) for video in videos if video.run_id not in known),
    ]
    return posts


def _not_due(video: PlannedVideo, now: datetime) -> PostOutcome:
    if video.post.due is not None and video.post.due > now:
        return outcome_of(video, status="coming")
    return outcome_of(video, status="skipped", note="Older than the hours that are caught up")


def _now() -> datetime:
    flow_run = current_flow_run()
    planned = flow_run.expected_start_time if flow_run is not None else None
    return planned or SystemClock().now()
