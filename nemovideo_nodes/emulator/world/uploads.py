"""The uploads of a world: each file once a session, as it was sent."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from nemovideo_nodes.emulator.world.database import Database
from nemovideo_nodes.emulator.world.records import Upload

__all__ = ["Uploads"]


class Uploads:
    """The table of uploads; the files lie in `folder`."""

    def __init__(self, db: Database, folder: Path) -> None:
        self._db = db
        self._folder = folder

    def add(self, session_id: str, uploads: Sequence[Upload]) -> list[Upload]:
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
                        str(upload.path.relative_to(self._folder)),
                        upload.source_url,
                    ),
                )
        by_content = {(kept.name, kept.sha256): kept for kept in self.of_session(session_id)}
        kept = [by_content[upload.name, upload.sha256] for upload in uploads]
        for upload in uploads:
            if upload.path not in {one.path for one in kept}:
                upload.path.unlink(missing_ok=True)
        return kept

    def of_session(self, session_id: str) -> list[Upload]:
        """The files of a session, in the order in which they came."""
        rows = self._db.rows("SELECT * FROM uploads WHERE session = ? ORDER BY number", session_id)
        return [self._upload(row) for row in rows]

    def by_id(self, upload_id: str) -> Upload | None:
        """A file by its id."""
        rows = self._db.rows("SELECT * FROM uploads WHERE id = ?", upload_id)
        return self._upload(rows[0]) if rows else None

    def _upload(self, row: sqlite3.Row) -> Upload:
        return Upload(
            id=row["id"],
            name=row["name"],
            kind=row["kind"],
            mime=row["mime"],
            size=row["size"],
            sha256=row["sha256"],
            path=self._folder / row["file"],
            source_url=row["source_url"],
        )
