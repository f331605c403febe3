"""pytest fixtures with which flows and DAGs are tested offline, against the emulator.

    pytest_plugins = ["nemovideo_nodes.testing"]

in the top `conftest.py` brings them in; they need the extra `emulator`. See docs/testing.md.

PYTEST_DONT_REWRITE: nothing is asserted here, and a conftest may import it before pytest does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from nemovideo_nodes.emulator.options import Options
    from nemovideo_nodes.emulator.serve import RunningEmulator
    from nemovideo_nodes.emulator.world.records import Counts

__all__ = [
    "copying_renderer",
    "make_film",
    "nemovideo_counts",
    "nemovideo_emulator",
    "nemovideo_faults",
    "nemovideo_film",
    "nemovideo_options",
    "nemovideo_pictures",
]

_COPY = (
    "import json,shutil,sys,time; time.sleep({seconds}); "
    "shutil.copyfile({film!r}, json.load(open(sys.argv[1]))['out'])"
)
_STEERING = ("NEMO_WEB_URL", "NEMO_CLIENT_ID", "SKILL_SOURCE")
# The documented rhythm is for a service that is far away and busy for minutes.
_RHYTHM = {
    "NEMOVIDEO_POLL_SECONDS": "0.05",
    "NEMOVIDEO_RECONCILE_SECONDS": "0.05",
    "NEMOVIDEO_RATE_LIMIT_SECONDS": "0.05",
}


def make_film(out: Path) -> Path:
    """One second of 96x160 with sound at `out`: a real MP4 that takes no time to make."""
    from nemovideo_nodes.render.movie import render
    from nemovideo_nodes.render.timeline import Music, Shot, Timeline

    shots = (Shot(None, 0, 500, "in", 0, "one"), Shot(None, 500, 500, "out", 0, "two"))
    render(Timeline(96, 160, 1_000, shots, music=(Music("calm", 0, 1_000),)), out)
    return out


def copying_renderer(film: Path, seconds: float = 0.0) -> tuple[str, ...]:
    """A renderer for `Options`: it gives `film` whatever the draft says, after `seconds`."""
    return (sys.executable, "-I", "-S", "-c", _COPY.format(film=str(film), seconds=seconds))


@pytest.fixture(scope="session")
def nemovideo_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The video that every fast render gives: one second of 96x160, with sound."""
    return make_film(tmp_path_factory.mktemp("nemovideo-film") / "film.mp4")


@pytest.fixture
def nemovideo_pictures(tmp_path: Path) -> list[str]:
    """The paths of two small pictures, one upright and one lying."""
    from PIL import Image

    folder = tmp_path / "nemovideo-pictures"
    folder.mkdir()
    paths = []
    for name, size, colour in (("red", (120, 160), "firebrick"), ("blue", (160, 120), "navy")):
        path = folder / f"{name}.png"
        Image.new("RGB", size, colour).save(path)
        paths.append(str(path))
    return paths


@pytest.fixture(scope="session")
def nemovideo_options(nemovideo_film: Path) -> Options:
    """How the emulator behaves: no pauses, and renders that take no time.

    Override it for another behaviour; `Options(pace=0, quick=True)` really renders, small.
    """
    from nemovideo_nodes.emulator.options import Options

    return Options(pace=0.0, quick=True, renderer=copying_renderer(nemovideo_film))


@pytest.fixture
def nemovideo_emulator(
    tmp_path: Path, nemovideo_options: Options, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunningEmulator]:
    """An emulator on loopback that the environment names as the service, with a store of its own.

    `NEMO_API_URL`, `NEMO_TOKEN` and `NEMOVIDEO_STORE` are set, and the waiting is short, so a flow,
    a DAG, the command line or a call of `nemovideo_nodes` finds it, in child processes too.
    """
    from nemovideo_nodes.emulator.serve import RunningEmulator

    with RunningEmulator(tmp_path / "nemovideo-world", options=nemovideo_options) as emulator:
        token, _ = emulator.world.issue_token("pytest", "127.0.0.1")
        service = {
            "NEMO_API_URL": emulator.url,
            "NEMO_TOKEN": token,
            "NEMOVIDEO_STORE": str(tmp_path / "nemovideo-store"),
        }
        for name in _STEERING:
            monkeypatch.delenv(name, raising=False)
        for name, value in (service | _RHYTHM).items():
            monkeypatch.setenv(name, value)
        yield emulator


@pytest.fixture
def nemovideo_faults(nemovideo_emulator: RunningEmulator) -> Callable[..., None]:
    """Sets faults of the emulator: `nemovideo_faults("run_sse:1:reset_after", ...)`.

    The form is `ENDPOINT:NTH:KIND[=ARG]`, as in docs/emulator.md; `BadInput` for another.
    """
    from nemovideo_nodes.emulator.faults import Fault

    def add(*specs: str) -> None:
        for fault in [Fault.parse(spec) for spec in specs]:
            nemovideo_emulator.faults.add(fault)

    return add


@pytest.fixture
def nemovideo_counts(nemovideo_emulator: RunningEmulator) -> Callable[[], Counts]:
    """Tells what the emulator has accepted so far: `nemovideo_counts().messages` and the like."""
    return nemovideo_emulator.counts
