"""The turns of a world: what each message costs, and what it changes."""

from __future__ import annotations

import json
import sqlite3

from nemovideo_nodes.emulator.world.database import Database
from nemovideo_nodes.emulator.world.records import Refusal, Session
from nemovideo_nodes.emulator.world.second_stages import Stages
from nemovideo_nodes.wire.codes import Code

__all__ = ["Turns"]


class Turns:
    """The table of turns; a turn that is open has credits frozen."""

    def __init__(self, db: Database, stages: Stages) -> None:
        self._db = db
        self._stages = stages

    @property
    def under_way(self) -> bool:
        """Whether a turn is under way."""
        return bool(self._db.rows("SELECT 1 FROM turns WHERE open LIMIT 1"))

    def recover(self) -> None:
        """End the turns that a killed process had open."""
        with self._db.change() as db:
            for turn in db.execute("SELECT number FROM turns WHERE open").fetchall():
                self._close(db, turn["number"])

    def open(self, session: Session, cost: int) -> int:
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

    def close(self, turn: int, *, second_stage: tuple[str, float] | None = None) -> None:
        """End a turn; what it froze and did not spend is free again.

        `second_stage` is what comes by itself later, and after how many seconds.
        """
        with self._db.change() as db:
            row = db.execute("SELECT * FROM turns WHERE number = ?", (turn,)).fetchone()
            if second_stage is not None and row["open"]:
                self._stages.plan(db, row["session"], *second_stage)
            self._close(db, turn)

    def _close(self, db: sqlite3.Connection, turn: int) -> None:
        row = db.execute("SELECT * FROM turns WHERE number = ?", (turn,)).fetchone()
        if row["open"] and not row["charged"]:
            db.execute(
                "UPDATE accounts SET frozen = frozen - ? WHERE id = ?",
                (row["cost"], row["account"]),
            )
        db.execute("UPDATE turns SET open = 0 WHERE number = ?", (turn,))
