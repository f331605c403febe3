"""Which run a task instance works on: one for all retries; `on_clear` decides after a Clear."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from nemovideo_nodes.errors import BadInput

if TYPE_CHECKING:
    from airflow.sdk.types import RuntimeTaskInstanceProtocol

    from nemovideo_nodes.ledger.journal import Journal
    from nemovideo_nodes.ledger.run import Run

__all__ = [
    "OnClear",
    "deduplication_key",
    "generation_of",
    "map_index",
    "mark_succeeded",
    "parts_of_key",
    "run_id_in",
    "run_id_of",
    "success_mark",
]

OnClear = Literal["auto", "new", "resume"]
"""What clearing the task means: `auto` resumes the run unless the task had succeeded and the run
was finished, then it makes a new video; `new` always makes a new one, `resume` never does."""

_MOST_CLEARS = 200
_SUCCEEDED = "airflow-succeeded:"


def parts_of_key(
    ti: RuntimeTaskInstanceProtocol, on_clear: OnClear, generation: int | None = None
) -> list[str | int]:
    """DAG, DAG run, task, map index, and the generation, unless a Clear resumes the same run.

    The generation is the `max_tries` of the task instance, which each Clear of the task raises and
    no retry does. The DAG run's `clear_number` also counts the Clears of its other tasks: a retry
    behind one of those would pay for a second video.
    """
    where: list[str | int] = [ti.dag_id, ti.run_id, ti.task_id, map_index(ti)]
    if on_clear == "resume":
        return where
    return [*where, int(ti.max_tries) if generation is None else generation]


def deduplication_key(
    ti: RuntimeTaskInstanceProtocol, on_clear: OnClear, generation: int | None = None
) -> str:
    """The parts as one text, as it stands in the run's manifest."""
    return "/".join(map(str, parts_of_key(ti, on_clear, generation)))


def run_id_of(
    ti: RuntimeTaskInstanceProtocol, on_clear: OnClear, generation: int | None = None
) -> str:
    """The id of the run that the task instance starts, or has started: 20 hex digits."""
    text = json.dumps(["airflow", *parts_of_key(ti, on_clear, generation)], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def generation_of(
    ti: RuntimeTaskInstanceProtocol, on_clear: OnClear, read: Callable[[int], Run | None]
) -> int:
    """The generation whose work this try continues; its own where a new video is wanted.

    `read` returns the run of a generation, or None where that generation has not started any. An
    earlier one is continued unless the task had succeeded with it, and its run is finished.
    """
    now = int(ti.max_tries)
    if on_clear != "auto" or int(getattr(ti, "try_number", 1)) <= 1:
        return now
    for generation in range(now, max(-1, now - _MOST_CLEARS), -1):
        if (run := read(generation)) is None:
            continue
        if generation == now:
            return now
        marks = _marks(run)
        succeeded = {success_mark(ti, on_clear, one) for one in range(generation, now)} & marks
        if not succeeded or success_mark(ti, on_clear, now) in marks or not _is_finished(run):
            return generation
        return now
    return now


def mark_succeeded(ti: RuntimeTaskInstanceProtocol, on_clear: OnClear, journal: Journal) -> None:
    """Note in the run's journal that the task succeeded with it, for a later Clear."""
    from nemovideo_nodes.clock import SystemClock
    from nemovideo_nodes.engine.summaries import write_summary
    from nemovideo_nodes.ledger.facts import Noted

    mark = success_mark(ti, on_clear)
    if mark in _marks(journal.refresh()):
        return
    text = f"The Airflow task {ti.dag_id}.{ti.task_id} succeeded"
    by, at = socket.gethostname(), SystemClock().now()
    journal.record(Noted(at=at, by=by, topic="remark", text=text, occasion=mark))
    write_summary(journal.run, journal.store)
    journal.summed_up()


def success_mark(
    ti: RuntimeTaskInstanceProtocol, on_clear: OnClear, generation: int | None = None
) -> str:
    """What the note of `mark_succeeded` is known by in the journal."""
    return _SUCCEEDED + deduplication_key(ti, on_clear, generation)


def _marks(run: Run) -> set[str]:
    from nemovideo_nodes.ledger.facts import Noted

    notes = (fact for fact in run.facts if isinstance(fact, Noted) and fact.topic == "remark")
    return {note.occasion for note in notes if note.occasion}


def _is_finished(run: Run) -> bool:
    from nemovideo_nodes.engine.plan import Done
    from nemovideo_nodes.engine.status import decision_on

    return not run.newer and isinstance(decision_on(run), Done)


def run_id_in(given: object) -> str:
    """The run id that a task was given: a text, or the result of another task; empty for none."""
    if isinstance(given, Mapping):
        given = given.get("run_id")
    if given is None or isinstance(given, str):
        return (given or "").strip()
    raise BadInput(
        f"`run_id` takes the id of a run or the result of a task, not {type(given).__name__}"
    )


def map_index(ti: RuntimeTaskInstanceProtocol) -> int:
    """The map index of a task instance; -1 for one that is not mapped."""
    index: Any = ti.map_index
    return -1 if index is None else int(index)
