"""One real Airflow a session, with emulators as the services of its connections."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow_studio import Studio, open_studio
from standalone import Standalone


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory, film: Path) -> Iterator[Studio]:
    """Airflow, ready, with the DAGs of `dags/` beside this file."""
    here = {"NEMOVIDEO_MEDIA_NETWORKS": "127.0.0.1/32"}  # where the tests' pictures are
    studio = open_studio(tmp_path_factory.mktemp("studio"), film, env=here)
    try:
        yield studio
    finally:
        studio.close()


@pytest.fixture(scope="session")
def airflow(studio: Studio) -> Standalone:
    return studio.airflow
