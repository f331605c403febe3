"""An environment that leads to the test's own emulator and store."""

from __future__ import annotations

import pytest
from stage import Stage


@pytest.fixture
def connected(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The environment leads to the stage's emulator and store, at a quick rhythm."""
    monkeypatch.setenv("NEMO_API_URL", stage.emulator.url)
    monkeypatch.setenv("NEMOVIDEO_STORE", stage.store_path)
    for name in ("POLL", "RECONCILE", "RATE_LIMIT"):
        monkeypatch.setenv(f"NEMOVIDEO_{name}_SECONDS", "0.02")
    return stage
