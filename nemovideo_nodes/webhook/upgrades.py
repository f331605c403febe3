"""What an upgrade changes of an outbox beside its tables; within a transaction of the outbox."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update

from nemovideo_nodes.webhook.tables import deliveries, jobs, subjects

__all__ = ["rename_waiting"]


def rename_waiting(
    db: Connection, source: str, subject_of: Callable[[Any, Mapping[str, str]], str]
) -> int:
    """Give the jobs of a source that are not started yet the subjects that they have now; how many.

    `subject_of` gets a payload and its headers. So a newer delivery about the same thing replaces
    what waits from an older release, and a deletion calls it off.
    """
    waits = or_(jobs.c.state == "waiting", jobs.c.state == "held")
    rows = db.execute(
        select(jobs.c.id, jobs.c.run_id, jobs.c.subject).where(jobs.c.source == source, waits)
    ).all()
    renamed = 0
    for row in rows:
        asked = select(deliveries).where(deliveries.c.run_id == row.run_id)
        delivery = db.execute(asked.order_by(deliveries.c.id.desc()).limit(1)).one_or_none()
        if delivery is None:
            continue
        subject = subject_of(json.loads(delivery.body), json.loads(delivery.headers))
        if not subject or subject == row.subject:
            continue
        db.execute(update(jobs).where(jobs.c.id == row.id).values(subject=subject))
        _make_known(db, source, subject, row.run_id, delivery.id)
        renamed += 1
    return renamed


def _make_known(db: Connection, source: str, subject: str, run_id: str, sequence: int) -> None:
    """Note the run as the newest of its thing, unless something newer is known."""
    of = (subjects.c.source == source, subjects.c.subject == subject)
    known = db.execute(select(subjects.c.sequence).where(*of)).one_or_none()
    if known is None:
        newest = {"version": -1.0, "run_id": run_id, "sequence": sequence}
        db.execute(insert(subjects).values(source=source, subject=subject, **newest))
    elif known.sequence < sequence:
        db.execute(update(subjects).where(*of).values(run_id=run_id, sequence=sequence))
