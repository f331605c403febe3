"""`NemoVideoHook`: an Airflow connection as an account at the service.

The connection is kept and found as the HTTP provider's hook does it, so one of type `http` serves
as well as one of type `nemovideo`. Every request goes through the core's own client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit, urlunsplit

from airflow.providers.common.compat.sdk import AirflowNotFoundException, mask_secret
from airflow.providers.http.hooks.http import HttpHook

from nemovideo_nodes.airflow.compat import amask_secret, connection_of, extra_of
from nemovideo_nodes.airflow.values import credits_of, is_true
from nemovideo_nodes.airflow.wording import AIRFLOW_WORDING
from nemovideo_nodes.emulator.local import ensure_local
from nemovideo_nodes.errors import BadInput, NemoVideoError, StoreError, TokenInvalid
from nemovideo_nodes.language.counting import amount
from nemovideo_nodes.workspace import Account, Workspace

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from nemovideo_nodes.api.client import NemoVideoClient
    from nemovideo_nodes.ledger.run_result import RunResult

__all__ = ["NemoVideoHook"]

EXTRAS = ("local", "store", "web_url", "client_id", "approval", "run_budget", "day_budget")
"""The fields of a connection's extra that are used; the HTTP hook sends all others as headers."""
_NO_TOKEN = "nmv_usr_connection-test"
"""Stands for a token where there is none: its refusal shows that the service answers."""


class NemoVideoHook(HttpHook):
    """An account at the service, by the id of an Airflow connection.

    Host, schema and port are the API's address (https unless the schema says http), the password
    is the token. Where there is no connection `nemovideo_default`, the environment decides.

    :param nemovideo_conn_id: the id of the connection
    """

    conn_name_attr = "nemovideo_conn_id"
    default_conn_name = "nemovideo_default"
    conn_type = "nemovideo"
    hook_name = "NemoVideo"

    def __init__(self, nemovideo_conn_id: str = default_conn_name) -> None:
        super().__init__(http_conn_id=nemovideo_conn_id, tcp_keep_alive=False)
        self.nemovideo_conn_id = nemovideo_conn_id

    def account(self) -> tuple[Account, str]:
        """The account, and the store that the connection names (or an empty text)."""
        try:
            connection = self.get_connection(self.nemovideo_conn_id)
        except AirflowNotFoundException:
            return self._without()
        account, store = self._read(connection, connection.extra_dejson)
        for secret in _secrets(account):
            mask_secret(secret)
        return account, store

    async def aaccount(self) -> tuple[Account, str]:
        """`account`, in an event loop: Airflow's synchronous calls would stall it."""
        try:
            connection = await connection_of(self.nemovideo_conn_id)
        except AirflowNotFoundException:
            return self._without()
        account, store = self._read(connection, await extra_of(connection))
        for secret in _secrets(account):
            await amask_secret(secret)
        return account, store

    def workspace(self, store: str = "", poll_interval: float | None = None) -> Workspace:
        """The runs in `store`, else in the connection's, else in that of `[nemovideo] store`.

        `poll_interval` is the time between two looks at a render in seconds; None: the service's
        own schedule.
        """
        return _opened(*self.account(), store, poll_interval)

    async def aworkspace(self, store: str = "", poll_interval: float | None = None) -> Workspace:
        """`workspace`, in an event loop."""
        account, named = await self.aaccount()
        return await asyncio.to_thread(_opened, account, named, store, poll_interval)

    def result(self, run_id: str, store: str = "") -> RunResult:
        """How a run stands, from its journal alone; raises `BadInput` for an unknown run."""
        return self.workspace(store).result(run_id)

    def make(
        self,
        images: Sequence[str] = (),
        prompt: str | Sequence[str] = "",
        *,
        store: str = "",
        profile: str = "",
        platform: str = "",
        aspect: str = "",
        language: str = "",
        run_id: str = "",
        deduplication_key: str = "",
    ) -> RunResult:
        """Make a video and wait for it, as in a `@task`; the operators wait without a worker.

        The same request with the same key is the same run: called again it is resumed, and nothing
        is paid for twice. So a task that makes a new video in each DAG run gives a key of its own,
        for example `context["run_id"]`. Raises `RunStopped` where the run is not finished.
        """
        from nemovideo_nodes.profiles import DEFAULT_PROFILE
        from nemovideo_nodes.workspace import VideoOptions

        workspace = self.workspace(store)
        options = VideoOptions(
            media=list(images),
            prompts=[prompt] if isinstance(prompt, str) and prompt else list(prompt),
            profile=profile or DEFAULT_PROFILE,
            platform=platform,
            aspect=aspect,
            language=language,
            run_id=run_id,
            keep_existing=bool(run_id),
            deduplication_key=deduplication_key,
        )
        submitted = asyncio.run(workspace.submit(options))
        return self.resume(submitted, store)

    def resume(self, run_id: str, store: str = "") -> RunResult:
        """Resume a run that was started anywhere, and wait for it; what is done is not repeated.

        Raises `BadInput` for an unknown run, `RunStopped` where it is not finished.
        """
        from nemovideo_nodes.workspace import require_done

        workspace = self.workspace(store)
        known = workspace.load(run_id).id
        return require_done(asyncio.run(workspace.resume(known)))

    def refine(self, run_id: str, changes: str | Sequence[str], *, store: str = "") -> RunResult:
        """Send changes in the session of a finished run, and export its video after each."""
        texts = [changes] if isinstance(changes, str) else list(changes)
        asyncio.run(self.workspace(store).refine(run_id, texts))
        return self.resume(run_id, store)

    def credits(self) -> float | None:
        """The account's balance; None where the service does not say. Raises its errors."""
        return asyncio.run(self.workspace().credits()).available

    def get_conn(  # type: ignore[override]  # no session of requests: nothing is sent through it
        self, *_: object, **__: object
    ) -> NemoVideoClient:
        """The core's client for this account; use it in an `async with`."""
        from nemovideo_nodes.api.client import NemoVideoClient

        return NemoVideoClient(settings=self.workspace().account_settings())

    def run(self, *_: object, **__: object) -> NoReturn:
        """Nothing is sent through the HTTP provider: it repeats what must not be repeated."""
        raise BadInput("NemoVideoHook sends no raw requests: use get_conn(), or an operator")

    def test_connection(self) -> tuple[bool, str]:
        """Ask for the balance, which costs nothing; without a token none is acquired."""
        try:
            return True, asyncio.run(self._ask())
        except NemoVideoError as error:
            return False, error.message(AIRFLOW_WORDING)

    async def _ask(self) -> str:
        from nemovideo_nodes.api.client import NemoVideoClient

        workspace = await asyncio.to_thread(self.workspace)
        settings = await asyncio.to_thread(workspace.account_settings)
        given = settings.token
        async with NemoVideoClient(settings=settings, token=given or _NO_TOKEN) as client:
            try:
                credits = (await client.credits()).available
            except TokenInvalid:
                if given:
                    raise
                return "The service answers; an anonymous account is made at the first use"
        return (
            f"The token is good: {amount(credits)} credits"
            if credits is not None
            else "The token is good"
        )

    def _without(self) -> tuple[Account, str]:
        if self.nemovideo_conn_id != self.default_conn_name:
            raise BadInput(
                f"There is no connection {self.nemovideo_conn_id!r}: add it under Admin, "
                "Connections, or name another one with `nemovideo_conn_id`"
            )
        return Account(), ""

    def _read(self, connection: Connection, extra: Mapping[str, Any]) -> tuple[Account, str]:
        if unknown := sorted(set(extra) - set(EXTRAS)):
            self.log.warning(
                "The connection's extra has fields that NemoVideo does not use: %s",
                ", ".join(unknown),
            )
        account = Account(
            api_url=api_url_of(connection),
            web_url=str(extra.get("web_url") or ""),
            token=connection.password or "",
            token_source=f"the password of the connection {self.nemovideo_conn_id!r}",
            client_id=str(extra.get("client_id") or ""),
            run_budget=_credits(extra, "run_budget"),
            day_budget=_credits(extra, "day_budget"),
            local=is_true(extra.get("local")),
            approval=str(extra.get("approval") or ""),
        )
        return account, str(extra.get("store") or "")


def _opened(account: Account, named: str, store: str, poll_interval: float | None) -> Workspace:
    where = store or named or configured_store()
    try:
        workspace = Workspace.open(where, account, start_local=ensure_local)
    except BadInput as error:
        if not isinstance(reason := error.__context__, OSError):
            raise
        # A mount that is away for a while: worth another try.
        raise StoreError(
            f"The store {where or '[nemovideo] store'} cannot be written to now "
            f"({reason.strerror or reason})"
        ) from None
    if poll_interval is None:
        return workspace
    pace = workspace.settings.pace.model_copy(update={"poll_s": poll_interval})
    settings = workspace.settings.model_copy(update={"pace": pace})
    return replace(workspace, settings=settings)


def _secrets(account: Account) -> list[str]:
    return [secret for secret in (account.token, account.client_id) if secret]


def api_url_of(connection: Connection) -> str:
    """The API's address that a connection names; empty where it names no host.

    Raises `BadInput`. The HTTP hook would take http for a bare host, and put a port behind a path.
    """
    host = (connection.host or "").strip()
    if not host:
        return ""
    url = host if "://" in host else f"{connection.schema or 'https'}://{host}"
    if not connection.port:
        return url
    try:
        parts = urlsplit(url)
        known = parts.port
    except ValueError:
        raise BadInput("The host of the connection is not a valid host") from None
    if known not in (None, connection.port):
        raise BadInput(f"The connection names two ports, {known} and {connection.port}")
    netloc = parts.netloc if known else f"{parts.netloc}:{connection.port}"
    return urlunsplit(parts._replace(netloc=netloc))


def _credits(extra: Mapping[str, Any], name: str) -> float | None:
    """A budget in a connection's extra; raises `BadInput`."""
    value = extra.get(name)
    return None if value in (None, "") else credits_of(value, f"{name} in the connection's extra")


def configured_store() -> str:
    """`[nemovideo] store` of Airflow's configuration, or an empty text."""
    from airflow.providers.common.compat.sdk import conf

    return str(conf.get("nemovideo", "store", fallback="") or "")
