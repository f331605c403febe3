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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let pass what Prefect's own client leaves to the garbage collector, in whatever test that is.

    Code of ours runs in other processes here, where a leak of it would show in their output.
    """
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            ignored = "ignore::pytest.PytestUnraisableExceptionWarning"
            item.add_marker(pytest.mark.filterwarnings(ignored))
