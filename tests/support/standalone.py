"""A real `airflow standalone` on loopback: its folder, its processes, and its REST API."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import psutil
from airflow_api import Api
from processes import descendants, end_tree, free_port, kill, titled, working_in

__all__ = ["Standalone"]

READY_S = 300.0
COMPONENTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")


class Standalone:
    """Airflow with everything that it writes below `home`; its DAG folder is `home/dags`.

    `env` is added to its environment: connections, the store, our own settings.
    """

    def __init__(self, home: Path, env: Mapping[str, str] | None = None, slots: int = 4) -> None:
        self.home = home
        self.dags = home / "dags"
        self.dags.mkdir(parents=True, exist_ok=True)
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.env = self._environment(slots) | dict(env or {})
        self._started: list[subprocess.Popen[bytes]] = []
        self.api = Api(self.url)

    @property
    def output(self) -> Path:
        """What its processes print."""
        return self.home / "output.log"

    def start(self) -> Standalone:
        """Start it, and wait until all of its components say that they are healthy."""
        self._spawn("standalone")
        until = time.monotonic() + READY_S
        while not self.is_healthy():
            if self._started[0].poll() is not None or time.monotonic() > until:
                tail = self.output.read_text(errors="replace")[-4000:]
                raise TimeoutError(f"Airflow is not ready after {READY_S:g} s:\n{tail}")
            time.sleep(0.2)
        self.api.sign_in()
        return self

    def stop(self) -> None:
        """End all that was started here, and what of it lost its parent when that was killed."""
        self.api.close()
        for process in self._started:
            end_tree(process.pid)
            process.wait()
        kill(working_in(self.home))

    def run(self, *arguments: str, seconds: float = 120) -> str:
        """What `airflow ARGUMENTS` prints, in the same environment; it must succeed."""
        ended = subprocess.run(
            [sys.executable, "-m", "airflow", *arguments],
            env=self.env,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def tasks(self) -> list[psutil.Process]:
        """The processes that run the code of tasks: below the executor's workers."""
        return [child for worker in self.workers() for child in worker.children()]

    def workers(self) -> list[psutil.Process]:
        """The executor's workers, which watch over a task each."""
        found = self._tree("airflow worker -- LocalExecutor")
        return [process for process in found if "<idle>" not in " ".join(process.cmdline())]

    def triggerer(self) -> list[psutil.Process]:
        """The triggerer: the process that watches, and the one that runs the triggers."""
        found = {process.pid: process for process in self._tree("airflow", "triggerer")}
        for process in list(found.values()):
            found |= {child.pid: child for child in descendants(process.pid)}
        return list(found.values())

    def kill_triggerer(self) -> None:
        """SIGKILL to the triggerer; no other takes its place by itself."""
        assert kill(self.triggerer())

    def start_triggerer(self) -> None:
        """Another triggerer, as whatever watches over it in production starts one."""
        self._spawn("triggerer")

    def scheduler(self) -> list[psutil.Process]:
        """The scheduler alone, without the workers that it started."""
        return self._tree("airflow scheduler")

    def start_scheduler(self) -> None:
        """Another scheduler, with workers of its own."""
        self._spawn("scheduler")

    def kill_all(self) -> None:
        """SIGKILL to everything, as when the machine goes down; `start` starts it again."""
        kill([found for process in self._started for found in descendants(process.pid)])
        for process in self._started:
            process.wait()
        self._started.clear()

    def _tree(self, *words: str) -> list[psutil.Process]:
        return [found for process in self._started for found in titled(process.pid, *words)]

    def _spawn(self, *arguments: str) -> None:
        with self.output.open("ab") as output:
            command = [sys.executable, "-m", "airflow", *arguments]
            self._started.append(
                subprocess.Popen(
                    command, env=self.env, cwd=self.home, stdout=output, stderr=subprocess.STDOUT
                )
            )

    def is_healthy(self) -> bool:
        """Whether all components say that they are."""
        try:
            health = self.api.get("monitor/health", timeout=5)
        except httpx.HTTPError:
            return False
        return all(health.get(name, {}).get("status") == "healthy" for name in COMPONENTS)

    def _environment(self, slots: int) -> dict[str, str]:
        known = ("LANG", "TMPDIR", "PYTHONPATH")
        env = {name: os.environ[name] for name in known if name in os.environ}
        (self.home / "user").mkdir(exist_ok=True)
        return env | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.home / "user"),
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            # A scheduler ends for good where a busy machine holds a lock longer than the usual 5 s.
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home}/airflow.db?timeout=60",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": str(slots),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self._port),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__SECRET_KEY": "for-tests-on-loopback",
            "AIRFLOW__API_AUTH__JWT_SECRET": "for-tests-on-loopback-and-nothing-else",
            # Each component serves its logs at a port of its own; two at one would fail.
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
            # The files are there before it starts, and do not change.
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
            # A deferral as short as these would else meet the heartbeat of the task that deferred.
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            # A triggerer that was killed is dead to the others after some of these.
            "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
            "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "AIRFLOW__CORE__MAX_ACTIVE_RUNS_PER_DAG": "64",
            "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": "64",
            "NO_COLOR": "1",
        }
