"""Who is told what becomes of a run, as whoever asked for it decided. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from nemovideo_nodes.errors import BadInput

__all__ = ["Notify", "channels_in", "checked_channels", "notify_of"]

_CHANNEL: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_MOST: Final = 20


class Notify(BaseModel):
    """The channels that are told of a run, and where the run came from."""

    model_config = ConfigDict(frozen=True)

    channels: tuple[str, ...] | None = None
    """Names of channels; None: those that the settings name for all runs; none: nobody is told."""
    calendar: str = ""
    """The calendar that asked for the run; what its tick comes to is told in one message."""
    source: str = ""
    """The webhook source that asked for it."""
    subject: str = ""
    """What the source calls the thing that the video is about."""

    def of_row(self, channels: tuple[str, ...] | None) -> Notify:
        """The same for a row that names channels of its own, or none."""
        return self if channels is None else self.model_copy(update={"channels": channels})


def notify_of(given: Notify | Mapping[str, Any] | str | None) -> Notify | None:
    """Who is told, as a form, a DAG or a template says it; None for nothing. Raises `BadInput`."""
    if isinstance(given, Notify):
        return given
    try:
        value = json.loads(given) if isinstance(given, str) and given.strip() else given
        if not value:
            return None
        notify = Notify.model_validate(value)
    except ValueError:
        raise BadInput('`notify` takes {"channels": ["NAME"]}') from None
    checked_channels(notify.channels or ())
    return notify


def channels_in(names: Iterable[str]) -> tuple[str, ...]:
    """The channels that a row of a calendar names; `none` is nobody. Raises `BadInput`."""
    parts = [part for name in names for part in re.split(r"[,;|\s]+", name.strip()) if part]
    if [part.lower() for part in parts] in (["none"], ["nobody"], ["-"]):
        return ()
    return checked_channels(parts)


def checked_channels(names: Iterable[str]) -> tuple[str, ...]:
    """The names of channels, each once; raises `BadInput` for one that cannot be a name."""
    found = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
    for name in found:
        if not _CHANNEL.fullmatch(name):
            raise BadInput(
                f"The channel {name[:60]!r} cannot be one: use up to 40 small letters, digits and "
                "dashes"
            )
    if len(found) > _MOST:
        raise BadInput(f"{len(found)} channels are named, and at most {_MOST} can be told")
    return found
