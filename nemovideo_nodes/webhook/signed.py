"""A signed delivery, and what all schemes need to judge it. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

__all__ = [
    "MILLISECONDS",
    "SECONDS",
    "SignatureInvalid",
    "SignedDelivery",
    "Verified",
    "as_sent",
    "decoded",
    "fail",
    "fresh_time",
    "hex_macs",
    "parsed",
    "require_match",
    "utf8",
]

SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
MILLISECONDS = re.compile(r"[0-9]{1,15}", re.ASCII)


class SignatureInvalid(Exception):
    """The delivery is not proved to come from its source; the text says why, without secrets."""


@dataclass(frozen=True)
class Verified:
    """What is known of a delivery whose signature holds."""

    signed_digest: str
    """SHA-256 of the bytes that the signature covers, in hex: equal for a replay."""
    delivery_id: str | None = None
    """The source's own name for the delivery; only `standard-webhooks` and its kin sign it."""
    time: datetime | None = None
    """When it was signed, in UTC, where the scheme has a time."""

    @classmethod
    def of(cls, signed: bytes, name: str | None, time: datetime | None = None) -> Verified:
        """What holds where the signature of these bytes does."""
        return cls(hashlib.sha256(signed).hexdigest(), name, time)


@dataclass(frozen=True)
class SignedDelivery:
    """A delivery as it arrived, and what its signature is judged by."""

    headers: dict[str, bytes]
    body: bytes
    secrets: tuple[bytes, ...]
    now: float
    tolerance_s: float | None
    method: str
    path: str

    def header(self, name: str) -> bytes:
        """A header that must be there; raises `SignatureInvalid`."""
        value = self.headers.get(name, b"").strip()
        if not value:
            fail(f"the header {name} is missing")
        return value

    def optional(self, name: str) -> str | None:
        return self.headers.get(name, b"").decode("utf-8", "replace").strip() or None


def hex_macs(delivery: SignedDelivery, signed: bytes) -> list[bytes]:
    """The HMAC-SHA256 of the bytes under each secret, in hex."""
    return [hmac.digest(key, signed, "sha256").hex().encode() for key in delivery.secrets]


def require_match(given: Sequence[bytes], valid: Sequence[bytes]) -> None:
    """Compare each with each, in a time that tells nothing."""
    found = False
    for mine in valid:
        for theirs in given:
            found |= hmac.compare_digest(mine, theirs)
    if not found:
        fail("no signature matches")


def fresh_time(
    delivery: SignedDelivery,
    stamp: bytes,
    form: re.Pattern[str],
    unit: int,
    limit_s: float = 300,
    *,
    or_equal: bool = True,
) -> datetime:
    """The time in `stamp`, which counts `unit` a second; raises where it is too far from now.

    `or_equal`: whether the limit itself is still in time.
    """
    text = stamp.decode("latin-1")
    if not form.fullmatch(text):
        fail("its time is not a number")
    seconds = int(text) / unit
    tolerance_s = limit_s if delivery.tolerance_s is None else delivery.tolerance_s
    off_s = abs(delivery.now - seconds)
    if not (off_s < tolerance_s or (or_equal and off_s == tolerance_s)):
        fail(f"it was not signed within {tolerance_s:g} s of now")
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):  # with a tolerance of ages
        fail("its time is out of range")


def parsed(form: re.Pattern[str], value: bytes) -> dict[str, str]:
    """The parts of a signature header; raises `SignatureInvalid` where it has another form."""
    found = form.fullmatch(value.decode("latin-1"))
    if found is None:
        fail("the signature is malformed")
    return found.groupdict()


def decoded(text: bytes, prefix: bytes) -> bytes:
    """What stands in base64 behind `prefix`; empty where it is none."""
    try:
        return base64.b64decode(text.removeprefix(prefix), validate=True)
    except ValueError:
        return b""


def as_sent(value: str) -> bytes:
    """A header's bytes: frameworks read them as Latin-1."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return utf8(value)


def utf8(text: str) -> bytes:
    """The bytes of a text that may hold lone surrogates."""
    return text.encode("utf-8", "surrogatepass")


def fail(why: str) -> NoReturn:
    """Raise `SignatureInvalid`."""
    raise SignatureInvalid(f"The delivery is not verified: {why}")
