"""Log lines that come by the thousand, as a few: one for each kind in a while, with the number."""

from __future__ import annotations

import logging
from typing import Final

__all__ = ["SparingLog"]

_EVERY_S: Final = 60.0
_MOST_KINDS: Final = 1_000


class SparingLog:
    """Warns once a minute for each kind, and says then how many there were meanwhile."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._kinds: dict[str, tuple[float, int]] = {}

    def warning(self, kind: str, text: str, now: float) -> None:
        """Log `text`, unless one of its `kind` was logged a short while ago."""
        since, unsaid = self._kinds.get(kind, (-_EVERY_S, 0))
        if 0 <= now - since < _EVERY_S:
            self._kinds[kind] = (since, unsaid + 1)
            return
        if len(self._kinds) >= _MOST_KINDS:
            self._kinds.clear()
        self._kinds[kind] = (now, 0)
        self._log.warning("%s%s", text, f" ({unsaid} more like it before)" if unsaid else "")
