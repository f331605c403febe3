"""Emulators for an orchestrator's runs, and the moments of a run at which one can hold it.

Those are before and after each call that costs money. Neither Prefect nor Airflow is known here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx
from shell import Service

from nemovideo_nodes.ledger.facts import Fact, load_fact

__all__ = ["MOMENTS", "ONE_VIDEO", "QUICK", "Emulators", "Held", "Moment", "counts_of", "sign_in"]

QUICK = {
    "NEMOVIDEO_POLL_SECONDS": "0.2",
    "NEMOVIDEO_RECONCILE_SECONDS": "0.2",
    "NEMOVIDEO_RATE_LIMIT_SECONDS": "0.2",
}
"""The rhythm of an orchestrator's workers in tests."""

ONE_VIDEO = {"messages": 1, "renders": 1, "uploads": 2, "sessions": 1}
"""What a video of two pictures comes to, whatever was killed."""


class HasUrl(Protocol):
    """An emulator, as a process or in this one."""

    @property
    def url(self) -> str: ...


@dataclass(frozen=True)
class Moment:
    """A place in a run where the emulator holds its answer back, until it is let go."""

    name: str
    endpoint: str
    kind: str
    accepted: Mapping[str, int]
    """What the emulator has accepted of the run by then."""


_BEFORE = {"messages": 0, "renders": 0}
_BETWEEN = {"messages": 1, "renders": 0}
MOMENTS = (
    Moment("before_prompt", "state", "hold", _BEFORE),
    Moment("after_prompt", "run_sse", "hold_after", _BETWEEN),
    Moment("before_render", "export", "hold", _BETWEEN),
    Moment("after_render", "export", "hold_after", {"messages": 1, "renders": 1}),
)
"""Before and after each call that starts paid work."""


class Held:
    """A run whose emulator holds it at a moment; who makes it starts the run."""

    def __init__(self, service: Service, moment: Moment) -> None:
        self._service = service
        self._moment = moment
        self._before = counts_of(service)
        self.let_go()
        service.add_fault(moment.endpoint, 1, moment.kind)

    @property
    def sent(self) -> dict[str, int]:
        """What the emulator has accepted since this began."""
        now = counts_of(self._service)
        return {kind: now[kind] - self._before[kind] for kind in now}

    def has_come(self) -> bool:
        """Whether the moment is there: the request is held, and what it starts has started."""
        if not self._service.ask("faults")["met"]:
            return False
        return self._moment.accepted.items() <= self.sent.items()

    def let_go(self) -> None:
        """What is held, and whatever comes from now on, is answered."""
        self._service.ask("faults", {"action": "clear"})


@dataclass(frozen=True, kw_only=True)
class Emulators:
    """What runs of an orchestrator meet, and where they are kept."""

    services: Mapping[str, Service]
    """Emulators by the names of their credentials."""
    tokens: list[str]
    """The accounts' tokens: secrets, which nothing may keep."""
    store: Path
    pictures: list[str]

    def facts(self, run_id: str) -> list[Fact]:
        """The journal of a run."""
        folder = self.store / "runs" / run_id / "journal"
        facts = [load_fact(path.read_bytes()) for path in sorted(folder.glob("*.json"))]
        return [fact for fact in facts if fact is not None]


def sign_in(service: HasUrl) -> str:
    """A new account's token."""
    url = f"{service.url}/api/auth/anonymous-token"
    answer = httpx.post(url, headers={"X-Client-Id": os.urandom(8).hex()})
    token: str = answer.raise_for_status().json()["data"]["token"]
    return token


def counts_of(service: Service) -> dict[str, int]:
    """What an emulator has accepted, by kind."""
    counts = service.ask("counts")
    return {kind: counts[kind] for kind in ONE_VIDEO}
