"""The DAGs under `airflow dags test`, as people try theirs; on the oldest Airflow that we support.

It needs no plugin and no server, so it runs on any release: `make airflow-oldest`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from stage import Stage

import airflow_dags

FOLDER = Path(airflow_dags.__file__).parent
HAS_APPROVALS = tuple(map(int, version("apache-airflow-core").split(".")[:2])) >= (3, 1)


@pytest.fixture(scope="module")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a fresh database that knows our DAGs."""
    home = tmp_path_factory.mktemp("airflow")
    for command in ("db migrate", "dags reserialize"):
        run_airflow(home, *command.split())
    return home


def run_airflow(
    home: Path, *arguments: str, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """`airflow ARGUMENTS`; a connection and our settings come from the test's environment."""
    env = os.environ | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(FOLDER),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    command = [sys.executable, "-W", "ignore", "-m", "airflow", *arguments]
    return subprocess.run(
        command, env=env, check=check, capture_output=True, text=True, timeout=150
    )


def run_dag(home: Path, dag_id: str, **conf: Any) -> str:
    """What `airflow dags test` prints for a run of the DAG; it ends by itself, and well."""
    done = run_airflow(home, "dags", "test", dag_id, "--conf", json.dumps(conf), check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


def test_every_dag_is_imported(airflow_home: Path) -> None:
    """A person can be asked from Airflow 3.1 on; before, that DAG says so, and only that one."""
    told = run_airflow(airflow_home, "dags", "list-import-errors", "--output", "json", check=False)
    errors = json.loads(told.stdout[told.stdout.index("[") :].splitlines()[-1])
    names = {Path(error["filepath"]).name for error in errors}
    assert names == (set() if HAS_APPROVALS else {"video_with_approval.py"})
    assert all("needs Airflow 3.1+" in error["error"] for error in errors)


def test_a_video_from_the_form(airflow_home: Path, studio: Stage) -> None:
    """Deferred while it renders, with an event of the alias at the end."""
    run_dag(airflow_home, "image_to_video", images=studio.pictures, prompt="A 2 second video")
    assert studio.sent == (1, 1, 2)
    assert len(list(studio.folder.glob("store/runs/*/video.mp4"))) == 1


def test_a_video_from_each_picture(airflow_home: Path, studio: Stage) -> None:
    """Mapped tasks."""
    run_dag(airflow_home, "video_batch", images=studio.pictures, prompt="A 2 second video")
    assert studio.sent == (2, 2, 2)


def test_a_video_and_a_change(airflow_home: Path, studio: Stage) -> None:
    """Two tasks on one run."""
    conf = {"images": studio.pictures, "prompt": "A 2 second video", "changes": ["make it square"]}
    run_dag(airflow_home, "video_iterate", **conf)
    assert studio.sent == (2, 2, 2)
