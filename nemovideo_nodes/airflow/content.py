"""A content calendar as the source of mapped videos."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from nemovideo_nodes.request.calendar_model import CalendarPost
    from nemovideo_nodes.request.calendar_plan import PlannedVideo
    from nemovideo_nodes.request.notify import Notify
    from nemovideo_nodes.workspace.calendar_source import CalendarSource

__all__ = ["DuePostsOperator"]


class DuePostsOperator(BaseOperator):
    """Reads the calendar, and returns arguments of `ImageToVideoOperator` for each due video.

    As on the command line, platforms with the same frame share a video, and each language has its
    own. A video's run id is its own, so one that two DAG runs find due is made once. Its texts come
    along as `post`. Without a calendar, the first scheduled DAG run fails and those after it are
    skipped, until there is one; a run that a person started fails.

    :param calendar: a calendar file, as the workers see it, or its URL. A post's account is the
        id of a connection
    :param timezone: the time zone of times that name none, as `Europe/Berlin`
    :param within_hours: posts that were due longer ago are left alone
    :param ahead_hours: how long before its time a post is made, so that a publisher can schedule it
    :param notify: the channels of notifications.toml that are told what comes of the posts; none:
        those of all runs
    :param handover: the publisher that gets the videos, where their rows name none
    :param approval: what a person has to approve of rows that say nothing of it
    :param budget: the most credits of all that is made from the calendar
    """

    template_fields: Sequence[str] = (
        *("calendar", "timezone", "within_hours", "notify", "handover", "ahead_hours"),
        *("approval", "budget"),
    )

    def __init__(
        self,
        *,
        calendar: str,
        timezone: str = "UTC",
        within_hours: float | str = 24,
        ahead_hours: float | str = 0,
        notify: str | Sequence[str] = (),
        handover: str = "",
        approval: str = "",
        budget: float | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.notify = notify
        self.calendar = calendar
        self.timezone = timezone
        self.within_hours = within_hours
        self.ahead_hours = ahead_hours
        self.handover = handover
        self.approval = approval
        self.budget = budget

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """A list of keyword arguments, for `expand_kwargs`."""
        from nemovideo_nodes.airflow.outcome import raise_task_error
        from nemovideo_nodes.errors import NemoVideoError
        from nemovideo_nodes.request.calendar_plan import due_videos, videos_of, with_handover
        from nemovideo_nodes.settings import Settings
        from nemovideo_nodes.workspace.notifications.config import check_channels

        try:
            within, notify = self._hours("within_hours"), self._notify()
            check_channels(notify, Settings.from_environment())
            ahead = self._hours("ahead_hours")
            shared = self._shared(notify)
            source = self._opened(context)
            videos = videos_of(with_handover(self._posts(source, notify), self.handover or ""))
            due = due_videos(videos, context["dag_run"].run_after, within, ahead=ahead)
            due = [video for video in due if video.post.due or not _is_made(video)]
            arguments = [shared | _arguments(video, source, notify) for video in due]
        except NemoVideoError as error:
            raise_task_error(error, self.log)
        self.log.info("%d of %d videos of the calendar are due", len(due), len(videos))
        return arguments

    def _shared(self, notify: Notify) -> dict[str, Any]:
        """What holds for all videos, unless their rows say something else."""
        from nemovideo_nodes.airflow.values import budget_of
        from nemovideo_nodes.request.approval import approval_rule
        from nemovideo_nodes.request.budget import named_budget

        shared: dict[str, Any] = {"approval": self.approval or ""}
        approval_rule(shared["approval"])
        if (credits := budget_of(self.budget)) is not None:
            budget = named_budget("calendar", notify.calendar, credits)
            shared["budgets"] = [budget.model_dump(mode="json")]
        return shared

    def _notify(self) -> Notify:
        from nemovideo_nodes.airflow.values import listed
        from nemovideo_nodes.request.notify import Notify, checked_channels
        from nemovideo_nodes.workspace.calendar_source import calendar_name

        channels = checked_channels(listed(self.notify)) or None
        return Notify(channels=channels, calendar=calendar_name(self.calendar))

    def _tell(self, problems: Sequence[str], notify: Notify) -> None:
        """Write down what is wrong with the calendar; a later task sends it with the rest."""
        from nemovideo_nodes.airflow.hooks import NemoVideoHook
        from nemovideo_nodes.errors import NemoVideoError

        try:
            NemoVideoHook().workspace().notifier().note_calendar(notify.calendar, problems, notify)
        except NemoVideoError as error:
            self.log.warning("Nobody is notified of the problems: %s", error.sentence)

    def _posts(self, source: CalendarSource, notify: Notify) -> tuple[CalendarPost, ...]:
        """The rows that can be read; the others are told in the log, and to those who are told."""
        from nemovideo_nodes.errors import BadInput

        reading = source.read(self.timezone)
        self._tell([str(problem) for problem in reading.problems], notify)
        for problem in reading.problems:
            sentence = f"The calendar {self.calendar} is wrong: {problem}"
            if problem.row is None or not reading.posts:
                raise BadInput(sentence)
            self.log.warning("%s", sentence)
        return reading.posts

    def _opened(self, context: Context) -> CalendarSource:
        """The calendar. A schedule that is on without one says so once, and then skips its runs."""
        from airflow.providers.common.compat.sdk import AirflowSkipException

        from nemovideo_nodes.airflow.hooks import NemoVideoHook
        from nemovideo_nodes.errors import BadInput, NemoVideoError
        from nemovideo_nodes.workspace.calendar_absence import calendar_is_back, first_absence
        from nemovideo_nodes.workspace.calendar_source import NoCalendar, open_calendar

        if not _is_scheduled(context):
            return open_calendar(self.calendar)
        try:
            source = open_calendar(self.calendar)
        except NoCalendar as error:
            if first_absence(NemoVideoHook().workspace().store, self.calendar):
                sentence = f"{error.sentence}; scheduled runs are skipped until it is there"
                raise BadInput(sentence) from None
            self.log.warning("%s", error)
            raise AirflowSkipException(str(error)) from None
        with contextlib.suppress(NemoVideoError):  # a note, which never stops the posts
            calendar_is_back(NemoVideoHook().workspace().store, self.calendar)
        return source

    def _hours(self, name: str) -> timedelta:
        from nemovideo_nodes.errors import BadInput

        given = getattr(self, name)
        try:
            return timedelta(hours=float(given))
        except (TypeError, ValueError, OverflowError):
            raise BadInput(f"`{name}` takes a number of hours, not {str(given)[:40]!r}") from None


def _is_scheduled(context: Context) -> bool:
    return str(context["dag_run"].run_type).rsplit(".", 1)[-1].lower() == "scheduled"


def _is_made(video: PlannedVideo) -> bool:
    """Whether the run of a video that names no time, which is due at all times, is finished."""
    from nemovideo_nodes.airflow.hooks import NemoVideoHook
    from nemovideo_nodes.errors import BadInput

    hook = NemoVideoHook(video.post.account or NemoVideoHook.default_conn_name)
    try:
        return hook.result(video.run_id).status == "done"
    except BadInput:
        return False


def _arguments(video: PlannedVideo, source: CalendarSource, notify: Notify) -> dict[str, Any]:
    post = video.post
    told = notify.of_row(post.notify)
    arguments: dict[str, Any] = {
        "run_id": video.run_id,
        "images": [source.picture(name) for name in post.images],
        "prompt": video.prompt,
        "platform": video.platform,
        "aspect": video.aspect,
        "profile": post.profile,
        "language": video.language,
        **({"approval": post.approval} if post.approval else {}),
        "post": _post(video),
        "notify": told.model_dump(mode="json", exclude_defaults=True),
    }
    if post.budget is not None:
        arguments["budget"] = post.budget
    return arguments | ({"nemovideo_conn_id": post.account} if post.account else {})


def _post(video: PlannedVideo) -> dict[str, Any]:
    """The row's own, for whoever publishes the video: the texts of each platform that gets it."""
    post = video.post
    texts = {}
    for platform in video.serves or ("",):
        text = post.text(platform, video.language)
        whole = {"caption": text.whole_caption(platform)}
        texts[platform] = text.model_dump(mode="json") | whole
    return {
        "slug": post.slug,
        "row": post.row,
        "key": video.post_key,
        "date": video.date,
        "due": post.due.isoformat() if post.due else None,
        "account": post.account,
        "language": video.language,
        "platforms": list(video.serves),
        "texts": texts,
        "handover": post.handover,
        "synthetic_media": post.synthetic_media,
    }
