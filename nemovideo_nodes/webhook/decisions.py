"""What a delivery changes of what is to be made, within one transaction of the outbox.

Its statements are made once: they are what the dispatcher does most.

Which of two deliveries about a thing is newer, is said by their versions where both have one that
can be believed, else by the order of their arrival: the outbox's own numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, bindparam, func, insert, or_, select, update

from nemovideo_nodes.webhook.mapping import Mapped, Parameters
from nemovideo_nodes.webhook.tables import deliveries, jobs, subjects

__all__ = ["Asked", "Delivery", "TakenBack", "decide", "settle", "take_back", "want"]

_AHEAD_S: Final = 86_400.0
"""How far ahead of its arrival a version is believed: clocks and time zones are off, not years."""
_A_TIME: Final = 1e9
"""From here on a version is a time; below it somebody counts versions."""
_NONE: Final = -1.0
"""In the table: no version."""


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
    only_records: bool = False
    """Whether a thing that is seen for the first time makes no video yet."""


@dataclass(frozen=True)
class TakenBack:
    """A delivery that says that a thing is not published any more (or not now)."""

    delivery: Delivery
    subject: str
    version: float | None
    reason: str
    state: str = "withdrawn"
    """What the delivery is, unless a newer one came before."""
    forget_bytes: bool = False


_REASONS: Final = {
    "stale": "a newer one came before",
    "unchanged": "nothing that matters to the video changed",
    "known": "its video was made before",
    "recorded": "seen for the first time, and only recorded (baseline)",
    "job": "",
}
_ENDED: Final = ("dead", "replaced", "withdrawn")
"""States of jobs that the same content published once more brings back."""
_OF_SUBJECT = and_(
    subjects.c.source == bindparam("of_source"), subjects.c.subject == bindparam("of_subject")
)
_SUBJECT = select(subjects).where(_OF_SUBJECT).with_for_update()
_NEW_SUBJECT = insert(subjects)
_CHANGED_SUBJECT = (
    update(subjects)
    .where(_OF_SUBJECT)
    .values(
        version=bindparam("to_version"),
        run_id=bindparam("to_run_id"),
        sequence=bindparam("to_sequence"),
        withdrawn_at=bindparam("to_withdrawn_at"),
        withdrawn_version=bindparam("to_withdrawn_version"),
    )
)
_JOB = select(jobs.c.id, jobs.c.state).where(jobs.c.run_id == bindparam("of_run_id"))
_OLDER = and_(
    jobs.c.source == bindparam("of_source"),
    jobs.c.subject == bindparam("of_subject"),
    or_(jobs.c.state == "waiting", jobs.c.state == "held"),
    jobs.c.run_id != bindparam("of_run_id"),
)
_OLDER_SINCE = select(func.min(jobs.c.created_at)).where(_OLDER)
_CALL_OFF = (
    update(jobs).where(_OLDER).values(state=bindparam("to_state"), reason=bindparam("to_reason"))
)
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
    left = _not_looked_at(db, [one.delivery.id for one in asked])
    states = []
    for forget in (False, True):
        settled = []
        for one in asked:
            if one.forget_bytes is forget and one.delivery.id in left:
                state = _decide(db, one, now)
                run_id = one.wanted.parameters.run_id if state not in ("stale", "recorded") else ""
                reason = _REASONS[state] or one.wanted.note
                settled.append((one.delivery.id, state, reason, run_id or None))
        settle(db, settled, forget_bytes=forget)
        states += [state for _, state, _, _ in settled]
    return states


def take_back(db: Connection, one: TakenBack) -> str:
    """Call off what waits for a thing that is not published any more; what the delivery is."""
    if not _not_looked_at(db, [one.delivery.id]):
        return ""
    of = {"of_source": one.delivery.source, "of_subject": one.subject}
    version = _believed(one.version, one.delivery.received_at)
    known = db.execute(_SUBJECT, of).one_or_none()
    if known is not None and _is_older(known, version, one.delivery):
        settle(db, [(one.delivery.id, "stale", _REASONS["stale"], None)])
        return "stale"
    withdrawn = {"withdrawn_at": one.delivery.received_at, "withdrawn_version": version}
    if known is None:
        key = {"source": one.delivery.source, "subject": one.subject}
        values = {"version": _NONE, "run_id": "", "sequence": one.delivery.id}
        db.execute(_NEW_SUBJECT, {**key, **values, **withdrawn})
    else:
        changed = {
            "to_version": known.version,
            "to_run_id": known.run_id,
            "to_sequence": max(known.sequence, one.delivery.id),
        }
        told = {f"to_{name}": value for name, value in withdrawn.items()}
        db.execute(_CHANGED_SUBJECT, {**of, **changed, **told})
    ended = {"to_state": "withdrawn", "to_reason": one.reason}
    called_off = db.execute(_CALL_OFF, {**of, **ended, "of_run_id": ""}).rowcount
    state = "withdrawn" if called_off else one.state
    reason = f"{one.reason}; the video that waited is called off" if called_off else one.reason
    settle(db, [(one.delivery.id, state, reason, None)], forget_bytes=one.forget_bytes)
    return state


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
    *,
    released: bool = False,
) -> None:
    """Have a job wait until `due_at`: a new one, or one that was dead or called off.

    `released`: a person asked for it, so no limit holds it.
    """
    values = {
        "parameters": parameters.model_dump_json(),
        "state": "waiting",
        "due_at": due_at,
        "created_at": created_at,
        "attempts": 0,
        "lease_until": 0.0,
        "reason": None,
        "released": int(released),
    }
    if job is None:
        db.execute(_NEW_JOB, {**key, "run_id": parameters.run_id, **values})
    else:
        del values["lease_until"]  # somebody may be at it still
        db.execute(update(jobs).where(jobs.c.id == job.id).values(values))


def _not_looked_at(db: Connection, ids: Sequence[int]) -> set[int]:
    """Those of these deliveries that no other dispatcher has looked at meanwhile."""
    mine = select(deliveries.c.id).where(deliveries.c.id.in_(ids), deliveries.c.state == "new")
    return set(db.scalars(mine.with_for_update()))


def _decide(db: Connection, one: Asked, now: float) -> str:
    key = {"source": one.delivery.source, "subject": one.wanted.subject}
    of = {f"of_{name}": value for name, value in key.items()}
    run_id = one.wanted.parameters.run_id
    version = _believed(one.wanted.version, one.delivery.received_at)
    known = db.execute(_SUBJECT, of).one_or_none()
    since = None
    if known is None:
        newest = {"version": _NONE if version is None else version, "run_id": run_id}
        db.execute(_NEW_SUBJECT, {**key, **newest, "sequence": one.delivery.id})
        if one.only_records:
            return "recorded"
    elif _is_older(known, version, one.delivery, is_start=True):
        return "stale"
    else:
        changed = {
            "to_version": known.version if version is None else version,
            "to_run_id": run_id,
            "to_sequence": max(known.sequence, one.delivery.id),
            "to_withdrawn_at": None,
            "to_withdrawn_version": None,
        }
        db.execute(_CHANGED_SUBJECT, {**of, **changed})
        since = db.scalar(_OLDER_SINCE, {**of, "of_run_id": run_id})
    if since is not None:
        ended = {"to_state": "replaced", "to_reason": f"replaced by {run_id}"}
        db.execute(_CALL_OFF, {**of, **ended, "of_run_id": run_id})
    job = db.execute(_JOB, {"of_run_id": run_id}).one_or_none()
    is_same = known is not None and known.run_id == run_id
    if (job is not None and job.state not in _ENDED) or (job is None and is_same):
        return "unchanged" if is_same else "known"
    begun = now if since is None else since
    due_at = min(now + one.debounce_s, begun + 10 * one.debounce_s)
    want(db, job, key, one.wanted.parameters, begun, due_at)
    return "job"


def _believed(version: float | None, received_at: float) -> float | None:
    return version if version is not None and version <= received_at + _AHEAD_S else None


def _is_older(
    known: Row[Any], version: float | None, delivery: Delivery, *, is_start: bool = False
) -> bool:
    """Whether what is known of a thing is newer than what a delivery says."""
    if is_start and known.withdrawn_at is not None and version is not None:
        ended = known.withdrawn_version
        if ended is None and version >= _A_TIME:
            ended = known.withdrawn_at
        if ended is not None and version <= ended:
            return True
    last = _believed(known.version if known.version >= 0 else None, delivery.received_at)
    if version is not None and last is not None and version != last:
        return version < last
    return delivery.id < int(known.sequence)
