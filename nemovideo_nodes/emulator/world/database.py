"""One SQLite file in WAL mode, used by several threads of one process, whole after any kill."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Database"]


class Database:
    """A connection behind a lock; hold `lock` over several reads that must agree."""

    def __init__(self, path: Path, schema: str) -> None:
        self.lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(schema)
        except sqlite3.Error:
            self._connection.close()
            raise

    def close(self) -> None:
        """Write everything back."""
        with self.lock:
            self._connection.close()

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it happens, or nothing."""
        with self.lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def execute_script(self, script: str) -> None:
        """Run a script that makes tables."""
        with self.lock:
            self._connection.executescript(script)

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """What a query gives."""
        with self.lock:
            return self._connection.execute(query, values).fetchall()
