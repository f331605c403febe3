"""A content calendar as the source of mapped videos."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from nemovideo_nodes.workspace.calendar_file import Post

__all__ = ["DuePostsOperator"]


class DuePostsOperator(BaseOperator):
    """Reads the calendar, and returns arguments of `ImageToVideoOperator` for each due post.

    A post's run id is its own, so a post that two DAG runs find due is made once. Where there is no
    calendar yet, a scheduled DAG run is skipped with a warning; one that a person started fails.

    :param calendar: a calendar file, as the workers see it, or its URL. A post's account is the
        id of a connection
    :param timezone: the time zone of times that name none, as `Europe/Berlin`
    :param within_hours: posts that were due longer ago are left alone
    """

    template_fields: Sequence[str] = ("calendar", "timezone", "within_hours")

    def __init__(
        self,
        *,
        calendar: str,
        timezone: str = "UTC",
        within_hours: float | str = 24,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.calendar = calendar
        self.timezone = timezone
        self.within_hours = within_hours

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """A list of keyword arguments, for `expand_kwargs`."""
        from nemovideo_nodes.airflow.outcome import raise_task_error
        from nemovideo_nodes.errors import NemoVideoError
        from nemovideo_nodes.workspace.calendar_file import due_posts, read_calendar

        self._skip_without_calendar(context)
        try:
            within = self._within()
            posts = read_calendar(self.calendar, self.timezone)
        except NemoVideoError as error:
            raise_task_error(error, self.log)
        due = due_posts(posts, context["dag_run"].run_after, within)
        self.log.info("%d of %d posts are due", len(due), len(posts))
        return [_arguments(post) for post in due]

    def _skip_without_calendar(self, context: Context) -> None:
        """A schedule that is switched on before there is a calendar does not fail each time."""
        from airflow.sdk.exceptions import AirflowSkipException

        is_scheduled = str(context["dag_run"].run_type).rsplit(".", 1)[-1].lower() == "scheduled"
        if (
            is_scheduled
            and "://" not in self.calendar
            and not Path(self.calendar).expanduser().exists()
        ):
            sentence = f"There is no calendar at {self.calendar!r} yet, so nothing is due"
            self.log.warning("%s", sentence)
            raise AirflowSkipException(sentence)

    def _within(self) -> timedelta:
        from nemovideo_nodes.errors import BadInput

        try:
            return timedelta(hours=float(self.within_hours))
        except (TypeError, ValueError, OverflowError):
            raise BadInput(
                f"`within_hours` takes a number of hours, not {str(self.within_hours)[:40]!r}"
            ) from None


def _arguments(post: Post) -> dict[str, Any]:
    arguments = {
        "run_id": post.run_id,
        "images": list(post.images),
        "prompt": post.prompt,
        "platform": post.platform,
        "aspect": post.aspect,
        "profile": post.profile,
        "language": post.language,
    }
    return arguments | ({"nemovideo_conn_id": post.account} if post.account else {})
