"""Every fault of docs/faults.md, met by a whole run at the emulator: its end, counts, sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from matrix import PACE, PAGE, Row, Theatre, fits, meet, parse
from stage import Stage, copying_renderer, make_pictures

from nemovideo_nodes.emulator.faults import ENDPOINTS
from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator

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


@pytest.fixture(scope="session")
def theatre(tmp_path_factory: pytest.TempPathFactory, film: Path) -> Iterator[Theatre]:
    """One emulator for all rows: each run has an account and a session of its own."""
    folder = tmp_path_factory.mktemp("faults")
    options = Options(quick=True, pace=0.0, renderer=copying_renderer(film))
    with RunningEmulator(folder / "world", options=options) as emulator:
        pictures = make_pictures(folder / "pictures", 1)
        yield Theatre(Stage(emulator, folder, pictures, pace=PACE))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.faults[0]}x{len(row.faults)}")
async def test_a_fault_comes_to_its_documented_end(theatre: Theatre, row: Row) -> None:
    """The end, what the emulator accepted, and the sentence are those of the page."""
    for fault in row.faults:
        met = await meet(theatre, fault)
        assert (met.status, met.again, met.sent) == (
            row.outcome.status,
            row.outcome.again,
            row.outcome.sent,
        ), (fault, met)
        assert fits(row.outcome.says, met.says), (fault, met.says)


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
