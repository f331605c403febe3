"""A flow that is run by hand on one machine: a Prefect server of its own, and a quiet console."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_HOME,
    PREFECT_SERVER_ALLOW_EPHEMERAL_MODE,
    PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS,
    PREFECT_SERVER_LOGGING_LEVEL,
    temporary_settings,
)

__all__ = ["by_hand"]

SERVER_START_S = 180
"""Prefect's 20 seconds are too few for a first start, which makes its database, on two cores."""
_OURS = str(Path(__file__).parents[1])
_RUNS = ("prefect.flow_runs", "prefect.task_runs")


@contextlib.contextmanager
def by_hand() -> Iterator[None]:
    """Run flows with a temporary server, and show the lines of this package alone.

    A server that is set up for this machine is left out; Prefect's lines about each task go
    into the server's log as always.
    """
    for handler in logging.getLogger().handlers:
        handler.addFilter(_OwnLines())
        handler.setFormatter(logging.Formatter("%(message)s"))
    # Prefect makes the folder, but not the ones above it, and its server then does not start.
    PREFECT_HOME.value().mkdir(parents=True, exist_ok=True)
    with temporary_settings(
        updates={
            PREFECT_SERVER_ALLOW_EPHEMERAL_MODE: True,
            PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS: SERVER_START_S,
            # Told to end while it still writes events, it shows tracebacks of no consequence.
            PREFECT_SERVER_LOGGING_LEVEL: "CRITICAL",
        },
        restore_defaults={PREFECT_API_URL},
    ):
        yield


class _OwnLines(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Our own lines, and warnings; what a run failed of is said by who started it."""
        if record.pathname.startswith(_OURS):
            return True
        return record.levelno >= logging.WARNING and record.name not in _RUNS
