"""A content team's week through `calendar run`: money, posts and emails, all as promised.

By hand: `python -m pytest tests/long/test_week.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from shell import Service, Shell, connected, open_service, service, shell
from week import TypedWeek, WeekWorld, week_world

__all__ = ["connected", "open_service", "service", "shell"]


@pytest.fixture
def world(shell: Shell, service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[WeekWorld]:
    with week_world(shell, service, monkeypatch) as world:
        yield world


def test_a_week_comes_to_what_was_promised(world: WeekWorld) -> None:
    """Twice a day by cron, with kills, a publisher that drops answers, and Ann, who decides."""
    TypedWeek(world).live().check()
