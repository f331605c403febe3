"""The moments at which an emulator can hold a run: before and after each call that costs money."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from shell import Service

__all__ = ["MOMENTS", "ONE_VIDEO", "Moment", "counts_of", "sign_in"]

ONE_VIDEO = {"messages": 1, "renders": 1, "uploads": 2, "sessions": 1}
"""What a video of two pictures comes to, whatever was killed."""


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


def sign_in(service: Service) -> str:
    """A new account's token."""
    url = f"{service.url}/api/auth/anonymous-token"
    answer = httpx.post(url, headers={"X-Client-Id": os.urandom(8).hex()})
    token: str = answer.raise_for_status().json()["data"]["token"]
    return token


def counts_of(service: Service) -> dict[str, int]:
    """What an emulator has accepted, by kind."""
    counts = service.ask("counts")
    return {kind: counts[kind] for kind in ONE_VIDEO}
