"""What every test stands on: a home of its own, a clean environment, and one bounded wait."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

_T = TypeVar("_T")


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, and nothing in the environment that steers this package."""
    for name in os.environ:
        steers = name.startswith("NEMO") and not name.startswith("NEMOVIDEO_REQUIRE_")
        if steers or name == "SKILL_SOURCE":
            monkeypatch.delenv(name)
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., object]:
    """Wait until a condition of another process holds; its value, or `TimeoutError`."""

    def wait(condition: Callable[[], _T], what: str, seconds: float = 30.0) -> _T:
        until = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > until:
                raise TimeoutError(f"{what} did not come about in {seconds:g} s")
            time.sleep(0.005)
        return value

    return wait
