"""Notifiers of Airflow's providers as channels of notifications."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final

from airflow.sdk.bases.notifier import BaseNotifier

from nemovideo_nodes.workspace.notifications import MakeChannel, NotSent, Outgoing
from nemovideo_nodes.workspace.notifications.channel import Opened
from nemovideo_nodes.workspace.notifications.config import AirflowChannel
from nemovideo_nodes.workspace.notifications.words import plain_text, subject_of

__all__ = ["AIRFLOW_CHANNELS", "NotifierSender"]

_PLACE: Final = re.compile(r"\{(subject|text|html|id)\}")


class NotifierSender:
    """Sends messages through a notifier, such as `SlackNotifier` or `SmtpNotifier`."""

    def __init__(self, opened: Opened) -> None:
        assert isinstance(opened.channel, AirflowChannel)
        self._path = opened.channel.notifier
        self._arguments = opened.channel.arguments

    async def send(self, outgoing: Outgoing) -> None:
        """Make the notifier and let it send; its own errors may hold secrets, so none is told."""
        message = outgoing.message
        values = {
            "subject": subject_of(message),
            "text": plain_text(message, outgoing.note, outgoing.approvals),
            "html": _html(outgoing),
            "id": message.id,
        }
        module, _, name = self._path.rpartition(".")
        try:
            kind: Any = getattr(import_module(module), name)
        except (ImportError, AttributeError):
            raise NotSent(f"There is no notifier {self._path}: install its provider") from None
        if not (isinstance(kind, type) and issubclass(kind, BaseNotifier)):
            raise NotSent(f"{self._path} is not a notifier", for_good=True)

        def notify() -> None:
            # `notify` and not a call: what people wrote into a message is never a template.
            kind(**_filled(self._arguments, values)).notify({})

        try:
            await asyncio.to_thread(notify)
        except Exception as error:
            raise NotSent(
                f"The notifier {self._path} did not send it ({type(error).__name__})"
            ) from None


AIRFLOW_CHANNELS: Final[Mapping[str, MakeChannel]] = MappingProxyType({"airflow": NotifierSender})


def _html(outgoing: Outgoing) -> str:
    from nemovideo_nodes.workspace.notifications.email import html_of

    return html_of(outgoing, {})


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    """An argument with the message in the place of its placeholders."""
    if isinstance(value, str):
        return _PLACE.sub(lambda found: values[found[1]], value)
    if isinstance(value, Mapping):
        return {name: _filled(one, values) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(one, values) for one in value]
    return value
