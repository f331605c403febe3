"""Which run a task instance works on, through retries, Clears and mapping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from nemovideo_nodes.airflow.identity import OnClear, parts_of_key, run_id_in, run_id_of
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.model import is_run_id


@dataclass(frozen=True)
class Instance:
    """What a task instance says of itself."""

    dag_id: str = "dag"
    run_id: str = "manual__2026-01-05T09:00:00+00:00"
    task_id: str = "group.video"
    map_index: int = -1
    try_number: int = 1
    max_tries: int = 3


def instance(**changes: Any) -> Any:
    """One that Airflow would take for its own."""
    return Instance(**changes)


def test_a_retry_is_the_same_run() -> None:
    """Whatever its number; and the id can name a run in any store."""
    ids = {run_id_of(instance(try_number=number), "new") for number in (1, 2, 4)}
    assert len(ids) == 1
    assert is_run_id(ids.pop())


def test_a_clear_is_another_run_or_the_same_one() -> None:
    """As the operator is told; a Clear of the task raises its `max_tries`, and only that does."""
    cleared = instance(try_number=2, max_tries=4)
    assert run_id_of(cleared, "new") != run_id_of(instance(), "new")
    assert run_id_of(cleared, "resume") == run_id_of(instance(), "resume")


@pytest.mark.parametrize(
    "other", [{"dag_id": "x"}, {"run_id": "x"}, {"task_id": "x"}, {"map_index": 0}]
)
def test_everything_else_is_another_run(other: dict[str, object]) -> None:
    """DAG, DAG run, task, and place of a mapped task."""
    on_clears: tuple[OnClear, ...] = ("new", "resume")
    for on_clear in on_clears:
        assert run_id_of(instance(**other), on_clear) != run_id_of(instance(), on_clear)


def test_the_deduplication_key_can_be_read() -> None:
    """It stands in the run's manifest."""
    assert parts_of_key(instance(map_index=7), "new") == [
        "dag",
        "manual__2026-01-05T09:00:00+00:00",
        "group.video",
        7,
        3,
    ]


@pytest.mark.parametrize(
    ("given", "run"),
    [(None, ""), ("", ""), (" one ", "one"), ({"run_id": "one", "status": "done"}, "one")],
)
def test_a_run_is_given_by_its_id_or_by_a_result(given: object, run: str) -> None:
    """As a text of a form, or as the output of another task."""
    assert run_id_in(given) == run


def test_anything_else_is_refused() -> None:
    """In one sentence."""
    with pytest.raises(BadInput, match="not list"):
        run_id_in(["one"])
