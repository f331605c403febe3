"""Notifications: what is told about runs and calendars, to whom, and that it arrives.

`notice` says what happened, `outbox` keeps it in the store until it was sent, `notifier` sends it
through channels (`webhook`, `email`, `command`), which `config` reads.
"""

from __future__ import annotations

from nemovideo_nodes.workspace.notifications.channel import MakeChannel, NotSent, Outgoing
from nemovideo_nodes.workspace.notifications.notifier import Notifier, SendReport
from nemovideo_nodes.workspace.notifications.outbox import DeliveryState

__all__ = [
    "DeliveryState",
    "MakeChannel",
    "NotSent",
    "Notifier",
    "Outgoing",
    "SendReport",
]
