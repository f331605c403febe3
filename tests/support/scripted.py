"""The service as a transport: every call answers well, but for what a test scripts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.settings import Settings

__all__ = ["CALLS", "PICTURE", "ScriptedService", "envelope", "settings_in"]

PICTURE = b"\xff\xd8\xff\xe0" + b"\0" * 60
SSE = b'data: {"content": {"parts": [{"text": "Done."}]}, "author": "nemo_agent"}\n\n'
_PATHS = {
    "token": "/api/auth/anonymous-token",
    "claim": "/api/auth/claim-token",
    "session": "/api/tasks/me/with-session/nemo_agent",
    "upload": "/api/upload-video/nemo_agent/me/s-1",
    "message": "/run_sse",
    "credits": "/api/credits/balance/simple",
    "state": "/api/state/nemo_agent/me/s-1/latest",
    "export": "/api/render/proxy/lambda",
    "render": "/api/render/proxy/lambda/render_1",
}
_NAMES = {path: name for name, path in _PATHS.items()}


def envelope(code: object = 0, data: object = None, **more: object) -> dict[str, object]:
    """An answer's envelope."""
    return {"code": code, "message": "said", "data": data, **more}


def settings_in(home: Path, url: str = "https://api.test", **env: str) -> Settings:
    """The settings of a user whose home is `home`."""
    return Settings.from_environment({"HOME": str(home), "NEMO_API_URL": url, **env})


class ScriptedService(httpx.AsyncBaseTransport):
    """`script` makes the next calls of an endpoint answer as told; the last telling stays.

    Each acquisition makes another token.
    """

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.counts: Counter[str] = Counter()
        self.tokens = 0
        self._script: dict[str, list[httpx.Response | Exception | None]] = {}

    @property
    def token(self) -> str:
        """The token given last."""
        return f"nmv_usr_{self.tokens}"

    def script(
        self,
        name: str,
        answer: object,
        status: int = 200,
        *,
        for_good: bool = False,
        **headers: str,
    ) -> None:
        """One more answer of an endpoint: bytes or an exception as it is, other things as JSON."""
        told = self._script.setdefault(name, [])
        if told and told[-1] is None:
            told.pop()
        if isinstance(answer, Exception):
            told.append(answer)
        else:
            raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            told.append(httpx.Response(status, content=raw, headers=names))
        if not for_good:
            told.append(None)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        name = _NAMES.get(request.url.path, request.url.path)
        self.requests.append(request)
        self.counts[name] += 1
        told = self._script.get(name)
        answer = (told.pop(0) if len(told) > 1 else told[0]) if told else None
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            return httpx.Response(
                answer.status_code,
                stream=httpx.ByteStream(answer.content),
                headers=answer.headers,
            )
        return self._good(name)

    def _good(self, name: str) -> httpx.Response:
        if name == "token":
            self.tokens += 1
        if name == "message":
            return httpx.Response(200, content=SSE, headers={"content-type": "text/event-stream"})
        answers: dict[str, Any] = {
            "token": envelope(data={"token": self.token, "credits": 100}),
            "claim": envelope(data={"claim_token": "clm_1", "expires_in": 604800}),
            "session": envelope(data={"session_id": "s-1", "task_id": "t-1"}),
            "upload": envelope(data={"files": []}),
            "credits": envelope(data={"available": 100, "frozen": 0, "total": 100}),
            "state": envelope(data={"state": {"draft": {"t": []}}}),
            "export": {"id": "render_1", "status": "pending"},
            "render": {"status": "processing"},
        }
        return httpx.Response(200 if name in answers else 404, json=answers.get(name, {}))


async def _upload(client: NemoVideoClient) -> object:
    picture = client.settings.config_dir.parent / "picture.jpg"
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_bytes(PICTURE)
    return await client.upload("s-1", picture)


CALLS: dict[str, Callable[[NemoVideoClient], Awaitable[object]]] = {
    "session": lambda client: client.create_session(),
    "upload": _upload,
    "message": lambda client: client.send_message("s-1", "make a video"),
    "credits": lambda client: client.credits(),
    "state": lambda client: client.read_state("s-1"),
    "export": lambda client: client.submit_render("s-1", {"t": []}, "render_1"),
    "render": lambda client: client.render_status("render_1"),
    "claim": lambda client: client.claim_link("s-1", "t-1"),
}
"""Each call of the contract that carries a token, by the name that `ScriptedService` counts."""
