"""What every target can do: start a run once, and say how it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, Self, runtime_checkable

from nemovideo_nodes.webhook.parameters import Parameters

__all__ = ["NotStarted", "Started", "StartsMany", "TargetDown", "TargetRuns"]


@dataclass(frozen=True)
class Started:
    """A run that is in the target's hands, or done; `name` is what the target calls it."""

    name: str
    state: Literal["started", "done"] = "started"


class NotStarted(Exception):
    """The target refused the run; `for_good`: it always would; `held`: until a person has acted;
    `over_budget`: until the next day, or until a person has released the run.
    """

    def __init__(
        self,
        why: str,
        *,
        for_good: bool = False,
        held: bool = False,
        over_budget: bool = False,
    ) -> None:
        super().__init__(why)
        self.for_good = for_good
        self.held = held
        self.over_budget = over_budget


class TargetDown(Exception):
    """The target as a whole does not answer, whatever it is asked."""


class TargetRuns(Protocol):
    """Starts runs; used as an async context manager."""

    ahead: int
    """For how many starts each that is under way may have jobs at hand, to save transactions."""

    async def start(self, parameters: Parameters) -> Started:
        """Start the run once; raises `NotStarted` and `TargetDown`."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *error: object) -> None: ...


@runtime_checkable
class StartsMany(Protocol):
    """A target that can be asked for many runs at once."""

    @property
    def together(self) -> int:
        """How many at once; 1 where it turned out that it cannot."""
        ...

    async def start_many(self, asked: Sequence[Parameters]) -> Sequence[Started | NotStarted]:
        """Start each run once; what became of each. Raises `TargetDown`."""
        ...
