"""A content team's week through `calendar run`: money, posts and emails, all as promised."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from shell import Service, Shell, connected, open_service, service, shell
from week import Week, WeekWorld, week_world

__all__ = ["connected", "open_service", "service", "shell"]


class TypedWeek(Week):
    """A week that a person or cron types."""

    def tick(self) -> None:
        ended = self.world.shell.type(*self._command())
        assert ended.code in (0, 1, 75), ended.err

    def begin_tick(self) -> Callable[[], object]:
        running = self.world.shell.start(*self._command())

        def kill() -> None:
            running.process.kill()
            running.process.communicate()

        return kill

    def _command(self) -> tuple[str, ...]:
        return ("calendar", "run", str(self.calendar), "--ahead", "12", "--at-once", "2")


@pytest.fixture
def world(
    shell: Shell, service: Service, monkeypatch: pytest.MonkeyPatch
) -> Iterator[WeekWorld]:
    with week_world(shell, service, monkeypatch) as world:
        yield world


def test_a_week_comes_to_what_was_promised(world: WeekWorld) -> None:
    """Twice a day by cron, with kills, a publisher that drops answers, and Ann, who decides."""
    TypedWeek(world).live().check()
    for m in world.mail.mails: print("=====", m["Subject"]); print(m.get_body(("plain",)).get_content())
