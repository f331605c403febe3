"""Where things are in a payload: JMESPath, and the times that systems write. Pure."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult
from jmespath.visitor import TreeInterpreter

__all__ = ["Expression", "epoch_seconds"]

_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
_INTERPRETER: Final = TreeInterpreter()


class Expression:
    """A JMESPath expression; raises `JMESPathError` for what is none."""

    def __init__(self, text: str) -> None:
        parsed: ParsedResult = jmespath.compile(text)
        self._tree = parsed.parsed
        # Most are names with dots between them, and are looked up without the interpreter.
        self._path = tuple(text.strip().split(".")) if _PATH.fullmatch(text.strip()) else ()

    def search(self, seen: Any) -> Any:
        """What it finds; None where the data are of another shape than meant."""
        if self._path:
            for name in self._path:
                seen = seen.get(name) if isinstance(seen, dict) else None
            return seen
        try:
            return _INTERPRETER.visit(self._tree, seen)
        except (JMESPathError, TypeError, ValueError, AttributeError):
            return None


def epoch_seconds(found: Any) -> float | None:
    """A time as seconds of the epoch: an ISO text, seconds, or milliseconds."""
    if isinstance(found, bool):
        return None
    if isinstance(found, int | float):
        seconds = float(found) if abs(found) < 1e18 else math.inf
        seconds = seconds / 1000 if seconds > 1e11 else seconds
        return seconds if 0 <= seconds < 1e11 else None
    if not isinstance(found, str):
        return None
    try:
        time = datetime.fromisoformat(found.strip())
    except ValueError:
        return None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
