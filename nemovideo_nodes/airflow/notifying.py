"""A task at the end of a DAG that tells what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

__all__ = ["SendNotificationsOperator"]


class SendNotificationsOperator(BaseOperator):
    """Sends what waits to be told of the runs in a store, that of a calendar in one message.

    As a teardown at the end of a DAG it runs whatever became of the videos, and changes nothing
    about the DAG run's own state. A receiver that fails never fails the task.

    :param calendar: the calendar whose posts the DAG makes
    :param videos: the arguments that `DuePostsOperator` returned, for the stores of the accounts
    :param nemovideo_conn_id: the connection whose store it is
    :param store: another store
    """

    template_fields: Sequence[str] = ("calendar", "videos", "nemovideo_conn_id", "store")

    def __init__(
        self,
        *,
        calendar: str = "",
        videos: Any = None,
        nemovideo_conn_id: str = "nemovideo_default",
        store: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.calendar = calendar
        self.videos = videos
        self.nemovideo_conn_id = nemovideo_conn_id
        self.store = store

    def execute(self, context: Context) -> None:
        """Send what waits in each store once."""
        from nemovideo_nodes.airflow.hooks import NemoVideoHook
        from nemovideo_nodes.airflow.notifiers import AIRFLOW_CHANNELS
        from nemovideo_nodes.errors import NemoVideoError
        from nemovideo_nodes.workspace.calendar_source import calendar_name

        groups = (calendar_name(self.calendar),) if self.calendar else ()
        named = [one.get("nemovideo_conn_id") for one in self.videos or ()]
        seen: set[str] = set()
        for connection in dict.fromkeys([self.nemovideo_conn_id, *filter(None, named)]):
            try:
                workspace = NemoVideoHook(connection).workspace(self.store)
                if workspace.store.url in seen:
                    continue
                seen.add(workspace.store.url)
                notifier = workspace.notifier(channels=AIRFLOW_CHANNELS)
                notifier.catch_up()
                report = asyncio.run(notifier.send(groups=groups))
            except NemoVideoError as error:
                self.log.warning("Notifications wait to be sent: %s", error.sentence)
                continue
            self.log.info("%d messages sent, %d to be tried again", report.sent, report.failed)
            for sentence in report.errors:
                self.log.warning("%s", sentence)
