"""The faults of docs/faults.md, met by a whole run at the emulator: its end, counts, sentence.

One fault of each row; tests/long meets all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from matrix import PAGE, Row, Theatre, assert_documented_end, parse, running_theatre

from nemovideo_nodes.emulator.faults import ENDPOINTS

ROWS = parse(PAGE.read_text("utf-8"))
STATUSES = (400, 401, 402, 404, 409, 413, 422, 429, 500, 502, 503, 504)
CODES = (400, 402, 429, 1001, 1002, 1010, 1011, 2001, 4001, 4002)
EVERYWHERE = (
    *("refused", "reset", "reset_after", "hang", "hang_after", "html", "html_after", "slow"),
    *("truncated_json", "success_false"),
    *(f"http:{status}" for status in STATUSES),
    *(f"code:{code}" for code in CODES),
)
"""The kinds that every endpoint is tried with."""


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory, film: Path) -> Iterator[Theatre]:
    """One emulator for all rows: each run has an account and a session of its own."""
    with running_theatre(tmp_path_factory.mktemp("faults"), film) as theatre:
        yield theatre


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.faults[0])
async def test_a_fault_comes_to_its_documented_end(theatre: Theatre, row: Row) -> None:
    """The end, what the emulator accepted, and the sentence are those of the page."""
    await assert_documented_end(theatre, row, row.faults[0])


def test_the_tables_leave_nothing_out() -> None:
    """Each endpoint meets each kind of fault, and stands in its own table."""
    faults = {fault for row in ROWS for fault in row.faults}
    assert sum(len(row.faults) for row in ROWS) == len(faults)
    met = {
        (spec.split(":")[0], spec.split(":", 2)[2].partition("=")[0])
        for fault in faults
        for spec in fault.split(" & ")
    }
    for endpoint in ENDPOINTS:
        assert {(endpoint, kind) for kind in EVERYWHERE} <= met, endpoint
