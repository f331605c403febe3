"""Everything that the emulator knows, in one folder that survives a kill at any instant.

The state is one SQLite file in WAL mode; what was accepted is counted from its rows, so a
count is never ahead of or behind the effect that it counts. Uploads and videos lie beside it.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import uuid
from collections.abc import Sequence
from pathlib import Path

from nemovideo_nodes.clock import Clock, SystemClock
from nemovideo_nodes.emulator.world.accounts import TOKEN_LIFE_S, Accounts, digest
from nemovideo_nodes.emulator.world.database import Database
from nemovideo_nodes.emulator.world.records import (
    SCHEMA,
    Balance,
    Counts,
    LoggedRequest,
    Refusal,
    Session,
    SessionCounts,
    Upload,
)
from nemovideo_nodes.emulator.world.renders import Renders
from nemovideo_nodes.emulator.world.second_stages import Stages
from nemovideo_nodes.errors import StoreError
from nemovideo_nodes.wire.codes import Code

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
            self._db = Database(folder / _DATABASE, SCHEMA)
        except sqlite3.DatabaseError as error:
            raise StoreError(f"The emulator's world in {folder} cannot be read: {error}") from None
        self.accounts = Accounts(
            self._db,
            self.now,
            credits=credits,
            strict_tokens=strict_tokens,
            token_life_s=token_life_s,
        )
        self.renders = Renders(self._db, self.now)
        self.stages = Stages(self._db, self.now)
        self.id = self._constant("id", uuid.uuid4().hex)
        self.secret = self._constant("secret", secrets.token_hex(32))
        """What download URLs are signed with; it never leaves the folder."""
        self.seed = seed if seed is not None else self._constant("seed", secrets.token_hex(8))
        self._recover()

    def close(self) -> None:
        """Write everything back; the object is of no use afterwards."""
        self._db.close()

    @property
    def is_there(self) -> bool:
        """Whether the folder still exists."""
        return (self.folder / _DATABASE).exists()

    def now(self) -> float:
        """Seconds since 1970."""
        return self._clock.now().timestamp()

    def _recover(self) -> None:
        """Take back what a killed process had begun: its turns are over, its renders start anew."""
        with self._db.change() as db:
            for turn in db.execute("SELECT number FROM turns WHERE open").fetchall():
                self._close_turn(db, turn["number"])
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

    def create_session(self, account: str, language: str | None = None) -> Session:
        """A new, empty session of an account."""
        session_id = str(uuid.uuid4())
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

    def lose_session(self, session_id: str) -> None:
        """Forget a session, as the service does now and then; what it accepted stays counted."""
        with self._db.change() as db:
            db.execute("UPDATE sessions SET lost = 1 WHERE id = ?", (session_id,))

    def claim_token(self, session: Session) -> str:
        """A token for a person who takes the session over; nothing here redeems it."""
        return f"clm_{digest(f'{self.secret}:{session.id}')[:40]}"

    def add_uploads(self, session_id: str, uploads: Sequence[Upload]) -> list[Upload]:
        """Keep files that lie in the folder already; gives them as they are kept.

        The same name with the same content is one file: the one that came first.
        """
        with self._db.change() as db:
            for upload in uploads:
                db.execute(
                    "INSERT INTO uploads (id, session, name, kind, mime, size, sha256, file, "
                    "source_url) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
                    "ON CONFLICT (session, name, sha256) DO UPDATE SET accepted = accepted + 1",
                    (
                        upload.id,
                        session_id,
                        upload.name,
                        upload.kind,
                        upload.mime,
                        upload.size,
                        upload.sha256,
                        str(upload.path.relative_to(self.folder)),
                        upload.source_url,
                    ),
                )
        by_content = {(kept.name, kept.sha256): kept for kept in self.uploads(session_id)}
        kept = [by_content[upload.name, upload.sha256] for upload in uploads]
        for upload in uploads:
            if upload.path not in {one.path for one in kept}:
                upload.path.unlink(missing_ok=True)
        return kept

    def uploads(self, session_id: str) -> list[Upload]:
        """The files of a session, in the order in which they came."""
        return [
            Upload(
                id=row["id"],
                name=row["name"],
                kind=row["kind"],
                mime=row["mime"],
                size=row["size"],
                sha256=row["sha256"],
                path=self.folder / row["file"],
                source_url=row["source_url"],
            )
            for row in self._db.rows(
                "SELECT * FROM uploads WHERE session = ? ORDER BY number", session_id
            )
        ]

    # Turns.

    def open_turn(self, session: Session, cost: int) -> int:
        """Accept a message that will cost `cost` credits; gives the turn's number.

        The credits are frozen until the turn's first edit takes them or the turn ends.
        """
        with self._db.change() as db:
            row = db.execute(
                "SELECT credits - frozen AS available FROM accounts WHERE id = ?",
                (session.account,),
            ).fetchone()
            if row["available"] < max(cost, 1):
                raise Refusal(
                    Code.OUT_OF_CREDITS, "Insufficient credits", data={"bind": session.account}
                )
            db.execute(
                "UPDATE accounts SET frozen = frozen + ? WHERE id = ?", (cost, session.account)
            )
            cursor = db.execute(
                "INSERT INTO turns (session, account, cost) VALUES (?, ?, ?)",
                (session.id, session.account, cost),
            )
            assert cursor.lastrowid is not None
            return cursor.lastrowid

    def apply_edit(
        self,
        turn: int,
        draft: str,
        canvas: tuple[int, int],
        generated: dict[str, object] | None = None,
    ) -> None:
        """Change the draft of the turn's session and take what the turn costs, in one step."""
        with self._db.change() as db:
            row = db.execute("SELECT * FROM turns WHERE number = ?", (turn,)).fetchone()
            media = db.execute(
                "SELECT generated FROM sessions WHERE id = ?", (row["session"],)
            ).fetchone()["generated"]
            if generated is not None:
                media = json.dumps([*json.loads(media), generated], ensure_ascii=False)
            db.execute(
                "UPDATE sessions SET draft = ?, canvas_w = ?, canvas_h = ?, generated = ? "
                "WHERE id = ?",
                (draft, *canvas, media, row["session"]),
            )
            if not row["charged"]:
                frozen = row["cost"] if row["open"] else 0
                db.execute(
                    "UPDATE accounts SET credits = credits - ?, frozen = frozen - ? WHERE id = ?",
                    (row["cost"], frozen, row["account"]),
                )
                db.execute("UPDATE turns SET charged = 1 WHERE number = ?", (turn,))

    def close_turn(self, turn: int, *, second_stage: tuple[str, float] | None = None) -> None:
        """End a turn; what it froze and did not spend is free again.

        `second_stage` is what comes by itself later, and after how many seconds.
        """
        with self._db.change() as db:
            row = db.execute("SELECT * FROM turns WHERE number = ?", (turn,)).fetchone()
            if second_stage is not None and row["open"]:
                self.stages.plan(db, row["session"], *second_stage)
            self._close_turn(db, turn)

    def _close_turn(self, db: sqlite3.Connection, turn: int) -> None:
        row = db.execute("SELECT * FROM turns WHERE number = ?", (turn,)).fetchone()
        if row["open"] and not row["charged"]:
            db.execute(
                "UPDATE accounts SET frozen = frozen - ? WHERE id = ?",
                (row["cost"], row["account"]),
            )
        db.execute("UPDATE turns SET open = 0 WHERE number = ?", (turn,))

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
