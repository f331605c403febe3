"""Runs a flow on this machine with a temporary Prefect server and a quiet console."""

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

__all__ = ["ephemeral_server"]

SERVER_START_S = 180
"""The first start creates the database, which can take longer than Prefect's 20 seconds."""
_OURS = str(Path(__file__).parents[1])
_RUNS = ("prefect.flow_runs", "prefect.task_runs")


@contextlib.contextmanager
def ephemeral_server() -> Iterator[None]:
    """Run flows with a temporary server, and print only the log lines of this package.

    A server that is configured on this machine is not used. Prefect's own lines still go into
    the server's log.
    """
    for handler in logging.getLogger().handlers:
        handler.addFilter(_OwnLinesFilter())
        handler.setFormatter(logging.Formatter("%(message)s"))
    # Prefect creates this folder but not its parents, and its server then does not start.
    PREFECT_HOME.value().mkdir(parents=True, exist_ok=True)
    with temporary_settings(
        updates={
            PREFECT_SERVER_ALLOW_EPHEMERAL_MODE: True,
            PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS: SERVER_START_S,
            # Stopped while it still writes events, the server prints harmless tracebacks.
            PREFECT_SERVER_LOGGING_LEVEL: "CRITICAL",
        },
        restore_defaults={PREFECT_API_URL},
    ):
        yield


class _OwnLinesFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Our own lines and warnings; the caller prints why a run failed."""
        if record.pathname.startswith(_OURS):
            return True
        return record.levelno >= logging.WARNING and record.name not in _RUNS
