"""Prefect as a target: flow runs of a deployment, through Prefect's REST API."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from nemovideo_nodes.webhook.config import Config, PrefectTarget
from nemovideo_nodes.webhook.following import Progress
from nemovideo_nodes.webhook.mapping import Parameters
from nemovideo_nodes.webhook.targets.over_http import HttpTarget, api_url, objects_in, refusal
from nemovideo_nodes.webhook.targets.target import Started, TargetDown

__all__ = ["PrefectRuns"]

_PREFECT_NAME: Final = "flow-run/"
_PREFECT_ENDS: Final = ("FAILED", "CRASHED", "CANCELLED")
_VIDEO: Final = re.compile(r"`([^`\n]{1,1000}\.mp4)`")
"""The video's path in the summary that the flow writes as an artifact."""


class PrefectRuns(HttpTarget):
    """Creates flow runs of a deployment through Prefect's REST API.

    Prefect keeps idempotency keys by flow, so the deployment's id is part of the key.
    """

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
        self._deployment = target.deployment
        self._deployment_id = ""

    async def start(self, parameters: Parameters) -> Started:
        deployment = self._deployment_id or await self._find()
        answer = await self._ask(
            "POST",
            f"deployments/{deployment}/create_flow_run",
            json={
                "parameters": parameters.model_dump(mode="json"),
                "idempotency_key": f"{deployment}:{parameters.run_id}",
                "name": parameters.run_id,
                "tags": ["webhook"],
            },
        )
        if answer.status_code == 404:
            self._deployment_id = ""  # deleted and made anew: it has another id
        if answer.status_code not in (200, 201):
            raise refusal("Prefect", answer)
        return Started(f"{_PREFECT_NAME}{answer.json()['id']}")

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
        return self._deployment_id


def _prefect_progress(row: dict[str, Any]) -> Progress:
    state = str(row.get("state_type"))
    if state == "COMPLETED":
        return Progress("done")
    if state in _PREFECT_ENDS:
        return Progress("failed", reason=f"the flow run is {str(row.get('state_name')).lower()}")
    return Progress("running")
