"""What a delivery changes of what is to be made, within one transaction of the outbox.

Its statements are made once: they are what the dispatcher does most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, bindparam, func, insert, select, update

from nemovideo_nodes.webhook.mapping import Mapped, Parameters
from nemovideo_nodes.webhook.tables import deliveries, jobs, subjects

__all__ = ["Asked", "Delivery", "decide", "settle", "want"]


@dataclass(frozen=True)
class Delivery:
    """A delivery as it was written down."""

    id: int
    source: str
    received_at: float
    headers: dict[str, str]
    body: bytes
    attempts: int


@dataclass(frozen=True)
class Asked:
    """A delivery that asks for a video, and how its source wants that taken."""

    delivery: Delivery
    wanted: Mapped
    debounce_s: float = 0.0
    forget_bytes: bool = False
    """Whether the same bytes may come again and be meant."""


_WHY: Final = {
    "stale": "a newer one came before",
    "unchanged": "nothing that matters to the video changed",
    "known": "its video was made before",
    "job": "",
}
_OF_SUBJECT = and_(
    subjects.c.source == bindparam("of_source"), subjects.c.subject == bindparam("of_subject")
)
_SUBJECT = select(subjects).where(_OF_SUBJECT).with_for_update()
_NEW_SUBJECT = insert(subjects)
_CHANGED_SUBJECT = (
    update(subjects)
    .where(_OF_SUBJECT)
    .values(version=bindparam("to_version"), run_id=bindparam("to_run_id"))
)
_JOB = select(jobs.c.id, jobs.c.state).where(jobs.c.run_id == bindparam("of_run_id"))
_OLDER = and_(
    jobs.c.source == bindparam("of_source"),
    jobs.c.subject == bindparam("of_subject"),
    jobs.c.state == "waiting",
    jobs.c.run_id != bindparam("of_run_id"),
)
_OLDER_SINCE = select(func.min(jobs.c.created_at)).where(_OLDER)
_CALL_OFF = update(jobs).where(_OLDER).values(state="replaced", reason=bindparam("why"))
_NEW_JOB = insert(jobs)
_SETTLE = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("of_id"))
    .values(
        state=bindparam("to_state"), reason=bindparam("to_reason"), run_id=bindparam("to_run_id")
    )
)
_SETTLE_AND_FORGET = _SETTLE.values(signed_digest=None)


def decide(db: Connection, asked: Sequence[Asked], now: float) -> list[str]:
    """Make jobs of what is asked for, the newest state of each thing; what became of each."""
    ids = [one.delivery.id for one in asked]
    mine = select(deliveries.c.id).where(deliveries.c.id.in_(ids), deliveries.c.state == "new")
    # Another dispatcher may have looked at some of them.
    left = set(db.scalars(mine.with_for_update()))
    states = []
    for forget in (False, True):
        settled = []
        for one in asked:
            if one.forget_bytes is forget and one.delivery.id in left:
                state = _decide(db, one, now)
                run_id = None if state == "stale" else one.wanted.parameters.run_id
                settled.append((one.delivery.id, state, _WHY[state], run_id))
        settle(db, settled, forget_bytes=forget)
        states += [state for _, state, _, _ in settled]
    return states


def settle(
    db: Connection,
    settled: Sequence[tuple[int, str, str, str | None]],
    *,
    forget_bytes: bool = False,
) -> None:
    """Note what became of deliveries: id, state, reason, run."""
    if settled:
        db.execute(
            _SETTLE_AND_FORGET if forget_bytes else _SETTLE,
            [
                {"of_id": number, "to_state": state, "to_reason": why or None, "to_run_id": run_id}
                for number, state, why, run_id in settled
            ],
        )


def want(
    db: Connection,
    job: Row[Any] | None,
    key: Mapping[str, str],
    parameters: Parameters,
    created_at: float,
    due_at: float,
) -> None:
    """Have a job wait until `due_at`: a new one, or one that was dead or called off."""
    values = {
        "parameters": parameters.model_dump_json(),
        "state": "waiting",
        "due_at": due_at,
        "created_at": created_at,
        "attempts": 0,
        "lease_until": 0.0,
        "reason": None,
    }
    if job is None:
        db.execute(_NEW_JOB, {**key, "run_id": parameters.run_id, **values})
    else:
        del values["lease_until"]  # somebody may be at it still
        db.execute(update(jobs).where(jobs.c.id == job.id).values(values))


def _decide(db: Connection, one: Asked, now: float) -> str:
    key = {"source": one.delivery.source, "subject": one.wanted.subject}
    of = {f"of_{name}": value for name, value in key.items()}
    run_id = one.wanted.parameters.run_id
    version = one.wanted.version
    version = one.delivery.received_at if version is None else version
    known = db.execute(_SUBJECT, of).one_or_none()
    since = None
    if known is None:
        db.execute(_NEW_SUBJECT, {**key, "version": version, "run_id": run_id})
    elif version < known.version:
        return "stale"
    else:
        db.execute(_CHANGED_SUBJECT, {**of, "to_version": version, "to_run_id": run_id})
        since = db.scalar(_OLDER_SINCE, {**of, "of_run_id": run_id})
    if since is not None:
        db.execute(_CALL_OFF, {**of, "of_run_id": run_id, "why": f"replaced by {run_id}"})
    job = db.execute(_JOB, {"of_run_id": run_id}).one_or_none()
    if job is not None and job.state not in ("dead", "replaced"):
        return "unchanged" if known is not None and known.run_id == run_id else "known"
    begun = now if since is None else since
    due_at = min(now + one.debounce_s, begun + 10 * one.debounce_s)
    want(db, job, key, one.wanted.parameters, begun, due_at)
    return "job"
