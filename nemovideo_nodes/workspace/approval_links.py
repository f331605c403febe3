"""Signed links of limited life, with which a person approves what a run shows, in a browser.

A link names the run, until when it opens, and for whom it is. Its signature is made with a key of
the machine, or with one that several machines are given. Whoever has a link may decide about that
one run, so it is a secret: it is made when it is asked for, and written down nowhere.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from nemovideo_nodes.errors import BadInput, redact, well_formed
from nemovideo_nodes.request.model import is_run_id
from nemovideo_nodes.settings import Settings

__all__ = [
    "LIFE",
    "ApprovalTicket",
    "approval_key",
    "approval_link",
    "form_mark",
    "is_same",
    "read_ticket",
    "sign_ticket",
]

LIFE: Final = timedelta(days=3)
"""How long a link opens where nobody says how long."""
_LONGEST: Final = timedelta(days=31)
_MOST_CHARACTERS: Final = 1_000
_SHORTEST_SECRET: Final = 32


@dataclass(frozen=True)
class ApprovalTicket:
    """What a link permits."""

    run_id: str
    expires: datetime
    who: str = ""
    """For whom it is; empty: the person says it."""


def approval_link(
    settings: Settings, run_id: str, now: datetime, *, who: str = "", life: timedelta = LIFE
) -> str:
    """The link to a run's approval; empty where no server of such pages is named.

    Raises `BadInput` for a life that is too long.
    """
    if not settings.approval_url:
        return ""
    if not timedelta() < life <= _LONGEST:
        raise BadInput(f"A link lives up to {_LONGEST.days} days")
    name = " ".join(redact(well_formed(who)).split())[:100]
    ticket = ApprovalTicket(run_id, now + life, name)
    return f"{settings.approval_url.rstrip('/')}/a/{sign_ticket(approval_key(settings), ticket)}"


def sign_ticket(key: bytes, ticket: ApprovalTicket) -> str:
    """The ticket as a part of a URL."""
    fields = {"r": ticket.run_id, "e": int(ticket.expires.timestamp())}
    fields |= {"w": ticket.who} if ticket.who else {}
    body = _base64(json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode())
    return f"{body}.{_base64(_signature(key, 'link', body))}"


def read_ticket(key: bytes, text: str, now: datetime) -> ApprovalTicket | None:
    """The ticket in a link; None for one that is not ours, or not of use any more."""
    body, dot, signature = text.partition(".")
    if (
        not dot
        or len(text) > _MOST_CHARACTERS
        or not is_same(_base64(_signature(key, "link", body)), signature)
    ):
        return None
    fields = json.loads(base64.urlsafe_b64decode(f"{body}==="))  # signed, so it is ours
    ticket = ApprovalTicket(
        fields["r"], datetime.fromtimestamp(fields["e"], UTC), str(fields.get("w", ""))
    )
    return ticket if now < ticket.expires and is_run_id(ticket.run_id) else None


def is_same(ours: str, given: str) -> bool:
    """Whether a mark is ours; how long it takes tells nothing."""
    return hmac.compare_digest(ours.encode(), given.encode("utf-8", "replace"))


def form_mark(key: bytes, ticket: str, seen: str) -> str:
    """What a form carries that another site cannot know: it is for that ticket and that digest."""
    return _signature(key, "form", f"{ticket} {seen}").hex()


def approval_key(settings: Settings) -> bytes:
    """The key of the links: NEMOVIDEO_APPROVAL_SECRET, or an owner-only file that is made once.

    Raises `BadInput`.
    """
    if settings.approval_secret:
        if len(settings.approval_secret) < _SHORTEST_SECRET:
            raise BadInput(
                f"NEMOVIDEO_APPROVAL_SECRET is too short: give {_SHORTEST_SECRET} characters or "
                "more, as `openssl rand -hex 32` makes them"
            )
        return hashlib.sha256(settings.approval_secret.encode()).digest()
    path = settings.config_dir / "approval.key"
    try:
        with contextlib.suppress(FileExistsError):
            _make(path)
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a key"
        raise BadInput(f"The key of approval links in {path} cannot be used: {reason}") from None
    if len(key) < _SHORTEST_SECRET:
        raise BadInput(f"The key of approval links in {path} is cut off: delete it")
    return key


def _make(path: Path) -> None:
    """A new key at `path`, whole or not at all; raises `FileExistsError`."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    spare = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with open(os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        os.link(spare, path)
    finally:
        spare.unlink(missing_ok=True)


def _signature(key: bytes, purpose: str, text: str) -> bytes:
    return hmac.new(key, f"{purpose}\n{text}".encode("utf-8", "replace"), hashlib.sha256).digest()


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
