"""Download URLs that expire and that nobody can make up; pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlencode

__all__ = ["signed_query", "verify"]


def signed_query(secret: str, name: str, expires: float) -> str:
    """The query that opens `name` until `expires`, in seconds since 1970."""
    return urlencode({"expires": int(expires), "sig": _signature(secret, name, int(expires))})


def verify(secret: str, name: str, query: Mapping[str, str], now: float) -> bool:
    """Whether `query` opens `name` at `now`."""
    expires = query.get("expires", "")
    if not (expires.isascii() and expires.isdecimal() and len(expires) < 20) or int(expires) < now:
        return False
    expected = _signature(secret, name, int(expires))
    return hmac.compare_digest(expected.encode(), query.get("sig", "").encode())


def _signature(secret: str, name: str, expires: int) -> str:
    return hmac.new(secret.encode(), f"{name}:{expires}".encode(), hashlib.sha256).hexdigest()
