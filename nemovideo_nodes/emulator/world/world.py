"""Everything that the emulator knows, in one folder that survives a kill at any instant.

The state is one SQLite file in WAL mode; what was accepted is counted from its rows, so a
count is never ahead of or behind the effect that it counts. Uploads and videos lie beside it.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import uuid
from pathlib import Path

from nemovideo_nodes.clock import Clock, SystemClock
from nemovideo_nodes.emulator.world.accounts import TOKEN_LIFE_S, Accounts, digest
from nemovideo_nodes.emulator.world.conversations import Conversations
from nemovideo_nodes.emulator.world.database import Database
from nemovideo_nodes.emulator.world.records import (
    SCHEMA,
    Activity,
    Balance,
    Counts,
    LoggedRequest,
    Session,
    SessionCounts,
)
from nemovideo_nodes.emulator.world.renders import Renders
from nemovideo_nodes.emulator.world.second_stages import Stages
from nemovideo_nodes.emulator.world.sharing import share
from nemovideo_nodes.emulator.world.turns import Turns
from nemovideo_nodes.emulator.world.uploads import Uploads
from nemovideo_nodes.errors import StoreError
from nemovideo_nodes.wire.models import RenderStatus

__all__ = ["TOKEN_LIFE_S", "World"]

KEPT_REQUESTS = 20_000
_DATABASE = "world.sqlite3"


class World:
    """The state of one emulator; safe to use from several threads of one process.

    `credits`, `strict_tokens` and `token_life_s` are as in `Accounts`. `seed` decides what is
    left to chance, the same for the same seed; without one the world has its own.
    """

    def __init__(
        self,
        folder: Path,
        *,
        credits: int = 1_000_000,
        strict_tokens: bool = False,
        token_life_s: float = TOKEN_LIFE_S,
        seed: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.folder = folder
        self._clock = clock or SystemClock()
        for name in ("uploads", "renders"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        try:
            (folder / _DATABASE).touch()
            share(folder, folder / _DATABASE)  # SQLite gives its other files the same mode
        except OSError as error:
            reason = error.strerror or error
            raise StoreError(f"The emulator cannot keep its world in {folder}: {reason}") from None
        try:
            self._db = Database(folder / _DATABASE, SCHEMA)
        except sqlite3.DatabaseError as error:
            raise StoreError(f"The emulator's world in {folder} cannot be read: {error}") from None
        self.token_life_s = token_life_s
        self.accounts = Accounts(
            self._db,
            self.now,
            credits=credits,
            strict_tokens=strict_tokens,
            token_life_s=token_life_s,
        )
        self.renders = Renders(self._db, self.now)
        self.stages = Stages(self._db, self.now)
        self.turns = Turns(self._db, self.stages)
        self.uploads = Uploads(self._db, folder)
        self.conversations = Conversations(self._db)
        self.id = self._constant("id", uuid.uuid4().hex)
        self.secret = self._constant("secret", secrets.token_hex(32))
        """What download URLs are signed with; it never leaves the folder."""
        self.seed = seed if seed is not None else self._constant("seed", secrets.token_hex(8))
        self._recover()

    def close(self) -> None:
        """Write everything back; the object is of no use afterwards."""
        self._db.close()

    @staticmethod
    def is_in(folder: Path) -> bool:
        """Whether `folder` holds a world."""
        return (folder / _DATABASE).is_file()

    @property
    def is_there(self) -> bool:
        """Whether the folder still exists."""
        return (self.folder / _DATABASE).exists()

    def now(self) -> float:
        """Seconds since 1970."""
        return self._clock.now().timestamp()

    def _recover(self) -> None:
        """Take back what a killed process had begun: its turns are over, its renders start anew."""
        self.turns.recover()
        with self._db.change() as db:
            db.execute(
                "DELETE FROM requests WHERE number <= (SELECT max(number) FROM requests) - ?",
                (KEPT_REQUESTS,),
            )
        self.renders.restart()

    # What the server itself remembers.

    def _constant(self, name: str, value: str) -> str:
        with self._db.change() as db:
            db.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (name, value))
            return str(db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0])

    @property
    def port(self) -> int | None:
        """The port that this world was last served at."""
        rows = self._db.rows("SELECT value FROM meta WHERE name = 'port'")
        return int(rows[0]["value"]) if rows else None

    @port.setter
    def port(self, port: int) -> None:
        with self._db.change() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES ('port', ?)", (str(port),))

    # Accounts.

    def issue_token(self, client_id: str, address: str) -> tuple[str, int]:
        """A new token for the account of `client_id`, and the account's credits."""
        return self.accounts.issue_token(client_id, address)

    def account_of(self, token: str) -> str | None:
        """The account that a token belongs to, or None where it is unknown or has expired."""
        return self.accounts.of_token(token)

    def expire_tokens(self) -> None:
        """End the life of every token given so far."""
        self.accounts.expire_tokens()

    def balance(self, account: str) -> Balance:
        """The credits of an account."""
        return self.accounts.balance(account)

    # Sessions and uploads.

    def create_session(
        self, account: str, language: str | None = None, *, digits: bool = False
    ) -> Session:
        """A new, empty session of an account; with `digits` its id is a string of 19 digits."""
        session_id = str(10**18 + secrets.randbelow(9 * 10**18)) if digits else str(uuid.uuid4())
        with self._db.change() as db:
            db.execute(
                "INSERT INTO sessions (id, task_id, account, language, at) VALUES (?, ?, ?, ?, ?)",
                (session_id, str(uuid.uuid4()), account, language, self.now()),
            )
        session = self.session(session_id, account)
        assert session is not None
        return session

    def session(self, session_id: str, account: str) -> Session | None:
        """A session, if it exists and belongs to `account`."""
        self.stages.settle(session_id)
        rows = self._db.rows(
            "SELECT *, rowid AS number, "
            "(SELECT count(*) FROM turns WHERE session = sessions.id) AS turns "
            "FROM sessions WHERE id = ? AND account = ? AND NOT lost",
            session_id,
            account,
        )
        return _session(rows[0]) if rows else None

    def sessions(self, most: int) -> list[Session]:
        """The newest sessions of every account, at most so many."""
        rows = self._db.rows(
            "SELECT *, rowid AS number, "
            "(SELECT count(*) FROM turns WHERE session = sessions.id) AS turns "
            "FROM sessions ORDER BY rowid DESC LIMIT ?",
            most,
        )
        return [_session(row) for row in rows]

    def began(self, session_id: str) -> float:
        """When a session was made, in seconds since 1970."""
        rows = self._db.rows("SELECT at FROM sessions WHERE id = ?", session_id)
        return float(rows[0]["at"]) if rows else 0.0

    def lose_session(self, session_id: str) -> None:
        """Forget a session, as the service does now and then; what it accepted stays counted."""
        with self._db.change() as db:
            db.execute("UPDATE sessions SET lost = 1 WHERE id = ?", (session_id,))

    def activities(self) -> list[Activity]:
        """What each session has under way, and what it has left behind."""
        with self._db.lock:
            renders = self._db.rows("SELECT session, key, status FROM renders")
            waiting = ("SELECT session FROM turns WHERE open", "SELECT session FROM stages")
            busy = {row["session"] for query in waiting for row in self._db.rows(query)}
            sessions = self._db.rows("SELECT id, at FROM sessions ORDER BY rowid")
        under_way = (RenderStatus.PENDING, RenderStatus.PROCESSING)
        busy |= {row["session"] for row in renders if row["status"] in under_way}
        keys: dict[str, set[str]] = {}
        finished: dict[str, set[str]] = {}
        for row in renders:
            keys.setdefault(row["session"], set()).add(row["key"])
            if row["status"] == RenderStatus.COMPLETED:
                finished.setdefault(row["session"], set()).add(row["key"])
        return [
            Activity(
                session=row["id"],
                at=row["at"],
                is_busy=row["id"] in busy,
                renders=frozenset(keys.get(row["id"], ())),
                finished=frozenset(finished.get(row["id"], ())),
            )
            for row in sessions
        ]

    def remove_session(self, session_id: str) -> None:
        """Forget a session and all that was accepted in it; its files are not touched."""
        with self._db.change() as db:
            for table in ("uploads", "turns", "stages", "renders", "exchanges", "questions"):
                db.execute(f"DELETE FROM {table} WHERE session = ?", (session_id,))
            db.execute("DELETE FROM sessions WHERE id = ?", (session_id,))

    def claim_token(self, session: Session) -> str:
        """A token for a person who takes the session over; nothing here redeems it."""
        return f"clm_{digest(f'{self.secret}:{session.id}')[:40]}"

    def mark_introduced(self, session_id: str) -> None:
        """The session has been told that a stand-in is answering."""
        with self._db.change() as db:
            db.execute("UPDATE sessions SET introduced = 1 WHERE id = ?", (session_id,))

    # What happened.

    def log(self, request: LoggedRequest) -> None:
        """Keep a request that was answered."""
        with self._db.change() as db:
            db.execute(
                "INSERT INTO requests (at, method, endpoint, path, status, code, bearer) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    request.at,
                    request.method,
                    request.endpoint,
                    request.path,
                    request.status,
                    request.code,
                    request.bearer,
                ),
            )

    def requests(self) -> list[LoggedRequest]:
        """The requests so far, in the order in which their answers ended."""
        return [
            LoggedRequest(
                at=row["at"],
                method=row["method"],
                endpoint=row["endpoint"],
                path=row["path"],
                status=row["status"],
                code=row["code"],
                bearer=bool(row["bearer"]),
            )
            for row in self._db.rows("SELECT * FROM requests ORDER BY number")
        ]

    def counts(self) -> Counts:
        """What was accepted, by session and in all."""
        with self._db.lock:
            sessions = {row["id"]: [0, 0, 0] for row in self._db.rows("SELECT id FROM sessions")}
            for place, query in enumerate(
                (
                    "SELECT session, count(*) AS n FROM turns GROUP BY session",
                    "SELECT session, count(*) AS n FROM renders GROUP BY session",
                    "SELECT session, sum(accepted) AS n FROM uploads GROUP BY session",
                )
            ):
                for row in self._db.rows(query):
                    sessions[row["session"]][place] = row["n"]
            (tokens,) = self._db.rows("SELECT count(*) AS n FROM tokens")
            asked = self._db.rows("SELECT endpoint, count(*) AS n FROM requests GROUP BY endpoint")
        return Counts(
            messages=sum(values[0] for values in sessions.values()),
            renders=sum(values[1] for values in sessions.values()),
            uploads=sum(values[2] for values in sessions.values()),
            tokens=tokens["n"],
            sessions=len(sessions),
            by_session={name: SessionCounts(*values) for name, values in sessions.items()},
            requests={row["endpoint"]: row["n"] for row in asked},
        )


def _session(row: sqlite3.Row) -> Session:
    return Session(
        number=row["number"],
        id=row["id"],
        task_id=row["task_id"],
        account=row["account"],
        language=row["language"],
        draft=row["draft"],
        canvas=(row["canvas_w"], row["canvas_h"]) if row["canvas_w"] else None,
        generated=tuple(json.loads(row["generated"])),
        turns=row["turns"],
        introduced=bool(row["introduced"]),
    )
