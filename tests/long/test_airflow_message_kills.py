r"""A message as long as a real one, and what becomes of it when a part of Airflow is ended.

Run by hand, in the environment of Airflow; it takes about a quarter of an hour. It writes the table
in docs/airflow.md.

.venv-airflow/bin/python -m pytest -o faulthandler_timeout=0 \
    tests/long/test_airflow_message_kills.py
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

pytest.importorskip("airflow", reason="for the environment of Airflow")

from airflow_studio import Studio, open_studio
from moments import counts_of
from processes import signal_each

PAGE = Path(__file__).parents[2] / "docs" / "airflow.md"
BEGIN, END = "<!-- begin: message kills -->", "<!-- end: message kills -->"
HEAD = (
    "| ended during the message | by | the message is held by | messages | renders | the task |",
    "|---|---|---|---|---|---|",
)
WAYS = {
    "deferred": ("before_prompt", "the worker (default)"),
    "deferred_with_messages": ("after_prompt", "the triggerer (`defer_messages`)"),
}
"""DAG id → the connection whose emulator counts it, and who holds the message."""
PARTS = {
    "task": "the task's process",
    "supervisor": "the supervisor of the task",
    "triggerer": "the triggerer",
    "scheduler": "the scheduler",
}
PACE = 4.0
"""A short message takes half a minute, as many real ones do: both ways are in the middle of theirs
when the part is struck, also on a busy machine."""
ENDS_S = 60.0
"""How long a part that was told to end may take."""


@dataclass(frozen=True)
class Row:
    """What became of one run."""

    part: str
    signal: str
    way: str
    messages: int
    renders: int
    end: str

    @property
    def line(self) -> str:
        """The row of the table."""
        counts = f"{self.messages} | {self.renders}"
        return f"| {PARTS[self.part]} | {self.signal} | {self.way} | {counts} | {self.end} |"


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory, film: Path) -> Iterator[Studio]:
    """Airflow beside emulators whose agents take their time."""
    studio = open_studio(tmp_path_factory.mktemp("studio"), film, pace=PACE)
    try:
        studio.airflow.api.pause("social_content")  # each task here is one of the tests' own
        for dag_id in WAYS:
            studio.airflow.api.wait_for_dag(dag_id)
        yield studio
    finally:
        studio.close()


@pytest.fixture(scope="module")
def table() -> Iterator[list[Row]]:
    """The rows of all tests here; written into the page where all of them are there."""
    rows: list[Row] = []
    yield rows
    if len(rows) == len(PARTS) * 2 * len(WAYS):
        page = PAGE.read_text("utf-8")
        before, _, rest = page.partition(BEGIN)
        _, _, after = rest.partition(END)
        lines = "\n".join([BEGIN, *HEAD, *(row.line for row in rows), END])
        PAGE.write_text(f"{before}{lines}{after}", "utf-8")


def processes_of(studio: Studio, part: str) -> list[psutil.Process]:
    """The processes that are ended."""
    airflow = studio.airflow
    if part == "task":
        return airflow.tasks()
    if part == "supervisor":
        return airflow.workers()
    return airflow.triggerer() if part == "triggerer" else airflow.scheduler()


def start_again(studio: Studio, part: str) -> None:
    """As whatever watches over it in production does."""
    if part == "triggerer":
        studio.airflow.start_triggerer()
    elif part == "scheduler":
        studio.airflow.start_scheduler()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda one: one.name)
@pytest.mark.parametrize("part", PARTS)
def test_no_message_is_sent_twice(
    studio: Studio,
    table: list[Row],
    wait_until: Callable[..., object],
    part: str,
    number: signal.Signals,
) -> None:
    """The run ends well, or a person has to decide; the message is never sent again by itself."""
    api = studio.airflow.api
    before = {dag_id: counts_of(studio.services[conn]) for dag_id, (conn, _) in WAYS.items()}

    def sent(dag_id: str, kind: str) -> int:
        return counts_of(studio.services[WAYS[dag_id][0]])[kind] - before[dag_id][kind]

    runs = {
        dag_id: api.trigger(dag_id, {"conn": conn, "images": studio.pictures})
        for dag_id, (conn, _) in WAYS.items()
    }
    for dag_id in runs:
        wait_until(lambda dag_id=dag_id: sent(dag_id, "messages"), f"{dag_id}: a message", 240)
    struck = processes_of(studio, part)
    assert signal_each(struck, number)
    if part in ("triggerer", "scheduler"):
        psutil.wait_procs(struck, timeout=ENDS_S)
        start_again(studio, part)
    for dag_id, dag_run in runs.items():
        state = api.wait_for_run(dag_id, dag_run, seconds=900)["state"]
        end = "ends well" if state == "success" else "fails; a person decides"
        counts = sent(dag_id, "messages"), sent(dag_id, "renders")
        table.append(Row(part, number.name, WAYS[dag_id][1], *counts, end))
        assert counts[0] == 1
        if state == "success":
            assert counts[1] == 1
        else:
            tries = api.task(dag_id, dag_run, "video")["try_number"]
            assert "video_resume" in api.log(dag_id, dag_run, "video", tries)
