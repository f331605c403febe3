"""The accounts of a world: their tokens, which end, and their credits."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import uuid
from collections.abc import Callable

from nemovideo_nodes.emulator.world.database import Database
from nemovideo_nodes.emulator.world.records import Balance, Refusal
from nemovideo_nodes.wire.codes import Code

__all__ = ["TOKEN_LIFE_S", "Accounts", "digest"]

TOKEN_LIFE_S = 7 * 24 * 3600.0
"""How long a token lives, and the span of both limits on tokens (contract, section 2)."""
TOKENS_PER_ADDRESS = 10


class Accounts:
    """The tables of accounts and tokens; `now` is in seconds since 1970.

    `credits` is what a new account gets. With `strict_tokens` the documented limits on tokens
    hold; without, a client that lost its token gets another one for the same account.
    """

    def __init__(
        self,
        db: Database,
        now: Callable[[], float],
        *,
        credits: int,
        strict_tokens: bool,
        token_life_s: float,
    ) -> None:
        self._db = db
        self._now = now
        self._credits = credits
        self._strict_tokens = strict_tokens
        self._token_life_s = token_life_s

    def issue_token(self, client_id: str, address: str) -> tuple[str, int]:
        """A new token for the account of `client_id`, and the account's credits."""
        now = self._now()
        with self._db.change() as db:
            db.execute(
                "INSERT OR IGNORE INTO accounts (id, client_id, credits) VALUES (?, ?, ?)",
                (f"u_{uuid.uuid4().hex[:16]}", client_id, self._credits),
            )
            account = db.execute(
                "SELECT * FROM accounts WHERE client_id = ?", (client_id,)
            ).fetchone()
            if self._strict_tokens:
                _check_limits(db, account["id"], address, now)
            token = f"nmv_usr_{secrets.token_urlsafe(24)}"
            db.execute(
                "INSERT INTO tokens VALUES (?, ?, ?, ?, ?)",
                (digest(token), account["id"], address, now, now + self._token_life_s),
            )
            return token, account["credits"] - account["frozen"]

    def of_token(self, token: str) -> str | None:
        """The account that a token belongs to, or None where it is unknown or has expired."""
        rows = self._db.rows(
            "SELECT account FROM tokens WHERE digest = ? AND expires > ?",
            digest(token),
            self._now(),
        )
        return str(rows[0]["account"]) if rows else None

    def expire_tokens(self) -> None:
        """End the life of every token given so far."""
        with self._db.change() as db:
            db.execute("UPDATE tokens SET expires = 0")

    def balance(self, account: str) -> Balance:
        """The credits of an account."""
        (row,) = self._db.rows("SELECT credits, frozen FROM accounts WHERE id = ?", account)
        return Balance(total=row["credits"], frozen=row["frozen"])

    def balances(self) -> list[Balance]:
        """The credits of every account, in their order."""
        rows = self._db.rows("SELECT credits, frozen FROM accounts ORDER BY rowid")
        return [Balance(total=row["credits"], frozen=row["frozen"]) for row in rows]


def _check_limits(db: sqlite3.Connection, account: str, address: str, now: float) -> None:
    if db.execute(
        "SELECT 1 FROM tokens WHERE account = ? AND expires > ?", (account, now)
    ).fetchone():
        raise Refusal(Code.RATE_LIMITED, "One token per client id within 7 days", status=429)
    (recent,) = db.execute(
        "SELECT count(*) FROM tokens WHERE address = ? AND issued > ?",
        (address, now - TOKEN_LIFE_S),
    ).fetchone()
    if recent >= TOKENS_PER_ADDRESS:
        raise Refusal(Code.RATE_LIMITED, "Too many tokens for this address", status=429)


def digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
