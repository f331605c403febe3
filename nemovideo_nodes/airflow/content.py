"""A content calendar as the source of mapped videos."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

__all__ = ["DuePostsOperator"]


class DuePostsOperator(BaseOperator):
    """Reads the calendar, and returns the arguments of `ImageToVideoOperator` for each due post.

    Due is what was so within the last `within_hours` hours before the DAG run was to run. A post's
    run id is its own, so one that two DAG runs find due is made once.
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
        from nemovideo_nodes.airflow.outcome import fail
        from nemovideo_nodes.errors import NemoVideoError
        from nemovideo_nodes.workspace.calendar_file import due_posts, read_calendar

        within = timedelta(hours=float(self.within_hours))
        try:
            posts = read_calendar(self.calendar, self.timezone)
        except NemoVideoError as error:
            fail(error)
        return [
            {
                "run_id": post.run_id,
                "images": list(post.images),
                "prompt": post.prompt,
                "platform": post.platform,
                "aspect": post.aspect,
                "profile": post.profile,
            }
            for post in due_posts(posts, context["dag_run"].run_after, within)
        ]
