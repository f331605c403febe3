"""Runs that were started and whose ends are looked for; within a transaction of the outbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, select, update

from nemovideo_nodes.webhook.tables import jobs

__all__ = ["FollowedRun", "RunEnd", "any_to_follow", "followed", "to_follow"]


@dataclass(frozen=True)
class FollowedRun:
    """A run that was started, and whose end is looked for."""

    run_id: str
    name: str
    """What the target calls it."""
    created_at: float
    state: str


@dataclass(frozen=True)
class RunEnd:
    """How a run ended that was followed."""

    run_id: str
    state: str
    result: str = ""
    """The video's path; empty: what the target calls the run stays."""
    reason: str = ""
    is_final: bool = True
    """Whether it is not looked at again: a run that failed may be started again at the target."""


def any_to_follow(db: Connection, now: float) -> bool:
    """Whether there is a run to look at now."""
    return db.execute(select(jobs.c.id).where(_due(now)).limit(1)).one_or_none() is not None


def to_follow(
    db: Connection, now: float, again_at: Callable[[float], float], limit: int
) -> list[FollowedRun]:
    """Runs to look at now; others leave them until `again_at` of the time when the job was made."""
    query = select(jobs).where(_due(now)).order_by(jobs.c.follow_at).limit(limit)
    rows = db.execute(query.with_for_update(skip_locked=True)).all()
    if rows:
        later = update(jobs).where(jobs.c.id == bindparam("b_id"))
        db.execute(
            later.values(follow_at=bindparam("b_at")),
            [{"b_id": row.id, "b_at": again_at(row.created_at)} for row in rows],
        )
    return [FollowedRun(r.run_id, r.result or "", r.created_at, r.state) for r in rows]


def followed(db: Connection, ends: Sequence[RunEnd]) -> None:
    """Note how runs ended at the target."""
    for end in ends:
        values: dict[str, Any] = {"state": end.state, "reason": end.reason or None}
        if end.result:
            values["result"] = end.result
        if end.is_final:
            values["follow_at"] = None
        db.execute(update(jobs).where(jobs.c.run_id == end.run_id).values(values))


def _due(now: float) -> ColumnElement[bool]:
    return and_(jobs.c.state.in_(("started", "failed")), jobs.c.follow_at <= now)
