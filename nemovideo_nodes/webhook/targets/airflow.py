"""Airflow as a target: DAG runs, through Airflow's REST API."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import httpx

from nemovideo_nodes.webhook.config import AirflowTarget, Config
from nemovideo_nodes.webhook.following import Progress
from nemovideo_nodes.webhook.parameters import Parameters
from nemovideo_nodes.webhook.targets.over_http import HttpTarget, api_url, refusal
from nemovideo_nodes.webhook.targets.target import NotStarted, Started, TargetDown

__all__ = ["AirflowRuns"]


class AirflowRuns(HttpTarget):
    """Triggers DAG runs through Airflow's REST API; the run's id is the DAG run's id."""

    def __init__(self, target: AirflowTarget, config: Config) -> None:
        super().__init__(api_url(target.url))
        self._dag = quote(target.dag)
        self._token = config.secret(target.token, "the target") if target.token else ""
        self._fixed = bool(target.token)
        self._login = config.secret(target.login, "the target") if target.login else ""

    async def start(self, parameters: Parameters) -> Started:
        run = quote(parameters.run_id)
        body = {
            "dag_run_id": parameters.run_id,
            "logical_date": None,
            "conf": parameters.sent()
            | ({"traceparent": parameters.traceparent} if parameters.traceparent else {}),
        }
        path = f"api/v2/dags/{self._dag}/dagRuns"
        answer = await self._signed_in("POST", path, json=body)
        if answer.status_code == 409:
            # There is one of that name; or it is another conflict, and there is none.
            answer = await self._signed_in("GET", f"{path}/{run}")
            if answer.status_code == 404:
                raise NotStarted("Airflow reports a conflict, but has no such run")
        if answer.status_code == 404:
            raise TargetDown(f"Airflow has no DAG {self._dag}")
        if answer.status_code not in (200, 201):
            raise refusal("Airflow", answer)
        return Started(f"dags/{self._dag}/runs/{parameters.run_id}")

    async def look(self, names: Sequence[str]) -> Mapping[str, Progress]:
        """How DAG runs are, and where the videos of those are that are done."""
        return {name: await self._progress(name) for name in names}

    async def _progress(self, name: str) -> Progress:
        dag, _, run = name.removeprefix("dags/").partition("/runs/")
        path = f"api/v2/dags/{quote(dag)}/dagRuns/{quote(run)}"
        answer = await self._signed_in("GET", path)
        if answer.status_code == 404:
            return Progress("gone", reason="Airflow does not have the DAG run any more")
        if answer.status_code != 200:
            raise TargetDown(f"Airflow answers HTTP {answer.status_code}")
        value = answer.json()
        state = value.get("state") if isinstance(value, dict) else None
        if state == "success":
            return Progress("done", await self._video(path))
        failed = state == "failed"
        return Progress("failed", reason="the DAG run failed") if failed else Progress("running")

    async def _video(self, path: str) -> str:
        """The path that the DAG's task returned; empty where none did."""
        entries = f"{path}/taskInstances/~/xcomEntries"
        answer = await self._signed_in("GET", entries, params={"xcom_key": "return_value"})
        if answer.status_code != 200:
            return ""
        value = answer.json()
        listed = value.get("xcom_entries") if isinstance(value, dict) else None
        tasks = [one.get("task_id") for one in listed or [] if isinstance(one, dict)]
        for task in tasks[:10]:
            entry = f"{path}/taskInstances/{quote(str(task))}/xcomEntries/return_value"
            answer = await self._signed_in("GET", entry)
            if answer.status_code == 200 and (video := _video_in(answer)):
                return video
        return ""

    async def _signed_in(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = await self._with_token(method, path, **more)
        if answer.status_code == 401 and not self._fixed:
            self._token = ""  # it has run out
            answer = await self._with_token(method, path, **more)
        return answer

    async def _with_token(self, method: str, path: str, **more: Any) -> httpx.Response:
        self._token = self._token or await self._sign_in()
        headers = {"Authorization": f"Bearer {self._token}"}
        return await self._ask(method, path, headers=headers, **more)

    async def _sign_in(self) -> str:
        if self._login:
            user, _, password = self._login.partition(":")
            body = {"username": user, "password": password}
            answer = await self._ask("POST", "auth/token", json=body)
        else:
            answer = await self._ask("GET", "auth/token")
        value = answer.json() if answer.status_code in (200, 201) else {}
        if not value.get("access_token"):
            raise TargetDown(f"Airflow gives no token (HTTP {answer.status_code})")
        return str(value["access_token"])


def _video_in(answer: httpx.Response) -> str:
    """The path of the first video in what a task returned."""
    value = answer.json()
    returned = value.get("value") if isinstance(value, dict) else None
    if isinstance(returned, str):
        try:
            returned = json.loads(returned)
        except ValueError:
            return ""
    videos = returned.get("videos") if isinstance(returned, dict) else None
    first = videos[0] if isinstance(videos, list) and videos else None
    path = first.get("path") if isinstance(first, dict) else None
    return path if isinstance(path, str) else ""
