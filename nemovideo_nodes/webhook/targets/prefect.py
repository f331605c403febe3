"""Prefect as a target: flow runs of a deployment, through Prefect's REST API."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import httpx

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.webhook.config import Config, PrefectTarget
from nemovideo_nodes.webhook.following import Progress
from nemovideo_nodes.webhook.parameters import Parameters
from nemovideo_nodes.webhook.targets.over_http import HttpTarget, api_url, objects_in, refusal
from nemovideo_nodes.webhook.targets.target import NotStarted, Started, TargetDown

__all__ = ["PrefectRuns"]

_PREFECT_NAME: Final = "flow-run/"
_PREFECT_ENDS: Final = ("FAILED", "CRASHED", "CANCELLED")
_TOGETHER: Final = 24
"""Flow runs in one request; Prefect itself takes a hundred."""
_NO_SUCH_ROUTE: Final = (404, 405)
_VIDEO: Final = re.compile(r"`([^`\n]{1,1000}\.mp4)`")
"""The video's path in the summary that the flow writes as an artifact."""


class PrefectRuns(HttpTarget):
    """Creates flow runs of a deployment through Prefect's REST API.

    Prefect keeps idempotency keys by flow, so the deployment's id is part of the key.
    """

    ahead = 6

    def __init__(self, target: PrefectTarget, config: Config) -> None:
        url = target.url or os.environ.get("PREFECT_API_URL") or "http://127.0.0.1:4200/api"
        headers = {}
        if target.token:
            token = config.secret(target.token, "the target")
            headers["Authorization"] = f"Bearer {token}"
        elif target.basic:
            login = config.secret(target.basic, "the target").encode()
            headers["Authorization"] = f"Basic {base64.b64encode(login).decode()}"
        super().__init__(api_url(url), headers)
        self.together = _TOGETHER
        if not all(target.deployment.partition("/")):
            raise BadInput(
                f"The target's deployment is given as FLOW/DEPLOYMENT, not {target.deployment!r}"
            )
        self._deployment = target.deployment
        self._deployment_id = ""

    async def start(self, parameters: Parameters) -> Started:
        deployment = self._deployment_id or await self._find()
        path = f"deployments/{deployment}/create_flow_run"
        answer = await self._ask("POST", path, json=_flow_run(deployment, parameters))
        if answer.status_code == 404:
            self._deployment_id = ""  # deleted and made anew: it has another id
        if answer.status_code not in (200, 201):
            raise refusal("Prefect", answer)
        return Started(f"{_PREFECT_NAME}{answer.json()['id']}")

    async def start_many(self, asked: Sequence[Parameters]) -> Sequence[Started | NotStarted]:
        """Create flow runs with one request, or one after the other where that is not possible.

        Prefect makes them within one transaction. Where one of them fails, the database may have
        taken back the others, too, whatever the answer says of them; so each is asked for anew.
        """
        names = await self._created_together(asked)
        if len(names) == len(asked):
            return [Started(f"{_PREFECT_NAME}{name}") for name in names]
        results: list[Started | NotStarted] = []
        for parameters in asked:
            try:
                results.append(await self.start(parameters))
            except NotStarted as error:
                results.append(error)
        return results

    async def _created_together(self, asked: Sequence[Parameters]) -> list[str]:
        """The ids of the flow runs; none where one of them may not be there."""
        deployment = self._deployment_id or await self._find()
        path = f"deployments/{deployment}/create_flow_run/bulk"
        try:
            answer = await self._ask("POST", path, json=[_flow_run(deployment, o) for o in asked])
        except TargetDown:
            return []  # or one of them is too much for it: the next request will tell
        if answer.status_code in _NO_SUCH_ROUTE:
            self.together = 1  # an older server; or the deployment is gone, and a start says so
        return _created(answer) if answer.status_code == 200 else []

    async def look(self, names: Sequence[str]) -> Mapping[str, Progress]:
        """How flow runs are, and where the videos of those are that are done."""
        ids = [name.removeprefix(_PREFECT_NAME) for name in names if _PREFECT_NAME in name]
        rows = await self._filtered("flow_runs", {"flow_runs": {"id": {"any_": ids}}})
        found = {f"{_PREFECT_NAME}{row.get('id')}": _prefect_progress(row) for row in rows}
        done = [name for name, one in found.items() if one.state == "done"]
        for name, video in (await self._videos(done)).items():
            found[name] = Progress("done", video)
        gone = Progress("gone", reason="Prefect does not have the flow run any more")
        return {name: found.get(name, gone) for name in names}

    async def _videos(self, names: Sequence[str]) -> dict[str, str]:
        if not names:
            return {}
        ids = [name.removeprefix(_PREFECT_NAME) for name in names]
        wanted = {"artifacts": {"flow_run_id": {"any_": ids}, "type": {"any_": ["markdown"]}}}
        found = {}
        for row in await self._filtered("artifacts", wanted):
            path = _VIDEO.search(str(row.get("data") or ""))
            if path:
                found[f"{_PREFECT_NAME}{row.get('flow_run_id')}"] = path[1]
        return found

    async def _filtered(self, what: str, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        answer = await self._ask("POST", f"{what}/filter", json={**wanted, "limit": 200})
        if answer.status_code != 200:
            raise TargetDown(f"Prefect answers HTTP {answer.status_code}")
        return objects_in(answer)

    async def _find(self) -> str:
        flow, _, name = self._deployment.partition("/")
        answer = await self._ask("GET", f"deployments/name/{quote(flow)}/{quote(name)}")
        if answer.status_code != 200:
            problem = "has no deployment" if answer.status_code == 404 else "does not show"
            raise TargetDown(f"Prefect {problem} {self._deployment} (HTTP {answer.status_code})")
        self._deployment_id = str(answer.json()["id"])
        self.together = _TOGETHER
        return self._deployment_id


def _flow_run(deployment: str, parameters: Parameters) -> dict[str, Any]:
    # Under this label Prefect itself keeps the trace that a flow run belongs to.
    labels = {"__OTEL_TRACEPARENT": parameters.traceparent} if parameters.traceparent else {}
    return {
        "parameters": parameters.sent(),
        "idempotency_key": f"{deployment}:{parameters.run_id}",
        "name": parameters.run_id,
        "tags": ["webhook"],
        **({"labels": labels} if labels else {}),
    }


def _created(answer: httpx.Response) -> list[str]:
    """The ids of the flow runs that an answer to many names; none where it is unsure of one."""
    value = answer.json()
    listed = value.get("results") if isinstance(value, dict) else None
    names = [
        one["flow_run_id"]
        for one in listed or ()
        if isinstance(one, dict) and one.get("status") == "CREATED" and one.get("flow_run_id")
    ]
    return [str(name) for name in names] if len(names) == len(listed or ()) else []


def _prefect_progress(row: dict[str, Any]) -> Progress:
    state = str(row.get("state_type"))
    if state == "COMPLETED":
        return Progress("done")
    if state in _PREFECT_ENDS:
        return Progress("failed", reason=f"the flow run is {str(row.get('state_name')).lower()}")
    return Progress("running")
