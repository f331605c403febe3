"""The command line as real processes against an emulator that is one, too; and their fixtures."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from stage import copying_renderer, make_pictures

from nemovideo_nodes.cli import main

_MAIN = "from nemovideo_nodes.cli import main; main(prog_name='nemovideo')"
_SERVE = """
import sys
from pathlib import Path
from nemovideo_nodes.emulator.faults import Fault
from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import serve
from nemovideo_nodes.settings import MediaAccess
serve(
    Path(sys.argv[1]),
    options=Options(
        quick=True, pace=float(sys.argv[2]), jobs=int(sys.argv[3]), renderer=tuple(sys.argv[4:]),
        media=MediaAccess(networks=("127.0.0.0/8",)),
    ),
    on_ready=lambda url: print(url, flush=True),
)
"""
QUICK = {
    "NEMOVIDEO_POLL_SECONDS": "0.05",
    "NEMOVIDEO_RECONCILE_SECONDS": "0.05",
    "NEMOVIDEO_RATE_LIMIT_SECONDS": "0.05",
}


__all__ = [
    "QUICK",
    "Ended",
    "Running",
    "Service",
    "Shell",
    "connected",
    "open_service",
    "service",
    "shell",
]


@dataclass(frozen=True)
class Ended:
    """A process that has ended."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> Any:
        """The JSON of the last line of standard output."""
        return json.loads(self.out.strip().splitlines()[-1])


class Service:
    """An emulator in a process of its own, which can be killed and started again.

    It renders so many videos at once, each for `render_s` seconds.
    """

    def __init__(
        self, folder: Path, film: Path, pace: float, *, jobs: int = 1, render_s: float = 0.0
    ) -> None:
        self._folder = folder
        self._command = [sys.executable, "-c", _SERVE, str(folder), str(pace), str(jobs)]
        self._command += copying_renderer(film, render_s)
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> Service:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url, "the emulator did not start"
        return self

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def ask(self, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/__emulator__/{path}", data)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    @property
    def sent(self) -> tuple[int, int, int]:
        """Messages, renders and uploads that were accepted."""
        counts = self.ask("counts")
        return counts["messages"], counts["renders"], counts["uploads"]

    def add_fault(self, endpoint: str, nth: int, kind: str, **more: object) -> None:
        fault = {"endpoint": endpoint, "nth": nth, "kind": kind, **more}
        self.ask("faults", {"action": "add", "faults": [fault]})


@dataclass
class Shell:
    """Where a person types commands: a home, a store, pictures, an environment."""

    home: Path
    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def pictures(self) -> list[str]:
        return make_pictures(self.folder / "pictures", 2)

    def facts(self, run_id: str = "*") -> int:
        """How many facts a run has (the only one, if it is not named)."""
        return len(list(self.store.glob(f"runs/{run_id}/journal/*.json")))

    @property
    def surroundings(self) -> dict[str, str]:
        """The environment that its commands have, beside the known paths."""
        return self._base

    @property
    def _base(self) -> dict[str, str]:
        return {"HOME": str(self.home), "NEMOVIDEO_STORE": str(self.store), **QUICK, **self.env}

    def type(self, *arguments: str | bytes, env: Mapping[str, str] | None = None) -> Ended:
        """As `run`, in this process: for what does not hang on being one of its own."""
        before = signal.getsignal(signal.SIGTERM)
        with contextlib.chdir(self.folder):
            done = CliRunner().invoke(
                main,
                [os.fsdecode(argument) for argument in arguments],
                env=self._base | dict(env or {}),
                prog_name="nemovideo",
            )
        signal.signal(signal.SIGTERM, before)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return Ended(done.exit_code, done.stdout, done.stderr)

    def start(self, *arguments: str | bytes, env: Mapping[str, str] | None = None) -> Running:
        known = ("PATH", "PYTHONPATH", "TMPDIR", "LANG")
        base = {name: os.environ[name] for name in known if name in os.environ}
        process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-c", _MAIN, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env=base | self._base | dict(env or {}),
        )
        return Running(process)

    def redirected(self, how: str, *arguments: str, env: Mapping[str, str] | None = None) -> Ended:
        """As `run`, with the redirections or the pipe that a shell understands behind it."""
        names = [sys.executable, "-c", _MAIN, *arguments]
        known = ("PATH", "PYTHONPATH", "TMPDIR", "LANG")
        base = {name: os.environ[name] for name in known if name in os.environ}
        process = subprocess.Popen(
            ["bash", "-c", f'set -o pipefail; "$0" "$@" {how}', *names],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env=base | self._base | dict(env or {}),
        )
        return Running(process).end()

    def run(self, *arguments: str | bytes, env: Mapping[str, str] | None = None) -> Ended:
        return self.start(*arguments, env=env).end()


@dataclass(frozen=True)
class Running:
    """A process that is at work."""

    process: subprocess.Popen[bytes]

    def end(self, seconds: float = 120) -> Ended:
        """Wait for its end; one that hangs is killed, and fails the test."""
        try:
            out, err = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)  # faulthandler says where it hangs
            out, err = self.process.communicate()
            raise AssertionError(f"it hangs: {err.decode(errors='replace')[-3000:]}") from None
        ended = Ended(self.process.returncode, out.decode(), err.decode())
        assert "Traceback" not in ended.err, ended.err
        return ended


@pytest.fixture
def open_service(tmp_path: Path, film: Path) -> Iterator[Callable[[float], Service]]:
    """Starts the test's emulator, with so many pauses in its turns."""
    opened: list[Service] = []

    def start(pace: float) -> Service:
        opened.append(Service(tmp_path / "world", film, pace).start())
        return opened[-1]

    yield start
    for service in opened:
        service.kill()


@pytest.fixture
def service(open_service: Callable[[float], Service]) -> Service:
    return open_service(0.0)


@pytest.fixture
def shell(home: Path, tmp_path: Path) -> Shell:
    """A shell that knows of no service: nothing listens where it would ask."""
    return Shell(home, tmp_path, {"NEMO_API_URL": "http://127.0.0.1:9"})


@pytest.fixture
def connected(shell: Shell, service: Service) -> Shell:
    """A shell whose commands go to the emulator."""
    shell.env["NEMO_API_URL"] = service.url
    return shell
