"""The lines of a run in the log of the flow run or task run that works on it."""

from __future__ import annotations

import logging

from prefect.exceptions import MissingContextError
from prefect.logging import get_logger, get_run_logger

from nemovideo_nodes.workspace.display import PlainDisplay

__all__ = ["run_log"]


class _RunLog(PlainDisplay):
    """The lines of the command line, in the log of the task run."""

    def __init__(self) -> None:
        super().__init__(to_stderr=True)
        self._logger: logging.Logger | logging.LoggerAdapter[logging.Logger]
        try:
            self._logger = get_run_logger()
        except MissingContextError:  # a task's function that is called by itself
            self._logger = get_logger("nemovideo")

    def _line(self, text: str) -> None:
        self._logger.info("%s", text)


def run_log() -> _RunLog:
    """A display that writes to the log of the run that it is made in."""
    return _RunLog()
