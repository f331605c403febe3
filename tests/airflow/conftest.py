"""An Airflow without a scheduler, whose connection leads to the emulator of the test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stage import Stage

_HERE = str(Path(__file__).parent)
_WARNINGS = ("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::ResourceWarning")
"""Of Airflow itself, while it is imported and run."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if str(item.path).startswith(_HERE):
            for warning in _WARNINGS:
                item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.fixture
def studio(stage: Stage, home: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The emulator behind the connection `nemovideo_default`, which is the stage's account."""
    (home / ".config").mkdir()
    (stage.folder / "config").mkdir()
    (home / ".config" / "nemovideo").symlink_to(stage.folder / "config")
    connection = {
        "conn_type": "nemovideo",
        "host": stage.emulator.url,
        "extra": {"store": stage.store_path, "client_id": stage.client_id},
    }
    environment = {
        "AIRFLOW_CONN_NEMOVIDEO_DEFAULT": json.dumps(connection),
        # How long a trigger lives at least depends on it.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "0",
        "NEMOVIDEO_POLL_SECONDS": "0.05",
        "NEMOVIDEO_RECONCILE_SECONDS": "0.05",
        "NEMOVIDEO_RATE_LIMIT_SECONDS": "0.05",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return stage
