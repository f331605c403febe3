"""A real Prefect on loopback: its server, its workers, and its REST API."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil
from pages import block_having
from processes import descendants, end_tree, free_port, kill, titled

__all__ = ["FINAL", "POOL", "PrefectServer"]

POOL = "nemovideo"
READY_S = 180.0
BUSY_S = 180.0
_CLI = "from nemovideo_nodes.cli import main; main(prog_name='nemovideo')"
FINAL = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


class PrefectServer:
    """A server with everything that it and its workers write below `home`.

    `env` is added to the environment of all of its processes; `database` is a URL for SQLAlchemy,
    a SQLite file below `home` by default.
    """

    def __init__(self, home: Path, env: Mapping[str, str] = {}, database: str = "") -> None:
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._given = dict(env), database
        self.env = self._environment(database) | dict(env)
        self._server: subprocess.Popen[bytes] | None = None
        self._services: subprocess.Popen[bytes] | None = None
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        # The server hangs up behind an answer of 503: no connection is used twice.
        limits = httpx.Limits(max_keepalive_connections=0)
        # Nor is it left before its SQLite has given up, which is after 60 s.
        self._client = httpx.Client(base_url=f"{self.url}/api", timeout=90, limits=limits)

    @property
    def output(self) -> Path:
        """What its processes print."""
        return self.home / "output.log"

    def another(self, home: Path) -> PrefectServer:
        """One more API server of the same Prefect, not yet started; they share a database."""
        return PrefectServer(home, *self._given)

    def start(self, *options: str) -> PrefectServer:
        """Start the server, and wait until it answers."""
        self._server = self._spawn(
            "server", "start", "--host", "127.0.0.1", "--port", str(self._port), *options
        )
        until = time.monotonic() + READY_S
        while not self._is_healthy():
            if self._server.poll() is not None or time.monotonic() > until:
                tail = self.output.read_text(errors="replace")[-4000:]
                raise TimeoutError(f"Prefect is not ready after {READY_S:g} s:\n{tail}")
            time.sleep(0.1)
        return self

    def stop(self) -> None:
        """End all that was started here."""
        self._client.close()
        for process in (*self._workers.values(), self._services, self._server):
            if process is not None:
                end_tree(process.pid)
                process.wait()

    def start_services(self) -> None:
        """Scheduler, automations and so on, which servers with `--no-services` leave to these."""
        self._services = self._spawn("server", "services", "start")

    def stop_services(self) -> None:
        """End them."""
        assert self._services is not None
        end_tree(self._services.pid)
        self._services.wait()

    def kill(self) -> None:
        """SIGKILL to the server alone."""
        assert self._server is not None
        kill(descendants(self._server.pid))
        self._server.wait()

    def run(self, *arguments: str, cwd: Path | None = None, seconds: float = 180) -> str:
        """What `prefect --no-prompt ARGUMENTS` prints; it must succeed."""
        ended = subprocess.run(
            [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
            env=self.env,
            cwd=cwd or self.home,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def start_worker(self, name: str) -> None:
        """A process worker of the pool."""
        self._workers[name] = self._spawn("worker", "start", "--pool", POOL, "--name", name)

    def busiest_worker(self) -> str:
        """The worker with most processes below it: which one takes the runs is a race."""
        return max(self._workers, key=lambda name: len(descendants(self._workers[name].pid)))

    def kill_worker(self, name: str, *, with_flows: bool) -> int:
        """SIGKILL to a worker, and to the flow runs below it or not; how many it struck."""
        worker = self._workers.pop(name)
        tree = descendants(worker.pid)
        struck = kill(tree if with_flows else tree[:1])
        worker.wait()
        return struck

    def flow_processes(self) -> list[psutil.Process]:
        """The processes that run the flows: below the workers."""
        return [
            child
            for worker in self._workers.values()
            for process in titled(worker.pid, "worker", "start")
            for child in process.children()
        ]

    def get(self, path: str) -> Any:
        """What a GET of the API answers."""
        return self._answered("GET", path).json()

    def post(self, path: str, body: object = None) -> Any:
        """What a POST to the API answers."""
        answer = self._answered("POST", path, {} if body is None else body)
        return answer.json() if answer.content else None

    def patch(self, path: str, body: object) -> None:
        """A PATCH of the API."""
        self._answered("PATCH", path, body)

    def delete(self, path: str) -> None:
        """A DELETE of the API."""
        self._answered("DELETE", path)

    def _answered(self, method: str, path: str, body: object = None) -> httpx.Response:
        """The answer to a request, asked again where SQLite is busy: 503, and nothing was done."""
        until = time.monotonic() + BUSY_S
        while True:
            answer = self._client.request(method, path, json=body)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > until:
                return answer.raise_for_status()
            time.sleep(1.0)

    def deploy(self) -> list[dict[str, Any]]:
        """Everything that docs/prefect.md deploys, by its own commands.

        Returns the automations, which are deleted again: a test makes those that it needs.
        """
        tools = self.home / "tools"
        tools.mkdir()
        script = tools / "nemovideo"
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -c "{_CLI}" "$@"\n')
        script.chmod(0o755)
        ended = subprocess.run(
            ["bash", "-euc", block_having("docs/prefect.md", "bash", "deploy --all")],
            env=self.env | {"PATH": f"{tools}:{self.env['PATH']}"},
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        automations: list[dict[str, Any]] = self.post("/automations/filter")
        for automation in automations:
            self.delete(f"/automations/{automation['id']}")
        return automations

    def deployment(self, name: str) -> str:
        """The id of the deployment `FLOW/NAME`."""
        found: str = self.get(f"/deployments/name/{name}")["id"]
        return found

    def start_run(self, deployment: str, parameters: Mapping[str, object], **more: object) -> str:
        """The id of a flow run of the deployment, as a program or a person starts it."""
        body = {"parameters": parameters, "state": {"type": "SCHEDULED"}, **more}
        created: str = self.post(f"/deployments/{deployment}/create_flow_run", body)["id"]
        return created

    def state(self, flow_run: str) -> dict[str, Any]:
        """The state of a flow run: type, name, message."""
        state: dict[str, Any] = self.get(f"/flow_runs/{flow_run}")["state"] or {"type": "NONE"}
        return state

    def set_state(self, flow_run: str, kind: str, name: str = "") -> None:
        """What the UI's buttons do: Retry is SCHEDULED as AwaitingRetry, Cancel is CANCELLING."""
        state = {"type": kind, **({"name": name} if name else {})}
        self.post(f"/flow_runs/{flow_run}/set_state", {"state": state})

    def retry(self, flow_run: str) -> None:
        """Retry, and again where the worker's late word of the crash undid it."""
        for _ in range(5):
            self.set_state(flow_run, "SCHEDULED", "AwaitingRetry")
            if self.wait(flow_run, "RUNNING", *FINAL)["type"] != "CRASHED":
                return
        raise TimeoutError(f"{flow_run} stays Crashed")

    def resume(self, flow_run: str, **answer: object) -> None:
        """What the UI's form of a suspended run does."""
        self.post(f"/flow_runs/{flow_run}/resume", {"run_input": answer})

    def wait(self, flow_run: str, *kinds: str, seconds: float = 480) -> dict[str, Any]:
        """The state of the flow run, once it is of one of these kinds (any final one, if none)."""
        until = time.monotonic() + seconds
        while (state := self.state(flow_run))["type"] not in (kinds or FINAL):
            if time.monotonic() > until:
                tail = self.output.read_text(errors="replace")[-4000:]
                raise TimeoutError(f"{flow_run} is {state} after {seconds:g} s:\n{tail}")
            time.sleep(0.1)
        return state

    @contextlib.contextmanager
    def automations(self, file: Path) -> Iterator[None]:
        """Those of a file, created as a user does it, as long as the block lasts."""
        self.run("automation", "create", "--from-file", str(file))
        try:
            yield
        finally:
            for automation in self.post("/automations/filter"):
                self.delete(f"/automations/{automation['id']}")

    def artifacts(self, flow_run: str) -> list[dict[str, Any]]:
        """The artifacts of a flow run."""
        chosen = {"flow_runs": {"id": {"any_": [flow_run]}}}
        found: list[dict[str, Any]] = self.post("/artifacts/filter", chosen)
        return found

    def logs(self, flow_run: str) -> str:
        """The lines of a flow run's log."""
        chosen = {"logs": {"flow_run_id": {"any_": [flow_run]}}, "sort": "TIMESTAMP_ASC"}
        return "\n".join(line["message"] for line in self.post("/logs/filter", chosen))

    def _spawn(self, *arguments: str) -> subprocess.Popen[bytes]:
        with self.output.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "prefect", *arguments],
                env=self.env,
                cwd=self.home,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def _is_healthy(self) -> bool:
        try:
            return bool(self._client.get("/health", timeout=5).is_success)
        except httpx.HTTPError:
            return False

    def _environment(self, database: str) -> dict[str, str]:
        known = ("LANG", "TMPDIR", "PYTHONPATH")
        env = {name: os.environ[name] for name in known if name in os.environ}
        user = self.home / "user"
        user.mkdir(exist_ok=True)
        return env | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(user),
            "PREFECT_HOME": str(self.home / "prefect"),
            "PREFECT_API_URL": f"{self.url}/api",
            "PREFECT_UI_API_URL": f"{self.url}/api",
            **({"PREFECT_API_DATABASE_CONNECTION_URL": database} if database else {}),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            # Looked for every second, so that no test waits for a rhythm made for days.
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PREFECT_API_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
            "PREFECT_API_SERVICES_LATE_RUNS_LOOP_SECONDS": "5",
            "NO_COLOR": "1",
        }
