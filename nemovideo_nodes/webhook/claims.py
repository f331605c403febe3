"""Jobs that are due: leased to a dispatcher, or held; in a transaction of the outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, func, select, update

from nemovideo_nodes.webhook import limits as spending
from nemovideo_nodes.webhook.limits import Limits
from nemovideo_nodes.webhook.parameters import Parameters
from nemovideo_nodes.webhook.tables import jobs

__all__ = ["Job", "claim"]

_MOST_ROUNDS: Final = 20


@dataclass(frozen=True)
class Job:
    """A run that is to be started, and is leased to whoever got this."""

    run_id: str
    source: str
    subject: str
    parameters: Parameters
    created_at: float
    attempts: int


def claim(
    db: Connection, now: float, lease_s: float, limit: int, limits: Mapping[str, Limits]
) -> list[Job]:
    """Lease jobs that are due; never two about one thing. What is over a limit is held instead."""
    other = jobs.alias()
    busy = select(other.c.id).where(
        other.c.source == jobs.c.source,
        other.c.subject == jobs.c.subject,
        other.c.id != jobs.c.id,
        other.c.lease_until > now,
    )
    where = and_(
        jobs.c.state == "waiting",
        jobs.c.due_at <= now,
        jobs.c.lease_until <= now,
        ~busy.exists(),
    )
    query = (
        select(jobs)
        .where(where)
        .order_by(jobs.c.due_at, jobs.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if limits:
        spending.lock(db)
    rows: list[Row[Any]] = []
    for _ in range(_MOST_ROUNDS):
        found = db.execute(query).all()
        rows = _lease(db, found, now, lease_s, limits)
        if rows or not found:  # where all are held, the next ones are looked at
            break
    return [
        Job(
            row.run_id,
            row.source,
            row.subject,
            Parameters.model_validate_json(row.parameters),
            row.created_at,
            row.attempts,
        )
        for row in rows
    ]


def _lease(
    db: Connection,
    found: Sequence[Row[Any]],
    now: float,
    lease_s: float,
    limits: Mapping[str, Limits],
) -> list[Row[Any]]:
    """Lease jobs that are due; hold those that are beyond the limits of their sources."""
    leased = []
    held_at_once: set[str] = set()
    for row in found:
        limit = limits.get(row.source)
        if limit is not None and row.begun_at is None and not row.released:
            if row.run_id in held_at_once:
                continue
            if reason := spending.over_limit(db, row, limit, now):
                values = {"state": "held", "reason": reason}
                db.execute(update(jobs).where(jobs.c.id == row.id).values(values))
                of_burst = select(jobs.c.run_id).where(
                    jobs.c.source == row.source, jobs.c.state == "held"
                )
                held_at_once |= set(db.scalars(of_burst))
                continue
            _begin(db, [row.id], now, lease_s)
        leased.append(row)
    _begin(db, [row.id for row in leased], now, lease_s)
    return leased


def _begin(db: Connection, ids: Sequence[int], now: float, lease_s: float) -> None:
    if ids:
        values = {
            "lease_until": now + lease_s,
            "begun_at": func.coalesce(jobs.c.begun_at, now),
        }
        db.execute(update(jobs).where(jobs.c.id.in_(ids)).values(values))
