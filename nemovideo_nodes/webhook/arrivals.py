"""Deliveries that arrive, and which of them are duplicates; within a transaction of the outbox."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from nemovideo_nodes.webhook.tables import deliveries, subjects

__all__ = ["Accepted", "accept", "insertion"]


@dataclass(frozen=True)
class Accepted:
    """A verified delivery, to be written down; no secret is in it."""

    source: str
    delivery_id: str | None
    signed_digest: str | None
    received_at: float
    headers: dict[str, str]
    body: bytes
    subject: str = ""
    """What it is about, where only the body is signed: then the same bytes may be meant once more
    after another delivery about the same thing."""


def insertion(*, postgres: bool) -> Any:
    """The statement that writes deliveries down, and returns those that are new."""
    dialect = postgresql if postgres else sqlite
    statement: Any = dialect.insert(deliveries).on_conflict_do_nothing()
    return statement.returning(
        deliveries.c.source, deliveries.c.delivery_id, deliveries.c.signed_digest
    )


def accept(db: Connection, statement: Any, arrived: Sequence[Accepted]) -> list[bool]:
    """Write deliveries down with `insertion`'s statement; for each whether it is new."""
    new = []
    written = db.execute(statement, [_row(one) for one in arrived])
    left = Counter((row.source, row.delivery_id, row.signed_digest) for row in written)
    for one in arrived:
        key = one.source, one.delivery_id, one.signed_digest
        is_new = left[key] > 0
        left[key] -= 1
        new.append(is_new or (bool(one.subject) and _accept_again(db, statement, one)))
    return new


def _accept_again(db: Connection, statement: Any, one: Accepted) -> bool:
    """Write a delivery down whose bytes came before, if another one about the same thing came
    in between: a thing that is changed and changed back sends the same bytes as at first.
    """
    of_source = deliveries.c.source == one.source
    if one.delivery_id is not None:
        same_id = and_(of_source, deliveries.c.delivery_id == one.delivery_id)
        if db.scalar(select(func.count()).where(same_id)):
            return False
    same_bytes = and_(of_source, deliveries.c.signed_digest == one.signed_digest)
    first = db.scalar(select(deliveries.c.id).where(same_bytes))
    if first is None:
        return False
    newest = max(
        db.scalar(
            select(func.max(deliveries.c.id)).where(
                of_source, deliveries.c.state == "new", deliveries.c.subject == one.subject
            )
        )
        or 0,
        db.scalar(
            select(subjects.c.sequence).where(
                subjects.c.source == one.source, subjects.c.subject == one.subject
            )
        )
        or 0,
    )
    if newest <= first:
        return False
    db.execute(update(deliveries).where(same_bytes).values(signed_digest=None))
    return bool(db.execute(statement, [_row(one)]).all())


def _row(one: Accepted) -> dict[str, Any]:
    return {
        "source": one.source,
        "delivery_id": one.delivery_id,
        "signed_digest": one.signed_digest,
        "received_at": one.received_at,
        "headers": json.dumps(one.headers),
        "body": one.body,
        "subject": one.subject or None,
        "state": "new",
        "due_at": one.received_at,
        "attempts": 0,
    }
