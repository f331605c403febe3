"""What the emulator's world keeps: its records as they are read, its tables, its refusals."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from nemovideo_nodes.wire.codes import Code
from nemovideo_nodes.wire.models import RenderStatus

__all__ = [
    "SCHEMA",
    "Activity",
    "Balance",
    "Counts",
    "LoggedRequest",
    "Refusal",
    "Render",
    "Session",
    "SessionCounts",
    "Upload",
]


class Refusal(Exception):
    """What the service refuses, as its envelope says it; `status` is the HTTP status."""

    def __init__(
        self,
        code: int | Code,
        message: str,
        *,
        status: int = 200,
        data: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = int(code)
        self.message = message
        self.status = status
        self.data = data


@dataclass(frozen=True)
class Balance:
    """Credits of an account; `frozen` is reserved by turns under way."""

    total: int
    frozen: int

    @property
    def available(self) -> int:
        return self.total - self.frozen


@dataclass(frozen=True)
class Session:
    """One timeline and its uploads; `draft` is its exact JSON text.

    `number` counts the sessions of the world, so that chance can hang on it.
    """

    number: int
    id: str
    task_id: str
    account: str
    language: str | None
    draft: str | None
    canvas: tuple[int, int] | None
    generated: tuple[dict[str, Any], ...]
    turns: int
    introduced: bool


@dataclass(frozen=True)
class Upload:
    """One file of a session; `name` is the file's name as it was sent."""

    id: str
    name: str
    kind: Literal["image", "video", "audio"]
    mime: str
    size: int
    sha256: str
    path: Path
    source_url: str | None = None
    """Where it was fetched from, without the query; None for a file that was sent."""


@dataclass(frozen=True)
class Render:
    """One render job; `key` is the world's own name for it, `id` the caller's."""

    key: str
    id: str
    session: str
    account: str
    draft: str
    status: RenderStatus
    error: str | None
    forced_error: str | None
    """The error that a fault has decided for it."""
    attempts: int


@dataclass(frozen=True)
class Activity:
    """What a session has under way and has left behind; renders by the world's own keys."""

    session: str
    at: float
    is_busy: bool
    renders: frozenset[str]
    finished: frozenset[str]


@dataclass(frozen=True)
class LoggedRequest:
    """One request as it was answered; `status` 0 means that no answer went out."""

    at: float
    method: str
    endpoint: str
    path: str
    """Without the query, which may hold a signature."""
    status: int
    code: int | None
    """The envelope's code where it was a failure."""
    bearer: bool
    """Whether the request carried a token."""


@dataclass(frozen=True)
class SessionCounts:
    """What was accepted in one session."""

    messages: int = 0
    renders: int = 0
    uploads: int = 0


@dataclass(frozen=True)
class Counts(SessionCounts):
    """What was accepted in all, and what was asked."""

    tokens: int = 0
    sessions: int = 0
    by_session: dict[str, SessionCounts] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)
    """Requests by endpoint, refused and broken ones included."""

    def as_json(self) -> dict[str, Any]:
        """The same as plain data."""
        return asdict(self)


SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY, client_id TEXT UNIQUE NOT NULL,
    credits INTEGER NOT NULL, frozen INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS tokens (
    digest TEXT PRIMARY KEY, account TEXT NOT NULL, address TEXT NOT NULL,
    issued REAL NOT NULL, expires REAL NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY, task_id TEXT NOT NULL, account TEXT NOT NULL, language TEXT,
    draft TEXT, canvas_w INTEGER, canvas_h INTEGER, generated TEXT NOT NULL DEFAULT '[]',
    introduced INTEGER NOT NULL DEFAULT 0, lost INTEGER NOT NULL DEFAULT 0, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS uploads (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, session TEXT NOT NULL,
    name TEXT NOT NULL, kind TEXT NOT NULL, mime TEXT NOT NULL, size INTEGER NOT NULL,
    sha256 TEXT NOT NULL, file TEXT NOT NULL, source_url TEXT,
    accepted INTEGER NOT NULL DEFAULT 1, UNIQUE (session, name, sha256));
CREATE TABLE IF NOT EXISTS turns (
    number INTEGER PRIMARY KEY AUTOINCREMENT, session TEXT NOT NULL, account TEXT NOT NULL,
    cost INTEGER NOT NULL, charged INTEGER NOT NULL DEFAULT 0, open INTEGER NOT NULL DEFAULT 1);
CREATE TABLE IF NOT EXISTS stages (
    number INTEGER PRIMARY KEY AUTOINCREMENT, session TEXT NOT NULL, addition TEXT NOT NULL,
    due REAL NOT NULL);
CREATE TABLE IF NOT EXISTS renders (
    number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT UNIQUE NOT NULL, id TEXT NOT NULL,
    session TEXT NOT NULL, account TEXT NOT NULL, draft TEXT NOT NULL, status TEXT NOT NULL,
    error TEXT, doom TEXT, attempts INTEGER NOT NULL DEFAULT 0, at REAL NOT NULL,
    UNIQUE (account, id));
CREATE TABLE IF NOT EXISTS requests (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, method TEXT NOT NULL,
    endpoint TEXT NOT NULL, path TEXT NOT NULL, status INTEGER NOT NULL, code INTEGER,
    bearer INTEGER NOT NULL);
"""
