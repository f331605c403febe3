"""The emulator as the service of flows that run in the test's own process, with store and token."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from PIL import Image

from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator

__all__ = ["Studio", "open_studio"]


@dataclass(frozen=True)
class Studio:
    """What a test of a flow has at hand."""

    emulator: RunningEmulator
    store: Path
    images: list[str]
    token: str

    def new_token(self) -> str:
        """Another token of the same account."""
        return _sign_in(self.emulator.url)

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


def _sign_in(url: str) -> str:
    """A token of the account of all tests."""
    answer = httpx.post(f"{url}/api/auth/anonymous-token", headers={"X-Client-Id": "canary"})
    token: str = answer.raise_for_status().json()["data"]["token"]
    return token


@contextlib.contextmanager
def open_studio(folder: Path, options: Options) -> Iterator[Studio]:
    """The emulator as the service of `NEMO_API_URL`, two pictures, and a token of `NEMO_TOKEN`."""
    images = []
    for name, colour in (("red.png", (200, 30, 30)), ("blue.png", (30, 30, 200))):
        Image.new("RGB", (320, 240), colour).save(folder / name)
        images.append(str(folder / name))
    with (
        RunningEmulator(folder / "world", options=options) as emulator,
        pytest.MonkeyPatch.context() as patch,
    ):
        token = _sign_in(emulator.url)
        for name, value in {
            "HOME": str(folder / "home"),
            "NEMO_API_URL": emulator.url,
            "NEMO_TOKEN": token,
            "NEMOVIDEO_STORE": str(folder / "store"),
            "NEMOVIDEO_POLL_SECONDS": "0.05",
            "NEMOVIDEO_RECONCILE_SECONDS": "0.02",
            "NEMOVIDEO_RATE_LIMIT_SECONDS": "0.05",
        }.items():
            patch.setenv(name, value)
        yield Studio(emulator, folder / "store", images, token)
