"""Every fault of docs/faults.md, where the short tests meet one of each row. Takes ten minutes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from matrix import PAGE, Row, Theatre, assert_documented_end, parse, running_theatre

FAULTS = [(row, fault) for row in parse(PAGE.read_text("utf-8")) for fault in row.faults]


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory, film: Path) -> Iterator[Theatre]:
    """One emulator for all faults: each run has an account and a session of its own."""
    with running_theatre(tmp_path_factory.mktemp("faults"), film) as theatre:
        yield theatre


@pytest.mark.parametrize(("row", "fault"), FAULTS, ids=[fault for _, fault in FAULTS])
async def test_a_fault_comes_to_its_documented_end(theatre: Theatre, row: Row, fault: str) -> None:
    """The end, what the emulator accepted, and the sentence are those of the page."""
    await assert_documented_end(theatre, row, fault)
