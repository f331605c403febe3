"""Leaves the frames out of Airflow's own record of a failure that the log has told in a sentence.

Airflow logs each exception of a task with the frames of its runner, which say nothing of a failure
that was foreseen. What nobody foresaw keeps its traceback.
"""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

__all__ = ["leave_out_frames"]

_MARK = "nemovideo_is_told"


def leave_out_frames(error: BaseException) -> None:
    """Have this process log `error` without a traceback; the exception itself stays as it is.

    It is a processor in front of those that Airflow has configured, in the list that its loggers
    hold; where there is none, nothing changes.
    """
    setattr(error, _MARK, True)
    processors = structlog.get_config()["processors"]
    if isinstance(processors, list) and _without_frames not in processors:
        processors.insert(0, _without_frames)


def _without_frames(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    told = event.get("exc_info")
    error = sys.exception() if told is True else told
    if isinstance(error, BaseException) and getattr(error, _MARK, False):
        del event["exc_info"]
    return event
