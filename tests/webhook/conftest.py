"""Outboxes in both databases, configurations, and a stand-in for the orchestrators."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from orchestrator import Orchestrator

from nemovideo_nodes.webhook.config import Config
from nemovideo_nodes.webhook.outbox import Outbox

SECRET = "a-canary-of-the-shop"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server of the tests' own, reached by a socket in a folder."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found or (os.getuid() == 0 and shutil.which("runuser") is None):
        pytest.skip("PostgreSQL is not installed on this machine")
    programs = found[-1].parent
    # As root it refuses to run; the folder's path must fit into a socket's name.
    user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    if user:
        shutil.chown(folder, "postgres")
    data = folder / "data"

    def run(program: str, *arguments: str) -> None:
        command = [*user, str(programs / program), "-D", str(data), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd="/")

    try:
        run("initdb", "-U", "webhook", "-A", "trust", "--no-sync")
        options = f"-k {folder} -c listen_addresses=''"
        run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql+psycopg://webhook@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def configured(tmp_path: Path) -> Callable[..., Config]:
    """A configuration with one shop; `target`, `outbox` and the source's keys can be given."""

    def make(
        target: dict[str, Any] | None = None, outbox: dict[str, Any] | None = None, **source: Any
    ) -> Config:
        shop = {"name": "shop", "system": "shopify", "secrets": [f"plain:{SECRET}"]}
        return Config.model_validate(
            {
                "target": target or {"kind": "here"},
                "outbox": outbox or {},
                "sources": {"shop": shop | {"debounce_s": 0} | source},
                "folder": tmp_path,
            }
        )

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def outbox(request: pytest.FixtureRequest, configured: Callable[..., Config]) -> Iterator[Outbox]:
    """An empty outbox, in each database."""
    options: dict[str, Any] = {}
    if request.param == "postgresql":
        options["url"] = request.getfixturevalue("postgres")
    with contextlib.closing(Outbox.open(configured(outbox=options))) as opened:
        opened.forget_everything()
        yield opened


@pytest.fixture
def orchestrator() -> Iterator[Orchestrator]:
    with Orchestrator() as there:
        yield there
