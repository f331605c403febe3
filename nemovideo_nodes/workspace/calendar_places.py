"""Objects of stores by their whole URLs (s3://bucket/calendar.csv), each bucket opened once."""

from __future__ import annotations

from collections.abc import Mapping

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.ledger.store import Store

__all__ = ["Places"]


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
