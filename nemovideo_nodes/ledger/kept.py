"""Bytes of a bucket that are known already, so that what was read or written is not read again.

An object counts as known while the bucket lists it in the very version that is kept: who deletes a
run and begins it anew, or repairs an entry, is never shown what was there before.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

__all__ = ["KeptObjects"]

_MOST_BYTES = 32 * 1024 * 1024
_LARGEST = 256 * 1024
"""Facts and summaries are small; what is larger is not kept."""


class KeptObjects:
    """Small objects by name, each in one version; those that were used last stay."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._objects: OrderedDict[str, tuple[str, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, name: str, version: str, data: bytes) -> None:
        """Keep an object in place of what was kept under its name."""
        with self._lock:
            self._forget(name)
            if not version or len(data) > _LARGEST:
                return
            self._objects[name] = version, data
            self._bytes += len(data)
            while self._bytes > self._most:
                self._forget(next(iter(self._objects)))

    def get(self, name: str, version: str = "") -> bytes | None:
        """The bytes of that version, if they are kept; of any, where none is named."""
        with self._lock:
            kept = self._objects.get(name)
            if kept is None or version not in ("", kept[0]):
                return None
            self._objects.move_to_end(name)
            return kept[1]

    def version(self, name: str) -> str:
        """The version that is kept of an object; empty where none is."""
        with self._lock:
            kept = self._objects.get(name)
            return kept[0] if kept else ""

    def clear(self) -> None:
        """Keep nothing any more."""
        with self._lock:
            self._objects.clear()
            self._bytes = 0

    def _forget(self, name: str) -> None:
        if (kept := self._objects.pop(name, None)) is not None:
            self._bytes -= len(kept[1])
