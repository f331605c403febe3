"""One real Prefect a session, with emulators as the services of its credentials."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect_studio import Studio, open_studio


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory, film: Path) -> Iterator[Studio]:
    """Prefect, ready, with a worker that is named `first`."""
    studio = open_studio(tmp_path_factory.mktemp("studio"), film)
    try:
        studio.prefect.start_worker("first")
        yield studio
    finally:
        studio.close()
