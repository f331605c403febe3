"""A real Airflow beside emulators that can be held at an exact moment of a run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import moments
from moments import MOMENTS, ONE_VIDEO, QUICK, Emulators, Moment, sign_in
from shell import Service
from stage import make_pictures
from standalone import Standalone

__all__ = ["MOMENTS", "ONE_VIDEO", "Held", "Studio", "open_studio"]

DAGS = Path(__file__).parents[1] / "airflow" / "e2e" / "dags"


class Held(moments.Held):
    """A DAG run whose emulator holds it at a moment."""

    def __init__(self, studio: Studio, moment: Moment, dag_id: str) -> None:
        super().__init__(studio.services[moment.name], moment)
        self._airflow = studio.airflow
        self.dag_id = dag_id
        conf = {"conn": moment.name, "images": studio.pictures}
        self.dag_run = studio.airflow.api.trigger(dag_id, conf)

    @property
    def run_id(self) -> str:
        """The run of the task `video`, as it says before anything else."""
        found: str = self._airflow.api.xcom(self.dag_id, self.dag_run, "video", "run_id")
        return found


@dataclass(frozen=True, kw_only=True)
class Studio(Emulators):
    """What a test of the real Airflow has at hand."""

    airflow: Standalone

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

    def close(self) -> None:
        self.airflow.stop()
        for service in self.services.values():
            service.kill()


def open_studio(
    folder: Path,
    film: Path,
    *,
    slots: int = 4,
    pace: float = 0.0,
    env: Mapping[str, str] = {},
    kind: type[Standalone] = Standalone,
) -> Studio:
    """Start Airflow with our DAGs and the tests', an emulator for all, and one for each moment.

    `pace` is the emulators': 1 is about that of the real agent, 0 answers at once.
    """
    names = ["nemovideo_default", *(moment.name for moment in MOMENTS)]
    services = {name: Service(folder / "worlds" / name, film, pace) for name in names}
    tokens, connections = [], {}
    for name, service in services.items():
        tokens.append(sign_in(service.start()))
        connection = {"conn_type": "nemovideo", "host": service.url, "password": tokens[-1]}
        connections[f"AIRFLOW_CONN_{name.upper()}"] = json.dumps(connection)
    store = folder / "store"
    airflow = kind(
        folder / "airflow",
        {"NEMOVIDEO_STORE": str(store), **QUICK, **connections, **env},
        slots,
    )
    command = [sys.executable, "-m", "nemovideo_nodes.cli", "airflow-dags"]
    subprocess.run([*command, "--to", airflow.dags], check=True, timeout=60, capture_output=True)
    for path in DAGS.glob("*.py"):
        (airflow.dags / path.name).write_bytes(path.read_bytes())
    studio = Studio(
        services=services,
        tokens=tokens,
        store=store,
        pictures=make_pictures(folder / "pictures"),
        airflow=airflow,
    )
    try:
        airflow.start()
    except BaseException:
        studio.close()
        raise
    return studio
