"""The receiver and its dispatcher as real processes, and a crowd that sends to them."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator import Orchestrator
from processes import free_port, titled

from nemovideo_nodes.webhook.config import read_config
from nemovideo_nodes.webhook.outbox import Outbox

__all__ = ["SECRET", "Crowd", "Hooks", "kill_at_random", "outlast", "signed"]

SECRET = "a-canary-of-the-shop"
_MAIN = "from nemovideo_nodes.cli import main; main(prog_name='nemovideo')"


def signed(body: bytes, number: object) -> dict[str, str]:
    """The headers that Shopify would send with `body`."""
    mac = hmac.digest(SECRET.encode(), body, hashlib.sha256)
    return {
        "X-Shopify-Hmac-Sha256": base64.b64encode(mac).decode(),
        "X-Shopify-Topic": "products/update",
        "X-Shopify-Webhook-Id": f"id-{number}",
        "Content-Type": "application/json",
    }


@dataclass
class Hooks:
    """`nemovideo webhook` with a configuration in `folder`, on one port for good."""

    folder: Path
    target: Mapping[str, Any]
    port: int
    env: dict[str, str] = field(default_factory=dict)
    outbox: Mapping[str, Any] = field(default_factory=lambda: {"lease_s": 2})
    source: Mapping[str, Any] = field(default_factory=dict)
    config: str = ""
    """The configuration whole, where it is not the shop's."""
    process: subprocess.Popen[bytes] | None = None

    def write_config(self) -> Path:
        lines = ["[target]", *(f"{k} = {json.dumps(v)}" for k, v in self.target.items())]
        lines += ["[outbox]", *(f"{k} = {json.dumps(v)}" for k, v in self.outbox.items())]
        lines += ["[sources.shop]", 'system = "shopify"', 'secrets = ["env:SHOP_SECRET"]']
        lines += ["debounce_s = 0", 'instruction = "A 2 second video about {{ title }}"']
        lines += [f"{name} = {json.dumps(value)}" for name, value in self.source.items()]
        path = self.folder / "webhooks.toml"
        path.write_text(self.config or "\n".join(lines), "utf-8")
        return path

    def command(self, *arguments: str) -> subprocess.Popen[bytes]:
        known = ("PATH", "PYTHONPATH", "TMPDIR", "HOME", "LANG")
        base = {name: os.environ[name] for name in known if name in os.environ}
        with (self.folder / "stderr.txt").open("ab") as errors:
            return subprocess.Popen(
                [sys.executable, "-c", _MAIN, "webhook", *arguments],
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=self.folder,
                env=base | {"SHOP_SECRET": SECRET} | self.env,
            )

    @classmethod
    @contextlib.contextmanager
    def at(
        cls, folder: Path, orchestrator: Orchestrator, outbox: Mapping[str, Any] | None = None
    ) -> Iterator[Hooks]:
        """One that starts runs at `orchestrator`, with an empty outbox; it ends with the block."""
        target = {"kind": "prefect", "url": f"{orchestrator.url}/api"}
        hooks = cls(folder, target, free_port(), outbox={"lease_s": 2, **(outbox or {})})
        with contextlib.closing(Outbox.open(read_config(hooks.write_config()))) as opened:
            opened.forget_everything()
        try:
            yield hooks
        finally:
            hooks.kill()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self.write_config()
        self.process = self.command("serve", "--port", str(self.port))
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert b": http://" in line, self.stderr

    @property
    def stderr(self) -> str:
        return (self.folder / "stderr.txt").read_text("utf-8", "replace")

    def kill(self) -> None:
        """SIGKILL of the receiver; its dispatcher hears of it by its pipe."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def kill_dispatcher(self) -> bool:
        """SIGKILL of the dispatcher alone; whether there was one."""
        assert self.process is not None
        found = titled(self.process.pid, "nemovideo_nodes.webhook.serve")
        for one in found:
            with contextlib.suppress(Exception):
                one.kill()
        return bool(found)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.terminate()
        self.process.communicate(timeout=60)
        code = self.process.returncode
        self.process = None
        return code

    def listed(self) -> list[dict[str, Any]]:
        """What `webhook list` shows, the newest first."""
        with contextlib.closing(Outbox.open(read_config(self.write_config()))) as outbox:
            return outbox.listed()

    def send(self, product: Mapping[str, Any], number: object) -> dict[str, str]:
        """One signed delivery; what is answered."""
        body = json.dumps(product).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("POST", "/hooks/shop", body, signed(body, number))
            said: dict[str, str] = json.loads(connection.getresponse().read())
        return said

    def ask(self, path: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())


class Crowd:
    """Several senders that repeat each delivery until it is acknowledged, as systems do."""

    def __init__(self, port: int, senders: int = 4) -> None:
        self._port = port
        self._senders = senders
        self.acknowledged: list[str] = []
        self.latencies: list[float] = []
        self.attempts = 0

    def send(self, numbers: Sequence[int], rate: float | None = None) -> None:
        """Deliver products of these numbers, `rate` a second in all; returns when all are taken."""
        begun = time.perf_counter()
        parts = [numbers[n :: self._senders] for n in range(self._senders)]
        pace = None if rate is None else self._senders / rate
        threads = [threading.Thread(target=self._sender, args=(p, begun, pace)) for p in parts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def start(self, numbers: Sequence[int], rate: float | None = None) -> threading.Thread:
        thread = threading.Thread(target=self.send, args=(numbers, rate))
        thread.start()
        return thread

    def _sender(self, numbers: Sequence[int], begun: float, pace: float | None) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        for turn, number in enumerate(numbers):
            if pace is not None:
                time.sleep(max(0.0, begun + turn * pace - time.perf_counter()))
            picture = {"src": "https://cdn.shopify.com/cup.jpg"}
            product = {"id": number, "title": f"Cup {number}", "images": [picture]}
            body = json.dumps(product).encode()
            headers = signed(body, number)
            self._until(lambda: self._deliver(connection, body, headers))  # noqa: B023
            self.acknowledged.append(str(number))
        connection.close()

    def _deliver(
        self, connection: http.client.HTTPConnection, body: bytes, headers: dict[str, str]
    ) -> bool:
        self.attempts += 1
        begun = time.perf_counter()
        try:
            connection.request("POST", "/hooks/shop", body, headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return False
        self.latencies.append(time.perf_counter() - begun)
        return answer.status == 200

    def _until(self, done: Callable[[], bool]) -> None:
        until = time.monotonic() + 120
        while not done():
            if time.monotonic() > until:
                raise TimeoutError("a delivery was not taken in 120 s")
            time.sleep(0.05)


def kill_at_random(
    hooks: Hooks,
    orchestrator: Orchestrator,
    wait_until: Callable[..., object],
    *,
    count: int,
    kills: int,
    seed: int,
) -> None:
    """Kill receiver and dispatcher in turn, each time after so many acknowledgements; then all
    must have been started once.
    """
    rng = random.Random(seed)
    hooks.start()
    crowd = Crowd(hooks.port)
    sending = crowd.start(range(count))
    marks = sorted(rng.sample(range(1, count), kills))
    for turn, mark in enumerate(marks):
        wait_until(lambda: len(crowd.acknowledged) >= mark, "so many", 120)  # noqa: B023
        if turn % 2 and hooks.kill_dispatcher():
            continue
        hooks.kill()
        hooks.start()
    sending.join()
    wait_until(lambda: len(orchestrator.runs) >= count, "all runs", 120)
    wait_until(lambda: hooks.ask("/counters")["outbox"]["jobs"].get("waiting", 0) == 0, "rest", 60)
    check_all(orchestrator, crowd, count)
    assert SECRET not in hooks.stderr


def outlast(
    hooks: Hooks,
    orchestrator: Orchestrator,
    wait_until: Callable[..., object],
    *,
    count: int,
    kills: int = 0,
) -> None:
    """The orchestrator is down for the whole load; back again, it gets all of it, each once,
    while the dispatcher is killed so many times.
    """
    orchestrator.stop()
    hooks.start()
    crowd = Crowd(hooks.port)
    crowd.send(range(count))
    wait_until(lambda: "the target is down" in hooks.stderr, "that it is down", 60)
    assert hooks.ask("/counters")["outbox"]["jobs"].get("started", 0) == 0
    orchestrator.start()
    for turn in range(kills):
        mark = count * (turn + 1) // (kills + 2)
        wait_until(lambda: len(orchestrator.runs) >= mark, "some runs", 180)  # noqa: B023
        hooks.kill_dispatcher()
    wait_until(lambda: len(orchestrator.runs) >= count, "all runs", 300)
    check_all(orchestrator, crowd, count)


def check_all(orchestrator: Orchestrator, crowd: Crowd, count: int) -> None:
    """One run a product, and nothing else."""
    assert len(crowd.acknowledged) == count
    titles = sorted(run["prompt"].rpartition(" ")[2] for run in orchestrator.runs.values())
    assert titles == sorted(str(number) for number in range(count))
