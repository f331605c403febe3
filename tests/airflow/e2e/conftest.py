"""One real Airflow a session, with the emulator as the service of its connection."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from standalone import Standalone

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """Airflow, ready, with the DAGs of `dags/` beside this file."""
    standalone = Standalone(tmp_path_factory.mktemp("airflow"))
    shutil.copytree(HERE / "dags", standalone.dags, dirs_exist_ok=True)
    try:
        yield standalone.start()
    finally:
        standalone.stop()
