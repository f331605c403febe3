"""A page for each run, read from its journal at each request: videos, timeline, replies, steps.

Only users who may read DAG runs see it. It has no link that is a secret. The query says which
connection has the store (`conn`), and from which task the link came (`dag`, `dag_run`, `task`,
`map_index`).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from importlib.resources import files
from urllib.parse import quote, urlencode, urlsplit

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.sdk.configuration import conf
from fastapi import Depends, FastAPI, HTTPException, Response
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment

from nemovideo_nodes.airflow.hooks import NemoVideoHook, configured_store
from nemovideo_nodes.airflow.wording import AIRFLOW_WORDING
from nemovideo_nodes.errors import BadInput, NemoVideoError
from nemovideo_nodes.workspace import Workspace
from nemovideo_nodes.workspace.display import run_lines

__all__ = ["app"]

REFRESH_S = 10
"""How soon the page of an unfinished run reloads."""
_FILE = re.compile(r"video(?:-\d{1,4})?(?P<kind>\.mp4|-poster\.jpg|-sheet\.jpg)")
_STATUS = {"done": "finished", "waiting": "in progress", "stuck": "needs attention"}
_TYPES = {".mp4": "video/mp4", "-poster.jpg": "image/jpeg", "-sheet.jpg": "image/jpeg"}
_HEADERS = {
    # What the service or a user wrote is text here, and nothing of it may run.
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; "
    "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}


def _authorize(user: GetUserDep) -> None:
    allowed = get_auth_manager().is_authorized_dag(
        method="GET", access_entity=DagAccessEntity.RUN, user=user
    )
    if not allowed:
        raise HTTPException(403, "You may not read DAG runs")


app = FastAPI(
    title="NemoVideo runs",
    openapi_url=None,
    dependencies=[Depends(_authorize)],
)


@app.get("/runs/{run_id}", response_class=HTMLResponse)
async def run_page(
    run_id: str,
    conn: str = "",
    dag: str = "",
    dag_run: str = "",
    task: str = "",
    map_index: str = "",
) -> Response:
    """The run's status now."""
    origin = _origin(dag, dag_run, task, map_index)
    page = await asyncio.to_thread(_page, run_id, conn, origin)
    return HTMLResponse(page, headers=_HEADERS)


@app.get("/runs/{run_id}/{name}")
async def run_file(run_id: str, name: str, conn: str = "") -> Response:
    """A video of the run, its poster, or its contact sheet."""
    found = _FILE.fullmatch(name)
    if found is None:
        raise HTTPException(404, "A run has videos, posters and contact sheets")
    workspace = await asyncio.to_thread(_workspace, conn)
    file = f"runs/{_known(workspace, run_id)}/{name}"
    kind = _TYPES[found["kind"]]
    if workspace.store.root is not None:
        path = workspace.store.root / file
        if await asyncio.to_thread(path.is_file):
            return FileResponse(path, media_type=kind, headers=_HEADERS)
    elif (data := await asyncio.to_thread(workspace.store.read, file)) is not None:
        return Response(data, media_type=kind, headers=_HEADERS)
    raise HTTPException(404, f"Run {run_id} has no {name}")


def _workspace(conn: str) -> Workspace:
    """The runs in the connection's store; in `[nemovideo] store` if it cannot be seen here."""
    try:
        if conn:
            with contextlib.suppress(BadInput):
                return NemoVideoHook(conn).workspace()
        return Workspace.open(configured_store())
    except NemoVideoError as error:
        raise HTTPException(503, error.told(AIRFLOW_WORDING)) from None


def _origin(dag: str, dag_run: str, task: str, map_index: str) -> list[tuple[str, str]]:
    """What the link came from, each with its address in Airflow's UI; links stay on this server."""
    if not (dag and dag_run and task):
        return []
    base = urlsplit(str(conf.get("api", "base_url", fallback="") or "")).path.rstrip("/")
    of_dag = f"{base}/dags/{quote(dag, safe='')}"
    of_run = f"{of_dag}/runs/{quote(dag_run, safe='')}"
    of_task = f"{of_run}/tasks/{quote(task, safe='')}"
    name = task
    if map_index.isdigit():
        of_task, name = f"{of_task}/mapped/{map_index}", f"{task} [{map_index}]"
    return [(dag, of_dag), (dag_run, of_run), (name, of_task)]


def _known(workspace: Workspace, run_id: str) -> str:
    try:
        return workspace.load(run_id).id
    except BadInput:
        raise HTTPException(
            404,
            "There is no such run in the store that this server sees: set [nemovideo] store to "
            "the one that the tasks use",
        ) from None


def _page(run_id: str, conn: str, origin: list[tuple[str, str]]) -> str:
    workspace = _workspace(conn)
    run = workspace.load(_known(workspace, run_id))
    result = workspace.result_of(run)
    template = files("nemovideo_nodes.airflow").joinpath("run.html.jinja").read_text("utf-8")
    videos = [
        ("video" if number == 1 else f"video-{number}", video)
        for number, video in enumerate(result.videos, 1)
    ]
    return (
        Environment(autoescape=True)
        .from_string(template)
        .render(
            result=result,
            videos=videos,
            error=result.told(AIRFLOW_WORDING),
            status=_STATUS[result.status],
            origin=origin,
            query=f"?{urlencode({'conn': conn})}" if conn else "",
            lines="\n".join(run_lines(run)),
            refresh_s=None if result.status == "done" else REFRESH_S,
        )
    )
