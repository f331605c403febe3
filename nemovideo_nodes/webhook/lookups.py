"""What people and monitors read of the outbox: lists, one delivery whole, counts."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Row, Table, case, func, or_, select

from nemovideo_nodes.webhook.tables import deliveries, jobs, refusals

__all__ = ["counts", "listed", "shown"]


def counts(db: Connection, now: float) -> dict[str, Any]:
    """How many deliveries and jobs are in each state, and for how long the oldest one waits in
    vain.
    """
    looked_for = case(
        (deliveries.c.attempts == 0, deliveries.c.due_at), else_=deliveries.c.received_at
    )
    waited_for = case((jobs.c.reason.is_(None), jobs.c.due_at), else_=jobs.c.created_at)
    of_jobs = _by_state(db, jobs)
    oldest = [
        db.scalar(select(func.min(looked_for)).where(deliveries.c.state == "new")),
        db.scalar(select(func.min(waited_for)).where(jobs.c.state == "waiting")),
    ]
    lag = max((now - one for one in oldest if one is not None), default=0.0)
    return {
        "deliveries": _by_state(db, deliveries),
        "jobs": of_jobs,
        "lag_s": round(max(0.0, lag), 3),
        "dead": of_jobs.get("dead", 0),
    }


def listed(
    db: Connection, *, state: str | None = None, source: str | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """The newest deliveries with the jobs that they made, newest first.

    What the receiver refused is among those that are refused; it has no number, since nothing of
    it was kept.
    """
    query = (
        select(
            deliveries.c.id,
            deliveries.c.source,
            deliveries.c.received_at,
            deliveries.c.delivery_id,
            deliveries.c.state.label("delivery"),
            jobs.c.state.label("job"),
            deliveries.c.run_id,
            func.coalesce(jobs.c.subject, deliveries.c.subject).label("subject"),
            func.coalesce(jobs.c.reason, deliveries.c.reason).label("reason"),
            jobs.c.result,
        )
        .select_from(deliveries.outerjoin(jobs, jobs.c.run_id == deliveries.c.run_id))
        .order_by(deliveries.c.id.desc())
        .limit(limit)
    )
    if state:
        query = query.where(or_(deliveries.c.state == state, jobs.c.state == state))
    if source:
        query = query.where(deliveries.c.source == source)
    found = [dict(row._mapping) for row in db.execute(query)]
    if state != "refused":
        return found
    found += _refused(db, source, limit)
    return sorted(found, key=lambda row: float(row["received_at"]), reverse=True)[:limit]


def shown(db: Connection, number: int) -> dict[str, Any] | None:
    """All that is known of one delivery, of the job that it made, and of those of `replay --again`
    ("again").
    """
    row = db.execute(select(deliveries).where(deliveries.c.id == number)).one_or_none()
    if row is None:
        return None
    delivery = dict(row._mapping) | {"headers": json.loads(row.headers)}
    job = db.execute(select(jobs).where(jobs.c.run_id == row.run_id)).one_or_none()
    again = select(jobs).where(jobs.c.run_id.startswith(f"{row.run_id}.", autoescape=True))
    return {
        "delivery": delivery,
        "job": None if job is None else _as_plain(job),
        "again": [_as_plain(one) for one in db.execute(again.order_by(jobs.c.id))],
    }


def _as_plain(job: Row[Any]) -> dict[str, Any]:
    return dict(job._mapping) | {"parameters": json.loads(job.parameters)}


def _refused(db: Connection, source: str | None, limit: int) -> list[dict[str, Any]]:
    query = select(refusals).order_by(refusals.c.refused_at.desc()).limit(limit)
    if source:
        query = query.where(refusals.c.source == source)
    return [
        {
            "id": None,
            "source": row.source,
            "received_at": row.refused_at,
            "delivery_id": None,
            "delivery": "refused",
            "job": None,
            "run_id": None,
            "subject": None,
            "reason": row.reason if row.times == 1 else f"{row.reason} ({row.times} times)",
            "result": None,
        }
        for row in db.execute(query)
    ]


def _by_state(db: Connection, table: Table) -> dict[str, int]:
    rows = db.execute(select(table.c.state, func.count()).group_by(table.c.state))
    return {row[0]: row[1] for row in rows}
