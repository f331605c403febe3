"""What a payload comes to: a video's parameters, or a reason why there is none. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from nemovideo_nodes.webhook.parameters import Parameters

__all__ = ["Ignored", "Mapped", "NotMapped", "OfNoKind", "Withdrawn", "listed"]

_MOST_TOLD: Final = 3


class NotMapped(Exception):
    """The payload cannot become a video; the text says why."""


class Ignored(NotMapped):
    """The payload is of a kind that is not meant to become one."""

    subject: str = ""
    """The thing that is not published now, so that a video that waits for it is called off."""


class OfNoKind(Ignored):
    """What `when` wants does not hold of it."""


class Withdrawn(Ignored):
    """The thing was deleted or unpublished: a video that waits for it is called off."""

    def __init__(self, why: str, subject: str, version: float | None) -> None:
        super().__init__(why)
        self.subject = subject
        self.version = version


@dataclass(frozen=True)
class Mapped:
    """What a delivery asks for."""

    subject: str
    version: float | None
    """Seconds of the epoch at which the thing changed, where the payload says so."""
    digest: str
    """Of the fields that matter: equal where the video would be the same."""
    parameters: Parameters
    title: str = ""
    left_out: tuple[str, ...] = ()
    """Why pictures of the payload are not among the run's."""
    is_old: bool = False
    """Whether it is an update of what was published long before."""
    earlier_run_id: str = ""
    """The id that release 0.1 gave to the run, where that is another one; see `earlier`."""
    earlier_overlooks: bool = False
    """Whether 0.1 overlooked something that matters: a change of it left that id the same."""

    @property
    def note(self) -> str:
        """Which pictures are left out, in words; empty where none is."""
        return f"left out: {listed(self.left_out)}" if self.left_out else ""


def listed(reasons: Sequence[str]) -> str:
    """The first of them in words, and how many more there are."""
    more = f" and {len(reasons) - _MOST_TOLD} more" if len(reasons) > _MOST_TOLD else ""
    return "; ".join(reasons[:_MOST_TOLD]) + more
