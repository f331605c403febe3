"""What a source may spend: how many videos a day, and how many things at once. In a transaction.

What is over a limit is held for a person, and not dropped.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, distinct, func, or_, select, update

from nemovideo_nodes.webhook.config import Source
from nemovideo_nodes.webhook.tables import MIGRATION_LOCK, jobs

__all__ = ["Limits", "limits_of", "lock", "over_limit"]

_DAY_S: Final = 86_400.0


@dataclass(frozen=True)
class Limits:
    """A source's limits; None: none."""

    per_day: int | None = None
    per_day_per_subject: int | None = None
    burst: int | None = None
    burst_s: float = 60.0


def limits_of(source: Source) -> Limits | None:
    """The limits of a source, where it has any."""
    limits = Limits(
        source.most_per_day, source.most_per_day_per_subject, source.burst_limit, source.burst_s
    )
    return None if limits == Limits(burst_s=source.burst_s) else limits


def lock(db: Connection) -> None:
    """Keep other dispatchers from counting at the same time; SQLite has one writer anyway."""
    if db.dialect.name == "postgresql":
        db.execute(select(func.pg_advisory_xact_lock(MIGRATION_LOCK + 1)))


def over_limit(db: Connection, job: Row[Any], limits: Limits, now: float) -> str:
    """Why a job is to be held; empty where it may be started.

    Of a burst all that wait are held at once.
    """
    if limits.burst is not None:
        begin, end = job.created_at - limits.burst_s, job.created_at + limits.burst_s
        together = and_(
            jobs.c.source == job.source,
            or_(jobs.c.state == "waiting", jobs.c.state == "held"),
            jobs.c.released == 0,
            jobs.c.begun_at.is_(None),
            jobs.c.created_at.between(begin, end),
        )
        count = db.scalar(select(func.count(distinct(jobs.c.subject))).where(together)) or 0
        if count > limits.burst:
            reason = (
                f"{count} things asked for a video within {limits.burst_s:g} s, and "
                f"burst_limit is {limits.burst}"
            )
            held = {"state": "held", "reason": reason}
            db.execute(update(jobs).where(together, jobs.c.state == "waiting").values(held))
            return reason
    begun = _begun(db, job.source, now)
    if limits.per_day is not None and begun.total() >= limits.per_day:
        return f"most_per_day of the source is reached ({limits.per_day} in 24 hours)"
    if limits.per_day_per_subject is not None and begun[job.subject] >= limits.per_day_per_subject:
        most = limits.per_day_per_subject
        return f"most_per_day_per_subject is reached ({most} in 24 hours)"
    return ""


def _begun(db: Connection, source: str, now: float) -> Counter[str]:
    """How many videos of each thing were started in the last 24 hours."""
    rows = db.execute(
        select(jobs.c.subject, func.count())
        .where(jobs.c.source == source, jobs.c.begun_at > now - _DAY_S)
        .group_by(jobs.c.subject)
    )
    return Counter({row[0]: row[1] for row in rows})
