"""The pages of runs, as a part of Airflow's API server."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import AirflowPlugin

__all__ = ["PREFIX", "NemoVideoPlugin"]

PREFIX = "/nemovideo"


async def _pages(scope: Any, receive: Any, send: Any) -> None:
    """The app, imported when the first page is asked for: every part of Airflow loads plugins."""
    from nemovideo_nodes.airflow.pages import app

    await app(scope, receive, send)


class NemoVideoPlugin(AirflowPlugin):
    """Serves a page for each run, to which the tasks' links lead."""

    name = "nemovideo"
    fastapi_apps: list[Any] = [  # noqa: RUF012
        {"app": _pages, "url_prefix": PREFIX, "name": "NemoVideo runs"}
    ]
