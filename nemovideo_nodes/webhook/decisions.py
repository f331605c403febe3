"""What a delivery changes of what is to be made, within one transaction of the outbox.

Its statements are made once: they are what the dispatcher does most.

Which of two deliveries about a thing is newer, is said by their versions where both have one that
can be believed, else by the order of their arrival: the outbox's own numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, bindparam, func, insert, or_, select, tuple_, update

from nemovideo_nodes.webhook.mapped import Mapped
from nemovideo_nodes.webhook.parameters import Parameters
from nemovideo_nodes.webhook.tables import deliveries, jobs, subjects

__all__ = ["Asked", "Delivery", "TakenBack", "decide", "settle", "take_back", "upsert_job"]

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
    """A delivery that asks for a video, and how its source wants that handled."""

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
_SUBJECTS = (
    select(subjects)
    .where(tuple_(subjects.c.source, subjects.c.subject).in_(bindparam("of_keys", expanding=True)))
    .with_for_update()
)
_JOBS = select(jobs.c.run_id, jobs.c.id, jobs.c.state, jobs.c.subject).where(
    jobs.c.run_id.in_(bindparam("of_run_ids", expanding=True))
)
_NEW = (
    select(deliveries.c.id)
    .where(deliveries.c.id.in_(bindparam("of_ids", expanding=True)), deliveries.c.state == "new")
    .with_for_update()
)
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
_MOVE_JOB = (
    update(jobs).where(jobs.c.id == bindparam("of_id")).values(subject=bindparam("to_subject"))
)
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
    for part in _about_different_things([one for one in asked if one.delivery.id in left]):
        batch = _Batch(db, part, now)
        settled: dict[bool, list[tuple[int, str, str, str | None]]] = {False: [], True: []}
        for one in part:
            state, run_id = batch.decide(one)
            reason = _REASONS[state] or one.wanted.note
            settled[one.forget_bytes].append((one.delivery.id, state, reason, run_id))
            states.append(state)
        batch.write()
        for forget, rows in settled.items():
            settle(db, rows, forget_bytes=forget)
    return states


def _about_different_things(asked: Sequence[Asked]) -> Iterator[list[Asked]]:
    """Parts in order, in each of which no thing and no run is there twice."""
    part: list[Asked] = []
    seen: set[tuple[str, str]] = set()
    for one in asked:
        names = {
            (one.delivery.source, one.wanted.subject),
            *(("", run_id) for run_id in _run_ids(one)),
        }
        if names & seen:
            yield part
            part, seen = [], set()
        part.append(one)
        seen |= names
    if part:
        yield part


def _run_ids(one: Asked) -> list[str]:
    """The ids that the run may have: the one of now, and that of an earlier release."""
    wanted = one.wanted
    return [run_id for run_id in (wanted.parameters.run_id, wanted.earlier_run_id) if run_id]


class _Batch:
    """Deliveries about different things: what is known of them is read at once, what is new is
    written at once.
    """

    def __init__(self, db: Connection, asked: Sequence[Asked], now: float) -> None:
        self._db = db
        self._now = now
        keys = [(one.delivery.source, one.wanted.subject) for one in asked]
        run_ids = [run_id for one in asked for run_id in _run_ids(one)]
        self._subjects = {
            (row.source, row.subject): row for row in db.execute(_SUBJECTS, {"of_keys": keys})
        }
        self._jobs = {row.run_id: row for row in db.execute(_JOBS, {"of_run_ids": run_ids})}
        self._new_subjects: list[dict[str, Any]] = []
        self._new_jobs: list[dict[str, Any]] = []

    def write(self) -> None:
        if self._new_subjects:
            self._db.execute(_NEW_SUBJECT, self._new_subjects)
        if self._new_jobs:
            self._db.execute(_NEW_JOB, self._new_jobs)

    def decide(self, one: Asked) -> tuple[str, str | None]:
        """What becomes of a delivery, and which run is its."""
        key = {"source": one.delivery.source, "subject": one.wanted.subject}
        of = {f"of_{name}": value for name, value in key.items()}
        version = _believed(one.wanted.version, one.delivery.received_at)
        known = self._subjects.get((one.delivery.source, one.wanted.subject))
        newest_id = one.wanted.parameters.run_id
        run_id = self._run_id(one.wanted, known)
        since = None
        if known is None:
            newest = {"version": _NONE if version is None else version, "run_id": newest_id}
            self._new_subjects.append({**key, **newest, "sequence": one.delivery.id})
            if one.only_records:
                return "recorded", None
        elif _is_older(known, version, one.delivery, is_start=True):
            return "stale", None
        else:
            changed = {
                "to_version": known.version if version is None else version,
                "to_run_id": newest_id,
                "to_sequence": max(known.sequence, one.delivery.id),
                "to_withdrawn_at": None,
                "to_withdrawn_version": None,
            }
            self._db.execute(_CHANGED_SUBJECT, {**of, **changed})
            since = self._db.scalar(_OLDER_SINCE, {**of, "of_run_id": run_id})
        if since is not None:
            ended = {"to_state": "replaced", "to_reason": f"replaced by {run_id}"}
            self._db.execute(_CALL_OFF, {**of, **ended, "of_run_id": run_id})
        job = self._jobs.get(run_id)
        if job is not None and job.subject != one.wanted.subject:
            moved = {"of_id": job.id, "to_subject": one.wanted.subject}
            self._db.execute(_MOVE_JOB, moved)
        is_same = known is not None and known.run_id in (newest_id, run_id)
        if (job is not None and job.state not in _ENDED) or (job is None and is_same):
            return "unchanged" if is_same else "known", run_id
        begun = self._now if since is None else since
        due_at = min(self._now + one.debounce_s, begun + 10 * one.debounce_s)
        parameters = one.wanted.parameters.model_copy(update={"run_id": run_id})
        if job is None:
            values = _waiting(parameters, begun, due_at)
            self._new_jobs.append({**key, "run_id": run_id, **values})
        else:
            upsert_job(self._db, job, key, parameters, begun, due_at)
        return "job", run_id

    def _run_id(self, wanted: Mapped, known: Row[Any] | None) -> str:
        """The id of the run: that of an earlier release, where it was made under that."""
        run_id, earlier = wanted.parameters.run_id, wanted.earlier_run_id
        if not earlier or run_id in self._jobs:
            return run_id
        is_newest = known is not None and known.run_id == earlier
        if wanted.earlier_overlooks and known is not None and not is_newest:
            return run_id  # since then it may have changed in what was overlooked
        return earlier if is_newest or earlier in self._jobs else run_id


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
        ended = {f"to_{name}": value for name, value in withdrawn.items()}
        db.execute(_CHANGED_SUBJECT, {**of, **changed, **ended})
    call_off = {"to_state": "withdrawn", "to_reason": one.reason}
    called_off = db.execute(_CALL_OFF, {**of, **call_off, "of_run_id": ""}).rowcount
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


def upsert_job(
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
    values = _waiting(parameters, created_at, due_at, released=released)
    if job is None:
        db.execute(_NEW_JOB, {**key, "run_id": parameters.run_id, **values})
    else:
        del values["lease_until"]  # somebody may be at it still
        db.execute(update(jobs).where(jobs.c.id == job.id).values(values))


def _waiting(
    parameters: Parameters, created_at: float, due_at: float, *, released: bool = False
) -> dict[str, Any]:
    return {
        "parameters": parameters.kept(),
        "state": "waiting",
        "due_at": due_at,
        "created_at": created_at,
        "attempts": 0,
        "lease_until": 0.0,
        "reason": None,
        "released": int(released),
    }


def _not_looked_at(db: Connection, ids: Sequence[int]) -> set[int]:
    """Those of these deliveries that no other dispatcher has looked at meanwhile."""
    return set(db.scalars(_NEW, {"of_ids": list(ids)}))


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
