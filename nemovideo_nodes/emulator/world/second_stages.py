"""The second stage of a generation: what the backend adds by itself, some time after its turn.

Nothing runs for it: it is made when the session is next looked at, which nobody can tell from
its having been made in time, and which survives any end of the process.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable

from nemovideo_nodes.emulator.agent.composer import unasked
from nemovideo_nodes.emulator.world.database import Database

__all__ = ["Stages"]


class Stages:
    """The table of second stages to come; `now` is in seconds since 1970."""

    def __init__(self, db: Database, now: Callable[[], float]) -> None:
        self._db = db
        self._now = now

    def plan(self, db: sqlite3.Connection, session: str, addition: str, after_s: float) -> None:
        """`addition` (`music`, `title`) comes to the session that long after now."""
        db.execute(
            "INSERT INTO stages (session, addition, due) VALUES (?, ?, ?)",
            (session, addition, self._now() + after_s),
        )

    def cancel(self, session: str, additions: Iterable[str]) -> None:
        """What the person does not want is not added later."""
        with self._db.change() as db:
            for addition in additions:
                db.execute(
                    "DELETE FROM stages WHERE session = ? AND addition = ?", (session, addition)
                )

    def settle(self, session: str) -> None:
        """Make what is due; while a turn is under way it waits for the turn's end."""
        query = "SELECT * FROM stages WHERE session = ? AND due <= ? ORDER BY number"
        if not self._db.rows(query, session, self._now()):
            return
        with self._db.change() as db:
            if db.execute("SELECT 1 FROM turns WHERE session = ? AND open", (session,)).fetchone():
                return
            for stage in db.execute(query, (session, self._now())).fetchall():
                row = db.execute("SELECT draft FROM sessions WHERE id = ?", (session,)).fetchone()
                draft = unasked(json.loads(row["draft"]), stage["addition"])
                if draft is not None:
                    db.execute("UPDATE sessions SET draft = ? WHERE id = ?", (draft, session))
                db.execute("DELETE FROM stages WHERE number = ?", (stage["number"],))
