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
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    and_,
    bindparam,
    create_engine,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from nemovideo_nodes.errors import BadInput, StoreError
from nemovideo_nodes.webhook import claims, lookups, replays, run_ends, upgrades
from nemovideo_nodes.webhook.arrivals import Accepted, accept, insertion
from nemovideo_nodes.webhook.claims import Job
from nemovideo_nodes.webhook.config import Config
from nemovideo_nodes.webhook.decisions import (
    Asked,
    Delivery,
    TakenBack,
    decide,
    settle,
    take_back,
)
from nemovideo_nodes.webhook.limits import Limits
from nemovideo_nodes.webhook.run_ends import FollowedRun, RunEnd
from nemovideo_nodes.webhook.tables import (
    WRITES,
    deliveries,
    jobs,
    migrate,
    open_engine,
    refusals,
    sqlite_file,
    subjects,
)

__all__ = ["Accepted", "Delivery", "FollowedRun", "Job", "Outbox", "RunEnd", "checked_url"]

_MOST_REFUSALS = 500
"""How many of the last refusals are kept."""


def checked_url(config: Config) -> str:
    """Where the outbox is; raises `BadInput` where none can be. Nothing is opened."""
    url = config.outbox.url
    if url.startswith("env:"):
        url = config.secret(url, "the outbox")
    try:
        if sqlite_file(url, config.folder) is None:
            create_engine(url)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        reason = "it is not such a URL" if not isinstance(error, ImportError) else error.msg
        raise BadInput(
            f"The outbox cannot be opened ({reason}): give sqlite:///FILE, or "
            "postgresql+psycopg://… with psycopg installed"
        ) from None
    return url


class Outbox:
    """The database; its methods block, and each is one transaction.

    Raises `StoreError` where the database does not answer.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(**{WRITES: True})
        self._sqlite = engine.dialect.name == "sqlite"
        self._insertion = insertion(postgres=not self._sqlite)

    @classmethod
    def open(cls, config: Config, *, durable: bool = True) -> Outbox:
        """The outbox of a configuration, made where it is not there yet; raises `BadInput`.

        Without `durable`, a loss of power may take back what was written last: fit for a
        dispatcher, which would decide the same again, and start it under the same key.
        """
        engine = open_engine(checked_url(config), config.folder, durable=durable)
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
        with self._change() as db:
            return accept(db, self._insertion, arrived)

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

    def rename_waiting(
        self, source: str, subject_of: Callable[[Any, Mapping[str, str]], str]
    ) -> int:
        """Give what waits from an older release its subject of now; see `upgrades`."""
        with self._change() as db:
            return upgrades.rename_waiting(db, source, subject_of)

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
        with self._change() as db:
            return claims.claim(db, now, lease_s, limit, limits or {})

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
        until `again_at`, which gets the time when the job was made.
        """
        with self._read() as db:  # mostly there is none, and a reader keeps nobody waiting
            if not run_ends.any_to_follow(db, now):
                return []
        with self._change() as db:
            return run_ends.to_follow(db, now, again_at, limit)

    def followed(self, ends: Sequence[RunEnd]) -> None:
        """Note how runs ended at the target."""
        if ends:
            with self._change() as db:
                run_ends.followed(db, ends)

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

    def held(self, job: Job, reason: str) -> None:
        """Note what a person has to do before the job can go on; releasing it starts it again."""
        values = {"state": "held", "reason": reason, "lease_until": 0.0}
        with self._change() as db:
            mine = jobs.c.run_id == job.run_id
            held = update(jobs).where(mine, jobs.c.state == "waiting").values(values)
            if not db.execute(held).rowcount:  # a newer one has replaced it in the meantime
                db.execute(update(jobs).where(mine).values(lease_until=0.0))

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
        """Start jobs that are held; see `replays.release`."""
        with self._change() as db:
            return replays.release(db, numbers, now)

    def release_run(self, run_id: str, now: float) -> None:
        """Start the job of a run, if it is held."""
        with self._change() as db:
            replays.release_run(db, run_id, now)

    def replay(self, number: int, now: float, *, again: bool = False, remap: bool = False) -> str:
        """Map a delivery once more, or retry its job; see `replays.replay`."""
        with self._change() as db:
            return replays.replay(db, number, now, again=again, remap=remap)

    def purge(self, before: float) -> tuple[int, int]:
        """Delete old deliveries and jobs; see `replays.purge`."""
        with self._change() as db:
            return replays.purge(db, before)

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
            reason = type(cause or error).__name__
            detail = f": {cause}" if self._sqlite and cause is not None else ""
            raise StoreError(f"The outbox cannot be used now ({reason}{detail})") from None
