"""The outbox's tables, and how its database is opened: SQLite, or PostgreSQL by URL.

A column that is added later has a default, so that `migrate` can add it to an older outbox.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    func,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import ArgumentError
from sqlalchemy.schema import CreateColumn

__all__ = [
    "MIGRATION_LOCK",
    "WRITES",
    "deliveries",
    "jobs",
    "metadata",
    "migrate",
    "open_engine",
    "refusals",
    "sqlite_file",
    "subjects",
]

_BUSY_S: Final = 5.0
_SQLITE: Final = "sqlite:///"
"""How long a writer waits for its turn."""
_PAUSE_S: Final = 0.0005
_LONGER_PAUSE_S: Final = 0.002
WRITES: Final = "webhook_writes"
"""The execution option of a connection that is going to write."""

MIGRATION_LOCK: Final = 7_401_955_023
"""What PostgreSQL knows the lock by under which tables are made and limits are counted."""

metadata = MetaData()
_id = BigInteger().with_variant(Integer, "sqlite")

deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", _id, primary_key=True, autoincrement=True),
    Column("source", String(40), nullable=False),
    Column("delivery_id", String(200)),
    Column("signed_digest", String(64)),
    Column("received_at", Float, nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", String(10), nullable=False),
    Column("reason", Text),
    Column("attempts", Integer, nullable=False, default=0),
    Column("due_at", Float, nullable=False),
    Column("run_id", String(100)),
    Column("subject", String(200)),
    UniqueConstraint("source", "delivery_id"),
    UniqueConstraint("source", "signed_digest"),
    Index("webhook_deliveries_due", "state", "due_at"),
    sqlite_autoincrement=True,
)
jobs = Table(
    "webhook_jobs",
    metadata,
    Column("id", _id, primary_key=True, autoincrement=True),
    Column("run_id", String(100), nullable=False, unique=True),
    Column("source", String(40), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("parameters", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("due_at", Float, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("lease_until", Float, nullable=False, default=0.0),
    Column("reason", Text),
    Column("result", Text),
    Column("begun_at", Float),
    Column("released", Integer, nullable=False, default=0, server_default="0"),
    Column("follow_at", Float),
    Index("webhook_jobs_due", "state", "due_at"),
    Index("webhook_jobs_subject", "source", "subject"),
    sqlite_autoincrement=True,
)
"""Of a job `begun_at` is when it was first started, which counts for `most_per_day`; `released`
says that a person let it go beyond a limit; `follow_at` is when its run is looked at again."""
subjects = Table(
    "webhook_subjects",
    metadata,
    Column("source", String(40), primary_key=True),
    Column("subject", String(200), primary_key=True),
    Column("version", Float, nullable=False),
    Column("run_id", String(100), nullable=False),
    Column("sequence", _id, nullable=False, default=0, server_default="0"),
    Column("withdrawn_at", Float),
    Column("withdrawn_version", Float),
)
"""Of each thing what is newest: when it changed (-1 where nobody said), the run that shows it so,
and the number of the delivery that said it; and when it was withdrawn, if it is."""

refusals = Table(
    "webhook_refusals",
    metadata,
    Column("id", _id, primary_key=True, autoincrement=True),
    Column("source", String(40), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("times", Integer, nullable=False),
    Column("refused_at", Float, nullable=False),
    sqlite_autoincrement=True,
)
"""What the receiver refused, the last ones; nothing of the deliveries themselves is kept."""


def sqlite_file(url: str, folder: Path) -> Path | None:
    """The file of an SQLite URL, as seen from `folder`; None for other databases' URLs.

    Raises `ArgumentError` for an SQLite URL without a file.
    """
    if not url.startswith("sqlite:"):
        return None
    _, _, file = url.partition(_SQLITE)
    if not file:
        raise ArgumentError(url)
    return folder / file


def open_engine(url: str, folder: Path, *, durable: bool) -> Engine:
    """The engine for a URL, an SQLite file as seen from `folder`; raises SQLAlchemy's errors.

    Without `durable`, a loss of power may take back what was written last.
    """
    file = sqlite_file(url, folder)
    if file is None:
        return create_engine(url, pool_pre_ping=True, pool_size=5)
    _keep_private(file)
    engine = create_engine(f"{_SQLITE}{file}", connect_args={"timeout": _BUSY_S})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # SQLAlchemy's own BEGIN, below
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        # Writing the log back takes longest; whoever nobody waits for does it first.
        cursor.execute(f"PRAGMA wal_autocheckpoint = {10_000 if durable else 1_000}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # At once as a writer: a reader that becomes one later may find that it cannot.
        if connection.get_execution_options().get(WRITES):
            _take_turn(connection, _PAUSE_S if durable else _LONGER_PAUSE_S)
        else:
            connection.exec_driver_sql("BEGIN")

    return engine


def migrate(engine: Engine) -> None:
    """Make the tables, and the columns that an older outbox does not have; what is in it stays."""
    with engine.execution_options(**{WRITES: True}).begin() as db:
        if engine.dialect.name == "postgresql":
            db.execute(select(func.pg_advisory_xact_lock(MIGRATION_LOCK)))
        metadata.create_all(db)
        known = inspect(db)
        added = set()
        for table in metadata.sorted_tables:
            present = {column["name"] for column in known.get_columns(table.name)}
            for column in table.columns:
                if column.name not in present:
                    definition = CreateColumn(column).compile(dialect=engine.dialect)
                    db.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {definition}"))
                    added.add(column.name)
        if "follow_at" in added:  # what became of the runs that were started is looked at, too
            db.execute(update(jobs).where(jobs.c.state == "started").values(follow_at=0.0))


def _keep_private(file: Path) -> None:
    """Make the database's file one that only its owner may read; SQLite's others follow it."""
    with contextlib.suppress(OSError):  # SQLite says it where this cannot be
        os.close(os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    for one in (file, *(file.with_name(file.name + ending) for ending in ("-wal", "-shm"))):
        with contextlib.suppress(OSError):
            if one.stat().st_mode & 0o077:
                one.chmod(0o600)


def _take_turn(connection: Connection, pause_s: float) -> None:
    """Begin as the one writer that SQLite has; who pauses less between two tries goes first.

    SQLite's own waiting pauses for up to 100 ms, whether the other has ended or not.
    """
    raw: Any = connection.connection.driver_connection
    until = time.monotonic() + _BUSY_S
    raw.execute("PRAGMA busy_timeout = 0")
    try:
        while time.monotonic() < until:
            try:
                raw.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    break
            time.sleep(pause_s)
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # its error is one of SQLAlchemy's
    finally:
        raw.execute(f"PRAGMA busy_timeout = {_BUSY_S * 1000:.0f}")
