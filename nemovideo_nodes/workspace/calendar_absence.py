"""Says once that a calendar is not there, until it has been there again.

A schedule that is switched on before there is a calendar would else fail at each tick.
"""

from __future__ import annotations

import hashlib
from typing import Final

from nemovideo_nodes.ledger.store import Store

__all__ = ["calendar_is_back", "first_absence"]

_FOLDER: Final = "calendar/absent"


def first_absence(store: Store, calendar: str) -> bool:
    """Whether a person has not been told yet that `calendar` is not there: from now on they have.

    Raises `StoreError`.
    """
    return store.create(_name(calendar), b"{}")


def calendar_is_back(store: Store, calendar: str) -> None:
    """Note that `calendar` is there: should it go away, that is said again."""
    if store.size(_name(calendar)) is not None:
        store.remove([_name(calendar)])


def _name(calendar: str) -> str:
    return f"{_FOLDER}/{hashlib.sha256(calendar.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
