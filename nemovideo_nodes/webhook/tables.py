"""The outbox's tables, and how its database is opened: SQLite, or PostgreSQL by URL."""

from __future__ import annotations

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
)

__all__ = ["WRITES", "deliveries", "jobs", "metadata", "open_engine", "subjects"]

_BUSY_S: Final = 5.0
"""How long a writer waits for its turn."""
_PAUSE_S: Final = 0.0005
_LONGER_PAUSE_S: Final = 0.002
WRITES: Final = "webhook_writes"
"""The execution option of a connection that is going to write."""

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
    Index("webhook_jobs_due", "state", "due_at"),
    Index("webhook_jobs_subject", "source", "subject"),
    sqlite_autoincrement=True,
)
subjects = Table(
    "webhook_subjects",
    metadata,
    Column("source", String(40), primary_key=True),
    Column("subject", String(200), primary_key=True),
    Column("version", Float, nullable=False),
    Column("run_id", String(100), nullable=False),
)
"""Of each thing what is newest: when it changed, and the run that shows it so."""


def open_engine(url: str, folder: Path, *, durable: bool) -> Engine:
    """The engine for a URL, an SQLite file as seen from `folder`; raises SQLAlchemy's errors.

    Without `durable`, a loss of power may take back what was written last.
    """
    prefix = "sqlite:///"
    if not url.startswith("sqlite:"):
        return create_engine(url, pool_pre_ping=True, pool_size=5)
    file = folder / url.removeprefix(prefix)
    engine = create_engine(f"{prefix}{file}", connect_args={"timeout": _BUSY_S})

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
