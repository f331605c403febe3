"""`NemoVideoHook`: both types of connections, https by default, nothing sent unasked."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.http.hooks.http import HttpHook
from airflow.sdk import Connection
from airflow.sdk.log import redact  # type: ignore[attr-defined]
from moments import sign_in
from stage import Stage

from nemovideo_nodes.airflow.hooks import NemoVideoHook, api_url_of
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.settings import VENDOR_API

TOKEN = "nmv_usr_hook_canary_7f3a9b"


def use(monkeypatch: pytest.MonkeyPatch, **fields: Any) -> NemoVideoHook:
    fields = {"conn_type": "nemovideo", **fields}
    monkeypatch.setenv("AIRFLOW_CONN_NEMOVIDEO_DEFAULT", json.dumps(fields))
    return NemoVideoHook()


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({}, ""),
        ({"host": "api.example"}, "https://api.example"),
        ({"host": "api.example", "port": 8443}, "https://api.example:8443"),
        ({"host": "api.example/v1", "port": 8443}, "https://api.example:8443/v1"),
        ({"host": "https://api.example/v1", "port": 8443}, "https://api.example:8443/v1"),
        ({"host": "https://api.example:8443", "port": 8443}, "https://api.example:8443"),
        ({"host": "api.example", "schema": "http"}, "http://api.example"),
        ({"host": "http://127.0.0.1:8000"}, "http://127.0.0.1:8000"),
    ],
)
@pytest.mark.parametrize("kind", ["nemovideo", "http"])
def test_the_address_is_https_unless_it_says_http(
    kind: str, fields: dict[str, Any], url: str
) -> None:
    """And a port stands behind the host, whatever path follows."""
    assert api_url_of(Connection(conn_id="c", conn_type=kind, **fields)) == url


def test_two_ports_are_refused() -> None:
    """Rather than one of them guessed."""
    connection = Connection(conn_id="c", host="https://api.example:1", port=2)
    with pytest.raises(BadInput, match="two ports, 1 and 2"):
        api_url_of(connection)


@pytest.mark.parametrize("kind", ["nemovideo", "http"])
def test_a_connection_is_an_account(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """The password is the token; of the extra only what is known counts."""
    extra = {"store": "/data/store", "web_url": "https://web.example", "X-Api-Key": "secret-header"}
    hook = use(monkeypatch, conn_type=kind, host="api.example", password=TOKEN, extra=extra)
    account, store = hook.account()
    assert isinstance(hook, HttpHook)
    assert (account.api_url, account.token) == ("https://api.example", TOKEN)
    assert (account.web_url, store) == ("https://web.example", "/data/store")
    assert asyncio.run(hook.aaccount()) == (account, store)
    settings = hook.get_conn().settings
    assert (settings.api_url, settings.token) == ("https://api.example", TOKEN)
    assert "secret-header" not in settings.model_dump_json()


def test_a_connection_has_budgets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """They go before those of the environment; what is no number is told."""
    monkeypatch.setenv("NEMOVIDEO_DAY_BUDGET", "1000")
    extra: dict[str, object] = {"store": str(tmp_path), "run_budget": "150"}
    settings = use(monkeypatch, password=TOKEN, extra=extra).workspace().settings
    assert (settings.run_budget, settings.day_budget) == (150.0, 1000.0)
    extra["day_budget"] = 300
    assert use(monkeypatch, extra=extra).workspace().settings.day_budget == 300.0
    extra["day_budget"] = "lots"
    with pytest.raises(BadInput, match="day_budget in the connection's extra takes a number"):
        use(monkeypatch, extra=extra).account()


def test_the_environment_decides_where_there_is_no_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on the command line; but a connection that is named must be there."""
    monkeypatch.delenv("AIRFLOW_CONN_NEMOVIDEO_DEFAULT", raising=False)
    monkeypatch.setenv("NEMO_TOKEN", TOKEN)
    settings = NemoVideoHook().get_conn().settings
    assert (settings.api_url, settings.token) == (VENDOR_API, TOKEN)
    with pytest.raises(BadInput, match="There is no connection 'other'"):
        NemoVideoHook("other").account()


def test_a_token_of_the_environment_goes_to_no_other_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A connection that names an address brings its own token, or none."""
    monkeypatch.setenv("NEMO_TOKEN", TOKEN)
    assert use(monkeypatch, host="elsewhere.example").get_conn().settings.token is None


def test_secrets_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever Airflow writes a log from then on."""
    use(monkeypatch, password=TOKEN, extra={"client_id": "client-canary-5521"}).account()
    assert redact(f"{TOKEN} and client-canary-5521") == "*** and ***"


def test_testing_a_connection_costs_nothing(studio: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even an anonymous account; it says what is wrong in one sentence."""
    hook = use(monkeypatch, host=studio.emulator.url)
    good, told = hook.test_connection()
    assert (good, told) == (
        True,
        "The service answers; an anonymous account is made at the first use",
    )
    assert studio.emulator.counts().requests.get("token", 0) == 0
    good, told = use(monkeypatch, host=studio.emulator.url, password=TOKEN).test_connection()
    assert not good
    assert TOKEN not in told
    good, told = use(monkeypatch, host="http://127.0.0.1:9").test_connection()
    assert not good
    assert "http://127.0.0.1:9" in told or "reach" in told


def test_nothing_is_sent_through_the_http_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would repeat a message that costs money."""
    with pytest.raises(BadInput, match="sends no raw requests"):
        use(monkeypatch).run("/run_sse", data={})


@pytest.mark.parametrize("kind", ["nemovideo", "http"])
def test_a_connection_of_either_type_is_really_checked(
    monkeypatch: pytest.MonkeyPatch, stage: Stage, kind: str
) -> None:
    """The account is asked for its balance; a token that is not valid is told."""
    token = sign_in(stage.emulator)
    good = use(monkeypatch, conn_type=kind, host=stage.emulator.url, password=token)
    ok, told = good.test_connection()
    assert ok, told
    assert "The token is good" in told
    wrong = use(monkeypatch, conn_type=kind, host=stage.emulator.url, password=TOKEN)
    ok, told = wrong.test_connection()
    assert not ok
    assert "token" in told


def test_a_task_of_ones_own_makes_a_video(studio: Stage) -> None:
    """The same request is the same run; changes follow in its session; unknown runs are refused."""
    hook = NemoVideoHook()
    made = hook.make(studio.pictures, "A 2 second video", deduplication_key="monday")
    assert (made.status, studio.sent) == ("done", (1, 1, 2))
    assert hook.make(studio.pictures, "A 2 second video", deduplication_key="monday") == made
    assert studio.sent == (1, 1, 2)
    assert len(hook.refine(made.run_id, "make it square").videos) == 2
    assert studio.sent == (2, 2, 2)
    with pytest.raises(BadInput):
        hook.resume("unknown")
