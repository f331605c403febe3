"""Log lines of a run, written to the log of the flow run or task run that works on it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from prefect.client.schemas.objects import State
from prefect.context import TaskRunContext
from prefect.exceptions import MissingContextError
from prefect.logging import get_logger, get_run_logger

from nemovideo_nodes.engine.events import Event
from nemovideo_nodes.errors import NemoVideoError
from nemovideo_nodes.workspace.display import PlainDisplay, describe

__all__ = ["RunLog", "hide_tracebacks", "run_logger"]

QUIET_S: Final = 60.0
"""A step that is at work for longer says so, at least this often."""
_ENGINES: Final = (
    "prefect.flow_runs",
    "prefect.task_runs",
    "prefect.engine",
    "prefect.flow_engine",
    "prefect.task_engine",
)


def run_logger() -> logging.Logger | logging.LoggerAdapter[logging.Logger]:
    """The logger of the current flow or task run, or of this package outside one."""
    try:
        return get_run_logger()
    except MissingContextError:  # a task's function that is called directly
        return get_logger("nemovideo")


class RunLog(PlainDisplay):
    """Shows the events of a run as log lines."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(to_stderr=True)
        self._logger = run_logger()
        self._clock = clock
        self._last_line = self._step_began = clock()
        self._work = ""

    def show(self, event: Event) -> None:
        """Take one event of the engine."""
        if event.kind == "wait":
            text = event.text.rstrip("…")
            self._once(f"wait {event.step} {text}", f"{text[:1].upper()}{text[1:]}…")
        else:
            super().show(event)
        if event.kind == "begin" and event.record:
            self._work = describe(event.record)
            self._step_began = self._clock()
        elif event.kind in ("progress", "wait") and self._clock() - self._last_line >= QUIET_S:
            minutes = int((self._clock() - self._step_began) // 60)
            progress = event.progress
            share = (
                f", {progress.done / progress.total:.0%}"
                if progress is not None and progress.kind == "fraction" and progress.total
                else ""
            )
            self._line(f"{self._work or 'Working'}: {minutes} min so far{share}")

    def _line(self, text: str) -> None:
        self._last_line = self._clock()
        self._logger.info("%s", text)


class _Sentence:
    """Stands for a failure in the arguments of a log record."""

    def __init__(self, sentence: str) -> None:
        self._sentence = sentence

    def __repr__(self) -> str:
        return self._sentence


class _SentenceFilter(logging.Filter):
    """Turns the records of an error of this package into its one sentence."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, NemoVideoError):
            record.msg, record.args = "%s", (str(error),)
            record.exc_info = record.exc_text = None
        elif _is_of_step() and str(record.msg).startswith("Task run failed with "):
            if not record.args:
                return False  # the next record has the state's message, which is the sentence
            if isinstance(record.args, tuple):  # that it is retried, and when
                record.args = tuple(map(_shown, record.args))
        return True


def _is_of_step() -> bool:
    context = TaskRunContext.get()
    return context is not None and getattr(context.task, "is_step", False)


def _shown(argument: object) -> object:
    if isinstance(argument, State):
        return _Sentence(argument.message or argument.name or "")
    return argument


def hide_tracebacks() -> None:
    """Let Prefect log errors of this package as one sentence; all other errors as before."""
    for name in _ENGINES:
        logger = logging.getLogger(name)
        if not any(isinstance(one, _SentenceFilter) for one in logger.filters):
            logger.addFilter(_SentenceFilter())
