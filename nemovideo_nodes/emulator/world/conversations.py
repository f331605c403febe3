"""What was said in the sessions of a world: messages, replies, and questions that wait."""

from __future__ import annotations

from dataclasses import dataclass

from nemovideo_nodes.emulator.world.database import Database

__all__ = ["Conversations", "Exchange"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS exchanges (
    turn INTEGER PRIMARY KEY, session TEXT NOT NULL, message TEXT NOT NULL, reply TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS questions (session TEXT PRIMARY KEY, message TEXT NOT NULL);
"""
_MOST_CHARACTERS = 4_000


@dataclass(frozen=True)
class Exchange:
    """A message, and what the agent replied; empty where it said nothing."""

    message: str
    reply: str


class Conversations:
    """The tables of messages and open questions."""

    def __init__(self, db: Database) -> None:
        self._db = db
        db.execute_script(SCHEMA)

    def keep(self, turn: int, session: str, message: str, reply: str) -> None:
        """Keep what was said in a turn."""
        with self._db.change() as db:
            db.execute(
                "INSERT OR REPLACE INTO exchanges VALUES (?, ?, ?, ?)",
                (turn, session, message[:_MOST_CHARACTERS], reply[:_MOST_CHARACTERS]),
            )

    def of_session(self, session: str) -> list[Exchange]:
        """What was said in a session, in its order."""
        rows = self._db.rows("SELECT * FROM exchanges WHERE session = ? ORDER BY turn", session)
        return [Exchange(row["message"], row["reply"]) for row in rows]

    def ask(self, session: str, message: str) -> None:
        """The agent asks back about `message`: the next message is the answer."""
        with self._db.change() as db:
            db.execute("INSERT OR REPLACE INTO questions VALUES (?, ?)", (session, message))

    def asked_about(self, session: str) -> str | None:
        """The message about which the agent asked, if it waits for an answer."""
        rows = self._db.rows("SELECT message FROM questions WHERE session = ?", session)
        return str(rows[0]["message"]) if rows else None

    def settle(self, session: str) -> None:
        """The question of a session, if there is one, has its answer."""
        with self._db.change() as db:
            db.execute("DELETE FROM questions WHERE session = ?", (session,))
