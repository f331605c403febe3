"""Notification blocks of Prefect as channels of notifications, and the page of this flow run."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, cast

from prefect.blocks.abstract import NotificationBlock
from prefect.blocks.core import Block
from prefect.utilities.urls import url_for

from nemovideo_nodes.prefect.deduplication import current_flow_run
from nemovideo_nodes.workspace.notifications import MakeChannel, NotSent, Outgoing
from nemovideo_nodes.workspace.notifications.channel import Opened
from nemovideo_nodes.workspace.notifications.config import PrefectChannel
from nemovideo_nodes.workspace.notifications.words import plain_text, subject_of

__all__ = ["PREFECT_CHANNELS", "PrefectBlockSender", "flow_run_link"]


class PrefectBlockSender:
    """Sends messages through a notification block, such as Slack's or that of an email server."""

    def __init__(self, opened: Opened) -> None:
        assert isinstance(opened.channel, PrefectChannel)
        self._block = opened.channel.block

    async def send(self, outgoing: Outgoing) -> None:
        """Load the block and let it send; its own errors may hold its address, so none is told."""
        try:
            block: Any = await cast("Any", Block).aload(self._block)  # Prefect hides its type
        except ValueError:
            raise NotSent(
                f"There is no notification block {self._block}: make it under Blocks"
            ) from None
        except Exception as error:
            raise NotSent(
                f"The block {self._block} cannot be loaded ({type(error).__name__})"
            ) from None
        if not isinstance(block, NotificationBlock):
            raise NotSent(f"The block {self._block} sends no notifications", for_good=True)
        message = outgoing.message
        try:
            with block.raise_on_failure():
                sending: object = block.notify(
                    plain_text(message, outgoing.note, outgoing.approvals),
                    subject=subject_of(message),
                )
                if inspect.isawaitable(sending):
                    await sending
        except Exception as error:
            raise NotSent(
                f"The block {self._block} did not send it ({type(error).__name__})"
            ) from None


PREFECT_CHANNELS: Final[Mapping[str, MakeChannel]] = MappingProxyType(
    {"prefect": PrefectBlockSender}
)


def flow_run_link() -> str:
    """Where people see this flow run; empty outside of one, and without an address of the UI."""
    flow_run = current_flow_run()
    if flow_run is None:
        return ""
    return url_for("flow-run", obj_id=flow_run.id, url_type="ui") or ""
