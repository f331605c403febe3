"""What was accepted and what is to be started, written down durably; SQLite or PostgreSQL.

A delivery is `new` until it was looked at; then it is `job` (it made one), `known` (the video that
it asks for was made before), `unchanged`, `stale`, `recorded` (the baseline), `withdrawn` (the
thing is not published any more), `ignored` or `refused`. A job is `waiting` until its run was
`started`, or `held` for a person where a limit is reached; then it is `done`, or `failed` at the
target. Or it is `replaced` by a newer one, `withdrawn`, or `dead`, which waits for a person.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from nemovideo_nodes.errors import BadInput, StoreError
from nemovideo_nodes.webhook import limits as spending
from nemovideo_nodes.webhook import lookups
from nemovideo_nodes.webhook.config import Config
from nemovideo_nodes.webhook.decisions import (
    Asked,
    Delivery,
    TakenBack,
    decide,
    settle,
    take_back,
    want,
)
from nemovideo_nodes.webhook.limits import Limits
from nemovideo_nodes.webhook.mapping import Parameters
from nemovideo_nodes.webhook.tables import (
    WRITES,
    deliveries,
    jobs,
    migrate,
    open_engine,
    refusals,
    subjects,
)

__all__ = ["Accepted", "Delivery", "FollowedRun", "Job", "Outbox", "RunEnd"]

_MOST_REFUSALS = 500
"""How many of the last refusals are kept."""
_MOST_ROUNDS = 20
_ENDED = ("started", "done", "failed", "replaced", "withdrawn")


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


@dataclass(frozen=True)
class Job:
    """A run that is to be started, and is leased to whoever got this."""

    run_id: str
    source: str
    subject: str
    parameters: Parameters
    created_at: float
    attempts: int


class Outbox:
    """The database; its methods block, and each is one transaction.

    Raises `StoreError` where the database does not answer.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(**{WRITES: True})
        self._sqlite = engine.dialect.name == "sqlite"
        dialect = sqlite if self._sqlite else postgresql
        statement: Any = dialect.insert(deliveries).on_conflict_do_nothing()
        self._insertion = statement.returning(
            deliveries.c.source, deliveries.c.delivery_id, deliveries.c.signed_digest
        )

    @classmethod
    def open(cls, config: Config, *, durable: bool = True) -> Outbox:
        """The outbox of a configuration, made where it is not there yet; raises `BadInput`.

        Without `durable`, a loss of power may take back what was written last: fit for a
        dispatcher, which would decide the same again, and start it under the same key.
        """
        url = config.outbox.url
        if url.startswith("env:"):
            url = config.secret(url, "the outbox")
        try:
            engine = open_engine(url, config.folder, durable=durable)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            told = type(error).__name__ if not isinstance(error, ImportError) else error.msg
            raise BadInput(
                f"The outbox cannot be opened ({told}): give sqlite:///FILE, or "
                "postgresql+psycopg://… with psycopg installed"
            ) from None
        outbox = cls(engine)
        with outbox._errors():
            migrate(engine)
        return outbox

    def close(self) -> None:
        self._engine.dispose()

    def check(self) -> None:
        """Raises `StoreError` where it cannot be used now."""
        with self._change() as db:
            db.execute(select(subjects.c.source).limit(1))

    def accept(self, arrived: Sequence[Accepted]) -> list[bool]:
        """Write deliveries down, durably; for each whether it is new, and no duplicate."""
        new = []
        with self._change() as db:
            written = db.execute(self._insertion, [_row(one) for one in arrived])
            left = Counter((row.source, row.delivery_id, row.signed_digest) for row in written)
            for one in arrived:
                key = one.source, one.delivery_id, one.signed_digest
                is_new = left[key] > 0
                left[key] -= 1
                new.append(is_new or (bool(one.subject) and self._accept_again(db, one)))
        return new

    def _accept_again(self, db: Connection, one: Accepted) -> bool:
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
        return bool(db.execute(self._insertion, [_row(one)]).all())

    def new(self, now: float, limit: int, besides: Sequence[str] = ()) -> list[Delivery]:
        """Deliveries that nobody has looked at, in the order in which they came.

        Those of the sources `besides` are left out.
        """
        where = and_(
            deliveries.c.state == "new",
            deliveries.c.due_at <= now,
            deliveries.c.source.not_in(besides),
        )
        with self._read() as db:
            rows = db.execute(
                select(deliveries).where(where).order_by(deliveries.c.id).limit(limit)
            ).all()
        return [
            Delivery(r.id, r.source, r.received_at, json.loads(r.headers), r.body, r.attempts)
            for r in rows
        ]

    def set_aside(
        self, delivery: Delivery, state: str, reason: str, *, forget_bytes: bool = False
    ) -> None:
        """Note what became of a delivery that makes no job."""
        with self._change() as db:
            settle(db, [(delivery.id, state, reason, None)], forget_bytes=forget_bytes)

    def put_off(self, delivery: Delivery, reason: str, until: float) -> None:
        """Look at a delivery again later."""
        values = {"attempts": delivery.attempts + 1, "due_at": until, "reason": reason}
        with self._change() as db:
            db.execute(update(deliveries).where(deliveries.c.id == delivery.id).values(values))

    def decide(self, asked: Sequence[Asked], now: float) -> list[str]:
        """Make jobs of deliveries that ask for a video; what became of each."""
        with self._change() as db:
            return decide(db, asked, now)

    def take_back(self, one: TakenBack) -> str:
        """Call off what waits for a thing that is not published any more."""
        with self._change() as db:
            return take_back(db, one)

    def claim(
        self,
        now: float,
        lease_s: float,
        limit: int,
        limits: Mapping[str, Limits] | None = None,
    ) -> list[Job]:
        """Jobs that are due, leased to the caller; never two about one thing.

        What is beyond the `limits` of its source is held instead.
        """
        if limit <= 0:
            return []
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
        with self._change() as db:
            if limits:
                spending.lock(db)
            rows: list[Row[Any]] = []
            for _ in range(_MOST_ROUNDS):
                found = db.execute(query).all()
                rows = _lease(db, found, now, lease_s, limits or {})
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

    def keep(self, run_ids: Sequence[str], until: float) -> None:
        """Hold leases for longer."""
        if not run_ids:
            return
        with self._change() as db:
            held = {"lease_until": until}
            db.execute(update(jobs).where(jobs.c.run_id.in_(run_ids)).values(held))

    def started(
        self, results: Sequence[tuple[str, str, str]], *, follow_at: float | None = None
    ) -> None:
        """Note runs as started (or done): run id, state, and what names it at the target.

        `follow_at`: when those that are started are looked at again.
        """
        if not results:
            return
        values: dict[str, Any] = {"state": bindparam("b_state"), "result": bindparam("b_result")}
        statement = update(jobs).where(jobs.c.run_id == bindparam("b_run_id"))
        with self._change() as db:
            db.execute(
                statement.values(
                    reason=None, lease_until=0.0, follow_at=bindparam("b_follow_at"), **values
                ),
                [
                    {
                        "b_run_id": run_id,
                        "b_state": state,
                        "b_result": result,
                        "b_follow_at": follow_at if state == "started" else None,
                    }
                    for run_id, state, result in results
                ],
            )

    def to_follow(
        self, now: float, again_at: Callable[[float], float], limit: int
    ) -> list[FollowedRun]:
        """Runs that were started and whose end is looked for now; other dispatchers leave them
        until `again_at`, which is told how old they are.
        """
        due = and_(jobs.c.state.in_(("started", "failed")), jobs.c.follow_at <= now)
        query = select(jobs).where(due).order_by(jobs.c.follow_at).limit(limit)
        with self._read() as db:
            if db.execute(query.limit(1)).one_or_none() is None:
                return []
        with self._change() as db:
            rows = db.execute(query.with_for_update(skip_locked=True)).all()
            later = update(jobs).where(jobs.c.id == bindparam("b_id"))
            if rows:
                db.execute(
                    later.values(follow_at=bindparam("b_at")),
                    [{"b_id": row.id, "b_at": again_at(row.created_at)} for row in rows],
                )
        return [FollowedRun(r.run_id, r.result or "", r.created_at, r.state) for r in rows]

    def followed(self, ends: Sequence[RunEnd]) -> None:
        """Note how runs ended at the target."""
        if not ends:
            return
        with self._change() as db:
            for end in ends:
                values: dict[str, Any] = {"state": end.state, "reason": end.reason or None}
                if end.result:
                    values["result"] = end.result
                if end.is_final:
                    values["follow_at"] = None
                db.execute(update(jobs).where(jobs.c.run_id == end.run_id).values(values))

    def refused(self, counted: Sequence[tuple[str, str, int, float]]) -> None:
        """Note what the receiver refused: source, reason, how often, when last."""
        if not counted:
            return
        with self._change() as db:
            db.execute(
                insert(refusals),
                [
                    {"source": source, "reason": reason[:200], "times": times, "refused_at": at}
                    for source, reason, times, at in counted
                ],
            )
            newest = db.scalar(select(func.max(refusals.c.id))) or 0
            db.execute(delete(refusals).where(refusals.c.id <= newest - _MOST_REFUSALS))

    def failed(self, job: Job, reason: str, *, retry_at: float | None, counts: bool = True) -> None:
        """Note why a run was not started; without `retry_at` the job is dead.

        `counts`: whether it is the job's own failure, and not one of the target as a whole.
        """
        values: dict[str, Any] = {"reason": reason, "lease_until": 0.0}
        if counts:
            values["attempts"] = job.attempts + 1
        where = and_(jobs.c.run_id == job.run_id, jobs.c.state == "waiting")
        if retry_at is None:
            values["state"] = "dead"
        else:
            values["due_at"] = retry_at
        with self._change() as db:
            found = db.execute(update(jobs).where(where).values(values)).rowcount
            if not found:  # a newer one has replaced it in the meantime
                freed = {"lease_until": 0.0}
                db.execute(update(jobs).where(jobs.c.run_id == job.run_id).values(freed))

    def counts(self, now: float) -> dict[str, Any]:
        """How many deliveries and jobs are in each state; see `lookups.counts`."""
        with self._read() as db:
            return lookups.counts(db, now)

    def listed(
        self, *, state: str | None = None, source: str | None = None, limit: int = 50
    ) -> list[dict[str, Any]]:
        """The newest deliveries with the jobs that they made; see `lookups.listed`."""
        with self._read() as db:
            return lookups.listed(db, state=state, source=source, limit=limit)

    def shown(self, number: int) -> dict[str, Any] | None:
        """All that is known of one delivery, and of the job that it made."""
        with self._read() as db:
            return lookups.shown(db, number)

    def release(self, numbers: Sequence[int], now: float) -> list[str]:
        """Let jobs that are held be started, by the numbers of their deliveries, or all of them;
        what is done, in sentences. Raises `BadInput`.
        """
        chosen = jobs.c.state == "held"
        if numbers:
            for number in numbers:
                found = self._known(number)
                job = found["job"]
                if job is None or job["state"] != "held":
                    state = (job or found["delivery"])["state"]
                    raise BadInput(f"Delivery {number} is not held: it is {state}")
            mine = select(deliveries.c.run_id).where(deliveries.c.id.in_(numbers))
            chosen = and_(chosen, jobs.c.run_id.in_(mine))
        values = {"state": "waiting", "released": 1, "due_at": now, "reason": None}
        with self._change() as db:
            found_ids = list(db.scalars(select(jobs.c.run_id).where(chosen)))
            db.execute(update(jobs).where(chosen).values(values))
        return [f"Run {run_id} is released" for run_id in found_ids]

    def _known(self, number: int) -> dict[str, Any]:
        found = self.shown(number)
        if found is None:
            raise BadInput(f"There is no delivery {number}: `nemovideo webhook list` lists them")
        return found

    def replay(self, number: int, now: float, *, again: bool = False, remap: bool = False) -> str:
        """Look at a delivery once more, or try its job again; what is done, in a sentence.

        `again` makes a new run of what was made already; `remap` maps the payload anew, as the
        configuration is now. Raises `BadInput`.
        """
        job = self._known(number)["job"]
        with self._change() as db:
            if job is None or remap:
                values: dict[str, Any] = {"state": "new", "due_at": now, "attempts": 0}
                db.execute(update(deliveries).where(deliveries.c.id == number).values(values))
                return f"Delivery {number} is mapped anew"
            if again:
                return self._again(db, job, now)
            if job["state"] in ("started", "done", "failed"):
                return f"Run {job['run_id']} was started already; --again makes a new one"
            if job["state"] == "held":
                return f"Run {job['run_id']} is held; `nemovideo webhook release` lets it go"
            values = {"state": "waiting", "due_at": now, "attempts": 0, "created_at": now}
            db.execute(update(jobs).where(jobs.c.id == job["id"]).values(values))
            return f"Run {job['run_id']} is tried again"

    def _again(self, db: Connection, job: dict[str, Any], now: float) -> str:
        stem = str(job["run_id"]).partition(".")[0]
        run_id = f"{stem}.{secrets.token_hex(4)}"
        parameters = Parameters.model_validate({**job["parameters"], "run_id": run_id})
        key = {"source": job["source"], "subject": job["subject"]}
        want(db, None, key, parameters, now, now, released=True)
        return f"Run {run_id} is made anew"

    def purge(self, before: float) -> tuple[int, int]:
        """Forget deliveries that were looked at, and jobs that ended, from before a time.

        What is newest of each thing stays known. The numbers of deliveries and of jobs.
        """
        ended = and_(jobs.c.state.in_(_ENDED), jobs.c.created_at < before)
        newest = select(subjects.c.run_id)
        looked_at = and_(deliveries.c.state != "new", deliveries.c.received_at < before)
        with self._change() as db:
            forgotten = db.execute(delete(deliveries).where(looked_at)).rowcount
            gone = db.execute(delete(jobs).where(ended, jobs.c.run_id.not_in(newest))).rowcount
        return forgotten, gone

    def forget_everything(self) -> None:
        """Empty it, for tests on a database that several of them share."""
        with self._change() as db:
            for table in (deliveries, jobs, subjects, refusals):
                db.execute(delete(table))

    @contextlib.contextmanager
    def _change(self) -> Iterator[Connection]:
        with self._errors(), self._writing.begin() as db:
            yield db

    @contextlib.contextmanager
    def _read(self) -> Iterator[Connection]:
        with self._errors(), self._engine.connect() as db:
            yield db

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            # Its text holds the statement with its values: a payload belongs in no log.
            cause = getattr(error, "orig", None)
            told = type(cause or error).__name__
            detail = f": {cause}" if self._sqlite and cause is not None else ""
            raise StoreError(f"The outbox cannot be used now ({told}{detail})") from None


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
