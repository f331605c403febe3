"""What every task does: open the runs with a client of its own, and advance through one step."""

from __future__ import annotations

import asyncio
import logging

from prefect.exceptions import MissingContextError
from prefect.logging import get_logger, get_run_logger

from nemovideo_nodes.display import PlainDisplay
from nemovideo_nodes.door import Account, Door

__all__ = ["advance", "opened"]


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


async def opened(store: str, *, local: bool = False) -> Door:
    """The runs of a store."""
    return await asyncio.to_thread(Door.open, store, Account(local=local))


async def advance(run_id: str, step: str, store: str, *, resend: bool = False) -> str:
    """Bring the run up to and with `step`, and return its id; raises `RunStopped`."""
    door = await opened(store)
    with _RunLog() as log:
        await door.advance(run_id, step, resend=resend, on_event=log.show)
    return run_id
