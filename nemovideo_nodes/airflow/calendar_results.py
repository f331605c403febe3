"""What came of a calendar's videos as a table, for the sheet that the calendar came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    from airflow.sdk import Context, XComArg

    from nemovideo_nodes.ledger.store import Store
    from nemovideo_nodes.request.calendar_plan import PlannedVideo

__all__ = ["CalendarResultsOperator"]


class CalendarResultsOperator(BaseOperator):
    """Writes a table of the whole calendar: its own columns, and what came of each video.

    As a teardown behind the videos it runs whatever became of them, and leaves the state of the
    DAG run to them. Without `results` it does nothing.

    :param calendar: the calendar that the videos are of, as for `DuePostsOperator`
    :param results: a CSV file, as the workers see it, or an object of a store
        (`s3://bucket/results.csv`)
    :param timezone: the time zone of times that name none
    :param videos: what the tasks of the videos returned; it says where the copies are
    """

    template_fields: Sequence[str] = ("calendar", "results", "timezone", "videos")

    def __init__(
        self,
        *,
        calendar: str,
        results: str,
        timezone: str = "UTC",
        videos: XComArg | Sequence[Mapping[str, Any]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.calendar = calendar
        self.results = results
        self.timezone = timezone
        self.videos = videos

    def execute(self, context: Context) -> None:
        """Write it, where it is wanted."""
        from nemovideo_nodes.airflow.hooks import NemoVideoHook
        from nemovideo_nodes.airflow.outcome import raise_task_error
        from nemovideo_nodes.errors import NemoVideoError
        from nemovideo_nodes.request.calendar_plan import videos_of
        from nemovideo_nodes.workspace.calendar_results import ResultsFile, posters_of
        from nemovideo_nodes.workspace.calendar_run import look_at
        from nemovideo_nodes.workspace.calendar_source import open_calendar

        if not self.results:
            return
        stores: dict[str, Store] = {}

        def store_of(video: PlannedVideo) -> Store:
            account = video.post.account or NemoVideoHook.default_conn_name
            if account not in stores:
                stores[account] = NemoVideoHook(account).workspace().store
            return stores[account]

        try:
            file = ResultsFile(str(self.results))
            videos = videos_of(open_calendar(self.calendar).read(self.timezone).posts)
            made = look_at(videos, store_of)
            file.write(videos, made, posters_of(made, store_of), _files(self.videos))
        except NemoVideoError as error:
            raise_task_error(error, self.log)
        self.log.info("The results of %d videos are in %s", len(videos), self.results)


def _files(videos: Any) -> dict[str, list[str]]:
    """The files of each run's deliveries, as the tasks returned them."""
    found = {}
    returned: Iterable[Any] = videos if isinstance(videos, Iterable) else ()
    for one in returned:
        if isinstance(one, Mapping) and one.get("deliveries"):
            found[str(one.get("run_id"))] = [str(file["path"]) for file in one["deliveries"]]
    return found
