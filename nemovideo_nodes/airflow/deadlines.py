"""Deadlines: what an operator's `timeout` and `execution_timeout` come to as an absolute time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from nemovideo_nodes.errors import BadInput

__all__ = ["Limit", "absolute_deadline", "earliest"]

Limit = timedelta | float | datetime | str | None
"""A length of time (a `timedelta` or seconds), or an absolute time, also as a text (ISO 8601)."""


def absolute_deadline(limit: Limit, start: datetime | None = None) -> str:
    """The limit as an absolute time (ISO 8601), a length counted from `start` (None: from now).

    Empty where there is no limit. Raises `BadInput`.
    """
    from nemovideo_nodes.clock import SystemClock

    if isinstance(limit, str):
        limit = _parsed(limit)
    if isinstance(limit, int | float):
        limit = timedelta(seconds=limit)
    if isinstance(limit, timedelta):
        try:
            limit = (start or SystemClock().now()) + limit
        except OverflowError:
            raise BadInput(f"The timeout {limit} is too long") from None
    if limit is None:
        return ""
    if limit.tzinfo is None:
        raise BadInput(f"The timeout {limit.isoformat()} has no time zone: add one, as in +00:00")
    return limit.isoformat()


def earliest(deadline: str, within: timedelta | None) -> tuple[str, bool]:
    """The earlier of a deadline and `within` from now, and whether it is the latter."""
    if within is None:
        return deadline, False
    from nemovideo_nodes.clock import SystemClock

    limit = SystemClock().now() + within
    if deadline and datetime.fromisoformat(deadline) <= limit:
        return deadline, False
    return limit.astimezone(UTC).isoformat(), True


def _parsed(text: str) -> datetime | float | None:
    if text.strip() in ("", "None", "null"):
        return None
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadInput(
            f"The timeout {text.strip()[:60]!r} is not a time: give seconds or an ISO 8601 time"
        ) from None
