"""An Airflow whose tasks a Celery worker does, with Redis as the broker, all on loopback."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec

import psutil
from processes import free_port
from standalone import READY_S, Standalone

__all__ = ["CeleryAirflow", "celery_is_installed", "redis_broker"]


def celery_is_installed() -> bool:
    """Whether Celery's provider and Redis are on this machine."""
    return find_spec("celery") is not None and shutil.which("redis-server") is not None


@contextlib.contextmanager
def redis_broker() -> Iterator[str]:
    """The address of a Redis that keeps nothing; it ends with the block."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        server = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
        try:
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
            server.wait()


class CeleryAirflow(Standalone):
    """Each part started by itself, since `airflow standalone` insists on a local executor."""

    def start(self) -> Standalone:
        """Start all parts, and wait until they are healthy."""
        self.run("db", "migrate", seconds=READY_S)
        for part in ("api-server", "scheduler", "triggerer", "dag-processor"):
            self._spawn(part)
        slots = self.env["AIRFLOW__CORE__PARALLELISM"]
        self._spawn("celery", "worker", "--concurrency", slots, "--without-mingle")
        until = time.monotonic() + READY_S
        while not self.is_healthy():
            assert time.monotonic() < until, self.output.read_text(errors="replace")[-4000:]
            time.sleep(0.5)
        self.api.sign_in()
        return self

    def workers(self) -> list[psutil.Process]:
        """The processes of Celery's pool that do a task just now, each in a child of its own."""
        tasks = self._tree("airflow worker -- ")
        return [pool for task in tasks if (pool := task.parent()) is not None]
