"""Terminal sessions as they were recorded, at the widths that the short tests leave out."""

from __future__ import annotations

from pathlib import Path

import pytest
import sessions


@pytest.mark.parametrize("columns", [one for one in sessions.COLUMNS if one != 40])
def test_a_session_is_as_it_was_recorded(columns: int, film: Path) -> None:
    """Fifty pictures in one live line, four lines at the end, a table, and a run in Chinese."""
    assert sessions.session(columns, film) == sessions.page(columns).read_text("utf-8")
