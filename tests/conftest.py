"""What every test stands on: an empty home, a clean environment, an emulator, a bounded wait."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from stage import Stage, make_pictures

from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator

pytest_plugins = ["nemovideo_nodes.testing", "bucket", "pages", "photo_site"]

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
def film(nemovideo_film: Path) -> Path:
    """What the emulators of the tests render, made once for each worker."""
    return nemovideo_film


@pytest.fixture
def options(nemovideo_options: Options) -> Options:
    """An emulator without pauses, whose renders take no time; a test may want another."""
    return nemovideo_options


@pytest.fixture
def stage(tmp_path: Path, options: Options) -> Iterator[Stage]:
    """An emulator of its own with an empty world, a store, and two pictures."""
    with RunningEmulator(tmp_path / "world", options=options) as emulator:
        yield Stage(emulator, tmp_path, make_pictures(tmp_path / "pictures"))


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., object]:
    """Wait until a condition of another process holds; its value, or `TimeoutError`."""

    def wait(condition: Callable[[], _T], what: str, seconds: float = 120.0) -> _T:
        until = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > until:
                raise TimeoutError(f"{what} did not come about in {seconds:g} s")
            time.sleep(0.005)
        return value

    return wait
