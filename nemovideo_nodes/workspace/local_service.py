"""The emulator of a store, which takes the place of the service where a run asks for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.media.local_proof import key_in
from nemovideo_nodes.settings import PollingSettings, Settings

__all__ = ["LOCAL", "StartLocal", "local_settings"]

StartLocal = Callable[[Path], str]
"""Starts the emulator whose world is that folder, if none is alive, and returns its URL."""

LOCAL: Final = "local"
"""The service's name in run ids, whatever port the emulator has."""
_PACE: Final = PollingSettings(poll_s=0.5, reconcile_s=0.2, rate_limit_s=1.0)
"""The emulator on this machine answers at once; the documented rhythm is for the vendor."""


def local_settings(settings: Settings, store: Store, start: StartLocal | None) -> Settings:
    """The settings for the emulator of this store, which is started if it is not there.

    Blocks while it starts, for some seconds at most; raises `BadInput` where it does not.
    """
    if start is None:
        raise BadInput("This run needs the local emulator, and there is no way to start it here")
    given = settings.pace
    world = store.cache / "emulator"
    api_url = start(world)
    return settings.model_copy(
        update={
            "api_url": api_url,
            # One that a caller serves by itself has no key here.
            "local_world": world if key_in(world) else None,
            "token": None,
            "service_name": LOCAL,
            "pace": PollingSettings(
                poll_s=_PACE.poll_s if given.poll_s is None else given.poll_s,
                reconcile_s=_PACE.reconcile_s if given.reconcile_s is None else given.reconcile_s,
                rate_limit_s=given.rate_limit_s,
            ),
        }
    )
