"""One Prefect server a session, and an emulator, a store and a home of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from PIL import Image
from prefect.settings import PREFECT_HOME, temporary_settings
from prefect.testing.utilities import prefect_test_harness

from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator


@dataclass(frozen=True)
class Studio:
    """What a test of a flow has at hand."""

    emulator: RunningEmulator
    store: Path
    images: list[str]
    token: str

    @property
    def sent(self) -> dict[str, int]:
        """What was accepted, by kind."""
        counts = self.emulator.counts()
        return {
            "messages": counts.messages,
            "renders": counts.renders,
            "uploads": counts.uploads,
            "sessions": counts.sessions,
        }


@pytest.fixture(scope="session")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Prefect server; its folder holds all that it writes."""
    home = tmp_path_factory.mktemp("prefect-home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DO_NOT_TRACK", "1")
        patch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
        patch.setenv("TMPDIR", str(home))
        patch.setattr("tempfile.tempdir", None)  # it was chosen before
        with (
            temporary_settings({PREFECT_HOME: home}),
            prefect_test_harness(server_startup_timeout=180),
        ):
            patch.undo()
            yield home


@pytest.fixture
def studio(
    prefect_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: Options
) -> Iterator[Studio]:
    """The emulator as the service of `NEMO_API_URL`, two pictures, and a token of `NEMO_TOKEN`."""
    images = []
    for name, colour in (("red.png", (200, 30, 30)), ("blue.png", (30, 30, 200))):
        Image.new("RGB", (320, 240), colour).save(tmp_path / name)
        images.append(str(tmp_path / name))
    with RunningEmulator(tmp_path / "world", options=options) as emulator:
        answer = httpx.post(
            f"{emulator.url}/api/auth/anonymous-token", headers={"X-Client-Id": "canary"}
        )
        token = answer.json()["data"]["token"]
        for name, value in {
            "HOME": str(tmp_path / "home"),
            "NEMO_API_URL": emulator.url,
            "NEMO_TOKEN": token,
            "NEMOVIDEO_STORE": str(tmp_path / "store"),
            "NEMOVIDEO_POLL_SECONDS": "0.05",
            "NEMOVIDEO_RECONCILE_SECONDS": "0.02",
            "NEMOVIDEO_RATE_LIMIT_SECONDS": "0.05",
        }.items():
            monkeypatch.setenv(name, value)
        yield Studio(emulator, tmp_path / "store", images, token)
