"""Secrets that a test knows, and the search for them in everything that a run leaves behind."""

from __future__ import annotations

import contextlib
import hmac
import sqlite3
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.emulator.world.accounts import digest

__all__ = ["CANARY", "Canaries", "files_below"]

CANARY = "canary-7Qm2vX9rT4wZ8kLp"
"""A token of no known form: only who knows it can keep it out."""
_LIFE_S = 3600


class Canaries:
    """What an emulator gave out that must not be found: tokens, claim tokens, signatures."""

    def __init__(self, emulator: RunningEmulator) -> None:
        self._emulator = emulator
        self._began = self._now()

    def admit(self, token: str = CANARY) -> None:
        """Have the emulator take `token` for the account of a client of its own."""
        given, _ = self._emulator.world.accounts.issue_token("canary-client", "127.0.0.1")
        self._rows("UPDATE tokens SET digest = ? WHERE digest = ?", digest(token), digest(given))

    def _rows(self, query: str, *values: str) -> list[str]:
        """The first column of what the emulator's world answers."""
        path = self._emulator.folder / "world.sqlite3"
        with contextlib.closing(sqlite3.connect(path, timeout=20)) as db, db:
            return [str(row[0]) for row in db.execute(query, values)]

    def _now(self) -> int:
        return int(self._emulator.world.now())

    def secrets(self, *tokens: str) -> list[str]:
        """All of them so far, with `tokens`, without their documented beginnings."""
        world = self._emulator.world
        found = [token.removeprefix("nmv_usr_") for token in (CANARY, *tokens)]
        found += [
            digest(f"{world.secret}:{session}")[:40]
            for session in self._rows("SELECT id FROM sessions")
        ]
        for key in self._rows("SELECT key FROM renders"):
            for expires in range(self._began + _LIFE_S, self._now() + _LIFE_S + 1):
                text = f"{key}:{expires}".encode()
                found.append(hmac.new(world.secret.encode(), text, sha256).hexdigest())
        return found

    def renders(self) -> list[str]:
        """The ids of the renders, as the client chose them."""
        return self._rows("SELECT id FROM renders")

    def found_in(self, texts: Iterable[bytes | str], *tokens: str) -> list[str]:
        """The secrets that stand in any of the texts, even by half."""
        whole = b"\n".join(
            text.encode(errors="replace") if isinstance(text, str) else text for text in texts
        )
        return [
            secret
            for secret in self.secrets(*tokens)
            if secret[:12].encode() in whole or secret[-12:].encode() in whole
        ]


def files_below(*folders: Path) -> dict[Path, bytes]:
    """The bytes of all files in these folders, and their names: a name can be a leak, too."""
    paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {path: str(path).encode(errors="replace") + b"\n" + path.read_bytes() for path in paths}
