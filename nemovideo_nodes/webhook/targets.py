"""Where runs are started: a Prefect deployment, an Airflow DAG, or this process.

Each is started under an idempotency key that is the run's id, so that a start whose answer was
lost is repeated without harm.
"""

from __future__ import annotations

import asyncio
import base64
import os
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Protocol, Self
from urllib.parse import quote

import httpx

from nemovideo_nodes.errors import NemoVideoError, is_retryable
from nemovideo_nodes.settings import checked_url
from nemovideo_nodes.webhook.config import AirflowTarget, Config, HereTarget, PrefectTarget
from nemovideo_nodes.webhook.mapping import Parameters
from nemovideo_nodes.webhook.wording import WEBHOOK_WORDING

__all__ = ["NotStarted", "Started", "TargetDown", "TargetRuns", "open_target"]

_LIMITS = httpx.Timeout(30.0, connect=10.0)


@dataclass(frozen=True)
class Started:
    """A run that is in the target's hands, or done; `name` is what the target calls it."""

    name: str
    state: Literal["started", "done"] = "started"


class NotStarted(Exception):
    """The target refused the run; `for_good`: it always would."""

    def __init__(self, why: str, *, for_good: bool = False) -> None:
        super().__init__(why)
        self.for_good = for_good


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
        self._http = httpx.AsyncClient(
            base_url=url,
            headers=headers,
            timeout=_LIMITS,
            trust_env=False,
            limits=httpx.Limits(max_connections=20, keepalive_expiry=60.0),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            answer = await self._http.request(method, path, **more)
        except httpx.HTTPError as error:
            raise TargetDown(f"it does not answer ({type(error).__name__})") from None
        if answer.status_code >= 500 or answer.status_code == 429:
            raise TargetDown(f"it answers HTTP {answer.status_code}")
        return answer


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
        return Started(f"flow-run/{answer.json()['id']}")

    async def _find(self) -> str:
        flow, _, name = self._deployment.partition("/")
        answer = await self._ask("GET", f"deployments/name/{quote(flow)}/{quote(name)}")
        if answer.status_code != 200:
            told = "has no deployment" if answer.status_code == 404 else "refuses to tell of"
            raise TargetDown(f"Prefect {told} {self._deployment} (HTTP {answer.status_code})")
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
                raise NotStarted("Airflow speaks of a conflict, and has no such run")
        if answer.status_code == 404:
            raise TargetDown(f"Airflow has no DAG {self._dag}")
        if answer.status_code not in (200, 201):
            raise _refusal("Airflow", answer)
        return Started(f"dags/{self._dag}/runs/{parameters.run_id}")

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


class HereRuns:
    """Makes the video in this process; it goes on where it was when it is asked for again."""

    ahead = 1  # what waits here, another dispatcher could make

    def __init__(self, target: HereTarget, config: Config) -> None:
        self._target = target

    async def start(self, parameters: Parameters) -> Started:
        # A loop of its own: what it does between two awaits would keep others waiting.
        return await asyncio.to_thread(lambda: asyncio.run(self._make(parameters)))

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
        except NemoVideoError as error:
            sentence = error.told(WEBHOOK_WORDING)
            raise NotStarted(sentence, for_good=not is_retryable(error)) from None
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


def open_target(config: Config) -> TargetRuns:
    """The target of a configuration, its secrets read; raises `BadInput`."""
    match config.target:
        case PrefectTarget() as target:
            return PrefectRuns(target, config)
        case AirflowTarget() as target:
            return AirflowRuns(target, config)
        case target:
            return HereRuns(target, config)


def _api_url(url: str) -> str:
    # Within one's own network orchestrators speak http.
    return checked_url(url, "The URL of the target", allow_http=True) + "/"


def _refusal(who: str, answer: httpx.Response) -> NotStarted:
    """What the target says to a run that it does not take; its words may hold the parameters."""
    later = answer.status_code in (401, 403, 404, 408, 409, 425)
    try:
        value = answer.json()
        detail = value.get("detail") if isinstance(value, dict) else None
    except ValueError:
        detail = None
    told = f": {detail}"[:300] if isinstance(detail, str) else ""
    return NotStarted(f"{who} answers HTTP {answer.status_code}{told}", for_good=not later)
