"""What was accepted and what is to be started, written down durably; SQLite or PostgreSQL.

A delivery is `new` until it was looked at; then it is `job` (it made one), `known` (the video that
it asks for was made before), `unchanged`, `stale`, `ignored` or `refused`. A job is `waiting`
until its run was `started`; or it is `replaced` by a newer one, `done` (a run in this process),
or `dead`, which waits for a person.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from nemovideo_nodes.errors import BadInput, StoreError
from nemovideo_nodes.webhook.config import Config
from nemovideo_nodes.webhook.decisions import Asked, Delivery, decide, settle, want
from nemovideo_nodes.webhook.mapping import Parameters
from nemovideo_nodes.webhook.tables import (
    WRITES,
    deliveries,
    jobs,
    metadata,
    open_engine,
    subjects,
)

__all__ = ["Accepted", "Delivery", "Job", "Outbox"]


@dataclass(frozen=True)
class Accepted:
    """A verified delivery, to be written down; no secret is in it."""

    source: str
    delivery_id: str | None
    signed_digest: str | None
    received_at: float
    headers: dict[str, str]
    body: bytes


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
            metadata.create_all(engine)
        return outbox

    def close(self) -> None:
        self._engine.dispose()

    def check(self) -> None:
        """Raises `StoreError` where it cannot be used now."""
        with self._change() as db:
            db.execute(select(subjects.c.source).limit(1))

    def accept(self, arrived: Sequence[Accepted]) -> list[bool]:
        """Write deliveries down, durably; for each whether it is new, and no duplicate."""
        with self._change() as db:
            written = db.execute(self._insertion, [_row(one) for one in arrived])
            left = Counter((row.source, row.delivery_id, row.signed_digest) for row in written)
        new = []
        for one in arrived:
            key = one.source, one.delivery_id, one.signed_digest
            new.append(left[key] > 0)
            left[key] -= 1
        return new

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

    def claim(self, now: float, lease_s: float, limit: int) -> list[Job]:
        """Jobs that are due, leased to the caller; never two about one thing."""
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
        with self._change() as db:
            rows = db.execute(
                select(jobs)
                .where(where)
                .order_by(jobs.c.due_at, jobs.c.id)
                .limit(limit)
                .with_for_update(skip_locked=True)
            ).all()
            ids = [row.id for row in rows]
            if ids:
                leased = {"lease_until": now + lease_s}
                db.execute(update(jobs).where(jobs.c.id.in_(ids)).values(leased))
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

    def started(self, results: Sequence[tuple[str, str, str]]) -> None:
        """Note runs as started (or done): run id, state, and what names it at the target."""
        if not results:
            return
        values: dict[str, Any] = {"state": bindparam("b_state"), "result": bindparam("b_result")}
        statement = update(jobs).where(jobs.c.run_id == bindparam("b_run_id"))
        with self._change() as db:
            db.execute(
                statement.values(reason=None, lease_until=0.0, **values),
                [
                    {"b_run_id": run_id, "b_state": state, "b_result": result}
                    for run_id, state, result in results
                ],
            )

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
        """How many deliveries and jobs stand how, and for how long the oldest one waits in vain."""
        looked_for = case(
            (deliveries.c.attempts == 0, deliveries.c.due_at), else_=deliveries.c.received_at
        )
        waited_for = case((jobs.c.reason.is_(None), jobs.c.due_at), else_=jobs.c.created_at)
        with self._read() as db:
            of_deliveries = _by_state(db, deliveries)
            of_jobs = _by_state(db, jobs)
            oldest = [
                db.scalar(select(func.min(looked_for)).where(deliveries.c.state == "new")),
                db.scalar(select(func.min(waited_for)).where(jobs.c.state == "waiting")),
            ]
        lag = max((now - one for one in oldest if one is not None), default=0.0)
        return {
            "deliveries": of_deliveries,
            "jobs": of_jobs,
            "lag_s": round(max(0.0, lag), 3),
            "dead": of_jobs.get("dead", 0),
        }

    def listed(
        self, *, state: str | None = None, source: str | None = None, limit: int = 50
    ) -> list[dict[str, Any]]:
        """The newest deliveries with the jobs that they made, newest first."""
        query = (
            select(
                deliveries.c.id,
                deliveries.c.source,
                deliveries.c.received_at,
                deliveries.c.delivery_id,
                deliveries.c.state.label("delivery"),
                jobs.c.state.label("job"),
                deliveries.c.run_id,
                jobs.c.subject,
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
        with self._read() as db:
            return [dict(row._mapping) for row in db.execute(query)]

    def shown(self, number: int) -> dict[str, Any] | None:
        """All that is known of one delivery, and of the job that it made."""
        with self._read() as db:
            row = db.execute(select(deliveries).where(deliveries.c.id == number)).one_or_none()
            if row is None:
                return None
            job = db.execute(select(jobs).where(jobs.c.run_id == row.run_id)).one_or_none()
        delivery = dict(row._mapping) | {"headers": json.loads(row.headers)}
        found = None if job is None else dict(job._mapping)
        if found is not None:
            found["parameters"] = json.loads(found["parameters"])
        return {"delivery": delivery, "job": found}

    def replay(self, number: int, now: float, *, again: bool = False) -> str:
        """Look at a delivery once more, or try its job again; what is done, in a sentence.

        `again` makes a new run of what was made already. Raises `BadInput`.
        """
        found = self.shown(number)
        if found is None:
            raise BadInput(f"There is no delivery {number}: `nemovideo webhook list` lists them")
        job = found["job"]
        with self._change() as db:
            if job is None:
                values: dict[str, Any] = {"state": "new", "due_at": now, "attempts": 0}
                db.execute(update(deliveries).where(deliveries.c.id == number).values(values))
                return f"Delivery {number} is looked at once more"
            if again:
                return self._again(db, job, now)
            if job["state"] in ("started", "done"):
                return f"Run {job['run_id']} was started already; --again makes a new one"
            values = {"state": "waiting", "due_at": now, "attempts": 0, "created_at": now}
            db.execute(update(jobs).where(jobs.c.id == job["id"]).values(values))
            return f"Run {job['run_id']} is tried again"

    def _again(self, db: Connection, job: dict[str, Any], now: float) -> str:
        stem = str(job["run_id"]).partition(".")[0]
        run_id = f"{stem}.{secrets.token_hex(4)}"
        parameters = Parameters.model_validate({**job["parameters"], "run_id": run_id})
        key = {"source": job["source"], "subject": job["subject"]}
        want(db, None, key, parameters, now, now)
        return f"Run {run_id} is made anew"

    def purge(self, before: float) -> tuple[int, int]:
        """Forget deliveries that were looked at, and jobs that ended, from before a time.

        What is newest of each thing stays known. The numbers of deliveries and of jobs.
        """
        ended = and_(jobs.c.state.in_(("started", "done", "replaced")), jobs.c.created_at < before)
        newest = select(subjects.c.run_id)
        looked_at = and_(deliveries.c.state != "new", deliveries.c.received_at < before)
        with self._change() as db:
            forgotten = db.execute(delete(deliveries).where(looked_at)).rowcount
            gone = db.execute(delete(jobs).where(ended, jobs.c.run_id.not_in(newest))).rowcount
        return forgotten, gone

    def forget_everything(self) -> None:
        """Empty it, for tests on a database that several of them share."""
        with self._change() as db:
            for table in (deliveries, jobs, subjects):
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
            raise StoreError(f"The outbox does not answer ({told}{detail})") from None


def _row(one: Accepted) -> dict[str, Any]:
    return {
        "source": one.source,
        "delivery_id": one.delivery_id,
        "signed_digest": one.signed_digest,
        "received_at": one.received_at,
        "headers": json.dumps(one.headers),
        "body": one.body,
        "state": "new",
        "due_at": one.received_at,
        "attempts": 0,
    }


def _by_state(db: Connection, table: Table) -> dict[str, int]:
    rows = db.execute(select(table.c.state, func.count()).group_by(table.c.state))
    return {row[0]: row[1] for row in rows}
