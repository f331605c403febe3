"""Deliveries, configurations and outboxes of before are what they were; see tests/golden."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from freeze import RELEASES
from golden import GOLDEN, config_keys, delivery_ids, gone, names, rows, start_all
from orchestrator import Orchestrator
from payloads import SAMPLES
from sqlalchemy import create_engine, inspect

from nemovideo_nodes.cli import main

FOLDER = GOLDEN / "webhook"
LISTED: list[dict[str, Any]] = json.loads((FOLDER / "listed.json").read_text("utf-8"))
"""What `webhook list --json` said of it at that commit, without reasons."""
STATES = "new job known unchanged stale ignored refused waiting started done replaced dead"
CONFIG = """
[target]
kind = "prefect"
url = "{target}"

[outbox]
url = "{outbox}"
give_up_s = 1e9

[sources.shop]
system = "shopify"
secrets = ["env:SHOP_SECRET"]
debounce_s = 0
"""
Typed = Callable[..., Any]


@pytest.mark.parametrize("row", rows("webhook"), ids=lambda row: row["source"]["name"])
def test_a_delivery_asks_for_the_same_run(row: dict[str, Any]) -> None:
    """Of each system, by its own mapping and by that of a configuration."""
    assert delivery_ids(row["source"], SAMPLES[row["sample"]]) == row["ids"]


@pytest.mark.parametrize("name", ["prefect", "airflow", "here"])
def test_a_configuration_is_read(name: str) -> None:
    """All its keys mean what they meant; there are more than one target."""
    now = config_keys(FOLDER / f"{name}.toml")
    assert gone(names("webhook configuration")[name], now) == []


@pytest.fixture(params=["sqlite", "postgresql"])
def outbox(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a copy of the outbox of before, in each database."""
    if request.param == "sqlite":
        shutil.copy(FOLDER / "outbox.sqlite3", tmp_path / "outbox.sqlite3")
        return "sqlite:///outbox.sqlite3"
    url: str = request.getfixturevalue("postgres_url")
    own = f"golden_{abs(hash(tmp_path))}"
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as db:
        db.exec_driver_sql(f"CREATE DATABASE {own}")
    server.dispose()
    url = f"{url.rpartition('/')[0]}/{own}"
    engine = create_engine(url)
    with engine.begin() as db:
        raw: Any = db.connection.driver_connection
        raw.execute((FOLDER / "outbox.sql").read_text("utf-8"))
    engine.dispose()
    return url


@pytest.fixture
def config(outbox: str, tmp_path: Path, orchestrator: Orchestrator) -> Path:
    path = tmp_path / "webhooks.toml"
    path.write_text(CONFIG.format(target=f"{orchestrator.url}/api", outbox=outbox))
    return path


@pytest.fixture
def typed(config: Path) -> Typed:
    """Types a command, and reads its JSON."""

    def run(*arguments: str) -> Any:
        told = CliRunner().invoke(main, ["webhook", *arguments, "--config", str(config), "--json"])
        assert told.exit_code == 0, told.output
        return json.loads(told.stdout)

    return run


def test_all_of_an_outbox_is_found(typed: Typed) -> None:
    """Each delivery and its run, in each state, with its payload."""
    now = {row["id"]: row for row in typed("list")}
    assert len(now) == len(LISTED)
    for row in LISTED:
        assert gone(row, now[row["id"]]) == []
        shown = typed("show", str(row["id"]))
        assert shown["delivery"]["delivery_id"] == row["delivery_id"]
        assert "x-shopify-topic" in shown["delivery"]["headers"]
        if row["job"]:
            assert shown["job"]["parameters"]["run_id"] == row["run_id"]
            assert set(shown["job"]["parameters"]) >= {
                *("run_id", "images", "prompt", "profile", "language", "media_hosts")
            }
    for state in STATES.split():
        assert typed("list", "--state", state), state


async def test_what_waited_is_started_under_its_id(
    config: Path, typed: Typed, orchestrator: Orchestrator
) -> None:
    """And nothing else: neither what was started, nor what was replaced or given up."""
    waited = {row["run_id"] for row in LISTED if row["job"] == "waiting"}
    new = [row["id"] for row in LISTED if row["delivery"] == "new"]
    await start_all(config)
    now = {row["id"]: row for row in typed("list")}
    assert [now[number]["job"] for number in new] == ["started"] * len(new)
    assert set(orchestrator.runs) == waited | {now[number]["run_id"] for number in new}
    assert {now[row["id"]]["job"] for row in LISTED if row["job"] == "waiting"} == {"started"}
    kept = {row["id"]: row["job"] for row in LISTED if row["job"] not in ("waiting", None)}
    assert {number: now[number]["job"] for number in kept} == kept


def test_the_tables_keep_their_columns(outbox: str, typed: Typed, tmp_path: Path) -> None:
    """Somebody's report reads them, and an older receiver beside a newer one writes them."""
    typed("list")
    assert gone(names("webhook tables"), columns_of(outbox, tmp_path)) == []


def test_a_new_outbox_has_them_too(tmp_path: Path) -> None:
    """Made by the first command."""
    path = tmp_path / "webhooks.toml"
    path.write_text(CONFIG.format(target="http://127.0.0.1:9/api", outbox="sqlite:///new.sqlite3"))
    told = CliRunner().invoke(main, ["webhook", "list", "--config", str(path)])
    assert (told.exit_code, told.output) == (0, "")
    assert gone(names("webhook tables"), columns_of("sqlite:///new.sqlite3", tmp_path)) == []


def columns_of(url: str, folder: Path) -> dict[str, list[str]]:
    """The columns of each table; SQLite's file is in `folder`."""
    engine = create_engine(url.replace("sqlite:///", f"sqlite:///{folder}/"))
    seen = inspect(engine)
    found = {
        table: [str(column["name"]) for column in seen.get_columns(table)]
        for table in seen.get_table_names()
    }
    engine.dispose()
    return found


@pytest.mark.parametrize("release", sorted(RELEASES.iterdir()), ids=lambda path: path.name)
def test_the_outbox_of_a_release_is_read(release: Path, tmp_path: Path) -> None:
    """Each delivery and job is listed in the state that it had."""
    shutil.copy(release / "outbox.sqlite3", tmp_path / "outbox.sqlite3")
    path = tmp_path / "webhooks.toml"
    path.write_text(CONFIG.format(target="http://127.0.0.1:9", outbox="sqlite:///outbox.sqlite3"))
    told = CliRunner().invoke(main, ["webhook", "list", "--config", str(path), "--json"])
    now = {row["id"]: row for row in json.loads(told.stdout)}
    for row in json.loads((release / "listed.json").read_text("utf-8")):
        assert gone(row, now[row["id"]]) == []
