"""A page for each run, read from its journal at each request: videos, timeline, replies, steps.

Only users who may read DAG runs see it. It has no link that is a secret. The query says from which
task the link came (`dag`, `dag_run`, `task`, `map_index`), and which connection it used (`conn`).
The store is the one that this task named, as Airflow keeps it; the query never names a store.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import dataclass
from importlib.resources import files
from urllib.parse import quote, urlencode, urlsplit

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.providers.common.compat.sdk import conf
from fastapi import Depends, FastAPI, HTTPException, Response
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment
from markupsafe import Markup

from nemovideo_nodes.airflow.hooks import NemoVideoHook, configured_store
from nemovideo_nodes.airflow.wording import AIRFLOW_WORDING
from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.errors import BadInput, NemoVideoError
from nemovideo_nodes.workspace import Workspace
from nemovideo_nodes.workspace.report import Origin, RunPage, run_page

__all__ = ["app"]

REFRESH_S = 10
"""How soon the page of an unfinished run reloads."""
_FILE = re.compile(
    r"(?:video(?:-[a-z0-9]{1,16}){0,4}|approval-[0-9a-f]{1,64})(?P<kind>\.mp4|\.jpg|\.srt|\.vtt)"
)
_TYPES = {
    ".mp4": "video/mp4",
    ".jpg": "image/jpeg",
    ".srt": "application/x-subrip",
    ".vtt": "text/vtt",
}
_HEADERS = {
    # What the service or a user wrote is text here, and nothing of it may run.
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; "
    "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True)
class TaskOrigin:
    """The task that a link came from; all of it empty where the address names none."""

    conn: str = ""
    dag: str = ""
    dag_run: str = ""
    task: str = ""
    map_index: str = ""

    @property
    def is_known(self) -> bool:
        """Whether the address names a task."""
        return bool(self.dag and self.dag_run and self.task)

    @property
    def query(self) -> str:
        """The same as the query of an address."""
        named = {name: value for name, value in vars(self).items() if value}
        return f"?{urlencode(named)}" if named else ""


def _authorize(user: GetUserDep, dag: str = "") -> None:
    allowed = get_auth_manager().is_authorized_dag(
        method="GET",
        access_entity=DagAccessEntity.RUN,
        details=DagDetails(id=dag) if dag else None,
        user=user,
    )
    if not allowed:
        raise HTTPException(403, "You may not read DAG runs")


app = FastAPI(
    title="NemoVideo runs",
    openapi_url=None,
    dependencies=[Depends(_authorize)],
)


@app.get("/runs/{run_id}", response_class=HTMLResponse)
async def show_run(
    run_id: str,
    conn: str = "",
    dag: str = "",
    dag_run: str = "",
    task: str = "",
    map_index: str = "",
) -> Response:
    """The run's status now."""
    origin = TaskOrigin(conn, dag, dag_run, task, map_index)
    try:
        page = await asyncio.to_thread(_page, run_id, origin)
    except NoSuchRun:
        return HTMLResponse(_missing_page(run_id, origin), 404, headers=_HEADERS)
    return HTMLResponse(page, headers=_HEADERS)


@app.get("/runs/{run_id}/{name}")
async def run_file(
    run_id: str,
    name: str,
    conn: str = "",
    dag: str = "",
    dag_run: str = "",
    task: str = "",
    map_index: str = "",
) -> Response:
    """A video of the run, its pictures, its subtitles, or what shows what is to be approved."""
    found = _FILE.fullmatch(name)
    if found is None:
        raise HTTPException(404, "A run has videos, posters, contact sheets and subtitles")
    origin = TaskOrigin(conn, dag, dag_run, task, map_index)
    workspace = await asyncio.to_thread(_workspace, origin)
    file = f"runs/{_known(workspace, run_id)}/{name}"
    kind = _TYPES[found["kind"]]
    if workspace.store.root is not None:
        path = workspace.store.root / file
        if await asyncio.to_thread(path.is_file):
            return FileResponse(path, media_type=kind, headers=_HEADERS)
    elif (data := await asyncio.to_thread(workspace.store.read, file)) is not None:
        return Response(data, media_type=kind, headers=_HEADERS)
    raise HTTPException(404, f"Run {run_id} has no {name}")


def _workspace(origin: TaskOrigin) -> Workspace:
    """The runs in the store of the task, else of its connection, else of `[nemovideo] store`."""
    store, conn = _stored_fields(origin)
    try:
        if conn or store:
            with contextlib.suppress(BadInput):
                hook = NemoVideoHook(conn or NemoVideoHook.default_conn_name)
                return hook.workspace(store)
        return Workspace.open(configured_store())
    except NemoVideoError as error:
        raise HTTPException(503, error.message(AIRFLOW_WORDING)) from None


def _stored_fields(origin: TaskOrigin) -> tuple[str, str]:
    """The store and the connection that the task named, as Airflow keeps its rendered fields."""
    if not origin.is_known:
        return "", origin.conn
    from airflow.models.renderedtifields import RenderedTaskInstanceFields
    from airflow.utils.session import create_session
    from sqlalchemy import select

    index = int(origin.map_index) if origin.map_index.isdigit() else -1
    table = RenderedTaskInstanceFields
    query = select(table.rendered_fields).where(
        table.dag_id == origin.dag,
        table.run_id == origin.dag_run,
        table.task_id == origin.task,
        table.map_index == index,
    )
    with create_session() as session:
        fields = session.scalar(query) or {}
    store, conn = fields.get("store"), fields.get("nemovideo_conn_id")
    return str(store or ""), str(conn or origin.conn)


def _links_to(origin: TaskOrigin) -> Origin | None:
    """The names and addresses of the task in Airflow's UI; the links stay on this server."""
    if not origin.is_known:
        return None
    base = urlsplit(str(conf.get("api", "base_url", fallback="") or "")).path.rstrip("/")
    of_dag = f"{base}/dags/{quote(origin.dag, safe='')}"
    of_run = f"{of_dag}/runs/{quote(origin.dag_run, safe='')}"
    of_task, name = f"{of_run}/tasks/{quote(origin.task, safe='')}", origin.task
    if origin.map_index.isdigit():
        of_task, name = f"{of_task}/mapped/{origin.map_index}", f"{name} [{origin.map_index}]"
    return Origin(
        (
            ("DAG", origin.dag, of_dag),
            ("DAG run", origin.dag_run, of_run),
            ("task", name, of_task),
        )
    )


class NoSuchRun(HTTPException):
    """The store that this server sees has no such run."""

    def __init__(self) -> None:
        super().__init__(
            404,
            "There is no such run in the store that this server sees: set [nemovideo] store to "
            "the one that the tasks use",
        )


def _known(workspace: Workspace, run_id: str) -> str:
    try:
        return workspace.load(run_id).id
    except BadInput:
        raise NoSuchRun from None


def _missing_page(run_id: str, origin: TaskOrigin) -> str:
    """What is shown where a task ended before it had begun its run."""
    template = files("nemovideo_nodes.airflow").joinpath("no_run.html.jinja").read_text("utf-8")
    pages = files("nemovideo_nodes.workspace").joinpath("pages")
    style = Markup(pages.joinpath("report_style.css.jinja").read_text("utf-8"))
    shown = Environment(autoescape=True).from_string(template)
    return shown.render(run_id=run_id, origin=_links_to(origin), style=style)


def _page(run_id: str, origin: TaskOrigin) -> str:
    workspace = _workspace(origin)
    run = workspace.load(_known(workspace, run_id))
    result = workspace.result_of(run)

    def href(name: str) -> str:
        file = name.rpartition("/")[2]
        return f"{run.id}/{file}{origin.query}" if _FILE.fullmatch(file) else ""

    page = RunPage(
        href=href,
        picture=href,
        now=SystemClock().now(),
        error=result.message(AIRFLOW_WORDING),
        problems=workspace.platform_violations(result, run),
        origin=_links_to(origin),
        refresh_s=None if result.status == "done" else REFRESH_S,
    )
    return run_page(run, result, page)
