"""Where runs are started: a Prefect deployment, an Airflow DAG, or this process.

Each is started under an idempotency key that is the run's id, so that a start whose answer was
lost is repeated without harm.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Literal, Protocol, Self
from urllib.parse import quote

import httpx

from nemovideo_nodes.api.transport import async_client
from nemovideo_nodes.errors import ErrorCode, NemoVideoError, StoreError, is_retryable
from nemovideo_nodes.settings import checked_url
from nemovideo_nodes.webhook.config import AirflowTarget, Config, InProcessTarget, PrefectTarget
from nemovideo_nodes.webhook.following import Progress
from nemovideo_nodes.webhook.mapping import Parameters
from nemovideo_nodes.webhook.wording import WEBHOOK_WORDING

__all__ = ["NotStarted", "Started", "TargetDown", "TargetRuns", "open_target"]

_LIMITS = httpx.Timeout(30.0, connect=10.0)
_CLIENTS: Final = 8
"""Each with a connection of its own: a pool looks through all of its connections at each request,
which takes as long as the request itself."""
_MOST_URLS: Final = 100
_STOPPING_S: Final = 10.0
"""How long a run in this process may take to stop in order."""
_PREFECT_NAME: Final = "flow-run/"
_PREFECT_ENDS: Final = ("FAILED", "CRASHED", "CANCELLED")
_VIDEO: Final = re.compile(r"`([^`\n]{1,1000}\.mp4)`")
"""The video's path in the summary that the flow writes as an artifact."""


@dataclass(frozen=True)
class Started:
    """A run that is in the target's hands, or done; `name` is what the target calls it."""

    name: str
    state: Literal["started", "done"] = "started"


class NotStarted(Exception):
    """The target refused the run; `for_good`: it always would; `held`: until a person has acted."""

    def __init__(self, why: str, *, for_good: bool = False, held: bool = False) -> None:
        super().__init__(why)
        self.for_good = for_good
        self.held = held


class TargetDown(Exception):
    """The target as a whole does not answer, whatever it is asked."""


class TargetRuns(Protocol):
    """Starts runs; used as an async context manager."""

    ahead: int
    """For how many starts each that is under way may have jobs at hand, to save transactions."""

    async def start(self, parameters: Parameters) -> Started:
        """Start the run once; raises `NotStarted` and `TargetDown`."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class _OverHttp:
    """A client for a target's API, and how its answers are read."""

    ahead = 3

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        self._idle = [
            async_client(
                url,
                timeout=_LIMITS,
                proxies=False,
                limits=httpx.Limits(max_connections=4, keepalive_expiry=60.0),
            )
            for _ in range(_CLIENTS)
        ]
        self._clients = tuple(self._idle)
        self._base_url = url
        self._headers = {"Accept": "application/json", **(headers or {})}
        self._urls: dict[str, httpx.URL] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for http in self._clients:
            await http.aclose()

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
    ) -> httpx.Response:
        # Made without the client's merging of URLs, headers and cookies: that is a sixth of what
        # a request costs, and all of it is the same each time.
        request = httpx.Request(
            method,
            self._url(path),
            json=json,
            headers={**self._headers, **(headers or {})},
            params=params,
            extensions={"timeout": _LIMITS.as_dict()},
        )
        # The last one that was used: its connection is open. More at once share the first.
        http = self._idle.pop() if self._idle else self._clients[0]
        try:
            answer = await http.send(request)
        except httpx.HTTPError as error:
            raise TargetDown(f"it does not answer ({type(error).__name__})") from None
        finally:
            if http not in self._idle:
                self._idle.append(http)
        if answer.status_code >= 500 or answer.status_code == 429:
            raise TargetDown(f"it answers HTTP {answer.status_code}")
        return answer

    def _url(self, path: str) -> httpx.URL:
        known = self._urls.get(path)
        if known is None:
            known = httpx.URL(self._base_url + path)
            if len(self._urls) < _MOST_URLS:
                self._urls[path] = known
        return known


class PrefectRuns(_OverHttp):
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
        super().__init__(_api_url(url), headers)
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
            raise _refusal("Prefect", answer)
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
        return _objects(answer)

    async def _find(self) -> str:
        flow, _, name = self._deployment.partition("/")
        answer = await self._ask("GET", f"deployments/name/{quote(flow)}/{quote(name)}")
        if answer.status_code != 200:
            problem = "has no deployment" if answer.status_code == 404 else "does not show"
            raise TargetDown(f"Prefect {problem} {self._deployment} (HTTP {answer.status_code})")
        self._deployment_id = str(answer.json()["id"])
        return self._deployment_id


class AirflowRuns(_OverHttp):
    """Triggers DAG runs through Airflow's REST API; the run's id is the DAG run's id."""

    def __init__(self, target: AirflowTarget, config: Config) -> None:
        super().__init__(_api_url(target.url))
        self._dag = quote(target.dag)
        self._token = config.secret(target.token, "the target") if target.token else ""
        self._fixed = bool(target.token)
        self._login = config.secret(target.login, "the target") if target.login else ""

    async def start(self, parameters: Parameters) -> Started:
        run = quote(parameters.run_id)
        body = {
            "dag_run_id": parameters.run_id,
            "logical_date": None,
            "conf": parameters.model_dump(mode="json"),
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
            raise _refusal("Airflow", answer)
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


class InProcessRuns:
    """Makes the video in this process; it goes on where it was when it is asked for again."""

    ahead = 1  # what waits here, another dispatcher could make

    def __init__(self, target: InProcessTarget, config: Config) -> None:
        self._target = target

    async def start(self, parameters: Parameters) -> Started:
        # A loop and a thread of its own: what it does between two awaits would keep others
        # waiting, and threads that are shared would be taken by the runs for minutes.
        outer = asyncio.get_running_loop()
        ended: asyncio.Future[Started] = outer.create_future()
        inner: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Started]]] = []

        async def work() -> Started:
            task = asyncio.create_task(self._make(parameters))
            inner.append((asyncio.get_running_loop(), task))
            return await task

        def run() -> None:
            try:
                result = asyncio.run(work())
            except BaseException as error:
                _tell(outer, ended, error)
            else:
                _tell(outer, ended, result)

        name = f"run-{parameters.run_id}"
        threading.Thread(target=run, name=name, daemon=True).start()
        try:
            return await asyncio.shield(ended)
        except asyncio.CancelledError:
            for loop, task in inner:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(task.cancel)
            await asyncio.wait([ended], timeout=_STOPPING_S)
            raise

    async def _make(self, parameters: Parameters) -> Started:
        from nemovideo_nodes.emulator.local import ensure_local
        from nemovideo_nodes.workspace import Account, VideoOptions, Workspace

        try:
            workspace = Workspace.open(
                self._target.store, Account(local=self._target.local), start_local=ensure_local
            )
            run = await workspace.submit(
                VideoOptions(
                    media=parameters.images,
                    prompts=[parameters.prompt] if parameters.prompt else [],
                    profile=parameters.profile,
                    language=parameters.language,
                    run_id=parameters.run_id,
                    keep_existing=True,
                    web_only=True,
                    media_hosts=parameters.media_hosts,
                )
            )
            result = await workspace.advance(run)
        except StoreError as error:
            raise TargetDown(error.told(WEBHOOK_WORDING)) from None
        except NemoVideoError as error:
            sentence = error.told(WEBHOOK_WORDING)
            held = error.code is ErrorCode.QUESTION
            raise NotStarted(sentence, for_good=not is_retryable(error), held=held) from None
        return Started(result.videos[0].path if result.videos else run, "done")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


def _tell(
    loop: asyncio.AbstractEventLoop, ended: asyncio.Future[Started], what: Started | BaseException
) -> None:
    """Hand the end of a run's thread over to the dispatcher's loop, if it still goes on."""

    def tell() -> None:
        if ended.done():
            return
        if isinstance(what, Started):
            ended.set_result(what)
        elif isinstance(what, Exception):
            ended.set_exception(what)
        else:
            ended.cancel()

    if not loop.is_closed():
        loop.call_soon_threadsafe(tell)


def open_target(config: Config) -> TargetRuns:
    """The target of a configuration, its secrets read; raises `BadInput`."""
    match config.target:
        case PrefectTarget() as target:
            return PrefectRuns(target, config)
        case AirflowTarget() as target:
            return AirflowRuns(target, config)
        case target:
            return InProcessRuns(target, config)


def _api_url(url: str) -> str:
    # Within one's own network orchestrators speak http.
    return checked_url(url, "The URL of the target", allow_http=True) + "/"


def _objects(answer: httpx.Response) -> list[dict[str, Any]]:
    value = answer.json()
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _prefect_progress(row: dict[str, Any]) -> Progress:
    state = str(row.get("state_type"))
    if state == "COMPLETED":
        return Progress("done")
    if state in _PREFECT_ENDS:
        return Progress("failed", reason=f"the flow run is {str(row.get('state_name')).lower()}")
    return Progress("running")


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


def _refusal(who: str, answer: httpx.Response) -> NotStarted:
    """What the target says to a run that it does not take; its words may hold the parameters."""
    later = answer.status_code in (401, 403, 404, 408, 409, 425)
    try:
        value = answer.json()
        detail = value.get("detail") if isinstance(value, dict) else None
    except ValueError:
        detail = None
    reason = f": {detail}"[:300] if isinstance(detail, str) else ""
    return NotStarted(f"{who} answers HTTP {answer.status_code}{reason}", for_good=not later)
