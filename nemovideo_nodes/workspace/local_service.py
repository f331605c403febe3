"""Where a run's service is: the emulator of its store, or what the environment names."""

from __future__ import annotations

from typing import Final

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.settings import Pace, Settings

__all__ = ["LOCAL", "local_settings", "settings_where"]

LOCAL: Final = "local"
"""The service's name in run ids, whatever port the emulator has."""
_PACE: Final = Pace(poll_s=0.5, reconcile_s=0.2, rate_limit_s=1.0)
"""The emulator on this machine answers at once; the documented rhythm is for the vendor."""


def local_settings(settings: Settings, store: Store) -> Settings:
    """The settings for the emulator of this store, which is started if it is not there.

    Blocks while it starts, for some seconds at most; raises `BadInput` where it does not.
    """
    from nemovideo_nodes.emulator.local import ensure_local

    given = settings.pace
    return settings.model_copy(
        update={
            "api_url": ensure_local(store.cache / "emulator"),
            "token": None,
            "service_name": LOCAL,
            "pace": Pace(
                poll_s=_PACE.poll_s if given.poll_s is None else given.poll_s,
                reconcile_s=_PACE.reconcile_s if given.reconcile_s is None else given.reconcile_s,
                rate_limit_s=given.rate_limit_s,
            ),
        }
    )


def settings_where(settings: Settings, store: Store, run_id: str, service: str) -> Settings:
    """The settings for a run that was begun at `service`; raises `BadInput` if it is another."""
    if service == LOCAL:
        return local_settings(settings, store)
    if service != settings.service:
        raise BadInput(
            f"Run {run_id} belongs to the service {service}, not to {settings.service}: "
            "set NEMO_API_URL"
        )
    return settings
