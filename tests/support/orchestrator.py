"""A stand-in for the REST APIs of Prefect and Airflow on loopback, which counts what it is told.

Like the real ones it makes one run of a key, however often it is asked for it.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

__all__ = ["Orchestrator", "video_of"]

DEPLOYMENT = "11111111-2222-3333-4444-555555555555"


class Orchestrator:
    """`with Orchestrator() as there: there.url`; between `stop` and `start` nothing listens."""

    def __init__(self) -> None:
        self.runs: dict[str, dict[str, Any]] = {}
        """The parameters of each run that there is, by its id."""
        self.labels: dict[str, dict[str, str]] = {}
        """The labels of each flow run that has some."""
        self.asked: Counter[str] = Counter()
        """How often each run was asked for."""
        self.order: list[str] = []
        self.answers: list[tuple[int, Any]] = []
        """What is answered next, in the place of the truth."""
        self.headers: list[dict[str, str]] = []
        self.token = "a-token-of-airflow"
        self.url = ""
        self.takes_many = True
        """Whether many flow runs can be asked for with one request."""
        self.states: dict[str, str] = {}
        """How a run is, by its id, as Prefect says it; `COMPLETED` has a video."""
        self._port = 0
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", self._port))
        sock.listen(256)
        self._port = sock.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        config = uvicorn.Config(
            self._app(), log_config=None, access_log=False, lifespan="off", ws="none"
        )
        self._server = uvicorn.Server(config)

        def serve() -> None:
            assert self._server is not None
            asyncio.run(self._server.serve(sockets=[sock]))

        self._thread = threading.Thread(target=serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = self._server.force_exit = True
            self._thread.join()
            self._server = None

    def _app(self) -> Starlette:
        prefect, airflow = "/api/deployments", "/api/v2/dags/{dag}/dagRuns"
        tasks = f"{airflow}/{{run}}/taskInstances"
        return Starlette(
            routes=[
                Route(f"{prefect}/name/{{flow}}/{{name}}", self._deployment),
                Route(f"{prefect}/{{id}}/create_flow_run", self._flow_run, methods=["POST"]),
                Route(f"{prefect}/{{id}}/create_flow_run/bulk", self._bulk, methods=["POST"]),
                Route("/auth/token", self._sign_in, methods=["GET", "POST"]),
                Route(airflow, self._dag_run, methods=["POST"]),
                Route(f"{airflow}/{{run}}", self._known),
                Route(f"{tasks}/~/xcomEntries", self._entries),
                Route(f"{tasks}/video/xcomEntries/return_value", self._entry),
                Route("/api/flow_runs/filter", self._flow_runs, methods=["POST"]),
                Route("/api/artifacts/filter", self._artifacts, methods=["POST"]),
            ]
        )

    def _noted(self, request: Request) -> JSONResponse | None:
        self.headers.append(dict(request.headers))
        if self.answers:
            status, value = self.answers.pop(0)
            return JSONResponse(value, status)
        return None

    async def _deployment(self, request: Request) -> JSONResponse:
        if request.path_params["name"] != "video-from-webhook":
            return JSONResponse({"detail": "Deployment not found"}, 404)
        return JSONResponse({"id": DEPLOYMENT})

    async def _flow_run(self, request: Request) -> JSONResponse:
        value = await _json(request)
        if (other := self._noted(request)) is not None:
            return other
        deployment, _, key = value["idempotency_key"].partition(":")
        assert deployment == request.path_params["id"] == DEPLOYMENT
        if "labels" in value:
            self.labels[key] = value["labels"]
        return JSONResponse(
            {"id": f"flow-{key}"}, 201 if self._new(key, value["parameters"]) else 200
        )

    async def _bulk(self, request: Request) -> JSONResponse:
        listed = await _json(request)
        if not self.takes_many:
            return JSONResponse({"detail": "Not Found"}, 404)
        if (other := self._noted(request)) is not None:
            return other
        results = []
        for value in listed:
            deployment, _, key = value["idempotency_key"].partition(":")
            assert deployment == request.path_params["id"] == DEPLOYMENT
            self._new(key, value["parameters"])
            results.append({"flow_run_id": f"flow-{key}", "status": "CREATED", "error": None})
        return JSONResponse({"results": results})

    async def _sign_in(self, request: Request) -> JSONResponse:
        return JSONResponse({"access_token": self.token}, 201)

    async def _dag_run(self, request: Request) -> JSONResponse:
        value = await _json(request)
        if (other := self._noted(request)) is not None:
            return other
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return JSONResponse({"detail": "Invalid token"}, 401)
        if request.path_params["dag"] != "video_from_webhook":
            return JSONResponse({"detail": "no such DAG"}, 404)
        assert value["logical_date"] is None
        if not self._new(value["dag_run_id"], value["conf"]):
            return JSONResponse({"detail": "it exists"}, 409)
        return JSONResponse({"dag_run_id": value["dag_run_id"]})

    async def _known(self, request: Request) -> JSONResponse:
        run = request.path_params["run"]
        state = {"COMPLETED": "success", "FAILED": "failed"}.get(
            self.states.get(run, ""), "running"
        )
        known = run in self.runs
        return JSONResponse({"dag_run_id": run, "state": state}, 200 if known else 404)

    async def _entries(self, request: Request) -> JSONResponse:
        return JSONResponse({"xcom_entries": [{"task_id": "video", "key": "return_value"}]})

    async def _entry(self, request: Request) -> JSONResponse:
        path = video_of(request.path_params["run"])
        return JSONResponse({"value": {"videos": [{"path": path}]}})

    async def _flow_runs(self, request: Request) -> JSONResponse:
        wanted = (await _json(request))["flow_runs"]["id"]["any_"]
        return JSONResponse(
            [
                {"id": name, "state_type": state, "state_name": state.capitalize()}
                for name in wanted
                if (run := name.removeprefix("flow-")) in self.runs
                and (state := self.states.get(run, "RUNNING"))
            ]
        )

    async def _artifacts(self, request: Request) -> JSONResponse:
        wanted = (await _json(request))["artifacts"]["flow_run_id"]["any_"]
        return JSONResponse(
            [
                {"flow_run_id": name, "data": f"| x | `{video_of(name.removeprefix('flow-'))}` |"}
                for name in wanted
            ]
        )

    def _new(self, key: str, parameters: dict[str, Any]) -> bool:
        self.asked[key] += 1
        if key in self.runs:
            return False
        self.runs[key] = parameters
        self.order.append(key)
        return True


def video_of(run: str) -> str:
    """Where the video of a run is."""
    return f"/videos/{run}/video.mp4"


async def _json(request: Request) -> Any:
    try:
        return await request.json()
    except ClientDisconnect:  # it was stopped, or killed
        raise HTTPException(400) from None
