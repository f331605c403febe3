"""Real processes that do a run's work and are killed at exact writes or at random instants.

They are forked from a server that has imported everything, so that one costs some 50 ms.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import json
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Literal

from faulty_store import FaultyStore, fault_at
from stage import Stage

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.cli import main
from nemovideo_nodes.engine.status import run_status
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.settings import Settings
from nemovideo_nodes.workspace import DriveOptions, PreparedRun, Workspace
from nemovideo_nodes.workspace import workspace as workspaces

__all__ = ["Door", "Scene", "Strike", "forking", "killed_at_each", "sign_in_twice", "storm"]

Door = Literal["library", "cli"]
forking = multiprocessing.get_context("forkserver")
# Installed modules only: in Python 3.11 the server does not get this process's sys.path.
forking.set_forkserver_preload(
    [
        "nemovideo_nodes.workspace.workspace",
        "nemovideo_nodes.cli.making",
        "nemovideo_nodes.workspace.display",
        "nemovideo_nodes.media.decode",
        "nemovideo_nodes.media.poster",
        "nemovideo_nodes.testing",
        "nemovideo_nodes.emulator.serve",
        "nemovideo_nodes.render.movie",
        "obstore.store",
        "av",
        "httpcore",
        "h2",
        "PIL.Image",
        "anyio._backends._asyncio",
        "numpy",
    ]
)
_LIMIT_S = 280.0


@dataclass(frozen=True)
class Strike:
    """SIGKILL at the nth new object of a process: right before it is written, or right after."""

    at: int
    after: bool


def struck_store(strike: Strike) -> Callable[..., FaultyStore]:
    """Opens stores that this process is killed at."""
    fault = fault_at(strike.at, lambda: os.kill(os.getpid(), signal.SIGKILL))
    if strike.after:
        return functools.partial(FaultyStore, after=fault)
    return functools.partial(FaultyStore, before=fault)


@dataclass(frozen=True)
class Job:
    """What one process is to do."""

    door: Door
    settings: Settings
    ordered: PreparedRun
    pictures: tuple[str, ...]
    out: Path
    strike: Strike
    resend: bool = False

    @property
    def command(self) -> list[str]:
        (text,) = (instruction.text for instruction in self.ordered.order.request.script)
        command = ["make", *self.pictures, "-p", text, "--run-id", self.ordered.run_id, "--json"]
        return command + (["--resend"] if self.resend else [])


def _do(job: Job) -> None:
    """In the child: the run, by the library or by the command line."""
    open_store = struck_store(job.strike)
    if job.door == "library":
        store = open_store(job.settings.store)
        workspace = Workspace(job.settings, store)
        drive = DriveOptions(resend=job.resend)
        result = asyncio.run(workspace.run(job.ordered, drive=drive))
        job.out.write_text(result.model_dump_json())
        return
    workspaces.Store = open_store  # type: ignore[attr-defined,assignment] # the one that the commands will open
    pace = job.settings.pace
    os.environ.update(
        NEMO_API_URL=job.settings.api_url,
        NEMO_CLIENT_ID=job.settings.client_id or "",
        NEMOVIDEO_STORE=job.settings.store,
        NEMOVIDEO_POLL_SECONDS=str(pace.poll_s),
        NEMOVIDEO_RECONCILE_SECONDS=str(pace.reconcile_s),
        NEMOVIDEO_RATE_LIMIT_SECONDS=str(pace.rate_limit_s),
        HOME=str(job.settings.config_dir.parent.parent),
    )
    with job.out.open("w") as out, contextlib.redirect_stdout(out):
        main(job.command, prog_name="nemovideo")


@dataclass
class Worker:
    """A process at work."""

    process: ForkServerProcess
    out: Path

    def kill(self) -> bool:
        """Whether it was still at work."""
        alive = self.process.is_alive()
        self.process.kill()
        self.end()
        return alive and self.process.exitcode == -signal.SIGKILL

    def end(self) -> RunResult | None:
        """Its result; None where it was killed."""
        self.process.join(_LIMIT_S)
        assert self.process.exitcode is not None, "it hangs"
        if self.process.exitcode == -signal.SIGKILL:
            return None
        assert self.process.exitcode in (0, 1, 75), self.process.exitcode
        return RunResult.model_validate_json(self.out.read_text())


@dataclass
class Scene:
    """One run at one emulator, and the processes that work on it."""

    stage: Stage
    ordered: PreparedRun
    door: Door
    workers: list[Worker] = field(default_factory=list)
    resent: int = 0
    _before: tuple[int, int, int] = (0, 0, 0)

    @classmethod
    @contextlib.contextmanager
    def opened(cls, stage: Stage, run_id: str, door: Door) -> Iterator[Scene]:
        scene = cls(stage, stage.order(run_id=run_id), door)
        scene._before = stage.sent
        try:
            yield scene
        finally:
            for worker in scene.workers:
                worker.process.kill()
                worker.process.join()
                worker.process.close()

    def start(self, strike: Strike | None = None, *, resend: bool = False) -> Worker:
        """A process that does the run, and dies at its strike."""
        out = self.stage.folder / f"{self.ordered.run_id}-{len(self.workers)}.json"
        job = Job(
            self.door,
            self.stage.settings(),
            self.ordered,
            tuple(self.stage.pictures),
            out,
            strike or Strike(0, after=False),
            resend,
        )
        process = forking.Process(target=_do, args=(job,))
        process.start()
        self.workers.append(Worker(process, out))
        return self.workers[-1]

    @property
    def held(self) -> bool:
        """Whether a process has taken the run."""
        journal = Path(self.stage.store_path, "runs", self.ordered.run_id, "journal")
        return any(b'"lease"' in entry.read_bytes() for entry in journal.glob("*.json"))

    @property
    def sent(self) -> tuple[int, int, int]:
        """Messages, renders and uploads that were accepted of this run."""
        now, was = self.stage.sent, self._before
        return now[0] - was[0], now[1] - was[1], now[2] - was[2]

    def check(self) -> None:
        """What must hold at any instant: nothing twice, and no manifest without its video."""
        messages, renders, uploads = self.sent
        assert messages <= 1 + self.resent
        assert renders <= 1
        assert uploads <= len(self.stage.pictures)
        folder = Path(self.stage.store_path) / "runs" / self.ordered.run_id
        if (folder / "manifest.json").exists():
            (told,) = json.loads((folder / "manifest.json").read_text())["videos"]
            data = (folder / told["file"]).read_bytes()
            assert hashlib.sha256(data).hexdigest() == told["sha256"]

    def end(self) -> None:
        """Bring the run to its end; a message of unknown outcome takes a person's word."""
        result = self.start().end()
        assert result is not None
        if result.status == "stuck":
            assert "cannot be known" in (result.error or "")
            store = Store(self.stage.store_path)
            told = run_status(self.stage.workspace().load(self.ordered.run_id), store)
            assert told.status == "stuck"
            assert (result.error or "").startswith(told.error or "?")
            self.check()
            self.resent = 1
            result = self.start(resend=True).end()
            assert result is not None
        assert result.status == "done", result.error
        self.check()
        assert self.sent[1:] == (1, len(self.stage.pictures))
        assert self.sent[0] >= 1
        (video,) = result.videos
        assert hashlib.sha256(Path(video.path).read_bytes()).hexdigest() == video.sha256


def sign_in_twice(settings: Settings, start: Event, renew: Event, out: Path) -> None:
    """In a child: get a token when told to start, and call again when all tokens have ended."""

    async def work() -> str:
        async with NemoVideoClient(settings=settings) as client:
            first = await client.acquire_token()
            out.with_suffix(".first").write_text(first)
            await asyncio.to_thread(renew.wait, 240)
            await client.credits()
            return f"{first} {await client.acquire_token()}"

    start.wait(240)
    out.write_text(asyncio.run(work()))


def killed_at_each(stage: Stage, door: Door, after: bool, writes: Iterable[int]) -> int:
    """A run for each of these writes, whose first process is killed at it; how many were."""
    struck = 0
    for at in writes:
        with Scene.opened(stage, f"{door}-{at}", door) as scene:
            if scene.start(Strike(at, after)).end() is not None:
                break  # the run has fewer writes
            struck += 1
            scene.check()
            scene.end()
    return struck


def storm(stage: Stage, door: Door, workers: int, rng: random.Random, kills: int) -> int:
    """Runs whose processes are killed at random instants, until so many kills have struck.

    Gives their number; fails where anything was done twice or lost.
    """
    began = time.monotonic()
    with Scene.opened(stage, f"{door}-{workers}-whole", door) as scene:
        scene.end()
    reach_s = (time.monotonic() - began) / workers
    struck = 0
    for number in range(10 * kills):
        with Scene.opened(stage, f"{door}-{workers}-{number}", door) as scene:
            for _ in range(3):
                at_work = [scene.start() for _ in range(workers)]
                for worker in at_work:
                    worker.process.join(rng.uniform(0, reach_s))
                    if worker.kill():
                        struck += 1
                    else:  # it had ended, on a machine that is less busy now
                        reach_s *= 0.8
                    scene.check()
            scene.end()
        if struck >= kills:
            break
    return struck
