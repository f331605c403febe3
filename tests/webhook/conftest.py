"""Outboxes in both databases, configurations, and a stand-in for the orchestrators."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from orchestrator import Orchestrator
from postgres import is_installed, postgres

from nemovideo_nodes.webhook.config import Config
from nemovideo_nodes.webhook.outbox import Outbox

SECRET = "a-canary-of-the-shop"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL of the tests' own; whoever uses it empties it first."""
    if not is_installed():
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with postgres("webhooks") as address:
        yield f"postgresql+psycopg://{address}"


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
        options["url"] = request.getfixturevalue("postgres_url")
    with contextlib.closing(Outbox.open(configured(outbox=options))) as opened:
        opened.forget_everything()
        yield opened


@pytest.fixture
def orchestrator() -> Iterator[Orchestrator]:
    with Orchestrator() as there:
        yield there
