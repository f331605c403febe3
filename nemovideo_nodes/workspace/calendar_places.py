"""Files, and objects of stores by their whole URLs (s3://bucket/calendar.csv)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.ledger.store import REMOTE, Store

__all__ = ["Places", "write_place"]


class Places:
    """The buckets that one command works with: opening one asks it something."""

    def __init__(self, options: Mapping[str, str] | None = None) -> None:
        """`options` are the buckets' accounts and endpoints; see `Store`."""
        self._options = options
        self._stores: dict[str, Store] = {}

    def object(self, place: str) -> tuple[Store, str]:
        """The bucket of a URL as a store, and the name in it; raises `BadInput`."""
        scheme, _, path = place.partition("://")
        bucket, _, key = path.partition("/")
        if not bucket or not key:
            raise BadInput(f"{place} names no object: give {scheme}://bucket/calendar.csv")
        url = f"{scheme}://{bucket}"
        if url not in self._stores:
            self._stores[url] = Store(url, self._options)
        return self._stores[url], key


def write_place(place: str, data: bytes, places: Places | None = None) -> None:
    """Write a file, or an object of a store, whole or not at all; raises `BadInput`.

    A folder that is not there is made.
    """
    if place.startswith(REMOTE):
        store, key = (places or Places()).object(place)
        store.replace(key, data)
        return
    try:
        path = Path(place).expanduser()
        spare = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            spare.write_bytes(data)
            spare.replace(path)
        finally:
            spare.unlink(missing_ok=True)
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"{place} cannot be written: {reason}") from None
