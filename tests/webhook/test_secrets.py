"""No token and no secret is in anything that a delivery leaves behind, or that a command shows."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from canaries import files_below
from hooks import Hooks
from loopback import served
from orchestrator import Orchestrator
from payloads import SAMPLES
from processes import free_port

pytestmark = pytest.mark.slow
CANARIES = {
    "HOOK_SECRET": "canary-hook-2fJ9qXw7Lm3RtY",
    "CONTENTFUL_TOKEN": "canary-contentful-8Zk4NvB6Hp",
    "STORYBLOK_TOKEN": "canary-storyblok-5Wd7CgT1Qs",
    "PRISMIC_TOKEN": "canary-prismic-3Xr9MjE2Vu",
    "SANITY_TOKEN": "canary-sanity-6Ub1PyK8Fn",
    "PREFECT_TOKEN": "canary-prefect-4Gh2ZaS7Jd",
}
CONFIG = """
[target]
kind = "prefect"
url = "{orchestrator}/api"
token = "env:PREFECT_TOKEN"
[outbox]
lease_s = 2
{sources}
"""
SOURCE = """
[sources.{name}]
system = "{name}"
scheme = "{scheme}"
secrets = ["env:HOOK_SECRET"]
resolver_token = "env:{variable}"
resolver_options = {{ url = "{site}" }}
debounce_s = 0
without_pictures = true
"""
SCHEMES = {
    "contentful": "bearer",
    "storyblok": "bearer",
    "sanity": "bearer",
    "prismic": "prismic",
}
Wait = Callable[..., object]


class _Apis(BaseHTTPRequestHandler):
    """The systems' delivery APIs: each refuses at first, and says what it was told."""

    refused: set[str]

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path not in self.refused:
            self.refused.add(path)
            self._say(403, {"path": self.path, "you": self.headers.get("authorization", "")})
        elif path.startswith("/v2/cdn/stories/") and "cv=" not in self.path:
            self.send_response(301)
            self.send_header("Location", f"{self.path}&cv=1")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._say(200, self._known(path))

    def _known(self, path: str) -> Any:
        if path.startswith("/v2/"):
            return {"story": {"name": "cup", "content": {}}}
        if path.startswith("/api/"):
            return {"results": [{"uid": "cup", "data": {}}]}
        sys = SAMPLES["contentful"]["payload"]["sys"]
        return {"items": [{"sys": sys, "fields": {"title": "cup"}}]}

    def _say(self, status: int, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def apis() -> Iterator[str]:
    handler = type("Handler", (_Apis,), {"refused": set()})
    with served(handler) as url:
        yield url


@pytest.fixture
def hooks(orchestrator: Orchestrator, apis: str, tmp_path: Path) -> Iterator[Hooks]:
    sources = [
        SOURCE.format(name=name, scheme=scheme, variable=f"{name.upper()}_TOKEN", site=apis)
        for name, scheme in SCHEMES.items()
    ]
    config = CONFIG.format(orchestrator=orchestrator.url, sources="".join(sources))
    opened = Hooks(tmp_path, {}, free_port(), env=CANARIES, config=config)
    yield opened
    opened.kill()


def _deliver(hooks: Hooks, name: str, secret: str) -> int:
    payload, headers = SAMPLES[name]["payload"], dict(SAMPLES[name]["headers"])
    if SCHEMES[name] == "bearer":
        headers["Authorization"] = f"Bearer {secret}"
    else:
        payload = {**payload, "secret": secret}
    connection = http.client.HTTPConnection("127.0.0.1", hooks.port, timeout=30)
    connection.request("POST", f"/hooks/{name}", json.dumps(payload), headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def _typed(hooks: Hooks, *arguments: str) -> bytes:
    """What a command says; the configuration is in its folder."""
    process = hooks.command(*arguments)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, hooks.stderr
    return said


def test_nothing_that_is_left_behind_holds_a_secret(
    hooks: Hooks, orchestrator: Orchestrator, wait_until: Wait
) -> None:
    """Not the outbox, the log, the counters, the commands, nor what the orchestrator is told,
    though the APIs and the orchestrator refuse at first and repeat what they were sent.
    """
    secret = CANARIES["HOOK_SECRET"]
    orchestrator.answers = [(409, {"detail": f"token={CANARIES['PREFECT_TOKEN']}"})]
    hooks.start()
    for name in SCHEMES:
        assert _deliver(hooks, name, f"{secret}-not") == 401
        assert _deliver(hooks, name, secret) in (200, 202)
    wait_until(lambda: len(orchestrator.runs) == len(SCHEMES), "all runs", 60)
    left = [json.dumps(hooks.ask("/counters")).encode(), _typed(hooks, "list")]
    rows = json.loads(_typed(hooks, "list", "--json"))
    assert {row["delivery"] for row in rows} == {"job"}
    for row in rows:
        left += [_typed(hooks, "show", str(row["id"]), *more) for more in ((), ("--json",))]
    assert hooks.stop() == 0
    left += [json.dumps(list(orchestrator.runs.values())).encode()]
    left += files_below(hooks.folder).values()
    whole = b"\n".join(left)
    for name, value in CANARIES.items():
        for half in (value[:14], value[-12:]):
            assert half.encode() not in whole, name
    sent = {one.get("authorization") for one in orchestrator.headers}
    assert sent == {f"Bearer {CANARIES['PREFECT_TOKEN']}"}
