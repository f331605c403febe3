"""What a render is called."""

from __future__ import annotations

from datetime import UTC, datetime

from nemovideo_nodes.engine.kinds.render import render_id_of


def test_runs_that_submit_in_the_same_millisecond_share_no_render() -> None:
    """Else one of them would get the other's video."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    ids = {render_id_of(f"run-{number}", at) for number in range(5_000)}
    assert len(ids) == 5_000
    assert all(one.removeprefix("render_").isdigit() for one in ids)
