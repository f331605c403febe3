"""What every channel does: it sends a message, once, and says why where it could not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from nemovideo_nodes.errors import redact
from nemovideo_nodes.settings import Settings
from nemovideo_nodes.workspace.notifications.config import Channel
from nemovideo_nodes.workspace.notifications.notice import Message

__all__ = ["MakeChannel", "NotSent", "Opened", "Outgoing", "SendsMessages"]


class NotSent(Exception):
    """The message did not go out, or nothing says that it did; the text is a sentence."""

    def __init__(
        self, sentence: str, *, retry_after: timedelta | None = None, for_good: bool = False
    ) -> None:
        super().__init__(redact(sentence))
        self.retry_after = retry_after
        self.for_good = for_good


@dataclass(frozen=True)
class Outgoing:
    """A message on its way."""

    message: Message
    at: datetime
    """When this try began."""
    posters: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """JPEGs by their names in the store, those of them that can be read."""
    approvals: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Links with which a run is approved, by its id: secrets, made for this try alone."""
    note: str = ""
    """A line before the message, such as that it is a sample."""


class SendsMessages(Protocol):
    """A channel that was opened."""

    async def send(self, outgoing: Outgoing) -> None:
        """Send it; raises `NotSent`, and `BadInput` for settings that cannot be used."""
        ...


@dataclass(frozen=True)
class Opened:
    """What a channel is opened with."""

    name: str
    channel: Channel
    settings: Settings
    folder: Path
    """Where relative paths of its entry begin."""
    hidden: frozenset[str] = frozenset()
    """Environment variables that no command gets to see."""


MakeChannel = Callable[[Opened], SendsMessages]
"""Opens a channel of a kind; doors bring their own. Raises `BadInput`."""
