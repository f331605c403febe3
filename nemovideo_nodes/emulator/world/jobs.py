"""The render queue: threads that take one render after another, each to a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nemovideo_nodes.emulator.launch import python_command
from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.world.pruning import make_room
from nemovideo_nodes.emulator.world.records import Render
from nemovideo_nodes.emulator.world.world import World
from nemovideo_nodes.wire.models import RenderStatus

__all__ = ["RenderQueue"]

_MOST_UNFINISHED = 0.99
"""Only a render that has ended is told as whole: 1 would be read as one percent."""

QUICK_SIDE = 384
MOST_ATTEMPTS = 3
_OUT_OF_CPU = -getattr(signal, "SIGXCPU", 24)


class RenderQueue:
    """Takes waiting renders from the world until it is stopped.

    A render that a stop or a kill interrupts waits again when the emulator starts the next time.
    """

    def __init__(self, world: World, options: Options) -> None:
        self._world = world
        self._options = options
        self._condition = threading.Condition()
        self._stopping = False
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to take renders."""
        for number in range(max(1, self._options.jobs)):
            thread = threading.Thread(target=self._work, name=f"render-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def wake(self) -> None:
        """A render may be waiting."""
        with self._condition:
            self._condition.notify()

    def stop(self) -> None:
        """End the renders under way; they wait for the next start."""
        with self._condition:
            self._stopping = True
            for process in self._running.values():
                process.kill()
            self._condition.notify_all()
        for thread in self._threads:
            thread.join()

    def cancel(self, render: Render) -> bool:
        """End a render that waits or is under way; whether it did."""
        cancelled = self._world.renders.cancel(render.key)
        with self._condition:
            process = self._running.get(render.key)
            if cancelled and process is not None:
                process.kill()
        return cancelled

    def output(self, render: Render) -> Path:
        """Where the finished video of a render lies."""
        return self._world.folder / "renders" / f"{render.key}.mp4"

    def progress(self, render: Render) -> float:
        """How far a render is, 0 to 1."""
        if render.status is RenderStatus.COMPLETED:
            return 1.0
        try:
            text = (self._folder(render) / "progress").read_text("ascii")
            return min(_MOST_UNFINISHED, max(0.0, float(text)))
        except (OSError, ValueError):
            return 0.0

    def _folder(self, render: Render) -> Path:
        # An attempt has a folder of its own: a process left over from a killed emulator harms none.
        return self._world.folder / "renders" / f"{render.key}.{render.attempts}"

    def _work(self) -> None:
        while (render := self._next()) is not None:
            self._run(render)

    def _next(self) -> Render | None:
        """The next render, as soon as there is one; None at the end."""
        with self._condition:
            while not self._stopping:
                if (render := self._world.renders.take()) is not None:
                    return render
                self._condition.wait()
            return None

    def _run(self, render: Render) -> None:
        folder = self._folder(render)
        try:
            status, error = self._outcome(render, folder)
        except OSError as broken:
            status, error = RenderStatus.FAILED, f"The renderer cannot run: {broken.strerror}"
        # Told last: whoever sees that a render has ended finds nothing unfinished of it.
        shutil.rmtree(folder, ignore_errors=True)
        self._world.renders.settle(render.key, status, error)
        with contextlib.suppress(OSError):  # the next render makes room, then
            make_room(self._world, self._options.most_bytes)

    def _outcome(self, render: Render, folder: Path) -> tuple[RenderStatus, str | None]:
        """Render, and say what came of it, with the error where it failed."""
        if render.forced_error is not None:
            return RenderStatus.FAILED, render.forced_error
        code, said = self._process(render, folder)
        if self._stopping:
            return RenderStatus.PENDING, None
        if code == 0 and (folder / "out.mp4").exists():
            os.replace(folder / "out.mp4", self.output(render))
            return RenderStatus.COMPLETED, None
        if code == _OUT_OF_CPU:
            return RenderStatus.FAILED, "The render needs more CPU time than it may take"
        if code == 1 or render.attempts >= MOST_ATTEMPTS:
            return RenderStatus.FAILED, said or "The renderer ended without an error message"
        # Killed from outside, say for want of memory: worth another try.
        return RenderStatus.PENDING, None

    def _process(self, render: Render, folder: Path) -> tuple[int, str]:
        """Run one render; its exit code, and the last line that it wrote on stderr."""
        folder.mkdir(parents=True, exist_ok=True)
        job = folder / "job.json"
        job.write_text(json.dumps(self._job(render, folder)), "utf-8")
        command = self._options.renderer or python_command("nemovideo_nodes.emulator.world.worker")
        with (folder / "stderr").open("wb+") as stderr:
            with self._condition:
                if self._stopping:
                    return -1, ""
                # The worker ends when its stdin closes, so it does not outlive us, however we end.
                process = subprocess.Popen(
                    [*command, str(job)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=stderr,
                )
                self._running[render.key] = process
            try:
                code = process.wait(self._options.render_limit_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                return 1, "The render took too long"
            finally:
                with self._condition:
                    del self._running[render.key]
                assert process.stdin is not None
                process.stdin.close()
            stderr.seek(0)
            lines = stderr.read()[-4096:].decode("utf-8", "replace").strip().splitlines()
        said = lines[-1] if lines else ""
        for upload in self._world.uploads.of_session(render.session):
            # The renderer knows the file; its owner knows the name.
            said = said.replace(upload.path.name, upload.name)
        return code, said[:300]

    def _job(self, render: Render, folder: Path) -> dict[str, Any]:
        draft = json.loads(render.draft)
        size = None
        if self._options.quick:
            canvas = draft["m"]["canvas"]
            scale = min(1.0, QUICK_SIDE / max(canvas["w"], canvas["h"]))
            size = [round(canvas[side] * scale / 2) * 2 for side in ("w", "h")]
        return {
            "draft": draft,
            "size": size,
            "preview": self._options.preview,
            "media": {up.id: str(up.path) for up in self._world.uploads.of_session(render.session)},
            "out": str(folder / "out.mp4"),
            "progress": str(folder / "progress"),
            "limits": asdict(self._options.limits),
        }
