"""The emulator of a store, which takes the place of the service where a run asks for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.settings import Settings

__all__ = ["LOCAL", "StartLocal", "local_settings"]

StartLocal = Callable[[Path], str]
"""Starts the emulator whose world is that folder, if none is alive, and returns its URL."""

LOCAL: Final = "local"
"""The service's name in run ids, whatever port the emulator has."""


def local_settings(settings: Settings, store: Store, start: StartLocal | None) -> Settings:
    """The settings for the emulator of this store, which is started if it is not there.

    Blocks while it starts, for some seconds at most; raises `BadInput` where it does not.
    """
    from nemovideo_nodes.media.local_proof import key_in  # who only reads runs needs no client

    if start is None:
        raise BadInput("This run needs the local emulator, and there is no way to start it here")
    world = store.cache / "emulator"
    api_url = start(world)
    return settings.model_copy(
        update={
            "api_url": api_url,
            # One that a caller serves by itself has no key here.
            "local_world": world if key_in(world) else None,
            "token": None,
            "service_name": LOCAL,
            "pace": settings.pace.at(api_url),
        }
    )
