"""The render jobs of a world, and how far each is."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Callable

from nemovideo_nodes.emulator.world.database import Database
from nemovideo_nodes.emulator.world.records import Refusal, Render, Session
from nemovideo_nodes.wire.models import RenderStatus

__all__ = ["Renders"]


CANCELLED = "The render was cancelled"
"""The error of a render that a person cancelled."""


class Renders:
    """The table of renders; `now` is in seconds since 1970."""

    def __init__(self, db: Database, now: Callable[[], float]) -> None:
        self._db = db
        self._now = now
        self._settled = threading.Condition()

    def restart(self) -> None:
        """What a process that is gone was rendering waits again."""
        with self._db.change() as db:
            db.execute(
                "UPDATE renders SET status = ? WHERE status = ?",
                (RenderStatus.PENDING, RenderStatus.PROCESSING),
            )

    def submit(
        self,
        session: Session,
        render_id: str,
        draft: str,
        *,
        forced_error: str | None = None,
        unique: bool = False,
    ) -> Render:
        """Accept a render; the same id in the same session is the same render.

        With `unique` a second submission of an id is refused.
        """
        before = self.find(render_id, session.account)
        with self._db.change() as db:
            db.execute(
                "INSERT OR IGNORE INTO renders (key, id, session, account, draft, status, doom, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    uuid.uuid4().hex,
                    render_id,
                    session.id,
                    session.account,
                    draft,
                    RenderStatus.PENDING,
                    forced_error,
                    self._now(),
                ),
            )
        render = self.find(render_id, session.account)
        assert render is not None
        if unique and before is not None:
            raise Refusal(409, "This render id exists already", status=409)
        if render.session != session.id:
            raise Refusal(409, "This render id is taken by another session", status=409)
        return render

    def find(self, render_id: str, account: str) -> Render | None:
        """A render by the id that its caller chose, if it belongs to `account`."""
        rows = self._db.rows(
            "SELECT * FROM renders WHERE id = ? AND account = ?", render_id, account
        )
        return _render(rows[0]) if rows else None

    def by_key(self, key: str) -> Render | None:
        """A render by the world's own name for it."""
        rows = self._db.rows("SELECT * FROM renders WHERE key = ?", key)
        return _render(rows[0]) if rows else None

    def of_session(self, session: str) -> list[Render]:
        """The renders of a session, in the order in which they came."""
        rows = self._db.rows("SELECT * FROM renders WHERE session = ? ORDER BY number", session)
        return [_render(row) for row in rows]

    def take(self) -> Render | None:
        """The oldest waiting render, now processing."""
        with self._db.change() as db:
            row = db.execute(
                "UPDATE renders SET status = ?, attempts = attempts + 1 WHERE number = "
                "(SELECT min(number) FROM renders WHERE status = ?) RETURNING *",
                (RenderStatus.PROCESSING, RenderStatus.PENDING),
            ).fetchone()
        return _render(row) if row else None

    def settle(self, key: str, status: RenderStatus, error: str | None = None) -> None:
        """Say how far a render is."""
        with self._db.change() as db:
            # A render that was cancelled meanwhile stays so.
            db.execute(
                "UPDATE renders SET status = ?, error = ? WHERE key = ? AND error IS NOT ?",
                (status, error, key, CANCELLED),
            )
        with self._settled:
            self._settled.notify_all()

    def cancel(self, key: str) -> bool:
        """End a render that waits or is under way; whether it did."""
        with self._db.change() as db:
            changed = db.execute(
                "UPDATE renders SET status = ?, error = ? WHERE key = ? AND status IN (?, ?)",
                (
                    RenderStatus.FAILED,
                    CANCELLED,
                    key,
                    RenderStatus.PENDING,
                    RenderStatus.PROCESSING,
                ),
            ).rowcount
        with self._settled:
            self._settled.notify_all()
        return bool(changed)

    def wait(self, timeout_s: float) -> bool:
        """Wait until no render waits or is under way; whether that came within `timeout_s`."""
        with self._settled:
            return self._settled.wait_for(lambda: not self.under_way, timeout_s)

    @property
    def under_way(self) -> bool:
        """Whether a render waits or is under way."""
        return bool(
            self._db.rows(
                "SELECT 1 FROM renders WHERE status IN (?, ?) LIMIT 1",
                RenderStatus.PENDING,
                RenderStatus.PROCESSING,
            )
        )


def _render(row: sqlite3.Row) -> Render:
    return Render(
        key=row["key"],
        id=row["id"],
        session=row["session"],
        account=row["account"],
        draft=row["draft"],
        status=RenderStatus(row["status"]),
        error=row["error"],
        forced_error=row["doom"],
        attempts=row["attempts"],
    )
