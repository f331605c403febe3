"""A real Airflow beside emulators that can be held at an exact moment of a run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from moments import MOMENTS, ONE_VIDEO, Moment, counts_of, sign_in
from shell import Service
from stage import make_pictures
from standalone import Standalone

from nemovideo_nodes.ledger.facts import Fact, load_fact

__all__ = ["MOMENTS", "ONE_VIDEO", "Held", "Studio", "open_studio"]

DAGS = Path(__file__).parents[1] / "airflow" / "e2e" / "dags"
QUICK = {
    "NEMOVIDEO_POLL_SECONDS": "0.2",
    "NEMOVIDEO_RECONCILE_SECONDS": "0.2",
    "NEMOVIDEO_RATE_LIMIT_SECONDS": "0.2",
}


class Held:
    """A DAG run whose emulator holds it at a moment."""

    def __init__(self, studio: Studio, moment: Moment, dag_id: str) -> None:
        self._studio = studio
        self._moment = moment
        self._service = studio.services[moment.name]
        self._before = counts_of(self._service)
        self.let_go()
        self._service.add_fault(moment.endpoint, 1, moment.kind)
        self.dag_id = dag_id
        conf = {"conn": moment.name, "images": studio.pictures}
        self.dag_run = studio.airflow.api.trigger(dag_id, conf)

    @property
    def sent(self) -> dict[str, int]:
        """What the emulator has accepted since this began."""
        now = counts_of(self._service)
        return {kind: now[kind] - self._before[kind] for kind in now}

    @property
    def run_id(self) -> str:
        """The run of the task `video`, read off its extra link."""
        api = self._studio.airflow.api
        page: str = api.xcom(self.dag_id, self.dag_run, "video", "_link_RunLink")
        return page.rsplit("/", 1)[-1]

    def has_come(self) -> bool:
        """Whether the moment is there: the request is held, and what it starts has started."""
        if not self._service.ask("faults")["met"]:
            return False
        return self._moment.accepted.items() <= self.sent.items()

    def let_go(self) -> None:
        """What is held, and whatever comes from now on, is answered."""
        self._service.ask("faults", {"action": "clear"})


@dataclass(frozen=True)
class Studio:
    """What a test of the real Airflow has at hand."""

    airflow: Standalone
    services: Mapping[str, Service]
    """Emulators by the ids of their connections; `nemovideo_default` is the one for all."""
    store: Path
    pictures: list[str]
    tokens: list[str]
    """The accounts' tokens: secrets, which nothing may keep."""

    @property
    def service(self) -> Service:
        return self.services["nemovideo_default"]

    def hold(self, moment: str, dag_id: str) -> Held:
        """Start a run of a DAG that will be held at that moment."""
        (found,) = (known for known in MOMENTS if known.name == moment)
        return Held(self, found, dag_id)

    def hold_at_each_moment(self, dag_id: str, wait_until: Callable[..., object]) -> list[Held]:
        """A run of the DAG at each moment, all at once, in the order of `MOMENTS`."""
        self.airflow.api.wait_for_dag(dag_id)
        held = [Held(self, moment, dag_id) for moment in MOMENTS]
        for run, moment in zip(held, MOMENTS, strict=True):
            wait_until(run.has_come, moment.name, 600)
        return held

    def assert_made_once(self, held: list[Held]) -> None:
        """Let the runs go: each ends well, and each has done everything once."""
        for run in held:
            run.let_go()
        for run in held:
            ended = self.airflow.api.wait_for_run(run.dag_id, run.dag_run)
            assert ended["state"] == "success", f"{run.dag_id} {run.dag_run}"
        assert [run.sent for run in held] == [ONE_VIDEO] * len(held)

    def facts(self, run_id: str) -> list[Fact]:
        """The journal of a run."""
        folder = self.store / "runs" / run_id / "journal"
        return [load_fact(path.read_bytes()) for path in sorted(folder.glob("*.json"))]

    def close(self) -> None:
        self.airflow.stop()
        for service in self.services.values():
            service.kill()


def open_studio(folder: Path, film: Path, *, slots: int = 4, env: Mapping[str, str] = {}) -> Studio:
    """Start Airflow with our DAGs and the tests', an emulator for all, and one for each moment."""
    names = ["nemovideo_default", *(moment.name for moment in MOMENTS)]
    services = {name: Service(folder / "worlds" / name, film, 0.0) for name in names}
    tokens, connections = [], {}
    for name, service in services.items():
        tokens.append(sign_in(service.start()))
        connection = {"conn_type": "nemovideo", "host": service.url, "password": tokens[-1]}
        connections[f"AIRFLOW_CONN_{name.upper()}"] = json.dumps(connection)
    store = folder / "store"
    airflow = Standalone(
        folder / "airflow",
        {"NEMOVIDEO_STORE": str(store), **QUICK, **connections, **env},
        slots,
    )
    command = [sys.executable, "-m", "nemovideo_nodes.cli", "airflow-dags"]
    subprocess.run([*command, "--to", airflow.dags], check=True, timeout=60, capture_output=True)
    for path in DAGS.glob("*.py"):
        (airflow.dags / path.name).write_bytes(path.read_bytes())
    studio = Studio(airflow, services, store, make_pictures(folder / "pictures"), tokens)
    try:
        airflow.start()
    except BaseException:
        studio.close()
        raise
    return studio
