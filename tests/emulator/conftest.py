"""An emulator on loopback, and a caller that speaks to it as the plainest client would."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.settings import MediaAccess
from nemovideo_nodes.wire.turn import Turn, TurnReader

HEADERS = {"X-Skill-Source": "test", "X-Skill-Version": "1.0.0", "X-Skill-Platform": "unknown"}
STUB = """
import json, sys
job = json.load(open(sys.argv[1]))
open(job["out"], "wb").write(bytes(range(256)) * 40)
"""


class Caller:
    """One account's view of a running emulator."""

    def __init__(self, url: str, client_id: str = "client-1") -> None:
        self.http = httpx.Client(base_url=url, headers=HEADERS, timeout=60)
        self.client_id = client_id
        self.session_id = ""
        self.task_id = ""
        self._renders = itertools.count(1)

    def sign_in(self) -> Caller:
        answer = self.http.post(
            "/api/auth/anonymous-token", headers={"X-Client-Id": self.client_id}
        )
        self.http.headers["Authorization"] = f"Bearer {answer.json()['data']['token']}"
        return self

    def open(self, **body: str) -> Caller:
        """A session, its id kept here."""
        body = {"task_name": "project"} | body
        answer = self.http.post("/api/tasks/me/with-session/nemo_agent", json=body)
        data = answer.json()["data"]
        self.session_id, self.task_id = data["session_id"], data["task_id"]
        return self

    def upload(self, *files: tuple[str, bytes], field: str = "files") -> httpx.Response:
        return self.http.post(
            f"/api/upload-video/nemo_agent/me/{self.session_id}",
            files=[(field, file) for file in files],
        )

    def message(self, text: str) -> dict[str, Any]:
        return {
            "app_name": "nemo_agent",
            "user_id": "me",
            "session_id": self.session_id,
            "new_message": {"parts": [{"text": text}]},
        }

    def post_message(self, text: str) -> httpx.Response:
        return self.http.post(
            "/run_sse", json=self.message(text), headers={"Accept": "text/event-stream"}
        )

    def say(self, text: str) -> Turn:
        """One message, its stream read as our client reads it."""
        reader = TurnReader()
        answer = self.post_message(text)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream"), answer.text
        reader.feed(answer.content)
        return reader.finish()

    def state(self) -> dict[str, Any]:
        answer = self.http.get(f"/api/state/nemo_agent/me/{self.session_id}/latest")
        state: dict[str, Any] = answer.json()["data"]["state"]
        return state

    def credits(self) -> dict[str, int]:
        data: dict[str, int] = self.http.get("/api/credits/balance/simple").json()["data"]
        return data

    def export_body(self, render_id: str | None = None) -> dict[str, Any]:
        return {
            "id": render_id or f"render_{next(self._renders)}",
            "sessionId": self.session_id,
            "draft": self.state()["draft"],
            "output": {"format": "mp4", "quality": "high"},
        }

    def export(self, **changes: Any) -> httpx.Response:
        return self.http.post("/api/render/proxy/lambda", json=self.export_body() | changes)

    def status(self, render_id: str) -> httpx.Response:
        return self.http.get(f"/api/render/proxy/lambda/{render_id}")

    def filmed(self, picture: bytes, text: str = "make a 2 second video") -> Caller:
        """A session with a picture and a film of it."""
        self.open()
        assert self.upload(("photo.jpg", picture)).json()["code"] == 0
        assert self.say(text).error is None
        return self


@pytest.fixture(scope="session")
def picture() -> bytes:
    """A small photograph."""
    stream = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((320, 240)).save(stream, "JPEG")
    return stream.getvalue()


@pytest.fixture(scope="session")
def stub_renderer(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[str, ...]]:
    """Gives the command of a renderer that is the given script; empty: one that just works."""
    import sys

    def command(script: str = "") -> tuple[str, ...]:
        path = tmp_path_factory.mktemp("renderer") / "renderer.py"
        path.write_text(script or STUB)
        return sys.executable, str(path)

    return command


@pytest.fixture
def emulator(tmp_path: Path, stub_renderer: Any) -> Iterator[RunningEmulator]:
    """An emulator whose renders take no time."""
    from nemovideo_nodes.emulator.options import Options

    here = MediaAccess(networks=("127.0.0.0/8",))
    options = Options(pace=0.0, quick=True, renderer=stub_renderer(""), media=here)
    with RunningEmulator(tmp_path / "world", options=options) as running:
        yield running


@pytest.fixture
def new_caller() -> Iterator[Callable[..., Caller]]:
    """Makes callers, and closes their connections in the end."""
    callers: list[Caller] = []

    def make(url: str, client_id: str = "client-1") -> Caller:
        callers.append(Caller(url, client_id))
        return callers[-1]

    yield make
    for caller in callers:
        caller.http.close()


@pytest.fixture
def caller(emulator: RunningEmulator, new_caller: Callable[..., Caller]) -> Caller:
    """A caller with a token and a session."""
    return new_caller(emulator.url).sign_in().open()
