"""One Prefect server a session, and an emulator, a store and a home of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flow_studio import Studio, open_studio
from prefect.settings import PREFECT_HOME, temporary_settings
from prefect.testing.utilities import prefect_test_harness

from nemovideo_nodes.emulator.options import Options

# What the server does by itself, and no test here waits for: it would only take time.
UNUSED_SERVICES = (
    *("CANCELLATION_CLEANUP", "FOREMAN", "LATE_RUNS", "PAUSE_EXPIRATIONS", "REPOSSESSOR"),
    *("SCHEDULER", "TRIGGERS"),
)


@pytest.fixture(scope="session")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Prefect server; its folder holds all that it writes."""
    home = tmp_path_factory.mktemp("prefect-home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DO_NOT_TRACK", "1")
        patch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
        for service in UNUSED_SERVICES:
            patch.setenv(f"PREFECT_SERVER_SERVICES_{service}_ENABLED", "false")
        patch.setenv("TMPDIR", str(home))
        patch.setattr("tempfile.tempdir", None)  # it was chosen before
        with (
            temporary_settings({PREFECT_HOME: home}),
            prefect_test_harness(server_startup_timeout=180),
        ):
            patch.undo()
            yield home


@pytest.fixture
def studio(prefect_home: Path, home: Path, tmp_path: Path, options: Options) -> Iterator[Studio]:
    """A studio of the test's own."""
    with open_studio(tmp_path, options) as studio:
        yield studio
