"""Two days of a content team's week through `calendar run`: money, posts and emails are counted.

The whole week, and on Prefect and Airflow, is in `tests/long`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from shell import Service, Shell, connected, open_service, service, shell
from week import Post, TypedWeek, WeekWorld, week_world

__all__ = ["connected", "open_service", "service", "shell"]


class Days(TypedWeek):
    """A rejection, a change, a budget, a kill, and two answers that the publisher drops."""

    posts = (
        Post(0, "a", "before_paying", words=("reject",)),
        Post(0, "b", "before_handover", words=("change", "approve")),
        Post(0, "c", budget="50", is_held=True, words=("release",)),
    )
    trouble = ("drop before", "drop")
    kills = ((0, "after_prompt"),)


@pytest.fixture
def world(shell: Shell, service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[WeekWorld]:
    with week_world(shell, service, monkeypatch) as world:
        yield world


def test_two_days_come_to_what_was_promised(world: WeekWorld) -> None:
    """Twice a day by cron, and Ann decides by what the emails say."""
    Days(world).live().check()
