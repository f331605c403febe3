"""Which run a task instance works on: the same one in each try, and after a Clear as it is told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from nemovideo_nodes.errors import BadInput

if TYPE_CHECKING:
    from airflow.sdk.types import RuntimeTaskInstanceProtocol

__all__ = ["OnClear", "map_index", "occasion_of", "run_id_in", "run_id_of"]

OnClear = Literal["new", "resume"]
"""What a Clear of the task means: another video, or going on with the one that was begun."""


def occasion_of(ti: RuntimeTaskInstanceProtocol, on_clear: OnClear) -> list[str | int]:
    """DAG, DAG run, task, map index, and with `new` which Clear of this task it is.

    That is told by `max_tries`, which every Clear of the task raises and no retry does. The DAG
    run's `clear_number` counts the Clears of its other tasks, too: a retry behind one of them would
    pay for a second video.
    """
    where: list[str | int] = [ti.dag_id, ti.run_id, ti.task_id, map_index(ti)]
    return [*where, int(ti.max_tries)] if on_clear == "new" else where


def run_id_of(ti: RuntimeTaskInstanceProtocol, on_clear: OnClear) -> str:
    """The id of the run that the task instance begins, or has begun: 20 hex digits."""
    text = json.dumps(["airflow", *occasion_of(ti, on_clear)], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def run_id_in(given: object) -> str:
    """The run id that a task was given: a text, or the result of another task; empty for none."""
    if isinstance(given, Mapping):
        given = given.get("run_id")
    if given is None or isinstance(given, str):
        return (given or "").strip()
    raise BadInput(f"run_id wants a run's id or the result of a task, not {type(given).__name__}")


def map_index(ti: RuntimeTaskInstanceProtocol) -> int:
    """The place of a mapped task instance; -1 for one that is not mapped."""
    index: Any = ti.map_index
    return -1 if index is None else int(index)
