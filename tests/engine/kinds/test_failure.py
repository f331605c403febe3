"""What an error of the service means for a step: when it is done once more."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from fake_clock import FakeClock
from scripted import settings_in

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.engine.kinds.kind import Context, Failure, failure_of
from nemovideo_nodes.errors import Unreachable
from nemovideo_nodes.ledger.run import Run, StepRecord
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.steps import ClaimLink, Idempotency, Step
from nemovideo_nodes.settings import PollingSettings


@pytest.mark.parametrize(
    ("rate_limit_s", "tries", "seconds"),
    [(30.0, 0, 1.0), (30.0, 1, 5.0), (30.0, 9, 30.0), (0.05, 1, 0.05), (0.0, 0, 0.0)],
)
async def test_a_repetition_waits_longer_each_time_and_never_longer_than_a_rate_limit(
    tmp_path: Path, rate_limit_s: float, tries: int, seconds: float
) -> None:
    """Who sets a quick rhythm gets it everywhere."""
    clock = FakeClock()
    record = StepRecord(
        Step(id="claim/0", args=ClaimLink()), clock.now(), refusals={("me", ""): tries}
    )
    async with NemoVideoClient(settings=settings_in(tmp_path)) as client:
        context = Context(
            client=client,
            store=Store(str(tmp_path / "store")),
            run=Run("r"),
            pace=PollingSettings(rate_limit_s=rate_limit_s),
            clock=clock,
            report=lambda progress: None,
        )
        outcome = failure_of(Unreachable("No"), context, record, Idempotency.IDEMPOTENT, me="me")
    assert isinstance(outcome, Failure)
    assert outcome.repeat_at == clock.now() + timedelta(seconds=seconds)
