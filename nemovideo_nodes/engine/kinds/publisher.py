"""What the engine needs of a publisher; who drives a run brings them along."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.handover import Answer, HandoverPost, Uploaded

__all__ = ["OpenPublisher", "Publisher", "no_publisher"]


class Publisher(Protocol):
    """Where videos are handed over to."""

    @property
    def repeats(self) -> bool:
        """Whether a second post of the same id is dropped, so that repeating is harmless."""
        ...

    async def prepare(self, post: HandoverPost, store: Store) -> Sequence[Uploaded] | Answer:
        """Bring over what comes before the post, and publishes nothing; an `Answer` ends it."""
        ...

    async def send(
        self, post: HandoverPost, uploaded: Sequence[Uploaded], store: Store, now: datetime
    ) -> Answer:
        """Hand the post over."""
        ...

    async def look_up(self, post: HandoverPost, store: Store, now: datetime) -> Answer | None:
        """Whether it has the post; None where it cannot be asked."""
        ...


OpenPublisher = Callable[[str], Publisher]
"""Opens the publisher of a name; raises `BadInput` where there is none."""


def no_publisher(name: str) -> Publisher:
    """For a driver that knows none; raises `BadInput`."""
    raise BadInput(f"The publisher {name[:60]!r} is not known here")
