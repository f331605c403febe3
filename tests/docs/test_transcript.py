"""docs/transcript.md is what a new user sees now, command by command."""

from __future__ import annotations

import pytest
import transcript


@pytest.mark.slow
def test_the_transcript_is_fresh() -> None:
    """`python tests/support/transcript.py` writes it anew."""
    assert transcript.transcript() == transcript.PAGE.read_text("utf-8")
